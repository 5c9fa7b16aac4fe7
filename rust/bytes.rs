// SPDX-License-Identifier: GPL-2.0

//! Vectors of bytes, filled by the whole.
//!
//! The kernel crate's `from_elem`, `resize` and `extend_from_slice` go over them byte by byte, which
//! costs more than the network does.

use kernel::{
    alloc::{
        flags::__GFP_ZERO,
        AllocError,
        Allocator,
        Vec, //
    },
    prelude::*, //
};

/// `len` zeroes.
pub(crate) fn zeroed<A: Allocator>(len: usize) -> Result<Vec<u8, A>, AllocError> {
    let mut bytes = Vec::with_capacity(len, GFP_KERNEL | __GFP_ZERO)?;
    // SAFETY: The memory has room for `len` bytes, which the allocator has zeroed.
    unsafe { bytes.inc_len(len) };
    Ok(bytes)
}

/// Appends `more` to `bytes`.
pub(crate) fn append<A: Allocator>(bytes: &mut Vec<u8, A>, more: &[u8]) -> Result<(), AllocError> {
    bytes.reserve(more.len(), GFP_KERNEL)?;
    let to = bytes.spare_capacity_mut().as_mut_ptr().cast::<u8>();
    // SAFETY: There is room for `more` behind the bytes, and nobody else has that memory.
    unsafe { to.copy_from_nonoverlapping(more.as_ptr(), more.len()) };
    // SAFETY: These bytes were just written.
    unsafe { bytes.inc_len(more.len()) };
    Ok(())
}

/// A vector of `parts`, one behind the other, with room for `spare` bytes more.
pub(crate) fn concat<A: Allocator>(
    parts: &[&[u8]],
    spare: usize,
) -> Result<Vec<u8, A>, AllocError> {
    let len = parts
        .iter()
        .fold(spare, |len, part| len.saturating_add(part.len()));
    let mut bytes = Vec::with_capacity(len, GFP_KERNEL)?;
    for part in parts {
        append(&mut bytes, part)?;
    }
    Ok(bytes)
}
