// SPDX-License-Identifier: GPL-2.0

//! Starts a user mode helper and gets a word in between its exec and its first instruction.
//!
//! The helper's `init` callback, before the exec, queues a task_work: it runs when the task is on its
//! way to user mode for the first time. It cannot be recalled, so whoever started a helper waits for
//! it ([`Process::wait_for_arrival`]) before the text may go.
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

use super::Failure;
use crate::{
    linux::bindings,
    linux::hook::signal, //
};

/// Wants to hear of a process.
pub(super) trait Arrival: Send + Sync + 'static {
    /// Called in the process, after its exec and before its first instruction. May sleep.
    fn arrived(this: &Arc<Self>);

    /// Called in the process when it ends between the two.
    fn missed(this: &Arc<Self>);
}

/// A process that was started.
pub(super) struct Process<T: Arrival>(Arc<Start<T>>);

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
}

/// Starts the first of `programs` that can be executed, with no arguments and a poor environment.
///
/// May sleep until the program has been executed, not longer.
pub(super) fn start<T: Arrival>(
    programs: &[&'static CStr],
    who: Arc<T>,
) -> Result<Process<T>, Failure> {
    let mut last = ENOENT;
    for program in programs {
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
    let start = &work.start;
    let task = kernel::current!();
    // SAFETY: The current task is valid; its flags are changed by itself only.
    let flags = unsafe { (*task.as_ptr()).flags };
    if flags & bindings::PF_EXITING == 0 {
        T::arrived(&start.who);
    } else if flags & bindings::PF_FORKNOEXEC == 0 {
        T::missed(&start.who);
    }
    // Without an exec, whoever waits for that has the error.
    start.through.complete_all();
}

impl<T: Arrival> Process<T> {
    /// Kills the process.
    pub(super) fn kill(&self) {
        let task = self.0.task.lock().clone();
        if let Some(task) = task {
            signal::kill(&task);
        }
    }

    /// Waits until [`Arrival::arrived`] or [`Arrival::missed`] has returned; a killed process gets
    /// there, too.
    pub(super) fn wait_for_arrival(&self) {
        self.0.through.wait_for_completion();
    }
}
