// SPDX-License-Identifier: GPL-2.0

//! General registers.

use zerocopy::little_endian::U64;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::invalid::{
    ensure,
    Bounds,
    Invalid, //
};

/// `__USER_CS`: code of a 64-bit program.
pub(crate) const USER_CS: u64 = 0x33;
/// `__USER_DS`.
pub(crate) const USER_DS: u64 = 0x2b;
/// `__USER32_CS`: can be loaded as a data segment too.
const USER32_CS: u64 = 0x23;

/// Bits of `flags`.
pub(crate) mod eflags {
    /// Bit 1, always set.
    pub(crate) const FIXED: u64 = 1 << 1;
    /// Interrupts are enabled: always so in user code.
    pub(crate) const IF: u64 = 1 << 9;
    /// What user code can change: CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC, ID.
    pub(crate) const USER: u64 = 0x25_4dd5;
}

/// The GENERAL regset (`struct user_regs_struct`). `ax` and `orig_ax` are as they were when the
/// process was stopped: a call that was interrupted still says `-ERESTART*` in `ax`.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(
    missing_docs,
    reason = "registers have the names of the processor's manual"
)]
pub(crate) struct General {
    pub(crate) r15: U64,
    pub(crate) r14: U64,
    pub(crate) r13: U64,
    pub(crate) r12: U64,
    pub(crate) bp: U64,
    pub(crate) bx: U64,
    pub(crate) r11: U64,
    pub(crate) r10: U64,
    pub(crate) r9: U64,
    pub(crate) r8: U64,
    pub(crate) ax: U64,
    pub(crate) cx: U64,
    pub(crate) dx: U64,
    pub(crate) si: U64,
    pub(crate) di: U64,
    pub(crate) orig_ax: U64,
    pub(crate) ip: U64,
    pub(crate) cs: U64,
    pub(crate) flags: U64,
    pub(crate) sp: U64,
    pub(crate) ss: U64,
    pub(crate) fs_base: U64,
    pub(crate) gs_base: U64,
    pub(crate) ds: U64,
    pub(crate) es: U64,
    pub(crate) fs: U64,
    pub(crate) gs: U64,
}

impl General {
    /// Registers that hold no address may have any value, and so may `sp`: programs use it as they like.
    ///
    /// # Errors
    ///
    /// [`Invalid`] if user code could not run with them.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), Invalid> {
        ensure(bounds.is_user(self.ip.get()), "the instruction pointer")?;
        ensure(self.cs.get() == USER_CS, "the code segment")?;
        ensure(self.ss.get() == USER_DS, "the stack segment")?;
        let flags = self.flags.get();
        let always = eflags::FIXED | eflags::IF;
        ensure(flags & always == always, "a flag that is always set is not")?;
        ensure(flags & !(always | eflags::USER) == 0, "a privileged flag")?;
        ensure(bounds.is_user(self.fs_base.get()), "the base of fs")?;
        ensure(bounds.is_user(self.gs_base.get()), "the base of gs")?;
        let mut segments = [self.ds, self.es, self.fs, self.gs].into_iter();
        ensure(
            segments.all(|segment| is_data_segment(segment.get())),
            "a data segment",
        )
    }
}

/// Whether user code can load it without an LDT or segments of its own. 0 to 3 are null.
const fn is_data_segment(selector: u64) -> bool {
    matches!(selector, 0..=3 | USER32_CS | USER_DS | USER_CS)
}
