// SPDX-License-Identifier: GPL-2.0

//! Kernel threads that are joined.
//!
//! C headers: [`include/linux/kthread.h`](srctree/include/linux/kthread.h)

use core::ptr::NonNull;

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    fmt,
    prelude::*,
    str::CString, //
};

use crate::linux::bindings;

/// A kernel thread that runs a closure once. Dropping the handle waits until the closure has returned:
/// whoever drops it has first told the closure, by means of its own, to come to an end.
///
/// # Invariants
///
/// `task` is a kthread on which this handle holds the reference that `kthread_create` callers keep by
/// never letting it exit unseen: `get_task_struct()` was done before it first ran.
pub(crate) struct KThread {
    task: NonNull<bindings::task_struct>,
    body: NonNull<c_void>,
    free: unsafe fn(NonNull<c_void>),
}

// SAFETY: `kthread_stop()` may be called from any thread but the one it stops, which cannot own its
// own handle as the handle is made after the closure was given away.
unsafe impl Send for KThread {}
// SAFETY: There are no methods on a shared handle.
unsafe impl Sync for KThread {}

/// The thread: runs the closure.
///
/// # Safety
///
/// `data` must come from `KBox::<F>::into_raw` and be given to one thread.
unsafe extern "C" fn thread_main<F: FnOnce() + Send + 'static>(data: *mut c_void) -> c_int {
    // SAFETY: `data` came from `KBox::into_raw` in `spawn` and is given to this thread alone.
    let body = unsafe { KBox::from_raw(data.cast::<F>()) };
    KBox::into_inner(body)();
    0
}

/// # Safety
///
/// `data` must come from `KBox::<F>::into_raw` and not be used again.
unsafe fn free_body<F>(data: NonNull<c_void>) {
    // SAFETY: By this function's contract.
    drop(unsafe { KBox::from_raw(data.as_ptr().cast::<F>()) });
}

impl KThread {
    /// Starts a thread named `name` (15 characters show in ps) that runs `body`.
    ///
    /// May sleep.
    pub(crate) fn spawn<F>(name: fmt::Arguments<'_>, body: F) -> Result<Self>
    where
        F: FnOnce() + Send + 'static,
    {
        let name = CString::try_from_fmt(name)?;
        let data = NonNull::new(KBox::into_raw(KBox::new(body, GFP_KERNEL)?).cast::<c_void>())
            .ok_or(ENOMEM)?;
        // SAFETY: `thread_main::<F>` takes what `data` is; the name is copied during the call.
        let task = from_err_ptr(unsafe {
            bindings::kthread_create_on_node(
                Some(thread_main::<F>),
                data.as_ptr(),
                bindings::NUMA_NO_NODE,
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        })
        .and_then(|t| NonNull::new(t).ok_or(ENOMEM));
        let task = match task {
            Ok(task) => task,
            Err(e) => {
                // SAFETY: No thread was made, so `data` is still ours.
                unsafe { free_body::<F>(data) };
                return Err(e);
            }
        };
        // SAFETY: The new thread has not run yet and so is alive; the reference keeps the task struct
        // until `kthread_stop_put()` even if the closure returns before.
        unsafe {
            bindings::get_task_struct(task.as_ptr());
            bindings::wake_up_process(task.as_ptr());
        }
        // INVARIANT: The reference was taken just above.
        Ok(Self {
            task,
            body: data,
            free: free_body::<F>,
        })
    }
}

impl KThread {
    /// Ends an interruptible wait of the thread, and all that it begins later, if it has called
    /// [`allow_interrupts`].
    pub(crate) fn interrupt(&self) {
        // SAFETY: By the invariant the task struct is alive; one that has exited ignores signals.
        unsafe { bindings::send_sig(bindings::SIGKILL as c_int, self.task.as_ptr(), 1) };
    }
}

/// Lets [`KThread::interrupt`] interrupt the current kernel thread.
pub(crate) fn allow_interrupts() {
    /// `SIG_KTHREAD`: a signal wakes, and does nothing else.
    const SIG_KTHREAD: usize = 2;
    // SAFETY: Changes what the current task does about a signal; kernel threads share that with nobody.
    unsafe {
        bindings::kernel_sigaction(
            bindings::SIGKILL as c_int,
            core::mem::transmute::<usize, bindings::__sighandler_t>(SIG_KTHREAD),
        );
    }
}

/// Gives the current thread a root, a working directory and a umask of its own, where it is a kernel
/// thread, which shares them with all others.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn unshare_fs_struct() -> Result {
    // SAFETY: Only replaces what the current task refers to; has no requirements in process context.
    to_result(unsafe { bindings::unshare_fs_struct() })
}

impl Drop for KThread {
    fn drop(&mut self) {
        // SAFETY: By the invariant the task struct is alive; the reference is given up here, once.
        let ret = unsafe { bindings::kthread_stop_put(self.task.as_ptr()) };
        if ret == EINTR.to_errno() {
            // Stopped before it ever ran: `thread_main`, which only returns 0, was not called.
            // SAFETY: The thread that would have taken the closure is gone.
            unsafe { (self.free)(self.body) };
        }
    }
}
