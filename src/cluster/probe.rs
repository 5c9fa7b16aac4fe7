// SPDX-License-Identifier: GPL-2.0

//! Messages of the cluster service by which a link is tried and measured. Pure.
//!
//! An *echo* sends its data back and may be executed again. A *tally* adds one to a number that the
//! server keeps for the run that it names, and must be executed exactly once whatever happens to the
//! connection: at the end of a run the number tells whether it was.

use zerocopy::little_endian::U64;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// Message of a tally request.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Tally {
    /// Names the run; any number that was not used before.
    pub(crate) run: U64,
}

/// Message of a tally's reply.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Total {
    /// How many tallies of the run have been executed, this one included.
    pub(crate) executed: U64,
}

/// Runs whose totals a server keeps; the one that was named longest ago makes room.
const RUNS: usize = 64;

/// The totals of a server.
pub(crate) struct Totals {
    runs: [Run; RUNS],
    clock: u64,
}

#[derive(Clone, Copy)]
struct Run {
    from: u16,
    name: u64,
    executed: u64,
    used: u64,
}

impl Totals {
    /// Nobody has counted.
    pub(crate) const fn new() -> Self {
        const NONE: Run = Run {
            from: 0,
            name: 0,
            executed: 0,
            used: 0,
        };
        Self {
            runs: [NONE; RUNS],
            clock: 0,
        }
    }

    /// Executes a tally of node `from`.
    pub(crate) fn count(&mut self, from: u16, tally: &Tally) -> Total {
        let name = tally.run.get();
        self.clock = self.clock.saturating_add(1);
        let clock = self.clock;
        let [first, rest @ ..] = &mut self.runs;
        let run = rest.iter_mut().fold(first, |best, run| {
            let matches = |run: &Run| run.from == from && run.name == name;
            if !matches(best) && (matches(run) || run.used < best.used) {
                run
            } else {
                best
            }
        });
        if run.from != from || run.name != name {
            *run = Run {
                from,
                name,
                executed: 0,
                used: 0,
            };
        }
        run.used = clock;
        run.executed = run.executed.saturating_add(1);
        Total {
            executed: run.executed.into(),
        }
    }
}
