// SPDX-License-Identifier: GPL-2.0

//! Taking data from whoever writes.
//!
//! C header: [`include/linux/uio.h`](srctree/include/linux/uio.h)

use kernel::{
    alloc::KVVec,
    iov::IovIterSource,
    prelude::*, //
};

/// The next `len` bytes that are to be written; less if there are not so many or memory of the writer is
/// not there.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn take(from: &mut IovIterSource<'_>, len: usize) -> Result<KVVec<u8>> {
    let len = len.min(from.len());
    let mut bytes = KVVec::with_capacity(len, GFP_KERNEL)?;
    let room = bytes.spare_capacity_mut().get_mut(..len).ok_or(ENOMEM)?;
    let taken = from.copy_from_iter_raw(room).len();
    // SAFETY: The capacity is `len` at least, and so many bytes were just written.
    unsafe { bytes.inc_len(taken) };
    Ok(bytes)
}
