// SPDX-License-Identifier: GPL-2.0

//! Reporting the entries of a directory.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::prelude::*;

use crate::linux::bindings;

/// Who wants to know the entries of a directory, and from where.
///
/// # Invariants
///
/// Both pointers are valid during `'a`, and nobody else uses `ctx`.
pub(crate) struct DirContext<'a> {
    file: *mut bindings::file,
    ctx: NonNull<bindings::dir_context>,
    _ctx: PhantomData<&'a mut bindings::dir_context>,
}

impl DirContext<'_> {
    /// # Safety
    ///
    /// They are what `iterate_shared` was called with, and `'a` ends before it returns.
    pub(super) unsafe fn from_raw(
        file: *mut bindings::file,
        ctx: NonNull<bindings::dir_context>,
    ) -> Self {
        // INVARIANT: By this function's contract.
        Self {
            file,
            ctx,
            _ctx: PhantomData,
        }
    }

    /// Where to go on.
    pub(crate) fn pos(&self) -> i64 {
        // SAFETY: By the type's invariant.
        unsafe { self.ctx.as_ref() }.pos
    }

    /// Sets where to go on.
    pub(crate) fn set_pos(&mut self, pos: i64) {
        // SAFETY: By the type's invariant.
        unsafe { self.ctx.as_mut() }.pos = pos;
    }

    /// Reports `.` and `..`, whose positions are 0 and 1, if it is their turn. Returns whether there is
    /// room for more.
    pub(crate) fn emit_dots(&mut self) -> bool {
        // SAFETY: By the type's invariant.
        unsafe { bindings::mosix_dir_emit_dots(self.file, self.ctx.as_ptr()) }
    }

    /// Reports the entry at the position, of type `DT_*` `kind`. Returns whether there was room for it.
    pub(crate) fn emit(&mut self, name: &[u8], ino: u64, kind: u8) -> bool {
        let Ok(len) = c_int::try_from(name.len()) else {
            return false;
        };
        // SAFETY: By the type's invariant; the name is not kept.
        unsafe {
            let name = name.as_ptr().cast();
            bindings::mosix_dir_emit(self.ctx.as_ptr(), name, len, ino, c_uint::from(kind))
        }
    }
}
