// SPDX-License-Identifier: GPL-2.0

//! The one signal that the hook sends.
//!
//! C header: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h)

use kernel::task::Task;

use crate::linux::bindings;

/// Sends SIGKILL: the process runs no further user instruction.
pub(super) fn kill(task: &Task) {
    // SAFETY: The task is valid. The kernel is the sender, which has every right.
    unsafe { bindings::send_sig(bindings::SIGKILL as i32, task.as_ptr(), 1) };
}
