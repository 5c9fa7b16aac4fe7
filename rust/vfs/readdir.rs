// SPDX-License-Identifier: GPL-2.0

//! Going over the entries of a directory.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use kernel::{
    error::to_result,
    prelude::*, //
};

use super::file::File;
use crate::linux::bindings;

/// An entry of a directory.
pub(crate) struct Entry<'a> {
    /// Its name, as the file system says it.
    pub(crate) name: &'a [u8],
    /// Where it is in the directory.
    pub(crate) at: u64,
    /// Inode number.
    pub(crate) ino: u64,
    /// `DT_*`.
    pub(crate) kind: u8,
}

/// What the file system sees of a walk.
///
/// # Invariants
///
/// `context` is the first field, so its address is that of the walk.
#[repr(C)]
struct Walk<'a> {
    context: bindings::dir_context,
    visit: &'a mut dyn FnMut(Entry<'_>) -> bool,
    /// Whether there was any entry.
    seen: bool,
}

/// # Safety
///
/// `context` is that of a [`Walk`] that nobody else uses, and `name` has `len` readable bytes.
unsafe extern "C" fn actor(
    context: *mut bindings::dir_context,
    name: *const c_char,
    len: c_int,
    at: bindings::loff_t,
    ino: u64,
    kind: c_uint,
) -> bool {
    // SAFETY: By this function's contract and the invariant of `Walk`.
    let walk = unsafe { &mut *context.cast::<Walk<'_>>() };
    walk.seen = true;
    let len = usize::try_from(len).unwrap_or(0);
    // SAFETY: By this function's contract.
    let name = unsafe { core::slice::from_raw_parts(name.cast::<u8>(), len) };
    (walk.visit)(Entry {
        name,
        at: at.unsigned_abs(),
        ino,
        kind: (kind & 0xf) as u8,
    })
}

/// The lock of a file's position, held.
struct Position<'a>(&'a File);

impl<'a> Position<'a> {
    fn lock(file: &'a File) -> Self {
        // SAFETY: The file is alive, and a directory, which has that lock.
        unsafe { bindings::mosix_file_lock_pos(file.as_ptr()) };
        Self(file)
    }
}

impl Drop for Position<'_> {
    fn drop(&mut self) {
        // SAFETY: `lock` took it.
        unsafe { bindings::mosix_file_unlock_pos(self.0.as_ptr()) };
    }
}

impl File {
    /// Visits the entries of this open directory from the place `from` on, 0 being its start, until
    /// `visit` says no or there are no more; `visit` must not sleep long, as the directory is locked.
    /// Gives the place behind the last entry that was taken.
    ///
    /// # Errors
    ///
    /// `ENOTDIR`, `ENOENT` for a directory that was removed, and the file system's own; one that comes
    /// behind entries shows at the next call.
    pub(crate) fn iterate(
        &self,
        from: u64,
        visit: &mut dyn FnMut(Entry<'_>) -> bool,
    ) -> Result<u64> {
        self.path().require_directory()?;
        let from = i64::try_from(from).map_err(|_| EINVAL)?;
        let position = Position::lock(self);
        // So that cookies do not depend on who asks.
        // SAFETY: The file is alive, and its position is locked.
        unsafe {
            bindings::mosix_file_64bithash(self.as_ptr());
            // A directory that is where it should be need not look for the place.
            if (*self.as_ptr()).f_pos != from {
                let at = bindings::vfs_llseek(self.as_ptr(), from, bindings::SEEK_SET as c_int);
                if at < 0 {
                    return Err(Error::from_errno(at as c_int));
                }
            }
        }
        let mut walk = Walk {
            context: bindings::dir_context {
                actor: Some(actor),
                ..Default::default()
            },
            visit,
            seen: false,
        };
        let context = (&raw mut walk).cast();
        // SAFETY: The file is a directory whose position is locked; the context is that of a walk.
        let result = to_result(unsafe { bindings::iterate_dir(self.as_ptr(), context) });
        drop(position);
        match result {
            Err(error) if !walk.seen => Err(error),
            _ => Ok(walk.context.pos.unsigned_abs()),
        }
    }
}
