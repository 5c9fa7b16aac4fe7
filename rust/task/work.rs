// SPDX-License-Identifier: GPL-2.0

//! Things that a task is to do itself, on its way back to user mode.
//!
//! The kernel cannot recall a task_work, so a queued one holds a reference to the module and is counted
//! until it has run: unloading waits for it.
//!
//! C header: [`include/linux/task_work.h`](srctree/include/linux/task_work.h)

use core::{
    marker::PhantomData,
    ptr::{
        addr_of_mut,
        null_mut, //
    }, //
};

use kernel::{
    error::to_result,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full, //
        },
        Arc, //
    },
    task::Task, //
};

use super::find;
use crate::linux::{
    bindings,
    hook::live::Queued,
    module::ModuleRef, //
};

/// Something that a task is to do.
pub(crate) trait Errand: Send + Sync + 'static {
    /// Called once, in the task, where it is about to go on in its program: its registers are those of
    /// the program. It may sleep but must come to an end.
    fn run(this: &Arc<Self>);

    /// Called instead in a task that is about to exit. May sleep.
    fn missed(this: &Arc<Self>);
}

/// Whether the current task has something to do on its way back to user mode.
pub(crate) fn is_pending() -> bool {
    // SAFETY: Has no requirements.
    unsafe { bindings::mosix_task_work_pending() }
}

/// An errand with all that it takes to send it.
pub(crate) struct Prepared<T: Errand>(KBox<Work<T>>);

/// `work` is first, so that a pointer to it is one to the whole.
#[repr(C)]
struct Work<T: Errand> {
    work: bindings::callback_head,
    errand: Arc<T>,
    held: Option<(ModuleRef, Queued)>,
}

// SAFETY: The list pointer is used by the task that the work was sent to only.
unsafe impl<T: Errand> Send for Work<T> {}

// SAFETY: There is nothing to be done with a shared one.
unsafe impl<T: Errand> Sync for Work<T> {}

impl<T: Errand> Prepared<T> {
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(errand: Arc<T>) -> Result<Self> {
        let work = Work {
            work: bindings::callback_head {
                next: null_mut(),
                func: Some(run_work::<T>),
            },
            errand,
            held: None,
        };
        Ok(Self(KBox::new(work, GFP_KERNEL)?))
    }

    /// Sends `task` on the errand, waking it from a sleep that signals end. Any context.
    ///
    /// # Errors
    ///
    /// `ESRCH` when the task is past doing anything, `ENODEV` when the module is being unloaded.
    pub(crate) fn send(self, task: &Task) -> Result {
        let mut work = self.0;
        work.held = Some((ModuleRef::get()?, Queued::begin()));
        let work = KBox::into_raw(work);
        // SAFETY: The task is valid; `work` is until `run_work` takes it back.
        let result = to_result(unsafe {
            bindings::task_work_add(
                task.as_ptr(),
                addr_of_mut!((*work).work),
                bindings::task_work_notify_mode_TWA_SIGNAL,
            )
        });
        if result.is_err() {
            // SAFETY: It came from `into_raw` and was not queued.
            drop(unsafe { KBox::from_raw(work) });
        }
        result
    }
}

/// An errand that is sent at most once, by whoever comes first.
///
/// # Invariants
///
/// The word is 0 or an address that came from [`Prepared`], which it owns.
pub(crate) struct Standby<T: Errand> {
    work: Atomic<usize>,
    _errand: PhantomData<Prepared<T>>,
}

impl<T: Errand> Standby<T> {
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(errand: Arc<T>) -> Result<Self> {
        let Prepared(work) = Prepared::new(errand)?;
        // INVARIANT: It came from a `Prepared` just now.
        Ok(Self {
            work: Atomic::new(KBox::into_raw(work) as usize),
            _errand: PhantomData,
        })
    }

    fn take(&self) -> Option<Prepared<T>> {
        let work = self.work.xchg(0, Full) as *mut Work<T>;
        // SAFETY: By the type invariant; who gets the address has it alone.
        (!work.is_null()).then(|| Prepared(unsafe { KBox::from_raw(work) }))
    }

    /// Sends `task`, unless one was sent before or the task is past doing anything. Any context.
    pub(crate) fn send(&self, task: &Task) {
        if let Some(prepared) = self.take() {
            // A task that can do nothing any more is about to tell so by its end.
            let _ = prepared.send(task);
        }
    }
}

impl<T: Errand> Drop for Standby<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// # Safety
///
/// `work` is what [`Prepared::send`] queued.
unsafe extern "C" fn run_work<T: Errand>(work: *mut bindings::callback_head) {
    // SAFETY: `send` queued the first field of a `Work` that came from `KBox::into_raw`; it is run
    // once.
    let mut work = unsafe { KBox::from_raw(work.cast::<Work<T>>()) };
    let held = work.held.take();
    if find::is_exiting(kernel::current!()) {
        T::missed(&work.errand);
    } else {
        T::run(&work.errand);
    }
    drop(work);
    if let Some((module, queued)) = held {
        drop(module);
        // Last: the unload waits for it.
        drop(queued);
    }
}
