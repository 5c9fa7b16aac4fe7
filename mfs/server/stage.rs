// SPDX-License-Identifier: GPL-2.0

//! Writes that do not fit in one request: what comes first is kept until the rest is there.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::budget::Budget;
use crate::{
    linux::bytes,
    mfs::wire::file::STAGE_MAX, //
};

/// Data that is kept, in the pieces in which it came.
pub(super) struct Pieces {
    pieces: KVec<KVVec<u8>>,
    /// Bytes of all.
    len: usize,
    /// What they are taken from.
    budget: Arc<Budget>,
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.budget.give(self.len);
    }
}

impl Pieces {
    fn new(budget: &Arc<Budget>) -> Self {
        Self {
            pieces: KVec::new(),
            len: 0,
            budget: budget.clone(),
        }
    }

    fn push(&mut self, data: &[u8]) -> Result {
        let piece = bytes::concat(&[data], 0)?;
        self.pieces.reserve(1, GFP_KERNEL)?;
        if !self.budget.take(data.len()) {
            return Err(ENOMEM);
        }
        // Gives it back also if the next step fails.
        self.len = self.len.saturating_add(data.len());
        self.pieces.push(piece, GFP_KERNEL)?;
        Ok(())
    }

    /// The data, one piece behind the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.pieces.iter().map(|piece| &**piece)
    }
}

/// What a client may keep for all its open files.
pub(super) fn budget() -> Result<Arc<Budget>> {
    Budget::new(STAGE_MAX)
}

/// What is kept for an open file.
#[pin_data]
pub(super) struct Stage {
    #[pin]
    kept: Mutex<Option<Pieces>>,
}

impl Stage {
    /// Nothing.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            kept <- new_mutex!(None, "mosix::Stage::kept"),
        })
    }

    /// Keeps `data` behind what is there, `at` being how much that is; at 0 that is thrown away.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is not as much; `ENOMEM` if it is too much, or too much with what the client has
    /// in other files. Then nothing is kept any more.
    pub(super) fn keep(&self, budget: &Arc<Budget>, at: u64, data: &[u8]) -> Result {
        // Taken out: copying and freeing are not done under the lock.
        let mut pieces = match self.take() {
            Some(pieces) if at != 0 => pieces,
            _ => Pieces::new(budget),
        };
        if u64::try_from(pieces.len) != Ok(at) {
            return Err(EINVAL);
        }
        pieces.push(data)?;
        let replaced = self.kept.lock().replace(pieces);
        // Of somebody who did the same meanwhile.
        drop(replaced);
        Ok(())
    }

    /// What was kept.
    pub(super) fn take(&self) -> Option<Pieces> {
        self.kept.lock().take()
    }
}
