// SPDX-License-Identifier: GPL-2.0

//! What is counted for `mosix status`.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// A number that only grows.
pub(crate) struct Count(Atomic<u64>);

impl Default for Count {
    fn default() -> Self {
        Self(Atomic::new(0))
    }
}

impl Count {
    /// Adds one.
    pub(crate) fn bump(&self) {
        self.add(1);
    }

    /// Adds `n`.
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    /// The number now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Traffic of one peer or of the whole node.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) frames_in: Count,
    pub(crate) frames_out: Count,
    pub(crate) bytes_in: Count,
    pub(crate) bytes_out: Count,
}

/// What a node counts about those who knock.
#[derive(Default)]
pub(crate) struct Doorway {
    /// Connections accepted by the listening socket.
    pub(crate) accepted: Count,
    /// Connections closed at once, because there were too many.
    pub(crate) limited: Count,
    /// Handshakes that took too long.
    pub(crate) timed_out: Count,
    /// Handshakes that failed.
    pub(crate) auth_failures: Count,
    /// Connections that ended with a bad frame.
    pub(crate) bad_frames: Count,
}
