// SPDX-License-Identifier: GPL-2.0

//! Probes on tracepoints that are not exported, found by name.
//!
//! A probe must not sleep. After the last one is dropped, text and data that probes use must stay
//! until [`synchronize`] has returned.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use core::ptr::{
    null_mut,
    NonNull, //
};

use kernel::{
    error::to_result,
    prelude::*,
    task::Task, //
};

use crate::linux::bindings;

/// Wants to know when a task ends.
pub(crate) trait OnExit {
    /// `sched_process_exit`: runs in the task that is exiting, while it still has its memory.
    fn on_exit(task: &Task);
}

/// Wants to know when a task has got a new program.
pub(crate) trait OnExec {
    /// `sched_process_exec`: runs in the task, which has its new memory and credentials.
    fn on_exec(task: &Task);
}

/// Wants to know when a task raises a signal for itself.
pub(crate) trait OnSignal {
    /// `signal_generate`: `task` is the current one, its signal lock is held and interrupts are off.
    fn on_signal(task: &Task);
}

/// A probe in place; dropping it takes it off.
///
/// # Invariants
///
/// `function` is registered on `tracepoint` with NULL data, and has the tracepoint's prototype.
pub(crate) struct Probe {
    tracepoint: NonNull<bindings::tracepoint>,
    function: *mut c_void,
}

// SAFETY: Tracepoints of the kernel itself are never freed, and (un)registering takes a mutex.
unsafe impl Send for Probe {}
// SAFETY: There are no methods on a shared probe.
unsafe impl Sync for Probe {}

impl Probe {
    /// Calls `T` when a task exits. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` when the kernel has no such tracepoint.
    pub(crate) fn on_exit<T: OnExit>() -> Result<Self> {
        let thunk: unsafe extern "C" fn(*mut c_void, *mut bindings::task_struct, bool) =
            exit_thunk::<T>;
        // SAFETY: The prototype is TP_PROTO(struct task_struct *p, bool group_dead).
        unsafe { Self::attach(c"sched_process_exit", thunk as *mut c_void) }
    }

    /// Calls `T` when a task has exec'ed. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` when the kernel has no such tracepoint.
    pub(crate) fn on_exec<T: OnExec>() -> Result<Self> {
        let thunk: unsafe extern "C" fn(
            *mut c_void,
            *mut bindings::task_struct,
            bindings::pid_t,
            *mut bindings::linux_binprm,
        ) = exec_thunk::<T>;
        // SAFETY: The prototype is TP_PROTO(struct task_struct *p, pid_t old_pid,
        // struct linux_binprm *bprm).
        unsafe { Self::attach(c"sched_process_exec", thunk as *mut c_void) }
    }

    /// Calls `T` when a task has raised a signal for itself. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` when the kernel has no such tracepoint.
    pub(crate) fn on_signal<T: OnSignal>() -> Result<Self> {
        let thunk: unsafe extern "C" fn(
            *mut c_void,
            c_int,
            *mut bindings::kernel_siginfo,
            *mut bindings::task_struct,
            c_int,
            c_int,
        ) = signal_thunk::<T>;
        // SAFETY: The prototype is TP_PROTO(int sig, struct kernel_siginfo *info,
        // struct task_struct *task, int group, int result).
        unsafe { Self::attach(c"signal_generate", thunk as *mut c_void) }
    }

    /// # Safety
    ///
    /// `function` must have the prototype of the tracepoint called `name`, after a `void *`.
    unsafe fn attach(name: &CStr, function: *mut c_void) -> Result<Self> {
        let mut search = Search { name, found: None };
        // SAFETY: `look` gets back `search`, which outlives the call.
        unsafe { bindings::for_each_kernel_tracepoint(Some(look), (&raw mut search).cast()) };
        let tracepoint = search.found.ok_or(ENOENT)?;
        // SAFETY: The tracepoint was found in the kernel's own list; `function` has its prototype by
        // this function's contract.
        to_result(unsafe {
            bindings::tracepoint_probe_register(tracepoint.as_ptr(), function, null_mut())
        })?;
        // INVARIANT: Registered just now.
        Ok(Self {
            tracepoint,
            function,
        })
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        let result = to_result(unsafe {
            bindings::tracepoint_probe_unregister(
                self.tracepoint.as_ptr(),
                self.function,
                null_mut(),
            )
        });
        if let Err(error) = result {
            pr_err!("a tracepoint probe could not be taken off: {error:?}\n");
        }
    }
}

/// Waits until no probe that was taken off is running any more. May sleep.
pub(crate) fn synchronize() {
    // SAFETY: Called from process context.
    unsafe { bindings::mosix_tracepoint_synchronize_unregister() };
}

struct Search<'a> {
    name: &'a CStr,
    found: Option<NonNull<bindings::tracepoint>>,
}

/// # Safety
///
/// `data` is the `Search` that `attach` passed.
unsafe extern "C" fn look(tracepoint: *mut bindings::tracepoint, data: *mut c_void) {
    // SAFETY: `attach` passed a `Search` and waits for the walk to end.
    let search = unsafe { &mut *data.cast::<Search<'_>>() };
    // SAFETY: The walk passes valid tracepoints, which have names.
    let name = unsafe { CStr::from_char_ptr((*tracepoint).name) };
    if name == search.name {
        search.found = NonNull::new(tracepoint);
    }
}

/// # Safety
///
/// Called by the tracepoint only.
unsafe extern "C" fn exit_thunk<T: OnExit>(
    _data: *mut c_void,
    task: *mut bindings::task_struct,
    _group_dead: bool,
) {
    // SAFETY: The tracepoint passes the current task; `Task` is transparent over it.
    T::on_exit(unsafe { &*task.cast::<Task>() });
}

/// # Safety
///
/// Called by the tracepoint only.
unsafe extern "C" fn exec_thunk<T: OnExec>(
    _data: *mut c_void,
    task: *mut bindings::task_struct,
    _old_pid: bindings::pid_t,
    _binprm: *mut bindings::linux_binprm,
) {
    // SAFETY: The tracepoint passes the current task; `Task` is transparent over it.
    T::on_exec(unsafe { &*task.cast::<Task>() });
}

/// # Safety
///
/// Called by the tracepoint only.
unsafe extern "C" fn signal_thunk<T: OnSignal>(
    _data: *mut c_void,
    _signal: c_int,
    _info: *mut bindings::kernel_siginfo,
    task: *mut bindings::task_struct,
    _group: c_int,
    result: c_int,
) {
    /// `TRACE_SIGNAL_DELIVERED`: it is in the queue.
    const DELIVERED: c_int = 0;

    // SAFETY: Has no requirements.
    if result == DELIVERED && core::ptr::eq(task, unsafe { bindings::get_current() }) {
        // SAFETY: The tracepoint passes a valid task; `Task` is transparent over it.
        T::on_signal(unsafe { &*task.cast::<Task>() });
    }
}
