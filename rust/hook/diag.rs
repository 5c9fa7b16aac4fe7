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
        Arc,
        Mutex, //
    }, //
};

use super::{
    Call,
    Intercept,
    Mark,
    Refusal,
    Verdict, //
};

/// One trial at a time, owned by an open file.
///
/// Dropping it (the last close) takes the mark off, in whichever process that happens.
#[pin_data]
pub(crate) struct Trial {
    #[pin]
    run: Mutex<Option<Run>>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Calls that came to the hook.
    pub(crate) total: u64,
    /// Those of them that had the watched number in the 64-bit table.
    pub(crate) watched: u64,
    /// Those of them that came by `int $0x80` or as x32: their numbers mean something else.
    pub(crate) compat: u64,
}

struct Run {
    /// Taken off before the counters are read for the last time.
    mark: Mark,
    tally: Arc<Tally>,
}

/// The handler: counts and passes on.
struct Tally {
    watched_nr: i32,
    answer: Option<isize>,
    total: Atomic<u64>,
    watched: Atomic<u64>,
    compat: Atomic<u64>,
}

impl Intercept for Tally {
    fn on_syscall(&self, call: &mut Call<'_>) -> Verdict {
        self.total.fetch_add(1, Relaxed);
        if call.is_compat() {
            self.compat.fetch_add(1, Relaxed);
        } else if call.nr() == self.watched_nr {
            self.watched.fetch_add(1, Relaxed);
            if let Some(value) = self.answer {
                return Verdict::Answered(value);
            }
        }
        Verdict::Native
    }
}

impl Tally {
    fn read(&self) -> Counters {
        Counters {
            total: self.total.load(Relaxed),
            watched: self.watched.load(Relaxed),
            compat: self.compat.load(Relaxed),
        }
    }
}

impl Trial {
    /// A trial that has not begun.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            run <- kernel::new_mutex!(None),
        })
    }

    /// Marks the calling thread and counts its calls from zero; calls number `watched` are counted
    /// apart and, with an `answer`, get that instead of being done. May sleep.
    ///
    /// # Errors
    ///
    /// [`Refusal::AlreadyMarked`] also when this trial has marked a thread that is still there.
    pub(crate) fn start(&self, watched: i32, answer: Option<isize>) -> Result<(), Refusal> {
        let mut run = self.run.lock();
        if run.as_ref().is_some_and(|run| run.mark.is_live()) {
            return Err(Refusal::AlreadyMarked);
        }
        let tally = Arc::new(
            Tally {
                watched_nr: watched,
                answer,
                total: Atomic::new(0),
                watched: Atomic::new(0),
                compat: Atomic::new(0),
            },
            GFP_KERNEL,
        )
        .map_err(|_| Refusal::NoMemory)?;
        let mark = Mark::current(tally.clone())?;
        *run = Some(Run { mark, tally });
        Ok(())
    }

    /// What was counted since the start, also when the thread has ended or exec'ed meanwhile; `None`
    /// when nothing was started. May sleep.
    pub(crate) fn read(&self) -> Option<Counters> {
        self.run.lock().as_ref().map(|run| run.tally.read())
    }

    /// Takes the mark off and reads for the last time; `None` when nothing was started. May sleep.
    pub(crate) fn stop(&self) -> Option<Counters> {
        let Run { mark, tally } = self.run.lock().take()?;
        drop(mark);
        Some(tally.read())
    }
}
