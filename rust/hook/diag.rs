// SPDX-License-Identifier: GPL-2.0

//! Tries the hook on a thread that asks for it, and counts: a check that users and tests can make at
//! any time.

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

use super::{
    Call,
    Intercept,
    Mark,
    Refusal,
    Verdict, //
};

/// A trial that is going on, owned by the open file that it was started through.
///
/// Dropping it takes the mark off the thread, in whichever process the last close happens; see
/// [`Mark`] for what else ends it. What was counted stays readable.
pub(crate) struct Trial {
    mark: Mark,
    tally: Arc<Tally>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Calls that came to the hook.
    pub(crate) total: u64,
    /// Those of them that were made through the 64-bit table with the watched number.
    pub(crate) watched: u64,
}

impl Trial {
    /// Marks the calling thread and counts its calls, which all run natively; those with number
    /// `watch` are counted apart. May sleep.
    pub(crate) fn start(watch: u32) -> Result<Self, Refusal> {
        let tally = Arc::new(
            Tally {
                watch,
                total: Atomic::new(0),
                watched: Atomic::new(0),
            },
            GFP_KERNEL,
        )
        .map_err(|_| Refusal::NoMemory)?;
        let mark = Mark::current(tally.clone())?;
        Ok(Self { mark, tally })
    }

    /// What was counted since the start.
    pub(crate) fn counts(&self) -> Counts {
        self.tally.read()
    }

    /// Takes the mark off and reads for the last time.
    pub(crate) fn stop(self) -> Counts {
        let Self { mark, tally } = self;
        drop(mark);
        tally.read()
    }
}

/// The handler: counts and passes on.
struct Tally {
    watch: u32,
    total: Atomic<u64>,
    watched: Atomic<u64>,
}

impl Tally {
    fn read(&self) -> Counts {
        Counts {
            total: self.total.load(Relaxed),
            watched: self.watched.load(Relaxed),
        }
    }
}

impl Intercept for Tally {
    fn on_syscall(&self, call: &mut Call<'_>) -> Verdict {
        self.total.add(1, Relaxed);
        if !call.is_compat() && call.nr() as u32 == self.watch {
            self.watched.add(1, Relaxed);
        }
        Verdict::Native
    }
}
