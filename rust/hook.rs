// SPDX-License-Identifier: GPL-2.0

//! Takes the system calls of single tasks.
//!
//! The kernel calls `syscall_user_dispatch()` first of all on system call entry, and only for tasks
//! with a certain work flag. This module redirects that function ([`redirect`]) and sets the flag on
//! the tasks it is told to ([`Mark`]), in a way that is fail-closed: without the redirection their
//! calls raise SIGSYS ([`dispatch`]). Other tasks pay nothing.
//!
//! # Quiesce
//!
//! The text and the records may only go when no task can be in them. [`Hook`]'s drop does, in this
//! order:
//!
//! 1. All marks are given up: flags are cleared, words and records stay for those on their way in.
//! 2. `synchronize_rcu_tasks()`: between reading the flag and [`live::Stay::begin`] a task does not
//!    sleep, so each that saw the flag is now counted or gone, and nobody new comes.
//! 3. Wait until the count of stays is zero: handlers may sleep, so this may take time. Whoever owns
//!    a handler that waits for something has told it to end before.
//! 4. The redirection is taken off. The ops are not in the kernel's own data, so that
//!    `unregister_ftrace_function()` waits for tasks in the callback or preempted in its trampoline
//!    (`synchronize_rcu_tasks_rude()` and `synchronize_rcu_tasks()`) before it frees that.
//! 5. The tracepoint probes are taken off; `tracepoint_synchronize_unregister()`.
//! 6. `synchronize_rcu_tasks()`: tasks preempted in the few instructions behind the end of a stay, of
//!    a probe or of a task_work callback have left the text.
//! 7. The records that are left are dropped.

use core::pin::Pin;

use kernel::{
    alloc::AllocError,
    fmt,
    prelude::*,
    task::Task,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

mod arch;
mod call;
pub(crate) mod diag;
mod dispatch;
pub(in crate::linux) mod live;
mod mark;
mod redirect;
mod resolve;
mod selftest;
mod signal;
mod slots;
mod table;
mod tracepoint;

use self::{
    redirect::{
        Redirect,
        Refused, //
    },
    resolve::{
        Symbol,
        Unresolved, //
    },
    table::TABLE,
    tracepoint::Probe, //
};

pub(in crate::linux) use self::resolve::Syscall;
pub(crate) use self::{
    call::{
        Call,
        Intercept,
        Verdict, //
    },
    mark::{
        Mark,
        Refusal, //
    },
};

/// Why the hook is not to be had on this kernel, now.
pub(crate) enum Unavailable {
    /// A kernel function cannot be found or called.
    Unresolved(Unresolved),
    /// ftrace does not redirect.
    Refused(Refused),
    /// A tracepoint cannot be probed.
    Tracepoint(Error),
    /// It is in place but does not work.
    SelfTest(selftest::Failure),
    /// There is one already, or no memory.
    Other(Error),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(unresolved) => {
                f.write_str("syscall hook: ")?;
                unresolved.fmt(f)
            }
            Self::Refused(refused) => {
                f.write_str("syscall hook: ")?;
                refused.fmt(f)
            }
            Self::Tracepoint(error) => {
                write!(f, "syscall hook: no probe on a scheduler event: {error:?}")
            }
            Self::SelfTest(failure) => {
                f.write_str("syscall hook self-test failed: ")?;
                failure.fmt(f)
            }
            Self::Other(error) => write!(f, "syscall hook: {error:?}"),
        }
    }
}

impl From<Unavailable> for Error {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::Unresolved(unresolved) => unresolved.into(),
            Unavailable::Refused(refused) => refused.into(),
            Unavailable::SelfTest(_) => ENODEV,
            Unavailable::Tracepoint(error) | Unavailable::Other(error) => error,
        }
    }
}

impl From<Unresolved> for Unavailable {
    fn from(unresolved: Unresolved) -> Self {
        Self::Unresolved(unresolved)
    }
}

impl From<Refused> for Unavailable {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Unavailable {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<AllocError> for Unavailable {
    fn from(error: AllocError) -> Self {
        Self::Other(error.into())
    }
}

/// The hook in place. There can be one at a time.
///
/// Fields are dropped in declaration order: see the Quiesce section of the module.
#[pin_data(PinnedDrop)]
pub(crate) struct Hook {
    #[pin]
    redirect: Redirect,
    on_exit: Probe,
    on_exec: Probe,
    on_signal: Probe,
    records: Records,
}

impl Hook {
    /// Puts the hook in place and proves that it works. May sleep, for seconds on a busy machine.
    ///
    /// # Errors
    ///
    /// The reason is meant for the kernel log; it converts to an errno.
    pub(crate) fn load() -> Result<Pin<KBox<Self>>, Unavailable> {
        let target = Symbol::find(c"syscall_user_dispatch")?;
        let getppid = Syscall::find(c"__x64_sys_getppid")?;
        let hook = KBox::try_pin_init(
            try_pin_init!(Self {
                // First, so that it is the last to go when a later step fails.
                records: Records::open()?,
                on_exit: Probe::on_exit::<Records>().map_err(Unavailable::Tracepoint)?,
                on_exec: Probe::on_exec::<Records>().map_err(Unavailable::Tracepoint)?,
                on_signal: Probe::on_signal::<Records>().map_err(Unavailable::Tracepoint)?,
                redirect <- Redirect::new(&target),
            }? Unavailable),
            GFP_KERNEL,
        )?;
        selftest::run(getppid).map_err(Unavailable::SelfTest)?;
        Ok(hook)
    }
}

#[pinned_drop]
impl PinnedDrop for Hook {
    fn drop(self: Pin<&mut Self>) {
        TABLE.release_all();
        synchronize_rcu_tasks();
        while !live::is_quiet() {
            fsleep(Delta::from_millis(5));
        }
    }
}

/// The open table, and the probes' interest in it.
struct Records(());

impl Records {
    fn open() -> Result<Self, Unavailable> {
        TABLE.open()?;
        Ok(Self(()))
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        tracepoint::synchronize();
        synchronize_rcu_tasks();
        // SAFETY: Marks are given up, stays have ended, the redirection and the probes are off, and
        // the waits above have seen their last users go.
        unsafe { TABLE.close() };
    }
}

impl tracepoint::OnExit for Records {
    fn on_exit(task: &Task) {
        if let Some(record) = TABLE.unmark_current(task) {
            record.handler().on_exit();
        }
    }
}

impl tracepoint::OnSignal for Records {
    fn on_signal(task: &Task) {
        // Words without the flag may be copies, which lead to the record of another task.
        if !dispatch::is_flagged(task) {
            return;
        }
        if let Some(record) = TABLE.of_current(task) {
            record.handler().on_signal();
        }
    }
}

impl tracepoint::OnExec for Records {
    /// exec has cleared the flag: the new program is nobody's.
    fn on_exec(task: &Task) {
        drop(TABLE.unmark_current(task));
    }
}

fn synchronize_rcu_tasks() {
    // SAFETY: Called from process context without locks.
    unsafe { crate::linux::bindings::synchronize_rcu_tasks() };
}
