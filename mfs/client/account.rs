// SPDX-License-Identifier: GPL-2.0

//! Which processes use the files of which nodes, and how much: for whoever decides where they run.
//!
//! The table has a fixed size: what has not been used for longest makes room for what is.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::SpinLock, //
};

use crate::linux::{
    clock,
    process::ProcessId, //
};

/// What a process has done with the files of a node.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests and passed-through reads and writes.
    pub(crate) calls: u64,
    /// Those that went over the network.
    pub(crate) round_trips: u64,
    /// Bytes of data, messages not counted.
    pub(crate) bytes: u64,
}

/// A process and a node.
#[derive(Clone, Copy)]
struct Entry {
    process: ProcessId,
    node: u16,
    counts: Counts,
    used_ns: u64,
}

/// Sets of the table.
const SETS: usize = 128;
/// Entries of a set.
const WAYS: usize = 8;

#[pin_data]
struct Set {
    #[pin]
    entries: SpinLock<[Option<Entry>; WAYS]>,
}

/// All of it.
pub(crate) struct Accounts {
    sets: Pin<KBox<[Set]>>,
}

impl Accounts {
    /// Nobody has done anything.
    pub(super) fn new() -> Result<Self> {
        let set = |_| {
            try_pin_init!(Set {
                entries <- new_spinlock!([None; WAYS], "mosix::Accounts::sets"),
            }? Error)
        };
        Ok(Self {
            sets: KBox::pin_slice(set, SETS, GFP_KERNEL)?,
        })
    }

    fn set(&self, process: ProcessId, node: u16) -> Option<&SpinLock<[Option<Entry>; WAYS]>> {
        let number = process.tgid as usize;
        let at = number.wrapping_mul(31).wrapping_add(usize::from(node)) % SETS;
        self.sets.get(at).map(|set| &set.entries)
    }

    /// Adds to what the current process has done with the files of `node`. Does not sleep.
    pub(super) fn charge(&self, node: u16, more: Counts) {
        let process = ProcessId::current();
        let Some(set) = self.set(process, node) else {
            return;
        };
        let now = clock::coarse_boottime_ns();
        let mut entries = set.lock();
        let is_it = |entry: &Entry| entry.process == process && entry.node == node;
        let place = match entries
            .iter()
            .position(|entry| entry.as_ref().is_some_and(is_it))
        {
            Some(at) => entries.get_mut(at),
            // The one that was used longest ago, an empty one first.
            None => entries
                .iter_mut()
                .min_by_key(|entry| entry.as_ref().map_or(0, |entry| entry.used_ns)),
        };
        let Some(place) = place else {
            return;
        };
        let counts = match place {
            Some(entry) if is_it(entry) => entry.counts,
            _ => Counts::default(),
        };
        *place = Some(Entry {
            process,
            node,
            counts: Counts {
                calls: counts.calls.saturating_add(more.calls),
                round_trips: counts.round_trips.saturating_add(more.round_trips),
                bytes: counts.bytes.saturating_add(more.bytes),
            },
            used_ns: now,
        });
    }

    /// Calls `visit` with each node whose files `process` has used lately, and how much. Does not sleep,
    /// nor may `visit`.
    #[expect(dead_code, reason = "the balancer's, which comes later")]
    pub(crate) fn of(&self, process: ProcessId, mut visit: impl FnMut(u16, &Counts)) {
        for set in self.sets.iter() {
            let entries = set.entries.lock();
            for entry in entries.iter().flatten() {
                if entry.process == process {
                    visit(entry.node, &entry.counts);
                }
            }
        }
    }
}
