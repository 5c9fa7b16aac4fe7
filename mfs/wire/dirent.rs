// SPDX-License-Identifier: GPL-2.0

//! Directory entries.
//!
//! Cookies are those of the server's file system: they stay good while the directory changes.

use zerocopy::little_endian::{
    U32,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::handle::OpenId;

/// Asks for entries.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ReadDir {
    /// The open directory.
    pub(crate) open: OpenId,
    /// Where to go on: 0 for the start, else as an entry said.
    pub(crate) cookie: U64,
    /// Bytes of data that the client has room for.
    pub(crate) room: U32,
}

/// Head of the answer.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ReadDirReply {
    /// 1 if there are no more entries behind these.
    pub(crate) end: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 7],
}

/// An entry in the data; the name follows, and the next entry right behind it.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Dirent {
    /// Inode number.
    pub(crate) ino: U64,
    /// Cookie of what comes behind it.
    pub(crate) next: U64,
    /// `DT_*`.
    pub(crate) kind: u8,
    /// Bytes of the name.
    pub(crate) name_len: u8,
}
