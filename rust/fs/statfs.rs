// SPDX-License-Identifier: GPL-2.0

//! What `statfs` and `df` show.
//!
//! C header: [`include/linux/statfs.h`](srctree/include/linux/statfs.h)

use kernel::prelude::*;

use crate::linux::bindings;

/// About a file system; counts of blocks are in units of `frsize`.
#[derive(Clone, Copy, Default)]
pub(crate) struct StatFs {
    /// Magic number of its type.
    pub(crate) kind: u64,
    /// Preferred size of transfers, in bytes.
    pub(crate) bsize: u32,
    /// Size of a block, in bytes.
    pub(crate) frsize: u32,
    /// Blocks in all.
    pub(crate) blocks: u64,
    /// Free.
    pub(crate) bfree: u64,
    /// Free for ordinary users.
    pub(crate) bavail: u64,
    /// Inodes in all.
    pub(crate) files: u64,
    /// Free inodes.
    pub(crate) ffree: u64,
    /// Longest name, in bytes.
    pub(crate) namelen: u32,
    /// Its number.
    pub(crate) fsid: u64,
}

impl StatFs {
    /// Writes it out for the VFS, which adds the flags of the mount.
    pub(super) fn fill(&self, out: &mut bindings::kstatfs) {
        out.f_type = self.kind as c_long;
        out.f_bsize = self.bsize as c_long;
        out.f_frsize = self.frsize as c_long;
        out.f_blocks = self.blocks;
        out.f_bfree = self.bfree;
        out.f_bavail = self.bavail;
        out.f_files = self.files;
        out.f_ffree = self.ffree;
        out.f_namelen = self.namelen as c_long;
        out.f_fsid.val = [self.fsid as i32, (self.fsid >> 32) as i32];
    }
}
