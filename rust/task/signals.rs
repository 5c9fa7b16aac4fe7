// SPDX-License-Identifier: GPL-2.0

//! The signal state of the current task.
//!
//! C headers: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h)

use core::ptr::{
    addr_of,
    addr_of_mut,
    null_mut, //
};

use kernel::{
    prelude::*,
    task::Task, //
};

use zerocopy_derive::{
    Immutable,
    IntoBytes, //
};

use crate::linux::bindings;

/// All signals that can be blocked; the kernel itself leaves SIGKILL and SIGSTOP out.
const ALL: u64 = !(1 << (bindings::SIGKILL - 1) | 1 << (bindings::SIGSTOP - 1));

/// The handler that says "not at all".
const SIG_IGN: usize = 1;

const SS_DISABLE: u32 = 2;
const SS_AUTODISARM: u32 = 1 << 31;

/// `stack_t`: the alternate stack for handlers.
#[derive(Clone, Copy, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct AltStack {
    address: u64,
    flags: u32,
    padding: u32,
    size: u64,
}

/// A signal that was taken from the current task.
pub(crate) struct Taken {
    number: i32,
    info: bindings::kernel_siginfo,
}

// SAFETY: It is plain data; pointers in it are user addresses.
unsafe impl Send for Taken {}

/// What a system call that was interrupted needs to go on.
#[derive(Clone, Copy)]
pub(crate) struct Restart(bindings::restart_block);

// SAFETY: It is plain data for the kernel, which only the task that it came from gives back.
unsafe impl Send for Restart {}

fn current() -> *mut bindings::task_struct {
    // SAFETY: Has no requirements.
    unsafe { bindings::get_current() }
}

/// The signals that the program has blocked, bit `n - 1` for signal `n`.
///
/// For use by an errand: a mask that a system call had put on for its own duration is taken off, as the
/// way out of the kernel would do.
pub(crate) fn take_mask() -> u64 {
    // SAFETY: The current task is valid; these fields are written by itself only.
    unsafe {
        let task = current();
        if (*task).restore_sigmask() != 0 {
            (*task).set_restore_sigmask(0);
            set_mask((*task).saved_sigmask.sig[0] as u64);
        }
        (*task).blocked.sig[0] as u64
    }
}

/// Blocks the signals in `mask` and no others.
pub(crate) fn set_mask(mask: u64) {
    let mut set = bindings::sigset_t {
        sig: [(mask & ALL) as usize],
    };
    // SAFETY: The set is valid; nobody wants the old one.
    unsafe { bindings::sigprocmask(bindings::SIG_SETMASK as c_int, &mut set, null_mut()) };
}

/// Blocks all signals but SIGKILL and SIGSTOP.
pub(crate) fn block_all() {
    set_mask(ALL);
}

/// The current task's alternate stack.
pub(crate) fn alt_stack() -> AltStack {
    // SAFETY: The current task is valid; these fields are written by itself only.
    let (address, size, flags) = unsafe {
        let task = current();
        ((*task).sas_ss_sp, (*task).sas_ss_size, (*task).sas_ss_flags)
    };
    let disabled = if size == 0 { SS_DISABLE } else { 0 };
    AltStack {
        address: address as u64,
        flags: flags & SS_AUTODISARM | disabled,
        padding: 0,
        size: size as u64,
    }
}

/// Whether the current task has a signal to look after (which may turn out to be none).
pub(crate) fn is_pending() -> bool {
    // SAFETY: The current task is valid.
    unsafe { bindings::mosix_task_sigpending(current()) }
}

/// Whether something is to be done on the way out of the kernel by the current task: signals, stops,
/// or work that wakes as signals do.
pub(crate) fn is_interrupted() -> bool {
    // SAFETY: The current task is valid.
    unsafe { bindings::signal_pending(current()) != 0 }
}

/// Whether the current task has been killed.
pub(crate) fn is_killed() -> bool {
    // SAFETY: The current task is valid.
    unsafe { bindings::mosix_fatal_signal_pending(current()) }
}

/// Sends SIGKILL to `task`. Any context but under a signal lock.
pub(crate) fn kill(task: &Task) {
    // SAFETY: The task is valid. The kernel is the sender, which has every right.
    unsafe { bindings::send_sig(bindings::SIGKILL as c_int, task.as_ptr(), 1) };
}

/// Takes the next signal that is pending and not blocked, if there is one.
pub(crate) fn take() -> Option<Taken> {
    let mut info = bindings::kernel_siginfo::default();
    let mut kind: bindings::pid_type = 0;
    let task = current();
    // SAFETY: The current task and its signal state are valid; the lock is that which the function
    // wants; mask and results are valid.
    let number = unsafe {
        let lock = &raw mut (*(*task).sighand).siglock;
        bindings::mosix_spin_lock_irq(lock);
        let number = bindings::dequeue_signal(addr_of_mut!((*task).blocked), &mut info, &mut kind);
        bindings::recalc_sigpending();
        bindings::mosix_spin_unlock_irq(lock);
        number
    };
    (number > 0).then_some(Taken { number, info })
}

/// Lets the current process, a fresh one, hear of nothing but its own faults, SIGKILL and SIGSTOP.
pub(crate) fn ignore_others() {
    for number in (1..=bindings::_NSIG).filter(|number| !is_fault(*number)) {
        if ALL & 1 << (number - 1) != 0 {
            // SAFETY: The number is that of a signal that can be ignored; SIG_IGN is the number 1.
            unsafe {
                bindings::kernel_sigaction(
                    number as c_int,
                    core::mem::transmute::<usize, bindings::__sighandler_t>(SIG_IGN),
                );
            }
        }
    }
}

/// Whether the signal says that the program itself has done something wrong.
fn is_fault(number: u32) -> bool {
    matches!(
        number,
        bindings::SIGILL
            | bindings::SIGTRAP
            | bindings::SIGBUS
            | bindings::SIGFPE
            | bindings::SIGSEGV
            | bindings::SIGSYS
    )
}

impl Taken {
    /// Its number.
    pub(crate) fn number(&self) -> i32 {
        self.number
    }

    /// Whether it says that the program itself has done something wrong.
    pub(crate) fn is_fault(&self) -> bool {
        is_fault(self.number as u32)
    }

    /// Raises it in the current task as a fault would: a task that ignores or blocks it dies of it.
    pub(crate) fn raise(&self) {
        let task = current();
        let index = (self.number - 1) as usize;
        // SAFETY: The current task's actions are changed by itself only.
        let handler = unsafe {
            (*(*task).sighand)
                .action
                .get(index)
                .and_then(|action| action.sa.sa_handler)
        };
        let bit = 1u64.checked_shl(index as u32).unwrap_or(0);
        // SAFETY: As above.
        let blocked = unsafe { (*addr_of!((*task).blocked)).sig[0] as u64 };
        // SIG_DFL is a null pointer.
        if handler.is_none_or(|handler| handler as usize == SIG_IGN) || blocked & bit != 0 {
            // SAFETY: The number is that of a signal.
            unsafe { bindings::kernel_sigaction(self.number, None) };
            set_mask(blocked & !bit);
        }
        let mut info = self.info;
        // SAFETY: The current task and the information are valid.
        unsafe { bindings::send_sig_info(self.number, &mut info, task) };
    }
}

/// What an interrupted system call of the current task needs to go on.
pub(crate) fn restart() -> Restart {
    // SAFETY: The current task is valid; this is written by itself only.
    Restart(unsafe { (*current()).restart_block })
}

impl Restart {
    /// Gives it back to the task that it came from, which is the current one.
    pub(crate) fn give_back(&self) {
        // SAFETY: As in `restart`; what was there was not used since.
        unsafe { (*current()).restart_block = self.0 };
    }
}
