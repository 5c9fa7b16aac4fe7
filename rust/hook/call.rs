// SPDX-License-Identifier: GPL-2.0

//! A system call as a handler sees it, and what the handler says to it.

use kernel::types::NotThreadSafe;

use super::arch::Regs;

/// Handles the system calls of marked tasks.
///
/// A handler runs in plain process context: it may sleep, fault and take as long as it likes. Its
/// last reference may be dropped by the exit tracepoint, so its `drop` must not sleep.
pub(crate) trait Intercept: Send + Sync {
    /// Called by the marked task for each of its system calls, before the kernel looks at it.
    ///
    /// It must return: a `do_exit()` from here would leave the unload waiting for ever. To end the
    /// program, send a fatal signal to the task and answer the call.
    fn on_syscall(&self, call: &mut Call<'_>) -> Verdict;

    /// Called in a marked task that exits; its mark has ended. Must not sleep.
    fn on_exit(&self) {}

    /// Called in a marked task that raises a signal for itself, as a fault does, before it is taken.
    /// The task's signal lock is held and interrupts are off: may take no lock.
    fn on_signal(&self) {}
}

/// What is to happen with a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The kernel does it as ever.
    Native,
    /// The kernel skips it and the program gets this result (`-errno` for an error).
    Answered(isize),
    /// The kernel skips it, and the program goes on with the registers that it now has.
    Restored,
}

/// A system call of the current task that has not been done yet.
pub(crate) struct Call<'a> {
    regs: Regs<'a>,
    _current: NotThreadSafe,
}

impl<'a> Call<'a> {
    pub(super) fn new(regs: Regs<'a>) -> Self {
        Self {
            regs,
            _current: NotThreadSafe,
        }
    }

    /// The number, in the table of the call's own ABI: see [`Self::is_compat`].
    pub(crate) fn nr(&self) -> i32 {
        self.regs.nr()
    }

    /// The six argument registers, in order; those of `int $0x80` are cut to 32 bits.
    pub(crate) fn args(&self) -> [usize; 6] {
        self.regs.args()
    }

    /// Whether the number means something else than in the 64-bit table: the call came by
    /// `int $0x80`, or has the bit of the x32 ABI.
    pub(crate) fn is_compat(&self) -> bool {
        self.regs.is_compat()
    }

    /// Where the program goes on: the address behind its system call instruction.
    pub(crate) fn ip(&self) -> usize {
        self.regs.ip()
    }

    /// Sets the argument registers of a 64-bit program.
    pub(super) fn set_args(&mut self, args: [usize; 6]) {
        self.regs.set_args(args);
    }

    /// Makes the program execute its system call instruction once more after this call. Its number
    /// is then this call's result, be it native or answered.
    pub(crate) fn rewind(&mut self) {
        self.regs.rewind();
    }

    /// Whether this is `prctl(PR_SET_SYSCALL_USER_DISPATCH)`.
    pub(super) fn is_prctl_dispatch(&self) -> bool {
        self.regs.is_prctl_dispatch()
    }

    /// Sets the result of a call that the kernel is going to skip.
    pub(super) fn set_result(&mut self, value: isize) {
        self.regs.set_result(value);
    }
}
