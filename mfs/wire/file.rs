// SPDX-License-Identifier: GPL-2.0

//! Objects and open files.

use zerocopy::little_endian::{
    U16,
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

use super::{
    attr,
    handle::{
        Handle,
        OpenId, //
    }, //
};

/// An object, by handle or by open file.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Object {
    /// Its name.
    pub(crate) handle: Handle,
    /// An open file of it, which then counts; 0 for none.
    pub(crate) open: OpenId,
}

/// Whether the caller may do something.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Access {
    /// With what.
    pub(crate) handle: Handle,
    /// `MAY_READ` 4, `MAY_WRITE` 2, `MAY_EXEC` 1.
    pub(crate) mask: U32,
}

/// Opens an object.
///
/// With a name: what is there under it, or what is created there by `O_CREAT`; with `O_TMPFILE` and no name
/// a file without one in `dir`. If `expect` is not [`Handle::NONE`], the answer is `ESTALE` unless just that
/// object has the name, and nothing was done. Without a name and `O_TMPFILE`: `expect` itself, and `dir`
/// is [`Handle::NONE`].
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Open {
    /// Directory of the name.
    pub(crate) dir: Handle,
    /// The object.
    pub(crate) expect: Handle,
    /// `O_*`; the server drops those that are the client's business.
    pub(crate) flags: U32,
    /// Permissions of what is created, the umask not yet taken off.
    pub(crate) mode: U16,
    /// Bytes of the name that follows; 0 for none.
    pub(crate) name_len: U16,
    /// 1 to execute it: asks for that permission instead of reading.
    pub(crate) exec: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 7],
}

/// An open file.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Opened {
    /// The object.
    pub(crate) handle: Handle,
    /// Its attributes, after opening.
    pub(crate) attr: attr::Attr,
    /// Number of the open file.
    pub(crate) open: OpenId,
    /// 1 if it was created by this.
    pub(crate) created: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 7],
}

/// Closes an open file. Its locks of the class `flock` and `OFD` go with it.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Release {
    /// Which.
    pub(crate) open: OpenId,
}

/// Reads. No more than a frame's data.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Read {
    /// From where.
    pub(crate) open: OpenId,
    /// First byte.
    pub(crate) offset: U64,
    /// How many.
    pub(crate) len: U32,
    /// Always 0.
    pub(crate) reserved: U32,
}

/// Writes the request's data.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Write {
    /// To where.
    pub(crate) open: OpenId,
    /// First byte; for [`write::STAGE`] and its end, and when appending, of no meaning.
    pub(crate) offset: U64,
    /// `RLIMIT_FSIZE` of the caller: nothing is written at or behind this offset.
    pub(crate) limit: U64,
    /// [`write`].
    pub(crate) flags: U32,
    /// `RWF_*` of `pwritev2` that concern the server.
    pub(crate) kiocb: U32,
}

/// Flags of a [`Write`].
pub(crate) mod write {
    /// At the end of the file, wherever that is then.
    pub(crate) const APPEND: u32 = 1 << 0;
    /// Keep the data; a later write of the same `stage` that has this flag not set writes all of it at
    /// once, as one write. With [`super::STAGE_MAX`] bytes at most.
    pub(crate) const STAGE: u32 = 1 << 1;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 2) - 1;
}

/// Most that can be written at once by staging, in bytes.
pub(crate) const STAGE_MAX: usize = 64 << 20;

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Written {
    /// Offset behind the last byte that was written.
    pub(crate) end: U64,
    /// How many bytes, of all stages; 0 while staging.
    pub(crate) count: U32,
    /// Always 0.
    pub(crate) reserved: U32,
}

/// Makes data durable.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Fsync {
    /// Of what.
    pub(crate) open: OpenId,
    /// First byte.
    pub(crate) start: U64,
    /// Last byte.
    pub(crate) end: U64,
    /// 1 to leave attributes that are not needed to read it.
    pub(crate) datasync: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 7],
}

/// Reserves, punches, zeroes, as `fallocate`.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Fallocate {
    /// In what.
    pub(crate) open: OpenId,
    /// First byte.
    pub(crate) offset: U64,
    /// How many.
    pub(crate) len: U64,
    /// As in [`Write`].
    pub(crate) limit: U64,
    /// `FALLOC_FL_*`.
    pub(crate) mode: U32,
}

/// Finds data or a hole.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Seek {
    /// In what.
    pub(crate) open: OpenId,
    /// From where.
    pub(crate) offset: U64,
    /// `SEEK_DATA` 3 or `SEEK_HOLE` 4.
    pub(crate) whence: U32,
}

/// An offset or a count.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Offset {
    /// In bytes.
    pub(crate) value: U64,
}

/// Copies within the server.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct CopyRange {
    /// The file to read.
    pub(crate) from: OpenId,
    /// First byte there.
    pub(crate) from_offset: U64,
    /// The file to write.
    pub(crate) to: OpenId,
    /// First byte there.
    pub(crate) to_offset: U64,
    /// How many at most.
    pub(crate) len: U64,
    /// As in [`Write`].
    pub(crate) limit: U64,
    /// [`copy`].
    pub(crate) flags: U32,
}

/// Flags of a [`CopyRange`].
pub(crate) mod copy {
    /// Share the extents (`FICLONERANGE`, `FICLONE` when the length is 0), or fail.
    pub(crate) const CLONE: u32 = 1 << 0;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 1) - 1;
}

/// Gives pins back; their handles follow as data.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Forget {
    /// How many.
    pub(crate) count: U32,
}
