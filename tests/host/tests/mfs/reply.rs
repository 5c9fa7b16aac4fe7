// SPDX-License-Identifier: GPL-2.0

//! Replies: only what a sound server can say is taken.

use crate::fuzz_api::mfs::samples::*;
use crate::mfs::wire::{
    dirent::ReadDirReply,
    file::{
        Offset,
        Written, //
    },
    handle::Handle,
    lock::LockReply,
    reply::{
        self,
        Reply, //
    },
    xattr::XattrSize, //
};
use zerocopy::{
    little_endian::{
        U32,
        U64, //
    },
    Immutable,
    IntoBytes, //
};

/// Whether it is taken; and if so, that nothing shorter or longer is.
fn taken<T: Reply + IntoBytes + Immutable>(value: &T) -> bool {
    let mut bytes = value.as_bytes().to_vec();
    let taken = reply::read::<T>(&bytes, b"").is_ok();
    assert!(reply::read::<T>(&bytes, b"x").is_err());
    bytes.push(0);
    for len in (0..=bytes.len()).filter(|len| *len != size_of::<T>()) {
        assert!(reply::read::<T>(&bytes[..len], b"").is_err());
    }
    taken
}

/// Whether it is taken with a change.
fn changed<T: Reply + IntoBytes + Immutable>(mut value: T, change: impl FnOnce(&mut T)) -> bool {
    change(&mut value);
    taken(&value)
}

#[test]
fn sound_replies_are_taken() {
    assert!(taken(&attr()) && taken(&entry()) && taken(&opened()) && taken(&statfs()));
    assert!(taken(&zero::<Written>()) && taken(&zero::<Offset>()));
    assert!(taken(&zero::<ReadDirReply>()) && taken(&zero::<LockReply>()));
}

#[test]
fn attributes_are_possible_ones() {
    assert!(!changed(attr(), |attr| attr.mode = U32::new(0o644)));
    assert!(!changed(attr(), |attr| attr.mode = U32::new(0o300644)));
    assert!(!changed(attr(), |attr| attr.size = U64::new(1 << 63)));
    assert!(!changed(attr(), |attr| attr.blksize = U32::ZERO));
    assert!(!changed(attr(), |attr| attr.atime.nsec = U32::new(1_000_000_000)));
    assert!(!changed(attr(), |attr| attr.mtime.nsec = U32::new(u32::MAX)));
    assert!(!changed(attr(), |attr| attr.ctime.nsec = U32::new(u32::MAX)));
    assert!(!changed(attr(), |attr| attr.btime.nsec = U32::new(u32::MAX)));
    assert!(!changed(entry(), |entry| entry.attr.blksize = U32::ZERO));
    assert!(!changed(entry(), |entry| entry.handle = Handle::NONE));
    assert!(!changed(statfs(), |statfs| statfs.bsize = U32::ZERO));
    assert!(!changed(statfs(), |statfs| statfs.frsize = U32::ZERO));
}

#[test]
fn open_files_have_numbers() {
    let unopened = |mode| {
        changed(opened(), |opened| {
            (opened.open, opened.attr.mode) = (U64::ZERO, U32::new(mode));
        })
    };
    assert!(unopened(0o120777) && unopened(0o010644) && unopened(0o140644) && unopened(0o020644));
    assert!(!unopened(0o100644) && !unopened(0o040755));
    let opened_as = |mode| changed(opened(), |opened| opened.attr.mode = U32::new(mode));
    assert!(opened_as(0o100644) && opened_as(0o040755));
    assert!(!opened_as(0o010644) && !opened_as(0o020644) && !opened_as(0o120777));
    assert!(!changed(opened(), |opened| opened.open = U64::ZERO));
    assert!(!changed(opened(), |opened| opened.created = 2));
    assert!(!changed(opened(), |opened| opened.reserved[6] = 1));
    assert!(!changed(opened(), |opened| opened.handle.fh_len = 60));
    assert!(!changed(opened(), |opened| opened.attr.mode = U32::ZERO));
}

#[test]
fn counts_and_states_are_known_ones() {
    assert!(changed(zero::<Written>(), |written| written.count =
        U32::new(64 << 20)));
    assert!(!changed(zero::<Written>(), |written| written.count =
        U32::new((64 << 20) + 1)));
    assert!(!changed(zero::<Written>(), |written| written.end = U64::new(1 << 63)));
    assert!(!changed(zero::<Written>(), |written| written.reserved = U32::new(1)));
    assert!(!changed(zero::<Offset>(), |offset| offset.value = U64::new(1 << 63)));
    assert!(!changed(zero::<ReadDirReply>(), |reply| reply.end = 2));
    assert!(!changed(zero::<ReadDirReply>(), |reply| reply.reserved[0] = 1));
    assert!(!changed(zero::<LockReply>(), |reply| reply.state = 2));
    assert!(!changed(zero::<LockReply>(), |reply| reply.kind = 3));
    assert!(!changed(zero::<LockReply>(), |reply| reply.reserved[1] = 1));
    assert!(!changed(zero::<LockReply>(), |reply| reply.start = U64::new(1)));
    assert!(!changed(zero::<LockReply>(), |reply| reply.end = U64::new(1 << 63)));
}

#[test]
fn data_fits_what_was_asked_for() {
    assert!(reply::empty(b"", b"").is_ok());
    assert!(reply::empty(b"x", b"").is_err() && reply::empty(b"", b"x").is_err());
    assert_eq!(reply::data(b"", b"abc", 3), Ok(b"abc".as_slice()));
    assert!(reply::data(b"", b"abc", 2).is_err() && reply::data(b"m", b"abc", 3).is_err());

    let size = |size| XattrSize {
        size: U32::new(size),
    };
    let xattr = |asked, told: u32, data| {
        reply::xattr(size(told).as_bytes(), data, asked).map(|(size, data)| (size, data.len()))
    };
    assert_eq!(xattr(0, 3, b""), Ok((3, 0)));
    assert_eq!(xattr(8, 3, b"abc"), Ok((3, 3)));
    assert!(xattr(0, 3, b"abc").is_err() && xattr(8, 4, b"abc").is_err());
    assert!(xattr(2, 3, b"abc").is_err() && xattr(0, 65537, b"").is_err());
    assert!(reply::xattr(b"", b"", 0).is_err());
}
