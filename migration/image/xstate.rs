// SPDX-License-Identifier: GPL-2.0

//! The XSTATE regset: an XSAVE area in the standard format, as `regset_get` gives it.

use zerocopy::{
    little_endian::{
        U32,
        U64, //
    },
    FromBytes as _, //
};
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

/// Most bytes of it: with the tiles of AMX there are 11008.
pub(crate) const SIZE_MAX: u32 = 16 << 10;

/// Its first 576 bytes.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Xstate {
    /// x87: control and status words, last instruction and operand.
    pub(crate) x87: [u8; 24],
    /// Control and status of SSE.
    pub(crate) mxcsr: U32,
    /// Of no meaning here.
    pub(crate) mxcsr_mask: U32,
    /// x87 and SSE registers.
    pub(crate) registers: [u8; 384],
    /// Unused, and what the kernel tells signal handlers about the rest.
    pub(crate) unused: [u8; 96],
    /// Which features are not in their initial state.
    pub(crate) xstate_bv: U64,
    /// 0 in the standard format.
    pub(crate) xcomp_bv: U64,
    /// Always 0.
    pub(crate) reserved: [U64; 6],
}

/// Checks an XSAVE area whose header announced `features`.
///
/// # Errors
///
/// [`Invalid`] if the processor would not load it.
pub(crate) fn check(body: &[u8], features: u64, bounds: &Bounds) -> Result<(), Invalid> {
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    ensure(
        len == bounds.xstate_size && len <= SIZE_MAX,
        "the size of the XSAVE area",
    )?;
    let (area, _) =
        Xstate::ref_from_prefix(body).map_err(|_| Invalid("the size of the XSAVE area"))?;
    let unknown = area.xstate_bv.get() & !(features & bounds.xfeatures);
    ensure(unknown == 0, "a feature in the XSAVE area")?;
    let reserved = area.reserved.iter().all(|word| word.get() == 0);
    ensure(
        area.xcomp_bv.get() == 0 && reserved,
        "the format of the XSAVE area",
    )?;
    ensure(area.mxcsr.get() & !bounds.mxcsr_mask == 0, "a bit of MXCSR")
}
