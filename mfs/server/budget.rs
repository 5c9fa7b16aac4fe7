// SPDX-License-Identifier: GPL-2.0

//! How much a client may have of something.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// What is left of an amount.
pub(super) struct Budget(Atomic<usize>);

impl Budget {
    /// All of `amount`.
    pub(super) fn new(amount: usize) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(Atomic::new(amount)), GFP_KERNEL)?)
    }

    /// Takes `amount`, all or nothing; whether there was so much.
    #[must_use]
    pub(super) fn take(&self, amount: usize) -> bool {
        let mut left = self.0.load(Relaxed);
        loop {
            let Some(rest) = left.checked_sub(amount) else {
                return false;
            };
            match self.0.cmpxchg(left, rest, Relaxed) {
                Ok(_) => return true,
                Err(now) => left = now,
            }
        }
    }

    /// Gives back what was taken.
    pub(super) fn give(&self, amount: usize) {
        self.0.fetch_add(amount, Relaxed);
    }
}
