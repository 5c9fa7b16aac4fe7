// SPDX-License-Identifier: GPL-2.0

//! Moving data between files and pipes.
//!
//! C header: [`include/linux/splice.h`](srctree/include/linux/splice.h)

use core::marker::PhantomData;

use kernel::prelude::*;

use super::{
    file::{
        count_of,
        File, //
    },
    FileSystem, //
};
use crate::linux::bindings;

/// A move of data between a file and a pipe.
///
/// # Invariants
///
/// The pointers are valid during `'a`, and nobody else uses `pos`.
pub(crate) struct Splice<'a> {
    pub(super) pipe: *mut bindings::pipe_inode_info,
    pub(super) pos: *mut i64,
    pub(super) len: usize,
    pub(super) flags: c_uint,
    _pos: PhantomData<&'a mut i64>,
}

impl Splice<'_> {
    /// # Safety
    ///
    /// They are what `splice_read` or `splice_write` was called with, and `'a` ends before it returns.
    pub(super) unsafe fn from_raw(
        pipe: *mut bindings::pipe_inode_info,
        pos: *mut i64,
        len: usize,
        flags: c_uint,
    ) -> Self {
        // INVARIANT: By this function's contract.
        Self {
            pipe,
            pos,
            len,
            flags,
            _pos: PhantomData,
        }
    }

    /// Fills the pipe by reading `file` into pages of its own.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(crate) fn copy_read<T: FileSystem>(&mut self, file: &File<T>) -> Result<usize> {
        // SAFETY: By the type's invariant; the file is open.
        count_of(unsafe {
            bindings::copy_splice_read(file.as_ptr(), self.pos, self.pipe, self.len, self.flags)
        })
    }

    /// Writes what is in the pipe to `file`.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub(crate) fn iter_write<T: FileSystem>(&mut self, file: &File<T>) -> Result<usize> {
        // SAFETY: By the type's invariant; the file is open.
        count_of(unsafe {
            bindings::iter_file_splice_write(
                self.pipe,
                file.as_ptr(),
                self.pos,
                self.len,
                self.flags,
            )
        })
    }
}
