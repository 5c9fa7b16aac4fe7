// SPDX-License-Identifier: GPL-2.0

//! Mappings, and the files that are mapped.

use zerocopy::{
    little_endian::{
        I64,
        U16,
        U32,
        U64, //
    },
    FromBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::invalid::{
    ensure,
    Bounds,
    Invalid, //
};

/// Most files that a process may have mapped.
pub(crate) const FILES_MAX: u32 = 16384;

/// Longest path of a mapped file in bytes, without a NUL.
pub(crate) const PATH_MAX: usize = 4095;

/// Bytes of the name of an anonymous mapping, its NUL included (`ANON_VMA_NAME_MAX_LEN`).
pub(crate) const NAME_LEN: usize = 80;

/// What a mapping may do and how it behaves: `VM_*` under numbers of our own, since those of the kernel
/// may change with it.
pub(crate) mod flag {
    /// `VM_READ`.
    pub(crate) const READ: u32 = 1 << 0;
    /// `VM_WRITE`.
    pub(crate) const WRITE: u32 = 1 << 1;
    /// `VM_EXEC`.
    pub(crate) const EXEC: u32 = 1 << 2;
    /// `VM_MAYREAD`: `mprotect` may add it.
    pub(crate) const MAYREAD: u32 = 1 << 3;
    /// `VM_MAYWRITE`.
    pub(crate) const MAYWRITE: u32 = 1 << 4;
    /// `VM_MAYEXEC`.
    pub(crate) const MAYEXEC: u32 = 1 << 5;
    /// `VM_GROWSDOWN`.
    pub(crate) const GROWSDOWN: u32 = 1 << 6;
    /// `VM_DONTCOPY`: a child does not get it.
    pub(crate) const DONTFORK: u32 = 1 << 7;
    /// `VM_WIPEONFORK`.
    pub(crate) const WIPEONFORK: u32 = 1 << 8;
    /// `VM_DONTDUMP`.
    pub(crate) const DONTDUMP: u32 = 1 << 9;
    /// `VM_NORESERVE`.
    pub(crate) const NORESERVE: u32 = 1 << 10;
    /// `VM_ACCOUNT`.
    pub(crate) const ACCOUNT: u32 = 1 << 11;
    /// `VM_HUGEPAGE`.
    pub(crate) const HUGEPAGE: u32 = 1 << 12;
    /// `VM_NOHUGEPAGE`.
    pub(crate) const NOHUGEPAGE: u32 = 1 << 13;
    /// `VM_MERGEABLE`.
    pub(crate) const MERGEABLE: u32 = 1 << 14;
    /// `VM_SEQ_READ`.
    pub(crate) const SEQ_READ: u32 = 1 << 15;
    /// `VM_RAND_READ`.
    pub(crate) const RAND_READ: u32 = 1 << 16;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 17) - 1;
}

/// What a mapping shows.
pub(crate) mod kind {
    /// Memory of its own.
    pub(crate) const ANONYMOUS: u8 = 0;
    /// The same, but the kernel may drop it (`VM_DROPPABLE`): made anew, empty.
    pub(crate) const DROPPABLE: u8 = 1;
    /// A file, written to in memory of its own only.
    pub(crate) const PRIVATE_FILE: u8 = 2;
    /// A file through a shared mapping that cannot be written to.
    pub(crate) const SHARED_FILE: u8 = 3;
    /// `[vvar]` or `[vvar_vclock]`: comes with the vDSO.
    pub(crate) const VVAR: u8 = 4;
    /// `[vdso]`.
    pub(crate) const VDSO: u8 = 5;
}

/// A mapping. They come in the order of their addresses and do not overlap.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Vma {
    /// First byte.
    pub(crate) start: U64,
    /// Behind the last.
    pub(crate) end: U64,
    /// Of a file mapping: where in the file it begins, in bytes. Else `vm_pgoff` in bytes, which decides
    /// what can be merged.
    pub(crate) offset: U64,
    /// [`flag`].
    pub(crate) flags: U32,
    /// Of a file mapping: the file's place in the row of FILE chunks, from 0. Else 0.
    pub(crate) file: U32,
    /// [`kind`].
    pub(crate) kind: u8,
    /// Protection key, 0 to 15.
    pub(crate) pkey: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 6],
}

impl Vma {
    /// Whether it shows a file.
    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.kind, kind::PRIVATE_FILE | kind::SHARED_FILE)
    }

    /// Checks it by itself; `files` came before it.
    ///
    /// # Errors
    ///
    /// [`Invalid`] if nothing could be mapped so.
    pub(crate) fn check(&self, files: u32, bounds: &Bounds) -> Result<(), Invalid> {
        let (start, end) = (self.start.get(), self.end.get());
        ensure(bounds.is_mappable(start, end), "the place of a mapping")?;
        let flags = self.flags.get();
        ensure(flags & !flag::ALL == 0, "a flag of a mapping")?;
        let (access, may) = (flags & 7, (flags >> 3) & 7);
        ensure(access & !may == 0, "more access than a mapping may have")?;
        ensure(self.pkey < 16, "a protection key")?;
        ensure(
            self.kind <= kind::VDSO && self.reserved == [0; 6],
            "the kind of a mapping",
        )?;
        let offset = self.offset.get();
        let last = offset.checked_add(end - start);
        ensure(
            offset % Bounds::PAGE == 0 && last.is_some_and(|last| last <= i64::MAX as u64),
            "the offset of a mapping",
        )?;
        if self.is_file() {
            ensure(
                self.file.get() < files,
                "a mapping of a file that is not there",
            )?;
        } else {
            ensure(self.file.get() == 0, "a file where none is mapped")?;
        }
        let writable = flags & (flag::WRITE | flag::MAYWRITE) != 0;
        let is_shared = matches!(self.kind, kind::SHARED_FILE | kind::VVAR);
        ensure(
            !(is_shared && writable),
            "a shared mapping that can be written to",
        )?;
        ensure(
            flags & flag::GROWSDOWN == 0 || self.kind == kind::ANONYMOUS,
            "a stack that is no memory",
        )
    }
}

/// Name that a program has given to an anonymous mapping (`PR_SET_VMA_ANON_NAME`).
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct VmaName {
    /// Start of the mapping.
    pub(crate) start: U64,
    /// The name, with NULs behind it.
    pub(crate) name: [u8; NAME_LEN],
}

impl VmaName {
    /// # Errors
    ///
    /// [`Invalid`] if the kernel would not accept it.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), Invalid> {
        let start = self.start.get();
        ensure(
            bounds.is_user(start) && start % Bounds::PAGE == 0,
            "the place of a name",
        )?;
        let text = super::identity::text(&self.name, "the name of a mapping")?;
        let allowed = |byte: &u8| matches!(byte, b' '..=b'~') && !b"\\`$[]".contains(byte);
        ensure(text.iter().all(allowed), "the name of a mapping")
    }
}

/// A file that is mapped: enough to tell whether another node has the very same. The path follows,
/// `path_len` bytes, as home sees it.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct MappedFile {
    /// `st_dev` at home.
    pub(crate) dev: U64,
    /// `st_ino`.
    pub(crate) ino: U64,
    /// Size in bytes.
    pub(crate) size: U64,
    /// Last change of contents, seconds.
    pub(crate) mtime: I64,
    /// And nanoseconds.
    pub(crate) mtime_nsec: U32,
    /// 1 if the path leads to no file any more, or to another one.
    pub(crate) deleted: u8,
    /// Always 0.
    pub(crate) reserved: u8,
    /// Bytes of the path.
    pub(crate) path_len: U16,
}

impl MappedFile {
    /// Takes a chunk apart: the file and its path.
    ///
    /// # Errors
    ///
    /// [`Invalid`] if the path is none.
    pub(crate) fn decode(body: &[u8]) -> Result<(&Self, &[u8]), Invalid> {
        let (file, path) =
            Self::ref_from_prefix(body).map_err(|_| Invalid("a mapped file is cut short"))?;
        ensure(
            path.len() == usize::from(file.path_len.get()) && path.len() <= PATH_MAX,
            "the length of a path",
        )?;
        ensure(!path.is_empty() && !path.contains(&0), "the path of a file")?;
        ensure(
            file.mtime_nsec.get() < 1_000_000_000 && file.deleted <= 1 && file.reserved == 0,
            "the attributes of a mapped file",
        )?;
        ensure(file.size.get() <= i64::MAX as u64, "the size of a file")?;
        Ok((file, path))
    }
}
