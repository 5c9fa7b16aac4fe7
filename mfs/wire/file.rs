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
    /// [`open`].
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

/// `O_*` that an [`Open`] can have; the server drops those that are the client's business.
pub(crate) mod open {
    /// Reading, writing or both, as the value is 0, 1 or 2; 3 for neither.
    pub(crate) const ACCESS_MODE: u32 = 3;
    /// `O_CREAT`.
    pub(crate) const CREAT: u32 = 0o100;
    /// `O_EXCL`.
    pub(crate) const EXCL: u32 = 0o200;
    /// `O_NOCTTY`.
    pub(crate) const NOCTTY: u32 = 0o400;
    /// `O_TRUNC`.
    pub(crate) const TRUNC: u32 = 0o1000;
    /// `O_APPEND`.
    pub(crate) const APPEND: u32 = 0o2000;
    /// `O_NONBLOCK`.
    pub(crate) const NONBLOCK: u32 = 0o4000;
    /// `O_DSYNC`.
    pub(crate) const DSYNC: u32 = 0o10000;
    /// `O_DIRECT`.
    pub(crate) const DIRECT: u32 = 0o40000;
    /// `O_LARGEFILE`.
    pub(crate) const LARGEFILE: u32 = 0o100000;
    /// `O_DIRECTORY`.
    pub(crate) const DIRECTORY: u32 = 0o200000;
    /// `O_NOFOLLOW`.
    pub(crate) const NOFOLLOW: u32 = 0o400000;
    /// `O_NOATIME`.
    pub(crate) const NOATIME: u32 = 0o1000000;
    /// `O_SYNC` without `O_DSYNC`.
    pub(crate) const SYNC: u32 = 0o4000000;
    /// `O_TMPFILE` without `O_DIRECTORY`.
    pub(crate) const TMPFILE: u32 = 0o20000000;
    /// All that there are; a client sends no others.
    pub(crate) const ALL: u32 = ACCESS_MODE
        | CREAT
        | EXCL
        | NOCTTY
        | TRUNC
        | APPEND
        | NONBLOCK
        | DSYNC
        | DIRECT
        | LARGEFILE
        | DIRECTORY
        | NOFOLLOW
        | NOATIME
        | SYNC
        | TMPFILE;
}

/// An open file.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Opened {
    /// The object.
    pub(crate) handle: Handle,
    /// Its attributes, after opening.
    pub(crate) attr: attr::Attr,
    /// Number of the open file; 0 if it is an object that is not opened ([`super::mode::can_be_opened`]).
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
    /// First byte; of no meaning when appending. With [`write::STAGE`]: how many bytes are kept already.
    pub(crate) offset: U64,
    /// `RLIMIT_FSIZE` of the caller: nothing is written at or behind this offset.
    pub(crate) limit: U64,
    /// [`write`].
    pub(crate) flags: U32,
    /// `RWF_*` of `pwritev2`: [`write::KIOCB`].
    pub(crate) kiocb: U32,
}

/// Flags of a [`Write`].
pub(crate) mod write {
    /// At the end of the file, wherever that is then.
    pub(crate) const APPEND: u32 = 1 << 0;
    /// Keep the data, behind what was kept for this open file before; at offset 0 that is thrown away
    /// first. An offset that is neither is answered with `EINVAL`. [`super::STAGE_MAX`] bytes at most.
    /// A client keeps for one caller at a time.
    pub(crate) const STAGE: u32 = 1 << 1;
    /// Writes what was kept and then the data, all as one write; then nothing is kept any more, however
    /// it went.
    pub(crate) const STAGED: u32 = 1 << 2;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 3) - 1;

    /// `RWF_DSYNC` and `RWF_SYNC`.
    pub(crate) const KIOCB: u32 = 2 | 4;

    /// Whether these flags mean something.
    pub(crate) const fn is_known(flags: u32) -> bool {
        flags & !ALL == 0 && (flags & STAGE == 0 || flags == STAGE)
    }
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
    /// `FALLOC_FL_*`: see [`fallocate`].
    pub(crate) mode: U32,
}

/// What a [`Fallocate`] can ask for.
pub(crate) mod fallocate {
    /// All but `FALLOC_FL_NO_HIDE_STALE`: `KEEP_SIZE` 1, `PUNCH_HOLE` 2, `COLLAPSE_RANGE` 8,
    /// `ZERO_RANGE` 0x10, `INSERT_RANGE` 0x20, `UNSHARE_RANGE` 0x40, `WRITE_ZEROES` 0x80.
    pub(crate) const ALL: u32 = 0xfb;
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
