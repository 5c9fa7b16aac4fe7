// SPDX-License-Identifier: GPL-2.0

//! What a node does for its peers: the rooms above implement it, the sessions call it.

use kernel::prelude::*;

use super::{
    frame::Body,
    wire::Kind, //
};

/// A request of an authenticated peer. Its body is still untrusted input.
pub(crate) struct Request {
    /// The node that asks.
    pub(crate) from: u16,
    /// What it is about.
    pub(crate) kind: Kind,
    /// Message and data.
    pub(crate) body: Body,
}

/// What a request is answered with.
pub(crate) struct Answer {
    /// 0 or a negated errno.
    pub(crate) status: i32,
    /// Message and data.
    pub(crate) body: Body,
    /// Whether doing it once more would do something else: the answer is kept until it has arrived,
    /// and the request is not executed again.
    pub(crate) once: bool,
}

impl Answer {
    /// An answer that only says what went wrong.
    pub(crate) fn error(error: Error) -> Self {
        Self {
            status: error.to_errno(),
            body: Body::default(),
            once: false,
        }
    }
}

/// Executes requests.
pub(crate) trait Service: Send + Sync {
    /// Executes one, in a worker thread; may sleep. Several run at once.
    fn execute(&self, request: Request) -> Answer;

    /// A session of node `from` is over: its requests have all been executed or never will be, and no
    /// other session of that node begins before this returns. Called once per session; may sleep.
    fn ended(&self, from: u16);
}
