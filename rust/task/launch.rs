// SPDX-License-Identifier: GPL-2.0

//! Starts a user mode helper and gets a word in between its exec and its first instruction.
//!
//! The helper's `init` callback, before the exec, queues a task_work: it runs when the task is on its
//! way to user mode for the first time. It cannot be recalled, so whoever started a helper waits for
//! it ([`Process::wait_for_arrival`], or the end of what is queued) before the text may go.
//!
//! C headers: [`include/linux/umh.h`](srctree/include/linux/umh.h),
//! [`include/linux/task_work.h`](srctree/include/linux/task_work.h)

use core::ptr::{
    addr_of_mut,
    null_mut, //
};

use kernel::{
    error::{
        from_result,
        to_result, //
    },
    fmt,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        ArcBorrow,
        Completion,
        SpinLock, //
    },
    task::Task, //
};

use super::{
    find,
    signals, //
};
use crate::linux::{
    bindings,
    hook::live::Queued, //
};

/// Programs to start, in this order; the first that can be executed is taken. None of them gets to run
/// an instruction of its own unless whoever started it lets it.
const PROGRAMS: [&CStr; 3] = [c"/sbin/modprobe", c"/bin/sh", c"/bin/true"];

/// Why no program could be started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// None can be executed; the last error.
    NoProgram(Error),
    /// The kernel is set up to start no user mode helpers.
    HelpersDisabled,
    /// No memory.
    NoMemory,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProgram(error) => write!(
                f,
                "none of /sbin/modprobe, /bin/sh and /bin/true can be started: {error:?}"
            ),
            Self::HelpersDisabled => f.write_str("this kernel starts no user mode helpers"),
            Self::NoMemory => f.write_str("no memory for a new process"),
        }
    }
}

/// Wants to hear of a process.
pub(crate) trait Arrival: Send + Sync + 'static {
    /// Called in the process, after its exec and before its first instruction. May sleep.
    fn arrived(this: &Arc<Self>);

    /// Called in the process when it ends between the two.
    fn missed(this: &Arc<Self>);
}

/// A process that was started.
pub(crate) struct Process<T: Arrival>(Arc<Start<T>>);

#[pin_data]
struct Start<T: Arrival> {
    who: Arc<T>,
    /// Set by `init`: from then on there is a task_work to wait for.
    #[pin]
    task: SpinLock<Option<ARef<Task>>>,
    /// The task_work is through.
    #[pin]
    through: Completion,
}

/// The task_work; `work` is first, so that a pointer to it is one to the whole.
#[repr(C)]
struct Work<T: Arrival> {
    work: bindings::callback_head,
    start: Arc<Start<T>>,
    queued: Queued,
}

/// Starts the first of [`PROGRAMS`] that can be executed, with no arguments and a poor environment.
///
/// May sleep until the program has been executed, not longer.
pub(crate) fn start<T: Arrival>(who: Arc<T>) -> Result<Process<T>, Failure> {
    let mut last = ENOENT;
    for program in PROGRAMS {
        let who = who.clone();
        let start = Arc::pin_init(
            pin_init!(Start {
                who,
                task <- kernel::new_spinlock!(None),
                through <- Completion::new(),
            }),
            GFP_KERNEL,
        )
        .map_err(|_| Failure::NoMemory)?;
        let result = execute(program, &start);
        let begun = start.task.lock().is_some();
        match result {
            Ok(()) if begun => return Ok(Process(start)),
            Ok(()) => return Err(Failure::HelpersDisabled),
            Err(error) => {
                if begun {
                    start.through.wait_for_completion();
                }
                last = error;
            }
        }
    }
    Err(Failure::NoProgram(last))
}

fn execute<T: Arrival>(program: &'static CStr, start: &Arc<Start<T>>) -> Result {
    let mut argv = [program.as_char_ptr().cast_mut(), null_mut()];
    let mut envp = [c"PATH=/sbin:/bin".as_char_ptr().cast_mut(), null_mut()];
    // SAFETY: The strings and arrays, and `start`, outlive the helper's exec, which the next call
    // waits for; nobody writes through the pointers.
    let info = unsafe {
        bindings::call_usermodehelper_setup(
            program.as_char_ptr(),
            argv.as_mut_ptr(),
            envp.as_mut_ptr(),
            bindings::GFP_KERNEL,
            Some(init::<T>),
            None,
            Arc::as_ptr(start).cast_mut().cast(),
        )
    };
    if info.is_null() {
        return Err(ENOMEM);
    }
    // SAFETY: `info` was set up just now and is given away. Waiting for the exec cannot be
    // interrupted, so `init` does not run after this has returned.
    to_result(unsafe { bindings::call_usermodehelper_exec(info, bindings::UMH_WAIT_EXEC as c_int) })
}

/// Runs in the helper's task before its exec.
///
/// # Safety
///
/// `info` is what [`execute`] set up.
unsafe extern "C" fn init<T: Arrival>(
    info: *mut bindings::subprocess_info,
    _new: *mut bindings::cred,
) -> c_int {
    from_result(|| {
        // SAFETY: `execute` passed a pointer to what an `Arc` holds, and keeps that alive.
        let start = unsafe { ArcBorrow::from_raw((*info).data.cast::<Start<T>>()) };
        let work = KBox::new(
            Work {
                work: bindings::callback_head {
                    next: null_mut(),
                    func: Some(run_work::<T>),
                },
                start: start.into(),
                queued: Queued::begin(),
            },
            GFP_KERNEL,
        )?;
        let task = kernel::current!();
        let work = KBox::into_raw(work);
        // SAFETY: The task is the current one; `work` is valid until `run_work` takes it back.
        let result = to_result(unsafe {
            bindings::task_work_add(
                task.as_ptr(),
                addr_of_mut!((*work).work),
                bindings::task_work_notify_mode_TWA_RESUME,
            )
        });
        if let Err(error) = result {
            // SAFETY: It came from `into_raw` and was not queued.
            drop(unsafe { KBox::from_raw(work) });
            return Err(error);
        }
        *start.task.lock() = Some(ARef::from(task as &Task));
        Ok(0)
    })
}

/// Runs in the helper's task, on its way to user mode or at its end.
///
/// # Safety
///
/// `work` is what [`init()`] queued.
unsafe extern "C" fn run_work<T: Arrival>(work: *mut bindings::callback_head) {
    // SAFETY: `init` queued the first field of a `Work` that came from `KBox::into_raw`; it is run
    // once.
    let work = unsafe { KBox::from_raw(work.cast::<Work<T>>()) };
    let task = kernel::current!();
    if !find::is_exiting(task) {
        T::arrived(&work.start.who);
    // SAFETY: The current task is valid; its flags are changed by itself only.
    } else if unsafe { (*task.as_ptr()).flags } & bindings::PF_FORKNOEXEC == 0 {
        T::missed(&work.start.who);
    }
    // Without an exec, whoever waits for that has the error.
    work.start.through.complete_all();
    let Work { start, queued, .. } = KBox::into_inner(work);
    drop(start);
    // Last: the unload waits for it.
    drop(queued);
}

impl<T: Arrival> Process<T> {
    /// Kills the process.
    pub(crate) fn kill(&self) {
        if let Some(task) = self.task() {
            signals::kill(&task);
        }
    }

    /// The process, or what was it.
    pub(crate) fn task(&self) -> Option<ARef<Task>> {
        self.0.task.lock().clone()
    }

    /// Waits until [`Arrival::arrived`] or [`Arrival::missed`] has returned; a killed process gets
    /// there, too.
    pub(crate) fn wait_for_arrival(&self) {
        self.0.through.wait_for_completion();
    }
}
