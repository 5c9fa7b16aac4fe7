// SPDX-License-Identifier: GPL-2.0

//! Completions that one task waits for, with the waits that the kernel crate lacks.
//!
//! C headers: [`include/linux/completion.h`](srctree/include/linux/completion.h)

use kernel::{
    error::to_result,
    prelude::*,
    time::{
        msecs_to_jiffies,
        Msecs, //
    },
    types::Opaque, //
};

use crate::linux::bindings;

/// Length of the parts of a wait that nothing ends: shorter than what the kernel takes for a hung task.
const PART_MS: Msecs = 10_000;

/// Something that happens once, and that somebody waits for.
///
/// No wait counts as a hung task, however long it is: those that a kill ends never do.
#[pin_data]
pub(crate) struct Completion {
    #[pin]
    inner: Opaque<bindings::completion>,
}

// SAFETY: A completion is not tied to a task.
unsafe impl Send for Completion {}
// SAFETY: The C functions take the completion's own lock.
unsafe impl Sync for Completion {}

impl Completion {
    /// It has not happened yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            // SAFETY: `slot` is memory for a completion.
            inner <- Opaque::ffi_init(|slot| unsafe { bindings::init_completion(slot) }),
        })
    }

    /// It happens: wakes the one who waits, or who will. May be called in any context.
    pub(crate) fn complete(&self) {
        // SAFETY: It is initialised and pinned.
        unsafe { bindings::complete(self.inner.get()) }
    }

    /// It happens: wakes all who wait, or ever will. May be called in any context.
    pub(crate) fn complete_all(&self) {
        // SAFETY: It is initialised and pinned.
        unsafe { bindings::complete_all(self.inner.get()) }
    }

    /// Waits for it, whatever happens to the task meanwhile.
    pub(crate) fn wait(&self) {
        let part = msecs_to_jiffies(PART_MS);
        // SAFETY: It is initialised and pinned.
        while unsafe { bindings::wait_for_completion_timeout(self.inner.get(), part) } == 0 {}
    }

    /// Waits for it, at most until a signal comes that the task does not ignore.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` after a signal.
    pub(crate) fn wait_interruptible(&self) -> Result {
        // SAFETY: It is initialised and pinned.
        to_result(unsafe { bindings::wait_for_completion_interruptible(self.inner.get()) })
    }

    /// Waits for it, at most until the task is killed.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` when the task was killed.
    pub(crate) fn wait_killable(&self) -> Result {
        // SAFETY: It is initialised and pinned.
        to_result(unsafe { bindings::wait_for_completion_killable(self.inner.get()) })
    }
}
