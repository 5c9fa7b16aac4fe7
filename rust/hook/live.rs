// SPDX-License-Identifier: GPL-2.0

//! Counts the tasks that are in the hook's handler code, on counters per CPU: no line is shared on
//! the path of a system call.

use kernel::{
    cpu::nr_cpu_ids,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    }, //
};

use crate::linux::bindings;

/// A stay of the current task in the hook.
pub(super) struct Stay(());

impl Stay {
    /// Begins a stay.
    pub(super) fn begin() -> Self {
        // SAFETY: Has no requirements.
        unsafe { bindings::mosix_hook_enter() };
        Self(())
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        // SAFETY: Has no requirements. A task may leave on another CPU: only the sums count.
        unsafe { bindings::mosix_hook_leave() };
    }
}

/// How many pieces of work tasks have still to do.
static QUEUED: Atomic<usize> = Atomic::new(0);

/// A piece of work that a task was given and that cannot be recalled: the text must stay for it.
pub(in crate::linux) struct Queued(());

impl Queued {
    /// To be called before the work is given to the task.
    pub(in crate::linux) fn begin() -> Self {
        QUEUED.add(1, Relaxed);
        Self(())
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        QUEUED.fetch_sub(1, Release);
    }
}

/// How many stays have begun since the module was loaded.
pub(super) fn entered() -> usize {
    // SAFETY: The counters of possible CPUs are there from the start.
    sum(|cpu| unsafe { bindings::mosix_hook_entered(cpu) })
}

/// Whether all stays have ended and all work is done. Exact once no new ones can begin.
pub(super) fn is_quiet() -> bool {
    // The order matters: the other way round, a stay that ends in between would hide another one.
    // SAFETY: The counters of possible CPUs are there from the start.
    let left = sum(|cpu| unsafe { bindings::mosix_hook_left(cpu) });
    left == entered() && QUEUED.load(Acquire) == 0
}

fn sum(of_cpu: impl Fn(u32) -> usize) -> usize {
    (0..nr_cpu_ids())
        // SAFETY: `cpu` is below `nr_cpu_ids`.
        .filter(|cpu| unsafe { bindings::mosix_cpu_possible(*cpu) })
        .map(of_cpu)
        .fold(0, usize::wrapping_add)
}
