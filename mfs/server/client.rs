// SPDX-License-Identifier: GPL-2.0

//! What the server keeps for one node, from its first request in a session to the session's end.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    budget::Budget,
    identities::Identities,
    lock,
    opens::Opens,
    pins::Pins,
    stage,
    waits::Waits, //
};
use crate::linux::crypto;

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
    /// Objects that are held for it.
    #[pin]
    pub(super) pins: Pins,
    /// Bytes that it may still stage.
    pub(super) staged: Arc<Budget>,
    /// Locks of `fcntl()` that it may still take.
    pub(super) locks: Arc<Budget>,
    /// Makes owners of locks of the numbers that it gives them.
    pub(super) owner_key: [u64; 2],
    /// Its locks that have to wait.
    #[pin]
    pub(super) waits: Waits,
}

impl Client {
    /// One that has nothing yet.
    pub(super) fn new(node: u16) -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                node,
                opens <- Opens::new(),
                identities <- Identities::new(),
                pins <- Pins::new(),
                staged: stage::budget()?,
                locks: lock::budget()?,
                owner_key: [crypto::random_u64(), crypto::random_u64()],
                waits <- Waits::new(),
            }? Error),
            GFP_KERNEL,
        )
    }
}
