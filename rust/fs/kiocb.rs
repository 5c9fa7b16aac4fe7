// SPDX-License-Identifier: GPL-2.0

//! One read or write of an open file.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use crate::linux::bindings;

/// Flags of a [`Kiocb`] that file systems look at: those of `preadv2` and `pwritev2` have their values.
pub(crate) mod flags {
    /// `RWF_DSYNC`, or the file is `O_DSYNC`.
    pub(crate) const DSYNC: u32 = 0x2;
    /// `RWF_SYNC`, or the file is `O_SYNC`.
    pub(crate) const SYNC: u32 = 0x4;
    /// `RWF_NOWAIT`: rather fail with `EAGAIN` than wait.
    pub(crate) const NOWAIT: u32 = 0x8;
    /// `RWF_APPEND`, or the file is `O_APPEND`.
    pub(crate) const APPEND: u32 = 0x10;
    /// The file is `O_DIRECT`.
    pub(crate) const DIRECT: u32 = crate::linux::bindings::IOCB_DIRECT;
}

/// A read or write that is being done.
///
/// # Invariants
///
/// The pointer is to a `struct kiocb` that nobody else uses during `'a`, and its file is open.
pub(crate) struct Kiocb<'a> {
    iocb: NonNull<bindings::kiocb>,
    _iocb: PhantomData<&'a mut bindings::kiocb>,
}

impl Kiocb<'_> {
    /// # Safety
    ///
    /// `iocb` is what `read_iter` or `write_iter` was called with, and `'a` ends before that returns.
    pub(super) unsafe fn from_raw(iocb: NonNull<bindings::kiocb>) -> Self {
        // INVARIANT: By this function's contract.
        Self {
            iocb,
            _iocb: PhantomData,
        }
    }

    /// The C struct.
    pub(super) fn as_ptr(&self) -> *mut bindings::kiocb {
        self.iocb.as_ptr()
    }

    /// Where to begin; never negative.
    pub(crate) fn pos(&self) -> u64 {
        // SAFETY: By the type's invariant. The VFS has checked the sign.
        unsafe { (*self.as_ptr()).ki_pos as u64 }
    }

    /// Sets where the next one begins, which the VFS then takes over into the file where that has a
    /// position.
    pub(crate) fn set_pos(&mut self, pos: u64) {
        let pos = i64::try_from(pos).unwrap_or(i64::MAX);
        // SAFETY: By the type's invariant.
        unsafe { (*self.as_ptr()).ki_pos = pos }
    }

    /// See [`flags`].
    pub(crate) fn flags(&self) -> u32 {
        // SAFETY: By the type's invariant.
        unsafe { (*self.as_ptr()).ki_flags as u32 }
    }

    /// Whether all of `flags` are set.
    pub(crate) fn has(&self, flags: u32) -> bool {
        self.flags() & flags == flags
    }
}
