// SPDX-License-Identifier: GPL-2.0

//! What the server keeps for one node, from its first request in a session to the session's end.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    budget::Budget,
    identities::Identities,
    opens::Opens,
    stage, //
};

/// A node that uses files of this one, which may be this one itself.
#[pin_data]
pub(super) struct Client {
    /// Its number.
    pub(super) node: u16,
    /// Files that it has open; closed with it.
    #[pin]
    pub(super) opens: Opens,
    /// Credentials of its latest callers.
    #[pin]
    pub(super) identities: Identities,
    /// Bytes that it may still stage.
    pub(super) staged: Budget,
}

impl Client {
    /// One that has nothing yet.
    pub(super) fn new(node: u16) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                node,
                opens <- Opens::new(),
                identities <- Identities::new(),
                staged: stage::budget(),
            }),
            GFP_KERNEL,
        )
    }
}
