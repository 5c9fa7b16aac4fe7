// SPDX-License-Identifier: GPL-2.0

//! Counts the tasks that are in the hook's handler code, on counters per CPU: no line is shared on
//! the path of a system call.

use kernel::cpu::nr_cpu_ids;

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

/// How many stays have begun since the module was loaded.
pub(super) fn entered() -> usize {
    // SAFETY: The counters of possible CPUs are there from the start.
    sum(|cpu| unsafe { bindings::mosix_hook_entered(cpu) })
}

/// Whether all stays have ended. Exact once no new ones can begin.
pub(super) fn is_quiet() -> bool {
    // The order matters: the other way round, a stay that ends in between would hide another one.
    // SAFETY: The counters of possible CPUs are there from the start.
    let left = sum(|cpu| unsafe { bindings::mosix_hook_left(cpu) });
    left == entered()
}

fn sum(of_cpu: impl Fn(u32) -> usize) -> usize {
    (0..nr_cpu_ids())
        // SAFETY: `cpu` is below `nr_cpu_ids`.
        .filter(|cpu| unsafe { bindings::mosix_cpu_possible(*cpu) })
        .map(of_cpu)
        .fold(0, usize::wrapping_add)
}
