// SPDX-License-Identifier: GPL-2.0

//! Operations on names.

use zerocopy::little_endian::{
    U16,
    U32, //
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

/// A name in a directory; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct At {
    /// The directory.
    pub(crate) dir: Handle,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Makes an object; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Make {
    /// Where.
    pub(crate) dir: Handle,
    /// Type (directory, fifo, socket or regular file) and permissions, the umask not yet taken off.
    pub(crate) mode: U32,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Makes a symbolic link; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Symlink {
    /// Where.
    pub(crate) dir: Handle,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Makes a hard link; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Link {
    /// To what.
    pub(crate) object: Handle,
    /// An open file of it, so that one without a name can get one; 0 for none.
    pub(crate) open: OpenId,
    /// Where.
    pub(crate) dir: Handle,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Removes a name; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Unlink {
    /// Where.
    pub(crate) dir: Handle,
    /// 1 for a directory (`rmdir`).
    pub(crate) directory: u8,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Renames; the old and the new name follow.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Rename {
    /// Where it is.
    pub(crate) from_dir: Handle,
    /// Where it goes.
    pub(crate) to_dir: Handle,
    /// `RENAME_NOREPLACE` 1, `RENAME_EXCHANGE` 2.
    pub(crate) flags: U32,
    /// Bytes of the old name.
    pub(crate) from_len: U16,
    /// Bytes of the new name.
    pub(crate) to_len: U16,
}
