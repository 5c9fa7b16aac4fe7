// SPDX-License-Identifier: GPL-2.0

//! Marks: which tasks' system calls come to a handler.

use kernel::{
    fmt,
    prelude::*,
    sync::Arc, //
};

use super::{
    call::Intercept,
    dispatch,
    table::{
        Record,
        TABLE, //
    }, //
};
use crate::linux::{
    bindings,
    errno::{
        errno,
        EALREADY, //
    }, //
};

/// The mark of a task, held by whoever wants the task's calls.
///
/// Dropping it takes the mark off: at once when the task itself does it, else the task's next call
/// is native; a call that is in progress is finished by the handler. It may be dropped in any
/// process context and when the task is long dead.
///
/// The mark ends by itself when the task exits, execs, or makes a native
/// `prctl(PR_SET_SYSCALL_USER_DISPATCH)`. fork does not pass it on.
pub(crate) struct Mark(Arc<Record>);

/// Why a task cannot be marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The hook is not in place.
    NoHook,
    /// The task is marked already.
    AlreadyMarked,
    /// The program uses syscall user dispatch itself.
    OwnDispatch,
    /// The task is not in a 64-bit program, or is in a 32-bit call.
    NotNative64,
    /// A kernel thread or a worker that the kernel runs for a program: it makes no system calls.
    KernelThread,
    /// The task is on its way out.
    Exiting,
    /// No memory (or, after 2^63 marks, no index).
    NoMemory,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHook => "the system call hook is not in place",
            Self::AlreadyMarked => "the task is marked already",
            Self::OwnDispatch => "the program uses syscall user dispatch itself",
            Self::NotNative64 => "not a 64-bit program",
            Self::KernelThread => "a kernel thread makes no system calls",
            Self::Exiting => "the task is exiting",
            Self::NoMemory => "no memory for the record",
        })
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoHook => ENODEV,
            Refusal::AlreadyMarked => errno(EALREADY),
            Refusal::OwnDispatch => EBUSY,
            Refusal::NotNative64 => ENOEXEC,
            Refusal::KernelThread => EINVAL,
            Refusal::Exiting => ESRCH,
            Refusal::NoMemory => ENOMEM,
        }
    }
}

impl Mark {
    /// Marks the current task: from its next system call on, `handler` gets them all.
    ///
    /// May sleep.
    pub(crate) fn current(handler: Arc<dyn Intercept>) -> Result<Self, Refusal> {
        let task = kernel::current!();
        // SAFETY: The current task is valid; its flags are changed by itself only.
        let flags = unsafe { (*task.as_ptr()).flags };

        if !TABLE.is_open() {
            return Err(Refusal::NoHook);
        }
        if flags & (bindings::PF_KTHREAD | bindings::PF_USER_WORKER) != 0 || task.mm().is_none() {
            return Err(Refusal::KernelThread);
        }
        if flags & bindings::PF_EXITING != 0 {
            return Err(Refusal::Exiting);
        }
        // SAFETY: The current task has user registers: it is no kernel thread.
        if !unsafe { bindings::mosix_current_is_native64() } {
            return Err(Refusal::NotNative64);
        }
        if dispatch::is_flagged(task) {
            return Err(if TABLE.is_marked(task) {
                Refusal::AlreadyMarked
            } else {
                Refusal::OwnDispatch
            });
        }
        // A record may be left from a mark that its owner gave up from elsewhere.
        drop(TABLE.unmark_current(task));
        TABLE
            .mark(task, handler)
            .map(Self)
            .map_err(|_| Refusal::NoMemory)
    }

    /// Whether the task is still marked.
    pub(crate) fn is_live(&self) -> bool {
        self.0.is_live()
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        TABLE.release(&self.0);
    }
}
