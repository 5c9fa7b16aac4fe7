// SPDX-License-Identifier: GPL-2.0

//! Signal frames: how all registers of the current task are set at once.
//!
//! There is no other way to set the extended state that the kernel lets a module use: a frame is
//! built in memory of the task, and the task returns from it.
//!
//! C headers: [`arch/x86/include/uapi/asm/sigcontext.h`](srctree/arch/x86/include/uapi/asm/sigcontext.h),
//! [`arch/x86/include/asm/sigframe.h`](srctree/arch/x86/include/asm/sigframe.h)

use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

use zerocopy_derive::{
    Immutable,
    IntoBytes, //
};

use super::{
    calls::Calls,
    regs::{
        self,
        Registers, //
    },
    signals::AltStack,
    space, //
};
use crate::linux::bytes;

const UC_FP_XSTATE: u64 = 1;
const UC_SIGCONTEXT_SS: u64 = 2;
const UC_STRICT_RESTORE_SS: u64 = 4;

const MAGIC1: u32 = 0x4650_5853;
const MAGIC2: u32 = 0x4650_5845;

/// Where the kernel looks for [`Software`] in the extended state.
const SOFTWARE_AT: usize = 464;

/// Where the extended state begins, behind the frame: at a multiple of 64.
const EXTENDED_AT: usize = 512;

/// `__USER_CS`.
const USER_CS: u16 = 0x33;
/// `__USER_DS`.
const USER_DS: u16 = 0x2b;

/// `_fpx_sw_bytes`.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Software {
    magic1: u32,
    extended_size: u32,
    features: u64,
    size: u32,
    padding: [u32; 7],
}

/// `struct rt_sigframe` without the siginfo, which nobody reads.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Frame {
    return_address: u64,
    flags: u64,
    link: u64,
    stack: AltStack,
    general: [u64; 18],
    cs: u16,
    gs: u16,
    fs: u16,
    ss: u16,
    error: u64,
    trap: u64,
    old_mask: u64,
    cr2: u64,
    extended: u64,
    reserved: [u64; 8],
    mask: u64,
}

const _: () = assert!(size_of::<Frame>() == 312);
const _: () = assert!(SOFTWARE_AT + size_of::<Software>() == 512);

/// Everything that a return from a frame sets.
pub(crate) struct Restored<'a> {
    /// General registers; selectors other than those of a 64-bit program are not taken over.
    pub(crate) regs: &'a Registers,
    /// Extended state, as [`regs::extended`] gives it.
    pub(crate) extended: &'a [u8],
    /// Blocked signals.
    pub(crate) mask: u64,
    /// The alternate stack.
    pub(crate) stack: AltStack,
}

impl Restored<'_> {
    /// Gives all this to the current task, which is in a system call or on its way out of the kernel.
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` when the extended state is not of this machine, or did not arrive; `ENOMEM`.
    pub(crate) fn apply(&self, calls: &Calls) -> Result {
        if self.extended.len() != regs::extended_len() {
            return Err(EINVAL);
        }
        let scratch = space::Scratch::new(EXTENDED_AT + self.extended.len() + size_of::<u32>())?;
        let image = self.build(scratch.address())?;
        UserSlice::new(UserPtr::from_addr(scratch.address()), image.len())
            .writer()
            .write_slice(&image)?;
        // The call looks for the frame where a handler's return would leave the stack pointer.
        regs::set_stack(scratch.address() + size_of::<u64>());
        calls.sigreturn();
        drop(scratch);
        calls.set_segments(self.regs.fs_base, self.regs.gs_base)?;
        self.verify()
    }

    fn build(&self, base: usize) -> Result<KVVec<u8>> {
        let r = self.regs;
        let general = [
            r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.di, r.si, r.bp, r.bx, r.dx,
            r.ax, r.cx, r.sp, r.ip, r.flags,
        ];
        let frame = Frame {
            return_address: 0,
            flags: UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
            link: 0,
            stack: self.stack,
            general: general.map(|value| value as u64),
            cs: USER_CS,
            gs: 0,
            fs: 0,
            ss: USER_DS,
            error: 0,
            trap: 0,
            old_mask: 0,
            cr2: 0,
            extended: (base + EXTENDED_AT) as u64,
            reserved: [0; 8],
            mask: self.mask,
        };
        let size = self.extended.len() as u32;
        let software = Software {
            magic1: MAGIC1,
            extended_size: size + size_of::<u32>() as u32,
            features: regs::features(),
            size,
            padding: [0; 7],
        };
        let gap = [0; EXTENDED_AT - size_of::<Frame>()];
        let (legacy, rest) = self.extended.split_at_checked(SOFTWARE_AT).ok_or(EINVAL)?;
        let rest = rest.get(size_of::<Software>()..).ok_or(EINVAL)?;
        Ok(bytes::concat(
            &[
                frame.as_bytes(),
                &gap,
                legacy,
                software.as_bytes(),
                rest,
                MAGIC2.as_bytes(),
            ],
            0,
        )?)
    }

    /// A frame that the kernel does not like sets less, without a word.
    fn verify(&self) -> Result {
        /// Stack and vector registers; before and behind them lie words that the machine may drop.
        const LEGACY: core::ops::Range<usize> = 32..416;
        /// Behind the header, which says which parts are in their initial state.
        const REST: core::ops::RangeFrom<usize> = 576..;

        let now = regs::extended()?;
        if now.get(LEGACY) == self.extended.get(LEGACY) && now.get(REST) == self.extended.get(REST)
        {
            Ok(())
        } else {
            Err(EINVAL)
        }
    }
}
