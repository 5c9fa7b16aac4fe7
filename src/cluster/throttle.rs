// SPDX-License-Identifier: GPL-2.0

//! How often somebody may fail to authenticate. Pure: time is given in nanoseconds.
//!
//! Failures are counted per address and window. An address that used up its failures is let in only
//! every [`LOTTERY`]th time until the window ends: it costs next to nothing then, and an honest node
//! behind the same address still gets in before long. So does the log: each address gets a few
//! lines a window, and a line that says how many were left out.

use core::net::IpAddr;

/// Length of a window.
const WINDOW_NS: u64 = 1_000_000_000;
/// Failures an address has in a window.
const FAILURES: u32 = 10;
/// One in so many is let in after that.
const LOTTERY: u32 = 8;
/// Log lines an address gets in a window.
const LINES: u32 = 3;
/// Addresses remembered; the one whose window began first makes room.
const SLOTS: usize = 64;

/// What to do about the log line of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// Write it, and say that so many before it were left out.
    Write {
        /// Number of lines left out.
        left_out: u32,
    },
    /// Leave it out.
    Skip,
}

#[derive(Clone, Copy)]
struct Slot {
    addr: IpAddr,
    begun_ns: u64,
    failures: u32,
    visits: u32,
    lines: u32,
    left_out: u32,
}

/// The addresses that failed lately.
pub(crate) struct Throttle {
    slots: [Option<Slot>; SLOTS],
}

impl Throttle {
    /// Nobody has failed.
    pub(crate) const fn new() -> Self {
        Self {
            slots: [None; SLOTS],
        }
    }

    fn find(&mut self, addr: IpAddr) -> Option<&mut Slot> {
        self.slots
            .iter_mut()
            .flatten()
            .find(|slot| slot.addr == addr)
    }

    /// Whether a connection from `addr` may try to authenticate.
    pub(crate) fn admit(&mut self, addr: IpAddr, now_ns: u64) -> bool {
        let Some(slot) = self.find(addr) else {
            return true;
        };
        if now_ns.saturating_sub(slot.begun_ns) >= WINDOW_NS || slot.failures < FAILURES {
            return true;
        }
        slot.visits = slot.visits.wrapping_add(1);
        slot.visits % LOTTERY == 0
    }

    /// Notes that `addr` failed.
    pub(crate) fn failed(&mut self, addr: IpAddr, now_ns: u64) -> Log {
        let slot = match self.find(addr) {
            Some(slot) => slot,
            None => self.take_slot(addr, now_ns),
        };
        if now_ns.saturating_sub(slot.begun_ns) >= WINDOW_NS {
            slot.begun_ns = now_ns;
            slot.failures = 0;
            slot.lines = 0;
        }
        slot.failures = slot.failures.saturating_add(1);
        if slot.lines >= LINES {
            slot.left_out = slot.left_out.saturating_add(1);
            return Log::Skip;
        }
        slot.lines = slot.lines.saturating_add(1);
        let left_out = core::mem::take(&mut slot.left_out);
        Log::Write { left_out }
    }

    /// The free slot, or else the one that began first, for `addr`.
    fn take_slot(&mut self, addr: IpAddr, now_ns: u64) -> &mut Slot {
        let fresh = Slot {
            addr,
            begun_ns: now_ns,
            failures: 0,
            visits: 0,
            lines: 0,
            left_out: 0,
        };
        let begun = |slot: &Option<Slot>| slot.as_ref().map_or(0, |slot| slot.begun_ns);
        let [first, rest @ ..] = &mut self.slots;
        let oldest = rest.iter_mut().fold(first, |oldest, slot| {
            if begun(slot) < begun(oldest) {
                slot
            } else {
                oldest
            }
        });
        oldest.insert(fresh)
    }
}
