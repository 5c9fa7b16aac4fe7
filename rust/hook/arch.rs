// SPDX-License-Identifier: GPL-2.0

//! What the hook knows about x86-64: registers of a system call, and where a function may be called.
//!
//! C headers: [`arch/x86/include/asm/syscall.h`](srctree/arch/x86/include/asm/syscall.h),
//! [`arch/x86/include/asm/ibt.h`](srctree/arch/x86/include/asm/ibt.h)

use core::ptr::NonNull;

use kernel::task::Task;

use crate::linux::bindings;

/// Bytes of the `syscall` and of the `int $0x80` instruction alike.
const SYSCALL_INSN_LEN: usize = 2;

/// Set in the number of a call that uses the x32 ABI (`__X32_SYSCALL_BIT`).
const X32_SYSCALL_BIT: i32 = 1 << 30;

/// `prctl` in the table of `int $0x80`.
const NR_PRCTL_IA32: i32 = 172;

/// The ENDBR64 instruction, which an indirect call must land on when the CPU enforces IBT.
pub(super) const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// First address above what a 64-bit program can run at, without and with five-level paging.
pub(super) const TASK_SIZE_MAX: usize = 1 << 56;

/// The user registers of the current task, inside a system call.
///
/// # Invariants
///
/// The pointer is the `pt_regs` of the current task, which stay where they are until it leaves the
/// kernel. It is a pointer and no reference because resolved system calls change the registers too.
pub(super) struct Regs<'a> {
    regs: NonNull<bindings::pt_regs>,
    task: &'a Task,
}

macro_rules! reg {
    ($self:ident . $field:ident) => {
        // SAFETY: By the type invariant, valid memory of the current task.
        unsafe { (*$self.regs.as_ptr()).$field }
    };
    ($self:ident . $field:ident = $value:expr) => {
        // SAFETY: By the type invariant, valid memory that only the current task writes.
        unsafe { (*$self.regs.as_ptr()).$field = $value }
    };
}

impl<'a> Regs<'a> {
    /// # Safety
    ///
    /// `task` must be the current task, `regs` its user registers, and this value must not outlive
    /// its system call.
    pub(super) unsafe fn from_raw(regs: NonNull<bindings::pt_regs>, task: &'a Task) -> Self {
        // INVARIANT: By this function's contract.
        Self { regs, task }
    }

    /// The number as the kernel takes it: 32 bits, whatever is above them in the register.
    pub(super) fn nr(&self) -> i32 {
        reg!(self.orig_ax) as i32
    }

    /// The arguments, in the order of the call's own ABI.
    pub(super) fn args(&self) -> [usize; 6] {
        if self.is_ia32() {
            [
                reg!(self.bx),
                reg!(self.cx),
                reg!(self.dx),
                reg!(self.si),
                reg!(self.di),
                reg!(self.bp),
            ]
            .map(|arg| arg & u32::MAX as usize)
        } else {
            [
                reg!(self.di),
                reg!(self.si),
                reg!(self.dx),
                reg!(self.r10),
                reg!(self.r8),
                reg!(self.r9),
            ]
        }
    }

    /// Sets the arguments of a 64-bit call.
    pub(super) fn set_args(&mut self, args: [usize; 6]) {
        let [di, si, dx, r10, r8, r9] = args;
        reg!(self.di = di);
        reg!(self.si = si);
        reg!(self.dx = dx);
        reg!(self.r10 = r10);
        reg!(self.r8 = r8);
        reg!(self.r9 = r9);
    }

    /// Whether the call came through a 32-bit entry (`int $0x80`).
    pub(super) fn is_ia32(&self) -> bool {
        // SAFETY: The task is the current one, and only it writes its `thread_info.status`.
        unsafe { (*self.task.as_ptr()).thread_info.status & bindings::TS_COMPAT != 0 }
    }

    /// Whether the number is not one of the 64-bit table: `int $0x80` or x32.
    pub(super) fn is_compat(&self) -> bool {
        self.is_ia32() || self.nr() & X32_SYSCALL_BIT != 0
    }

    /// Whether this is `prctl(PR_SET_SYSCALL_USER_DISPATCH)`, in any ABI.
    pub(super) fn is_prctl_dispatch(&self) -> bool {
        let prctl = if self.is_ia32() {
            NR_PRCTL_IA32
        } else {
            bindings::__NR_prctl as i32
        };
        if self.nr() & !X32_SYSCALL_BIT != prctl {
            return false;
        }
        let [option, ..] = self.args();
        // The kernel takes the option as an int.
        option as u32 == bindings::PR_SET_SYSCALL_USER_DISPATCH
    }

    /// Address of the instruction behind the one that made the call.
    pub(super) fn ip(&self) -> usize {
        reg!(self.ip)
    }

    /// Moves the program back onto the instruction that made the call.
    pub(super) fn rewind(&mut self) {
        let ip = self.ip();
        reg!(self.ip = ip.wrapping_sub(SYSCALL_INSN_LEN));
    }

    /// Sets what the program gets as the result.
    pub(super) fn set_result(&mut self, value: isize) {
        reg!(self.ax = value as usize);
    }
}
