// SPDX-License-Identifier: GPL-2.0

//! Telling processes apart.
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use kernel::sync::rcu;

use crate::linux::bindings;

/// A process: its number, and when it began, as numbers are used again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessId {
    /// In the initial namespace.
    pub(crate) tgid: i32,
    /// Nanoseconds since boot.
    pub(crate) start_ns: u64,
}

impl ProcessId {
    /// The current one.
    pub(crate) fn current() -> Self {
        let _rcu = rcu::read_lock();
        // SAFETY: The current task is alive. The leader of its group is not freed before a grace period
        // has passed, and none does here.
        let (tgid, start_ns) = unsafe {
            let task = bindings::get_current();
            let leader = (&raw const (*task).group_leader).read_volatile();
            ((*task).tgid, (*leader).start_boottime)
        };
        Self { tgid, start_ns }
    }
}
