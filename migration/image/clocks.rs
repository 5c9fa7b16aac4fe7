// SPDX-License-Identifier: GPL-2.0

//! What the process's clocks showed, and its interval timers.

use zerocopy::little_endian::{
    I64,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::invalid::{
    ensure,
    Invalid, //
};

/// Longest time in ns that is believed: some 100 years.
const TIME_MAX: u64 = 100 * 366 * 24 * 3600 * 1_000_000_000;

/// Clocks at the moment of departure, in ns, as the process saw them.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Clocks {
    /// `CLOCK_REALTIME`: to tell how far the nodes' clocks differ.
    pub(crate) realtime: I64,
    /// `CLOCK_MONOTONIC`.
    pub(crate) monotonic: U64,
    /// `CLOCK_BOOTTIME`.
    pub(crate) boottime: U64,
    /// CPU time in user mode so far.
    pub(crate) utime: U64,
    /// CPU time in the kernel.
    pub(crate) stime: U64,
    /// CPU time as the scheduler counts it (`sum_exec_runtime`).
    pub(crate) runtime: U64,
}

impl Clocks {
    /// # Errors
    ///
    /// [`Invalid`] if a clock shows what none does.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let mut clocks = [
            self.monotonic,
            self.boottime,
            self.utime,
            self.stime,
            self.runtime,
        ]
        .into_iter();
        ensure(self.realtime.get() >= 0, "the time of day")?;
        ensure(clocks.all(|clock| clock.get() <= TIME_MAX), "a clock")?;
        ensure(
            self.monotonic.get() <= self.boottime.get(),
            "the clocks' order",
        )
    }
}

/// An interval timer (`setitimer`), in ns.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Timer {
    /// Until it goes off; 0 if it does not.
    pub(crate) value: U64,
    /// From then on; 0 for never again.
    pub(crate) interval: U64,
}

/// The interval timers that count CPU time, which the body uses. All other timers (`ITIMER_REAL`, `alarm`,
/// `timer_create`, timerfd) stay at home, and what they send comes as a signal.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Timers {
    /// `ITIMER_VIRTUAL`.
    pub(crate) virt: Timer,
    /// `ITIMER_PROF`.
    pub(crate) prof: Timer,
}

impl Timers {
    /// # Errors
    ///
    /// [`Invalid`] if a time is longer than any.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let mut times = [
            self.virt.value,
            self.virt.interval,
            self.prof.value,
            self.prof.interval,
        ]
        .into_iter();
        ensure(times.all(|time| time.get() <= TIME_MAX), "a timer")
    }
}
