// SPDX-License-Identifier: GPL-2.0

//! CPU time of the current task.
//!
//! C headers: [`include/linux/sched/cputime.h`](srctree/include/linux/sched/cputime.h)

use crate::linux::bindings;

/// CPU time, in nanoseconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct CpuTime {
    user: u64,
    system: u64,
    run: u64,
}

impl CpuTime {
    /// What the current task has used.
    pub(crate) fn current() -> Self {
        let mut time = Self::default();
        // SAFETY: The current task is valid, and the results are.
        unsafe {
            let task = bindings::get_current();
            bindings::task_cputime_adjusted(task, &mut time.user, &mut time.system);
            time.run = (*task).se.sum_exec_runtime;
        }
        time
    }

    /// Lets the current process have used this, too.
    pub(crate) fn add_to_current(self) {
        // SAFETY: The current task has its signal state, and the lock is that of these fields.
        unsafe {
            let signal = (*bindings::get_current()).signal;
            bindings::mosix_stats_lock(signal);
            (*signal).utime = (*signal).utime.wrapping_add(self.user);
            (*signal).stime = (*signal).stime.wrapping_add(self.system);
            (*signal).sum_sched_runtime = (*signal).sum_sched_runtime.wrapping_add(self.run);
            bindings::mosix_stats_unlock(signal);
        }
    }
}
