// SPDX-License-Identifier: GPL-2.0

//! What this node does for the others: sends each request to the room it belongs to.

use kernel::prelude::*;

use crate::rpc::{
    service::{
        Answer,
        Request,
        Service, //
    },
    wire::Kind, //
};

/// All services of this node.
pub(crate) struct Services;

impl Services {
    /// The services of a node that joins.
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Service for Services {
    fn execute(&self, request: Request) -> Answer {
        match request.kind {
            Kind::ECHO => Answer {
                status: 0,
                body: request.body,
                once: false,
            },
            _ => Answer::error(ENOTSUPP),
        }
    }
}
