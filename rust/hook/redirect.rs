// SPDX-License-Identifier: GPL-2.0

//! The way from `syscall_user_dispatch()` to the handlers.
//!
//! ftrace calls [`redirect`] at the entry of the function, which happens for flagged tasks only. For
//! those that are ours it replaces the instruction pointer, so that [`intercept`] runs in the place
//! of the function, as if it had been called: in process context, outside of the trampoline, so that
//! it may sleep. IPMODIFY makes sure that nobody else replaces it too; PERMANENT that
//! `kernel.ftrace_enabled` cannot be switched off under it. Registers beyond the arguments are not
//! needed, so SAVE_REGS and its cost are left out.
//!
//! C headers: [`include/linux/ftrace.h`](srctree/include/linux/ftrace.h),
//! [`include/linux/entry-common.h`](srctree/include/linux/entry-common.h)

use core::ptr::NonNull;

use kernel::{
    error::to_result,
    fmt,
    prelude::*,
    task::Task,
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};

use super::{
    arch::Regs,
    call::{
        Call,
        Verdict, //
    },
    dispatch,
    live::Stay,
    resolve::Symbol,
    signal,
    table::TABLE, //
};
use crate::linux::{
    bindings,
    errno::errno, //
};

const PERMANENT: usize = bindings::FTRACE_OPS_FL_PERMANENT as usize;
const IPMODIFY: usize = bindings::FTRACE_OPS_FL_IPMODIFY as usize;

/// Why ftrace did not take the redirection.
#[derive(Clone, Copy)]
pub(crate) enum Refused {
    /// `kernel.ftrace_enabled` is 0.
    SwitchedOff,
    /// Somebody else (a live patch, a kprobe with a post handler) redirects the function.
    Taken,
    /// ftrace has shut itself down after an error.
    Dead,
    /// Something else.
    Other(Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchedOff => f.write_str(
                "ftrace is switched off: set kernel.ftrace_enabled to 1 (sysctl) and try again",
            ),
            Self::Taken => f.write_str(
                "something else redirects syscall_user_dispatch \
                 (a live patch or a kprobe: see enabled_functions in tracefs)",
            ),
            Self::Dead => f.write_str("ftrace has shut itself down: see the kernel log, reboot"),
            Self::Other(error) => write!(f, "ftrace refuses the redirection: {error:?}"),
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::SwitchedOff => errno(bindings::EOPNOTSUPP),
            Refused::Taken => EBUSY,
            Refused::Dead => ENODEV,
            Refused::Other(error) => error,
        }
    }
}

/// The redirection in place; dropping it takes it off, waiting until nobody is in its trampoline.
///
/// # Invariants
///
/// `ops` is registered.
#[pin_data(PinnedDrop)]
pub(super) struct Redirect {
    #[pin]
    ops: Opaque<bindings::ftrace_ops>,
}

// SAFETY: ftrace has its own locks; nothing else touches `ops`.
unsafe impl Send for Redirect {}
// SAFETY: There are no methods on a shared value.
unsafe impl Sync for Redirect {}

impl Redirect {
    /// Redirects `target`, which is `syscall_user_dispatch()`. May sleep.
    pub(super) fn new(target: &Symbol) -> impl PinInit<Self, Refused> + '_ {
        // INVARIANT: `register` succeeded if this does.
        try_pin_init!(Self {
            ops <- Opaque::try_ffi_init(move |ops: *mut bindings::ftrace_ops| {
                // SAFETY: `ops` is ours to write and pinned until `drop`, which unregisters.
                unsafe { register(ops, target, IPMODIFY | PERMANENT) }
                    // SAFETY: After a failure, `ops` may be used again.
                    .map_err(|error| unsafe { diagnose(ops, target, error) })
            }),
        }? Refused)
    }
}

#[pinned_drop]
impl PinnedDrop for Redirect {
    fn drop(self: Pin<&mut Self>) {
        let ops = self.ops.get();
        // This fails only when ftrace has shut itself down. Its trampoline may then still call our
        // text, which therefore must stay: better an unload that hangs than a crash.
        // SAFETY: By the type invariant.
        while let Err(error) = to_result(unsafe { bindings::unregister_ftrace_function(ops) }) {
            pr_err!("the system call hook cannot be taken off ({error:?}): reboot to unload\n");
            fsleep(Delta::from_secs(60));
        }
        // SAFETY: `ops` is not registered any more.
        unsafe { bindings::ftrace_free_filter(ops) };
    }
}

/// # Safety
///
/// `ops` must be writable, not registered, and stay where it is until it is unregistered.
unsafe fn register(ops: *mut bindings::ftrace_ops, target: &Symbol, flags: usize) -> Result {
    // SAFETY: By this function's contract; all-zero but for the callback is how C writes it.
    unsafe {
        ops.write(bindings::ftrace_ops {
            func: Some(redirect),
            flags,
            ..Default::default()
        })
    };
    // SAFETY: `ops` is initialised; ftrace checks the address.
    to_result(unsafe { bindings::ftrace_set_filter_ip(ops, target.probe_address(), 0, 0) })
        // SAFETY: `ops` is initialised and pinned by this function's contract.
        .and_then(|()| to_result(unsafe { bindings::register_ftrace_function(ops) }))
        // SAFETY: `ops` is initialised and was not registered.
        .inspect_err(|_| unsafe { bindings::ftrace_free_filter(ops) })
}

/// Finds out what an error of [`register`] means: EBUSY stands for two things.
///
/// # Safety
///
/// As [`register`].
unsafe fn diagnose(ops: *mut bindings::ftrace_ops, target: &Symbol, error: Error) -> Refused {
    if error == ENODEV {
        return Refused::Dead;
    }
    if error != EBUSY {
        return Refused::Other(error);
    }
    // Without IPMODIFY nobody can be in the way: what remains is the switch.
    // SAFETY: By this function's contract.
    match unsafe { register(ops, target, PERMANENT) } {
        Err(error) if error == EBUSY => Refused::SwitchedOff,
        Err(error) => Refused::Other(error),
        Ok(()) => {
            // SAFETY: Registered just now. No task is marked, so `redirect` did nothing.
            unsafe { bindings::unregister_ftrace_function(ops) };
            // SAFETY: Not registered any more.
            unsafe { bindings::ftrace_free_filter(ops) };
            Refused::Taken
        }
    }
}

/// Called by ftrace at the entry of `syscall_user_dispatch()`.
///
/// # Safety
///
/// `fregs` are the registers at that entry, as ftrace passes them.
unsafe extern "C" fn redirect(
    _ip: c_ulong,
    _parent_ip: c_ulong,
    _ops: *mut bindings::ftrace_ops,
    fregs: *mut bindings::ftrace_regs,
) {
    if dispatch::index(kernel::current!()).is_some() {
        let fregs = fregs.cast::<bindings::__arch_ftrace_regs>();
        let target: unsafe extern "C" fn(*mut bindings::pt_regs) -> bool = intercept;
        // SAFETY: `ftrace_regs` is the opaque face of `__arch_ftrace_regs`; an IPMODIFY callback may
        // set the instruction pointer.
        unsafe { (*fregs).regs.ip = target as usize };
    }
}

/// Runs in the place of `syscall_user_dispatch()`: returns whether the kernel is to skip the call.
///
/// # Safety
///
/// `regs` are the user registers of the current task, in its system call.
unsafe extern "C" fn intercept(regs: *mut bindings::pt_regs) -> bool {
    let stay = Stay::begin();
    let task = kernel::current!();
    let skip = match NonNull::new(regs) {
        // SAFETY: The entry code passes the user registers of the current task, in its system call.
        Some(regs) => dispatch_call(task, Call::new(unsafe { Regs::from_raw(regs, task) })),
        None => true,
    };
    drop(stay);
    skip
}

fn dispatch_call(task: &Task, mut call: Call<'_>) -> bool {
    let Some(record) = TABLE.of_current(task) else {
        return fail_closed(task, call.nr());
    };
    if !record.is_live() {
        // Its owner gave the mark up from elsewhere: the task is an ordinary one again.
        drop(TABLE.unmark_current(task));
        return false;
    }
    match record.handler().on_syscall(&mut call) {
        Verdict::Native => {
            // The program is about to use the words of the mark itself.
            if call.is_prctl_dispatch() {
                drop(TABLE.unmark_current(task));
            }
            false
        }
        Verdict::Answered(value) => {
            call.set_result(value);
            true
        }
        Verdict::Restored => true,
    }
}

/// A task with our words but without its record: who handles its calls is unknown, so it must not go
/// on. SIGKILL is stronger than the SIGSYS of the stock function, which a program may catch.
#[cold]
fn fail_closed(task: &Task, nr: i32) -> bool {
    pr_err!(
        "killed a marked task without a record: pid {}, system call {nr}\n",
        task.pid()
    );
    signal::kill(task);
    true
}
