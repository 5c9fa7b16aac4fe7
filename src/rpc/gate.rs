// SPDX-License-Identifier: GPL-2.0

//! Who takes in what comes on a connection.
//!
//! Exactly one of two sides *has the gate*: it alone receives. While it has nothing to receive, and
//! does not want to wait for more itself, it leaves the gate to what comes next: an arrival gives the
//! gate to the side that was named, and wakes it. So what comes is taken in by the very thread that it
//! is for, and nobody has to be asked to stop waiting.
//!
//! A side that was woken and does not get to run (a process of low priority on a busy machine) is not
//! waited for long: [`Gate::is_stuck`].

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            AtomicFlag,
            Full,
            Relaxed,
            Release, //
        },
        barrier::smp_mb,
        Arc, //
    }, //
};

use crate::linux::{
    completion::Completion,
    net::Arrival, //
};

/// One of the two that may have the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The connection's own thread.
    First,
    /// Whoever helps it.
    Second,
}

impl Side {
    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Somebody has the gate.
const HELD: u32 = 0;
/// Nobody; what comes next is the first side's.
const LEFT_TO_FIRST: u32 = 1;
/// Nobody; what comes next is the second side's.
const LEFT_TO_SECOND: u32 = 2;
/// The second side was woken and has not said yet that it runs.
const SECOND_WOKEN: u32 = 3;

/// The gate of one connection.
#[pin_data]
pub(crate) struct Gate {
    state: Atomic<u32>,
    /// The second side was relieved, and has not heard its bell yet: nobody else may wait for it.
    unheard: AtomicFlag,
    #[pin]
    first: Completion,
    #[pin]
    second: Completion,
}

impl Gate {
    /// The first side has it.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                state: Atomic::new(HELD),
                unheard: AtomicFlag::new(false),
                first <- Completion::new(),
                second <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    fn left_to(side: Side) -> u32 {
        match side {
            Side::First => LEFT_TO_FIRST,
            Side::Second => LEFT_TO_SECOND,
        }
    }

    /// What wakes a side.
    pub(crate) fn bell(&self, side: Side) -> &Completion {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    fn change(&self, from: u32, to: u32) -> bool {
        self.state.cmpxchg(from, to, Full).is_ok()
    }

    /// For who has the gate: what comes from now on is for `side`. The caller looks once more whether
    /// something has come just before, and if so takes the gate back.
    pub(crate) fn leave_to(&self, side: Side) {
        self.state.xchg(Self::left_to(side), Full);
    }

    /// Takes the gate, if it is left to `side` and nothing has come. That side is not woken.
    pub(crate) fn take_from(&self, side: Side) -> bool {
        self.change(Self::left_to(side), HELD)
    }

    /// For who has the gate: gives it to the first side, and wakes it.
    pub(crate) fn give_to_first(&self) {
        self.first.complete();
    }

    /// For the second side, woken by its bell: whether it has the gate. If not, it took so long that
    /// the first side was asked.
    pub(crate) fn confirm(&self) -> bool {
        let confirmed = self.change(SECOND_WOKEN, HELD);
        if !confirmed {
            self.unheard.store(false, Release);
        }
        confirmed
    }

    /// For who has the gate: whether it may leave it to the second side.
    pub(crate) fn has_second(&self) -> bool {
        !self.unheard.load(Acquire)
    }

    /// Wakes the second side if it is what the gate is left to, as if something had come.
    pub(crate) fn wake_second(&self) {
        if self.change(LEFT_TO_SECOND, SECOND_WOKEN) {
            self.second.complete();
        }
    }

    /// Whether the second side was woken and does not run. Asked twice, some time apart, this is reason
    /// for [`Self::relieve`].
    pub(crate) fn is_stuck(&self) -> bool {
        self.state.load(Relaxed) == SECOND_WOKEN
    }

    /// Gives the gate to the first side if the second still does not run.
    pub(crate) fn relieve(&self) {
        if self.is_stuck() {
            // Before anybody else can have the gate.
            self.unheard.store(true, Relaxed);
            if self.change(SECOND_WOKEN, HELD) {
                self.give_to_first();
            } else {
                self.unheard.store(false, Release);
            }
        }
    }
}

impl Arrival for Gate {
    fn arrived(&self) {
        // What has come is seen by who leaves the gate from now on, or else its leaving is seen here.
        smp_mb();
        match self.state.load(Relaxed) {
            LEFT_TO_FIRST if self.change(LEFT_TO_FIRST, HELD) => self.first.complete(),
            LEFT_TO_SECOND => self.wake_second(),
            _ => {}
        }
    }
}
