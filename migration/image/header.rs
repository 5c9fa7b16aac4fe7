// SPDX-License-Identifier: GPL-2.0

//! What an image is going to be.

use zerocopy::little_endian::{
    U16,
    U32,
    U64, //
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

/// First four bytes of an image: "MXIM".
pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"MXIM");

/// Version of the format. Others are refused.
pub(crate) const VERSION: u16 = 1;

/// Most mappings that a process may bring (the default of `vm.max_map_count`).
pub(crate) const VMAS_MAX: u32 = 65530;

/// First chunk of an image.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Header {
    /// [`MAGIC`].
    pub(crate) magic: U32,
    /// [`VERSION`].
    pub(crate) version: U16,
    /// Always 0.
    pub(crate) reserved: U16,
    /// Features that the XSAVE area may hold; this node must have them all.
    pub(crate) xfeatures: U64,
    /// Bytes of the XSAVE area; the same here and there.
    pub(crate) xstate_size: U32,
    /// How many mappings come.
    pub(crate) vmas: U32,
    /// How many pages come, at most: what memory the process needs at once.
    pub(crate) pages: U64,
}

impl Header {
    /// # Errors
    ///
    /// [`Invalid`] if it is no image, or not one that this node can take in.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), Invalid> {
        ensure(self.magic.get() == MAGIC, "not an image")?;
        ensure(self.version.get() == VERSION, "another version of images")?;
        ensure(self.reserved.get() == 0, "the reserved part of the header")?;
        let lacking = self.xfeatures.get() & !bounds.xfeatures;
        ensure(lacking == 0, "a feature that this CPU lacks")?;
        ensure(
            self.xstate_size.get() == bounds.xstate_size,
            "another layout of the XSAVE area",
        )?;
        let vmas = self.vmas.get();
        ensure((1..=VMAS_MAX).contains(&vmas), "the number of mappings")?;
        let most = bounds.task_size / Bounds::PAGE;
        ensure(self.pages.get() <= most, "the number of pages")
    }
}
