// SPDX-License-Identifier: GPL-2.0

//! Which parts of a file have data, and moving data without looking at it.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h),
//! [`include/linux/falloc.h`](srctree/include/linux/falloc.h)

use core::mem::MaybeUninit;

use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    file::File,
    path::Kind, //
};
use crate::linux::bindings;

/// What [`File::seek_extent`] looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Data.
    Data,
    /// A hole; there is one at the end of every file.
    Hole,
}

/// `ITER_SOURCE`: the buffers are emptied.
const ITER_SOURCE: u32 = 1;

/// The result of a C function that gives a count or a negated errno.
fn count(result: isize) -> Result<u64> {
    u64::try_from(result).map_err(|_| Error::from_errno(result as c_int))
}

/// An offset for C.
fn offset(offset: u64) -> Result<i64> {
    i64::try_from(offset).map_err(|_| EINVAL)
}

impl File {
    /// Reserves, punches, zeroes, collapses or inserts, as `fallocate()` with the same `mode`.
    ///
    /// # Errors
    ///
    /// As `fallocate()`.
    pub(crate) fn fallocate(&self, mode: u32, start: u64, len: u64) -> Result {
        let mode = c_int::try_from(mode).map_err(|_| EINVAL)?;
        let (start, len) = (offset(start)?, offset(len)?);
        // SAFETY: The file is alive; the function checks everything else.
        to_result(unsafe { bindings::vfs_fallocate(self.as_ptr(), mode, start, len) })
    }

    /// Where the first data or hole at or behind `from` is. The position of the file does not count.
    ///
    /// # Errors
    ///
    /// `ENXIO` if `from` is behind the end, or there is no more data; `EINVAL` for anything but a regular
    /// file.
    pub(crate) fn seek_extent(&self, from: u64, what: Extent) -> Result<u64> {
        if self.path().kind() != Kind::Regular {
            return Err(EINVAL);
        }
        let whence = match what {
            Extent::Data => bindings::SEEK_DATA,
            Extent::Hole => bindings::SEEK_HOLE,
        };
        // SAFETY: The file is alive. Nobody relies on its position, which this may change.
        let at = unsafe { bindings::vfs_llseek(self.as_ptr(), offset(from)?, whence as c_int) };
        count(at as isize)
    }

    /// Copies up to `len` bytes to `to`, in the way the file systems do it best; gives how many.
    ///
    /// # Errors
    ///
    /// As `copy_file_range()`; `EXDEV` if the file systems cannot do that with each other.
    pub(crate) fn copy_range(&self, from: u64, to: &File, at: u64, len: u64) -> Result<u64> {
        let (from, at) = (offset(from)?, offset(at)?);
        let len = usize::try_from(offset(len)?).map_err(|_| EINVAL)?;
        // SAFETY: Both files are alive; the function checks everything else.
        count(unsafe {
            bindings::vfs_copy_file_range(self.as_ptr(), from, to.as_ptr(), at, len, 0)
        })
    }

    /// Lets `to` share `len` bytes with this file, 0 meaning up to the end; gives how many.
    ///
    /// # Errors
    ///
    /// As `ioctl(FICLONERANGE)`.
    pub(crate) fn clone_range(&self, from: u64, to: &File, at: u64, len: u64) -> Result<u64> {
        let (from, at, len) = (offset(from)?, offset(at)?, offset(len)?);
        // SAFETY: Both files are alive; the function checks everything else.
        count(unsafe {
            bindings::vfs_clone_file_range(self.as_ptr(), from, to.as_ptr(), at, len, 0)
        } as isize)
    }

    /// Writes all `pieces` as one write at `at`, with `RWF_*` flags; says how much was written, and the
    /// offset behind it.
    ///
    /// # Errors
    ///
    /// As [`File::write`]; `ENOMEM`.
    pub(crate) fn write_all<'a>(
        &self,
        pieces: impl Iterator<Item = &'a [u8]> + Clone,
        at: u64,
        flags: u32,
    ) -> Result<(usize, u64)> {
        let mut at = offset(at)?;
        let flags = c_int::try_from(flags).map_err(|_| EINVAL)?;
        let mut parts = KVVec::with_capacity(pieces.clone().count(), GFP_KERNEL)?;
        let mut total = 0_usize;
        for piece in pieces {
            total = total.checked_add(piece.len()).ok_or(EINVAL)?;
            let part = bindings::kvec {
                iov_base: piece.as_ptr().cast_mut().cast(),
                iov_len: piece.len(),
            };
            parts.push(part, GFP_KERNEL)?;
        }
        let mut iter = MaybeUninit::uninit();
        // SAFETY: The pieces are borrowed for `'a`, which this call does not outlive, and are only read;
        // there are as many parts as are said. The file is alive.
        let put = unsafe {
            bindings::iov_iter_kvec(
                iter.as_mut_ptr(),
                ITER_SOURCE,
                parts.as_ptr(),
                parts.len(),
                total,
            );
            bindings::vfs_iter_write(self.as_ptr(), iter.as_mut_ptr(), &mut at, flags)
        };
        Ok((count(put)? as usize, at.unsigned_abs()))
    }
}
