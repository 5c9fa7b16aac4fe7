// SPDX-License-Identifier: GPL-2.0

//! The user registers of the current task.
//!
//! C headers: [`arch/x86/include/asm/user_64.h`](srctree/arch/x86/include/asm/user_64.h),
//! [`include/linux/regset.h`](srctree/include/linux/regset.h)

use kernel::{
    error::to_result,
    prelude::*, //
};

use zerocopy::FromZeros as _;
use zerocopy_derive::{
    FromBytes,
    IntoBytes, //
};

use crate::linux::{
    bindings,
    bytes, //
};

/// `user_regs_struct`: what a debugger sees.
#[derive(Clone, Copy, FromBytes, IntoBytes)]
#[allow(missing_docs, reason = "the names are those of the registers")]
#[repr(C)]
pub(crate) struct Registers {
    pub(crate) r15: usize,
    pub(crate) r14: usize,
    pub(crate) r13: usize,
    pub(crate) r12: usize,
    pub(crate) bp: usize,
    pub(crate) bx: usize,
    pub(crate) r11: usize,
    pub(crate) r10: usize,
    pub(crate) r9: usize,
    pub(crate) r8: usize,
    pub(crate) ax: usize,
    pub(crate) cx: usize,
    pub(crate) dx: usize,
    pub(crate) si: usize,
    pub(crate) di: usize,
    /// The number of the system call that the task is in, or -1.
    pub(crate) orig_ax: usize,
    pub(crate) ip: usize,
    pub(crate) cs: usize,
    pub(crate) flags: usize,
    pub(crate) sp: usize,
    pub(crate) ss: usize,
    pub(crate) fs_base: usize,
    pub(crate) gs_base: usize,
    pub(crate) ds: usize,
    pub(crate) es: usize,
    pub(crate) fs: usize,
    pub(crate) gs: usize,
}

const _: () = assert!(size_of::<Registers>() == size_of::<bindings::user_regs_struct>());

/// What the last fault of a task was, which a signal frame repeats.
#[derive(Clone, Copy, Default)]
pub(crate) struct Trap {
    /// The address of a page fault.
    pub(crate) cr2: usize,
    /// The exception's number.
    pub(crate) number: usize,
    /// The exception's error code.
    pub(crate) error: usize,
}

/// The current task's general registers.
///
/// # Errors
///
/// `ENODEV` when the kernel shows none.
pub(crate) fn general() -> Result<Registers> {
    let mut regs = Registers::new_zeroed();
    read(regset(bindings::NT_PRSTATUS)?, regs.as_mut_bytes())?;
    Ok(regs)
}

/// The current task's floating point and vector registers, as XSAVE lays them out.
///
/// # Errors
///
/// `ENOMEM`, or `ENODEV` on a machine without XSAVE.
pub(crate) fn extended() -> Result<KVVec<u8>> {
    let set = regset(bindings::NT_X86_XSTATE)?;
    // SAFETY: Register sets are static.
    let len = unsafe { (*set).n as usize * (*set).size as usize };
    let mut state = bytes::zeroed(len)?;
    read(set, &mut state)?;
    // What lies behind belongs to features that the task has not asked for.
    state.truncate(extended_len());
    Ok(state)
}

/// How many bytes of extended state the current task has.
pub(crate) fn extended_len() -> usize {
    // SAFETY: The current task is no kernel thread.
    unsafe { bindings::mosix_xstate_size() as usize }
}

/// The features of extended state that the current task can use.
pub(super) fn features() -> u64 {
    // SAFETY: The current task is no kernel thread.
    unsafe { bindings::mosix_xstate_features() }
}

fn regset(note: u32) -> Result<*const bindings::user_regset> {
    // SAFETY: The current task is valid.
    let view = unsafe { bindings::task_user_regset_view(bindings::get_current()) };
    // SAFETY: Views are static and have that many sets.
    let sets = unsafe { core::slice::from_raw_parts((*view).regsets, (*view).n as usize) };
    sets.iter()
        .find(|set| set.core_note_type == note)
        .map(|set| &raw const *set)
        .ok_or(ENODEV)
}

fn read(set: *const bindings::user_regset, to: &mut [u8]) -> Result {
    // SAFETY: The current task is valid, the set is one of its view, and `to` has so many bytes.
    let read = unsafe {
        bindings::regset_get(
            bindings::get_current(),
            set,
            to.len() as u32,
            to.as_mut_ptr().cast(),
        )
    };
    to_result(read)?;
    if read as usize == to.len() {
        Ok(())
    } else {
        Err(ENODEV)
    }
}

/// Sends the current task elsewhere: it goes on at `ip` with `ax`, in no system call.
///
/// For use by an errand. The other registers stay.
pub(crate) fn park(ip: usize, ax: usize) {
    let regs = frame();
    // SAFETY: The current task's own registers, which nobody else uses while it is in the kernel.
    unsafe {
        (*regs).ip = ip;
        (*regs).ax = ax;
        (*regs).orig_ax = usize::MAX;
    }
}

/// Gives back to the current task what [`park`] and the system call there have changed.
pub(crate) fn unpark(from: &Registers) {
    let regs = frame();
    // SAFETY: As in `park`. None of these can raise a privilege; the flags are those that the task
    // itself had.
    unsafe {
        (*regs).ip = from.ip;
        (*regs).ax = from.ax;
        (*regs).cx = from.cx;
        (*regs).r11 = from.r11;
        (*regs).orig_ax = usize::MAX;
    }
}

/// Lets the stack pointer of the current task be `sp`.
pub(super) fn set_stack(sp: usize) {
    // SAFETY: As in `park`.
    unsafe { (*frame()).sp = sp };
}

/// What the current task's last fault was.
pub(crate) fn trap() -> Trap {
    // SAFETY: The current task is valid, and these are written by its own faults only.
    unsafe {
        let thread = &raw const (*bindings::get_current()).thread;
        Trap {
            cr2: (*thread).cr2,
            number: (*thread).trap_nr,
            error: (*thread).error_code,
        }
    }
}

/// Lets the current task's last fault be `trap`.
pub(crate) fn set_trap(trap: Trap) {
    // SAFETY: As in `trap`.
    unsafe {
        let thread = &raw mut (*bindings::get_current()).thread;
        (*thread).cr2 = trap.cr2;
        (*thread).trap_nr = trap.number;
        (*thread).error_code = trap.error;
    }
}

fn frame() -> *mut bindings::pt_regs {
    // SAFETY: The current task is no kernel thread, so it has user registers.
    unsafe { bindings::mosix_current_pt_regs() }.cast_mut()
}
