// SPDX-License-Identifier: GPL-2.0

//! Recognising a system call: what was learnt for it is good for it alone.
//!
//! C header: [`arch/x86/include/asm/processor.h`](srctree/arch/x86/include/asm/processor.h)

use crate::linux::bindings;

/// Identity of the system call that the current task is in: two calls with equal tokens are the same
/// one, or one with the same arguments made from the same place by the same task a moment later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyscallToken {
    task: usize,
    pid: i32,
    number: usize,
    ip: usize,
    arguments: [usize; 4],
}

impl SyscallToken {
    /// Token of the system call that the current task is in, if it is in one that does one thing only:
    /// not for kernel threads and the workers of io_uring, and not for `io_uring_enter`.
    pub(crate) fn current() -> Option<Self> {
        // SAFETY: The current task is alive; its flags are written by itself only.
        let (task, flags, pid) = unsafe {
            let task = bindings::get_current();
            (task, (*task).flags, (*task).pid)
        };
        let kernel_side = bindings::PF_KTHREAD | bindings::PF_IO_WORKER | bindings::PF_USER_WORKER;
        if flags & kernel_side != 0 {
            return None;
        }
        // SAFETY: A task that is not a kernel thread has the registers of its way into the kernel at
        // the top of its stack; they are read by the task itself.
        let regs = unsafe { &*bindings::mosix_current_pt_regs() };
        let number = regs.orig_ax as usize;
        if number == bindings::__NR_io_uring_enter as usize {
            return None;
        }
        Some(Self {
            task: task as usize,
            pid,
            number,
            ip: regs.ip as usize,
            arguments: [
                regs.di as usize,
                regs.si as usize,
                regs.dx as usize,
                regs.r10 as usize,
            ],
        })
    }

    /// Whether both are of the same task.
    pub(crate) fn same_task(&self, other: &Self) -> bool {
        self.task == other.task && self.pid == other.pid
    }

    /// A number that is different for different tasks, as a rule.
    pub(crate) fn hash(&self) -> usize {
        // Tasks are slab objects of some kilobytes: the factor, the golden ratio, spreads them.
        (self.task >> 6).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }
}
