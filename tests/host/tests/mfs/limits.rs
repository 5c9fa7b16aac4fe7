// SPDX-License-Identifier: GPL-2.0

//! Where the fields of requests end.

use crate::fuzz_api::mfs::samples::*;
use crate::mfs::wire::{
    attr::{
        set,
        SetAttr, //
    },
    dirent::{
        ReadDir,
        ROOM_MIN, //
    },
    file::*,
    handle::Handle,
    lock::{
        class,
        command,
        kind,
        Lock, //
    },
    op,
    xattr::{
        ListXattr,
        SetXattr, //
    }, //
};
use crate::rpc::wire::DATA_MAX;
use zerocopy::little_endian::{
    U16,
    U32,
    U64, //
};

const END: u64 = i64::MAX as u64;

#[test]
fn attributes_that_are_set_can_be_had() {
    let changed = |change: fn(&mut SetAttr)| {
        let mut attr = set_attr();
        change(&mut attr);
        plain(op::SETATTR, &attr).is_accepted()
    };
    assert!(changed(|attr| attr.size = U64::new(END)));
    assert!(!changed(|attr| attr.size = U64::new(END + 1)));
    assert!(changed(|attr| attr.mode = U32::new(0o7777)));
    assert!(!changed(|attr| attr.mode = U32::new(0o10000)));
    assert!(!changed(|attr| attr.atime.nsec = U32::new(1_000_000_000)));
    assert!(!changed(|attr| attr.mtime.nsec = U32::new(u32::MAX)));
    assert!(!changed(|attr| attr.valid = U32::new(1 << 9)));
    assert!(!changed(|attr| attr.valid = U32::new(set::ATIME_SET)));
    assert!(!changed(
        |attr| attr.valid = U32::new(set::MTIME_SET | set::ATIME)
    ));
    assert!(changed(
        |attr| attr.valid = U32::new(set::MTIME | set::ATIME)
    ));
    assert!(!changed(|attr| attr.handle = Handle::NONE));
}

#[test]
fn ranges_end_where_offsets_end() {
    let reads = |offset, len| {
        let (offset, len) = (U64::new(offset), U32::new(len));
        plain(
            op::READ,
            &Read {
                offset,
                len,
                ..read()
            },
        )
        .is_accepted()
    };
    assert!(reads(0, 0) && reads(0, DATA_MAX) && reads(END - 1, 1) && reads(END, 0));
    assert!(!reads(0, DATA_MAX + 1) && !reads(END, 1) && !reads(u64::MAX, 1));
    let reserved = Read {
        reserved: U32::new(1),
        ..read()
    };
    assert!(!plain(op::READ, &reserved).is_accepted());

    let writes = |offset, flags, kiocb| {
        let (offset, flags, kiocb) = (U64::new(offset), U32::new(flags), U32::new(kiocb));
        let write = Write {
            offset,
            flags,
            kiocb,
            ..write()
        };
        with(op::WRITE, &write, [b"", b""], b"12").is_accepted()
    };
    assert!(writes(END - 2, 0, 0) && !writes(END - 1, 0, 0) && !writes(u64::MAX, 0, 0));
    assert!(writes(0, 0, 6) && !writes(0, 0, 1) && !writes(0, 0, 8));
    for flags in 0..16 {
        let alone = flags == write::STAGE;
        let known = flags & (write::STAGE | 8) == 0;
        assert_eq!(writes(0, flags, 0), alone || known, "{flags}");
    }

    let allocates = |offset, len, mode| {
        let (offset, len, mode) = (U64::new(offset), U64::new(len), U32::new(mode));
        let change = Fallocate {
            offset,
            len,
            mode,
            ..fallocate()
        };
        plain(op::FALLOCATE, &change).is_accepted()
    };
    assert!(allocates(0, END, 0) && allocates(END - 1, 1, 0xfb));
    assert!(!allocates(0, 0, 0) && !allocates(1, END, 0) && !allocates(2, u64::MAX, 0));
    assert!(!allocates(0, 1, 4) && !allocates(0, 1, 0x100));

    let copies = |from, to, len| {
        let (from_offset, to_offset, len) = (U64::new(from), U64::new(to), U64::new(len));
        let range = CopyRange {
            from_offset,
            to_offset,
            len,
            ..copy_range()
        };
        plain(op::COPY_RANGE, &range).is_accepted()
    };
    assert!(copies(0, 0, 0) && copies(0, 0, END));
    assert!(!copies(1, 0, END) && !copies(0, 1, END));
    let flags = CopyRange {
        flags: U32::new(2),
        ..copy_range()
    };
    assert!(!plain(op::COPY_RANGE, &flags).is_accepted());

    let syncs = |start, end| {
        let (start, end) = (U64::new(start), U64::new(end));
        plain(
            op::FSYNC,
            &Fsync {
                start,
                end,
                ..fsync()
            },
        )
        .is_accepted()
    };
    assert!(syncs(0, 0) && syncs(END, END) && !syncs(1, 0) && !syncs(0, END + 1));

    let seeks = |offset, whence| {
        let (offset, whence) = (U64::new(offset), U32::new(whence));
        plain(
            op::SEEK,
            &Seek {
                open: OPEN,
                offset,
                whence,
            },
        )
        .is_accepted()
    };
    assert!(seeks(END, 3) && seeks(0, 4) && !seeks(END + 1, 3) && !seeks(0, 2) && !seeks(0, 5));
}

#[test]
fn there_is_no_open_file_0() {
    let none = U64::ZERO;
    assert!(!plain(op::RELEASE, &Release { open: none }).is_accepted());
    assert!(!plain(
        op::READ,
        &Read {
            open: none,
            ..read()
        }
    )
    .is_accepted());
    assert!(!plain(
        op::WRITE,
        &Write {
            open: none,
            ..write()
        }
    )
    .is_accepted());
    assert!(!plain(
        op::FSYNC,
        &Fsync {
            open: none,
            ..fsync()
        }
    )
    .is_accepted());
    assert!(!plain(
        op::FALLOCATE,
        &Fallocate {
            open: none,
            ..fallocate()
        }
    )
    .is_accepted());
    assert!(!plain(
        op::COPY_RANGE,
        &CopyRange {
            from: none,
            ..copy_range()
        }
    )
    .is_accepted());
    assert!(!plain(
        op::COPY_RANGE,
        &CopyRange {
            to: none,
            ..copy_range()
        }
    )
    .is_accepted());
    assert!(!plain(
        op::READDIR,
        &ReadDir {
            open: none,
            ..readdir()
        }
    )
    .is_accepted());
    assert!(!plain(
        op::LOCK,
        &Lock {
            open: none,
            ..lock()
        }
    )
    .is_accepted());
}

#[test]
fn rooms_are_neither_too_small_nor_too_large() {
    let lists = |room| {
        let room = U32::new(room);
        plain(op::READDIR, &ReadDir { room, ..readdir() }).is_accepted()
    };
    assert!(lists(ROOM_MIN) && lists(DATA_MAX) && !lists(ROOM_MIN - 1) && !lists(DATA_MAX + 1));
    let cookie = U64::new(END + 1);
    assert!(!plain(
        op::READDIR,
        &ReadDir {
            cookie,
            ..readdir()
        }
    )
    .is_accepted());

    let names = |room| {
        let room = U32::new(room);
        let list = ListXattr {
            object: object(),
            room,
        };
        plain(op::LISTXATTR, &list).is_accepted()
    };
    assert!(names(65536) && !names(65537));

    let set = |flags, value: &[u8]| {
        let set = SetXattr {
            object: object(),
            flags: U32::new(flags),
            name_len: U16::new(1),
        };
        with(op::SETXATTR, &set, [b"n", b""], value).is_accepted()
    };
    assert!(set(0, b"") && set(3, &[0; 65536]) && !set(4, b"") && !set(0, &[0; 65537]));
}

#[test]
fn locks_are_such_as_there_are() {
    let locks = |change: fn(&mut Lock)| {
        let mut lock = lock();
        change(&mut lock);
        plain(op::LOCK, &lock).is_accepted()
    };
    assert!(locks(|_| ()));
    assert!(!locks(|lock| lock.ticket = U64::ZERO));
    assert!(locks(
        |lock| (lock.command, lock.ticket) = (command::SET, U64::ZERO)
    ));
    assert!(locks(|lock| lock.kind = kind::UNLOCK));
    assert!(!locks(|lock| lock.kind = 3));
    assert!(!locks(|lock| lock.class = 3));
    assert!(!locks(|lock| lock.command = 3));
    assert!(!locks(|lock| lock.reserved = 1));
    assert!(!locks(|lock| lock.end = U64::new(END + 1)));
    assert!(!locks(
        |lock| (lock.start, lock.end) = (U64::new(2), U64::new(1))
    ));
    assert!(locks(|lock| lock.command = command::TEST));
    assert!(!locks(
        |lock| (lock.command, lock.kind) = (command::TEST, kind::UNLOCK)
    ));
    assert!(!locks(
        |lock| (lock.command, lock.class) = (command::TEST, class::FLOCK)
    ));
}
