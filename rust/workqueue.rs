// SPDX-License-Identifier: GPL-2.0

//! Workqueues of one's own.
//!
//! The kernel crate only knows the system's queues, which cannot be drained; a module that is unloaded
//! needs one that can.
//!
//! C headers: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use core::{
    ops::Deref,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    workqueue::Queue, //
};

use crate::linux::bindings;

/// A workqueue that is drained and destroyed when dropped. May sleep then.
///
/// # Invariants
///
/// The pointer is a valid workqueue owned by this value.
pub(crate) struct OwnedQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: A workqueue may be used and destroyed by any thread.
unsafe impl Send for OwnedQueue {}
// SAFETY: Queueing is internally synchronised.
unsafe impl Sync for OwnedQueue {}

impl OwnedQueue {
    /// A queue whose items run on any CPU, up to `max_active` of them at once, and which has a rescuer
    /// so that it makes progress when memory is short (it serves file system requests).
    pub(crate) fn unbound(name: &CStr, max_active: u16) -> Result<Self> {
        // SAFETY: The name is copied.
        let raw = unsafe {
            bindings::mosix_alloc_workqueue(
                name.as_char_ptr(),
                bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_MEM_RECLAIM,
                max_active.into(),
            )
        };
        // INVARIANT: A non-null result is a new queue that nobody else knows.
        Ok(Self(NonNull::new(raw).ok_or(ENOMEM)?))
    }

    /// Waits until the queue is empty; only its own work may queue more meanwhile. Work that shares
    /// ownership of the queue must be drained so by another owner before that one lets go: a queue
    /// cannot be destroyed from within.
    pub(crate) fn drain(&self) {
        // SAFETY: The queue is valid.
        unsafe { bindings::drain_workqueue(self.0.as_ptr()) }
    }
}

impl Deref for OwnedQueue {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        // SAFETY: The queue is valid as long as `self`.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for OwnedQueue {
    fn drop(&mut self) {
        // SAFETY: The queue is ours; this waits for all its work, and no reference outlives `self`.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) }
    }
}
