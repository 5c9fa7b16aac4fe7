// SPDX-License-Identifier: GPL-2.0

//! Recognising a system call: what was learnt for it is good for it alone.
//!
//! C header: [`arch/x86/include/asm/processor.h`](srctree/arch/x86/include/asm/processor.h)

use crate::linux::bindings;

/// See [`SyscallToken::walks_again`]: `retry_estale()` in `fs/namei.c`, `fs/open.c`, `fs/stat.c`,
/// `fs/xattr.c`, `fs/utimes.c` and `fs/statfs.c`, and `do_file_open()`. The most frequent first.
const WALKS_AGAIN: [u32; 44] = [
    bindings::__NR_openat,
    bindings::__NR_newfstatat,
    bindings::__NR_open,
    bindings::__NR_stat,
    bindings::__NR_lstat,
    bindings::__NR_statx,
    bindings::__NR_access,
    bindings::__NR_unlink,
    bindings::__NR_unlinkat,
    bindings::__NR_execve,
    bindings::__NR_readlink,
    bindings::__NR_readlinkat,
    bindings::__NR_faccessat,
    bindings::__NR_faccessat2,
    bindings::__NR_openat2,
    bindings::__NR_creat,
    bindings::__NR_execveat,
    bindings::__NR_rmdir,
    bindings::__NR_chdir,
    bindings::__NR_chroot,
    bindings::__NR_chmod,
    bindings::__NR_fchmodat,
    bindings::__NR_fchmodat2,
    bindings::__NR_chown,
    bindings::__NR_lchown,
    bindings::__NR_fchownat,
    bindings::__NR_utime,
    bindings::__NR_utimes,
    bindings::__NR_futimesat,
    bindings::__NR_utimensat,
    bindings::__NR_truncate,
    bindings::__NR_statfs,
    bindings::__NR_setxattr,
    bindings::__NR_lsetxattr,
    bindings::__NR_getxattr,
    bindings::__NR_lgetxattr,
    bindings::__NR_listxattr,
    bindings::__NR_llistxattr,
    bindings::__NR_removexattr,
    bindings::__NR_lremovexattr,
    bindings::__NR_setxattrat,
    bindings::__NR_getxattrat,
    bindings::__NR_listxattrat,
    bindings::__NR_removexattrat,
];

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

    /// Whether the system call walks one path, and goes it again with `LOOKUP_REVAL` whenever anything on
    /// that way, or what it does at its end, fails with `ESTALE`. Not so: those that make names, as they
    /// do not after the look-up of the name; `rename`, which has two paths; `bind`. The numbers of 32-bit calls
    /// are looked up in the same list: none of those is one of the exceptions under that numbering.
    pub(crate) fn walks_again(&self) -> bool {
        let number = u32::try_from(self.number).unwrap_or(u32::MAX);
        WALKS_AGAIN.contains(&number)
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
