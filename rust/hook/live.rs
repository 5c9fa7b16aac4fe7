// SPDX-License-Identifier: GPL-2.0

//! Counts the tasks that are in the hook's handler code, on counters per CPU: no line is shared on
//! the path of a system call.

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
    // SAFETY: Has no requirements.
    unsafe { bindings::mosix_hook_entered() }
}

/// Whether all stays have ended. Exact once no new ones can begin.
pub(super) fn is_quiet() -> bool {
    // The order matters: the other way round, a stay that ends in between would hide another one.
    // SAFETY: Has no requirements.
    let left = unsafe { bindings::mosix_hook_left() };
    left == entered()
}
