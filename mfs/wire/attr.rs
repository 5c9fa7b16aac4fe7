// SPDX-License-Identifier: GPL-2.0

//! Attributes of objects and of file systems.

use zerocopy::little_endian::{
    I64, //
    U32,
    U64,
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::handle::{
    Handle,
    OpenId, //
};

/// A point in time.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Time {
    /// Seconds since 1970.
    pub(crate) sec: I64,
    /// Nanoseconds, below 1,000,000,000.
    pub(crate) nsec: U32,
}

impl Time {
    /// Whether the nanoseconds are less than a second.
    pub(crate) const fn is_sound(&self) -> bool {
        self.nsec.get() < 1_000_000_000
    }
}

/// Attributes of an object, as `statx` tells them.
///
/// The mode's type bits never change for a handle.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Attr {
    /// Cluster-wide number of the file system, as `dev_t` of user space's 32 bits: see [`dev`].
    pub(crate) dev: U32,
    /// Type and permissions.
    pub(crate) mode: U32,
    /// Inode number on the server.
    pub(crate) ino: U64,
    /// Number of names.
    pub(crate) nlink: U32,
    /// Owner.
    pub(crate) uid: U32,
    /// Group.
    pub(crate) gid: U32,
    /// Preferred size of reads and writes, in bytes.
    pub(crate) blksize: U32,
    /// In bytes.
    pub(crate) size: U64,
    /// In units of 512 bytes.
    pub(crate) blocks: U64,
    /// Device number of a device, in the form of `dev`.
    pub(crate) rdev: U32,
    /// Tells two objects apart that had the same inode number one after the other.
    pub(crate) generation: U32,
    /// Differs whenever data or attributes differ.
    pub(crate) change: U64,
    /// Last access.
    pub(crate) atime: Time,
    /// Last change of the data.
    pub(crate) mtime: Time,
    /// Last change.
    pub(crate) ctime: Time,
    /// Birth; 0 where the file system does not know.
    pub(crate) btime: Time,
    /// `STATX_ATTR_*` that are set.
    pub(crate) flags: U64,
    /// `STATX_ATTR_*` that the file system knows.
    pub(crate) flags_mask: U64,
}

/// An object and its attributes.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) handle: Handle,
    /// Its attributes.
    pub(crate) attr: Attr,
}

/// Changes attributes.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SetAttr {
    /// Of what.
    pub(crate) handle: Handle,
    /// The open file through which it is changed (`ftruncate`); 0 for none.
    pub(crate) open: OpenId,
    /// [`set`]: which of the following count. The others are 0.
    pub(crate) valid: U32,
    /// Permissions, without the type.
    pub(crate) mode: U32,
    /// Owner.
    pub(crate) uid: U32,
    /// Group.
    pub(crate) gid: U32,
    /// In bytes.
    pub(crate) size: U64,
    /// Last access, if [`set::ATIME_SET`].
    pub(crate) atime: Time,
    /// Last change, if [`set::MTIME_SET`].
    pub(crate) mtime: Time,
}

/// What a [`SetAttr`] changes.
pub(crate) mod set {
    /// Permissions.
    pub(crate) const MODE: u32 = 1 << 0;
    /// Owner.
    pub(crate) const UID: u32 = 1 << 1;
    /// Group.
    pub(crate) const GID: u32 = 1 << 2;
    /// Size.
    pub(crate) const SIZE: u32 = 1 << 3;
    /// Time of access, to now.
    pub(crate) const ATIME: u32 = 1 << 4;
    /// Time of change, to now.
    pub(crate) const MTIME: u32 = 1 << 5;
    /// Time of access, to the given one (with [`ATIME`]).
    pub(crate) const ATIME_SET: u32 = 1 << 6;
    /// Time of change, to the given one (with [`MTIME`]).
    pub(crate) const MTIME_SET: u32 = 1 << 7;
    /// Set-user-ID and set-group-ID go, as after a write by somebody else.
    pub(crate) const KILL_PRIV: u32 = 1 << 8;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 9) - 1;

    /// Whether these flags mean something: a time that is given is also set.
    pub(crate) const fn is_known(flags: u32) -> bool {
        let atime = flags & (ATIME | ATIME_SET) != ATIME_SET;
        let mtime = flags & (MTIME | MTIME_SET) != MTIME_SET;
        flags & !ALL == 0 && atime && mtime
    }
}

/// Cluster-wide number of the `index`th file system of node `node`: the same on every node, and none that
/// a block device or another file system has there.
pub(crate) const fn dev(node: u16, index: u16) -> u32 {
    // Linux gives numbers from 0 upwards, so those with this bit in their low half are free.
    ((node as u32) << 16) | 0x8000 | (index as u32)
}

/// About a file system, as `statfs` tells it; counts of blocks are in units of `frsize`.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct StatFs {
    /// Magic number of its type on the server.
    pub(crate) kind: U64,
    /// Preferred size of transfers, in bytes.
    pub(crate) bsize: U32,
    /// Size of a block, in bytes.
    pub(crate) frsize: U32,
    /// Blocks in all.
    pub(crate) blocks: U64,
    /// Free.
    pub(crate) bfree: U64,
    /// Free for ordinary users.
    pub(crate) bavail: U64,
    /// Inodes in all.
    pub(crate) files: U64,
    /// Free inodes.
    pub(crate) ffree: U64,
    /// Longest name.
    pub(crate) namelen: U32,
    /// `ST_*` of the server's mount.
    pub(crate) flags: U32,
    /// Of the file system on the server.
    pub(crate) fsid: U64,
}
