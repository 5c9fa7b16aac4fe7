// SPDX-License-Identifier: GPL-2.0

//! A task's syscall user dispatch words, and how they say "ours".
//!
//! A marked task has the work flag `SYSCALL_USER_DISPATCH` and the words selector = NULL, len = 0,
//! offset = 1 << 63 | index of its record. Neither prctl nor ptrace can make these words (both
//! refuse an empty range that does not begin at 0), so they are the mark. Without this hook the
//! stock function reads them as "no call is allowed" and raises SIGSYS: a marked task never runs a
//! call natively by mistake.
//!
//! fork copies the words and clears the flag; exec clears the flag only: the words alone prove
//! nothing.
//!
//! C header: [`include/linux/syscall_user_dispatch_types.h`](srctree/include/linux/syscall_user_dispatch_types.h)

use core::ptr::{
    addr_of,
    addr_of_mut,
    null_mut, //
};

use kernel::task::Task;

use crate::linux::bindings;

/// The bit of `offset` that says "ours"; no prctl with an empty range can set it.
const OURS: usize = 1 << (usize::BITS - 1);

/// Bit of `thread_info.syscall_work`.
const WORK_BIT: usize = bindings::syscall_work_bit_SYSCALL_WORK_BIT_SYSCALL_USER_DISPATCH as usize;

/// The index in `task`'s words if they are ours; the flag is not looked at.
///
/// For another task than the current one this is a snapshot.
#[inline]
pub(super) fn index(task: &Task) -> Option<usize> {
    // SAFETY: A `&Task` is a valid task.
    let words = unsafe { addr_of!((*task.as_ptr()).syscall_dispatch) };
    // SAFETY: The words are part of the task; the read is volatile because a tracer of another task
    // may be writing them, and each of them is a word.
    let (selector, offset, len) = unsafe {
        (
            addr_of!((*words).selector).read_volatile(),
            addr_of!((*words).offset).read_volatile(),
            addr_of!((*words).len).read_volatile(),
        )
    };
    (selector.is_null() && len == 0 && offset & OURS != 0).then_some(offset & !OURS)
}

/// Whether `task`'s calls go through `syscall_user_dispatch()`, ours or not.
pub(super) fn is_flagged(task: &Task) -> bool {
    // SAFETY: A `&Task` is a valid task; other bits may change meanwhile, so the read is volatile.
    let work = unsafe { addr_of!((*task.as_ptr()).thread_info.syscall_work).read_volatile() };
    work & (1 << WORK_BIT) != 0
}

/// Writes the words for record `index` and sets the flag.
///
/// `task` is the current one: nobody reads the words meanwhile.
pub(super) fn arm(task: &Task, index: usize) {
    write(task, OURS | index);
    // SAFETY: The word is valid and only changed by atomic bit operations.
    unsafe {
        bindings::set_bit(
            WORK_BIT,
            addr_of_mut!((*task.as_ptr()).thread_info.syscall_work),
        )
    };
}

/// Clears flag and words of `task`, the current one.
pub(super) fn disarm(task: &Task) {
    unflag(task);
    write(task, 0);
}

/// Clears the flag of a task, which may be running: it may still come to the hook once, if it is
/// just entering a system call.
pub(super) fn unflag(task: &Task) {
    // SAFETY: The word is valid and only changed by atomic bit operations.
    unsafe {
        bindings::clear_bit(
            WORK_BIT,
            addr_of_mut!((*task.as_ptr()).thread_info.syscall_work),
        )
    };
}

fn write(task: &Task, offset: usize) {
    // SAFETY: The words belong to the current task, which is `task`.
    unsafe {
        (*task.as_ptr()).syscall_dispatch = bindings::syscall_user_dispatch {
            selector: null_mut(),
            offset,
            len: 0,
            on_dispatch: false,
        };
    }
}
