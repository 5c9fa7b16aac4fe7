// SPDX-License-Identifier: GPL-2.0

//! Directory entries.
//!
//! Cookies are those of the server's file system: they stay good while the directory changes.

use zerocopy::{
    little_endian::{
        U32,
        U64, //
    },
    FromBytes as _,
    IntoBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    handle::OpenId,
    message::{
        ensure,
        Malformed,
        Reader, //
    },
    name::{
        self,
        NAME_MAX, //
    }, //
};

/// Room for one entry with the longest name: who asks for entries has at least so much.
pub(crate) const ROOM_MIN: u32 = (size_of::<Dirent>() + NAME_MAX) as u32;

/// Asks for entries.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ReadDir {
    /// The open directory.
    pub(crate) open: OpenId,
    /// Where to go on: 0 for the start, else as an entry said.
    pub(crate) cookie: U64,
    /// Bytes of data that the client has room for, [`ROOM_MIN`] at least.
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

/// Whether it is a `DT_*`.
const fn is_type(kind: u8) -> bool {
    matches!(kind, 0 | 1 | 2 | 4 | 6 | 8 | 10 | 12 | 14)
}

/// Goes over the entries in the data of a reply.
pub(crate) struct Entries<'a>(&'a [u8]);

/// One entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    /// Inode number.
    pub(crate) ino: u64,
    /// Where to go on behind it.
    pub(crate) next: u64,
    /// `DT_*`.
    pub(crate) kind: u8,
    /// Its name.
    pub(crate) name: &'a [u8],
}

impl<'a> Entries<'a> {
    /// The entries in `data`. What comes behind one that is [`Malformed`] is not looked at.
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    fn item(&mut self) -> Result<Item<'a>, Malformed> {
        let mut reader = Reader::new(self.0);
        let head: &Dirent = reader.take()?;
        let name = name::check(reader.bytes(usize::from(head.name_len))?)?;
        let (ino, next) = (head.ino.get(), head.next.get());
        ensure(is_type(head.kind) && next <= i64::MAX as u64)?;
        self.0 = reader.rest();
        Ok(Item {
            ino,
            next,
            kind: head.kind,
            name,
        })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Item<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let item = self.item();
        if item.is_err() {
            self.0 = &[];
        }
        Some(item)
    }
}

/// Puts entries into the data of a reply.
///
/// A file system says of each entry at which cookie it is; at which the next one is shows only then, or at
/// the end. So the cookie behind an entry is filled in later.
pub(crate) struct Packer<'a> {
    room: &'a mut [u8],
    used: usize,
    /// Where the last entry begins, if its `next` is still to be filled in.
    open: Option<usize>,
    full: bool,
}

impl<'a> Packer<'a> {
    /// Puts them into `room`, from its start.
    pub(crate) fn new(room: &'a mut [u8]) -> Self {
        Self {
            room,
            used: 0,
            open: None,
            full: false,
        }
    }

    /// Adds the entry that is at `cookie`. `.` and `..`, and names that nobody could use, are left out.
    /// Says whether to go on: not when the entry does not fit; then the next reply begins with it.
    pub(crate) fn push(&mut self, name: &[u8], cookie: u64, ino: u64, kind: u8) -> bool {
        if self.full {
            return false;
        }
        self.fill_in(cookie);
        if name::check(name).is_err() {
            return true;
        }
        let entry = Dirent {
            ino: U64::new(ino),
            next: U64::ZERO,
            kind: if is_type(kind) { kind } else { 0 },
            // A name that passed the check is no longer than 255 bytes.
            name_len: name.len() as u8,
        };
        self.full = self.put(&entry, name).is_none();
        !self.full
    }

    fn put(&mut self, entry: &Dirent, name: &[u8]) -> Option<()> {
        let start = self.used;
        let room = self.room.get_mut(start..)?;
        let (head, room) = room.split_at_mut_checked(size_of::<Dirent>())?;
        let (to, _) = room.split_at_mut_checked(name.len())?;
        head.copy_from_slice(entry.as_bytes());
        to.copy_from_slice(name);
        self.used = start
            .checked_add(size_of::<Dirent>())?
            .checked_add(name.len())?;
        self.open = Some(start);
        Some(())
    }

    /// Tells the last entry where the next one is.
    fn fill_in(&mut self, cookie: u64) {
        if let Some(start) = self.open.take() {
            let head = self.room.get_mut(start..).unwrap_or_default();
            if let Ok((entry, _)) = Dirent::mut_from_prefix(head) {
                entry.next = U64::new(cookie);
            }
        }
    }

    /// Whether an entry did not fit.
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }

    /// How many bytes they take; `cookie` is where the file system stands now.
    pub(crate) fn finish(mut self, cookie: u64) -> usize {
        self.fill_in(cookie);
        self.used
    }
}
