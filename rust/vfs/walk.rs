// SPDX-License-Identifier: GPL-2.0

//! Going along a path.
//!
//! C headers: [`include/linux/namei.h`](srctree/include/linux/namei.h)

use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};

use kernel::{
    error::to_result,
    prelude::*,
    str::CStr, //
};

use super::{
    cred::with_kernel,
    path::Path, //
};
use crate::linux::bindings;

/// Number of an object: another one can have the same, on some file systems even at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectId {
    dev: u32,
    ino: u64,
}

impl ObjectId {
    /// That of `inode`.
    ///
    /// # Safety
    ///
    /// It is alive, or good under RCU.
    pub(super) unsafe fn of(inode: NonNull<bindings::inode>) -> Self {
        // SAFETY: By this function's contract, and so is its super block, which has had its number from the
        // start.
        unsafe {
            let inode = &raw const *inode.as_ptr();
            Self {
                dev: (*(*inode).i_sb).s_dev,
                ino: (*inode).i_ino,
            }
        }
    }
}

/// Where an object is in memory: tells it from all others as long as it is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectAddress(usize);

impl Path {
    /// Where this object is in memory.
    pub(crate) fn object_address(&self) -> ObjectAddress {
        ObjectAddress(self.inode().as_ptr().addr())
    }

    /// Whether it has no name any more.
    pub(crate) fn is_unlinked(&self) -> bool {
        // SAFETY: The inode is alive; the count is read without a lock everywhere.
        unsafe {
            (&raw const (*self.inode().as_ptr()).__bindgen_anon_1.i_nlink).read_volatile() == 0
        }
    }

    /// Number of this object.
    pub(crate) fn object_id(&self) -> ObjectId {
        // SAFETY: The inode is alive.
        unsafe { ObjectId::of(self.inode()) }
    }

    /// What has the absolute path `path` if this is the root directory. Mounts are followed, symbolic
    /// links are not, and the kernel's rights count.
    ///
    /// # Errors
    ///
    /// `ENOENT`, `ENOTDIR`, `ELOOP` for a symbolic link on the way or at its end, `EACCES`, and the file
    /// system's own.
    pub(crate) fn walk(&self, path: &CStr) -> Result<Self> {
        let mut found = MaybeUninit::uninit();
        // SAFETY: The root is alive and the path is a string.
        let walk = || unsafe {
            bindings::mosix_walk(self.as_raw(), path.as_char_ptr(), found.as_mut_ptr())
        };
        to_result(with_kernel(walk))?;
        // SAFETY: Without an error the place was written: a positive one whose references are ours.
        Ok(unsafe { Self::from_raw(found.assume_init()) })
    }
}
