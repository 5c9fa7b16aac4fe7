// SPDX-License-Identifier: GPL-2.0

//! Handles and names in requests, and what is opened or changed by them.

use crate::fuzz_api::mfs::samples::*;
use crate::mfs::wire::{
    file::{
        open as flags,
        Forget,
        Open, //
    },
    handle::Handle,
    name,
    names::{
        At,
        Make,
        Rename,
        Symlink,
        Unlink, //
    },
    op,
    request::{
        Request,
        Target, //
    }, //
};
use zerocopy::little_endian::{
    U16,
    U32, //
};

#[test]
fn handles_are_formed_as_servers_form_them() {
    let lookup = |change: fn(&mut Handle)| {
        let mut at = At {
            dir: dir(),
            name_len: U16::new(1),
        };
        change(&mut at.dir);
        with(op::LOOKUP, &at, [b"a", b""], b"").is_accepted()
    };
    assert!(lookup(|_| ()));
    assert!(lookup(|dir| *dir = handle(0xff, 48)));
    assert!(lookup(|dir| *dir = handle(0, 0)));
    assert!(!lookup(|dir| *dir = Handle::NONE));
    assert!(!lookup(|dir| dir.fh_len = 49));
    assert!(!lookup(|dir| dir.fh_len = 255));
    assert!(!lookup(|dir| dir.fh[8] = 1));
    assert!(!lookup(|dir| dir.fh[47] = 1));
    assert!(!lookup(|dir| dir.reserved[2] = 1));
}

#[test]
fn names_are_names() {
    let lookup = |bytes: &[u8]| {
        let at = At {
            dir: dir(),
            name_len: name::len(bytes),
        };
        with(op::LOOKUP, &at, [bytes, b""], b"").is_accepted()
    };
    for good in [
        b"a".as_slice(),
        b"...",
        b".a",
        b"\xff\xfe",
        b" ",
        &[b'n'; 255],
    ] {
        assert!(lookup(good), "{good:?}");
    }
    for bad in [
        b"".as_slice(),
        b".",
        b"..",
        b"a/b",
        b"/",
        b"a\0",
        &[b'n'; 256],
    ] {
        assert!(!lookup(bad), "{bad:?}");
    }
    assert_eq!(name::len(&[0; 70_000]).get(), u16::MAX);
}

#[test]
fn links_point_somewhere() {
    let symlink = Symlink {
        dir: dir(),
        name_len: U16::new(1),
    };
    let to = |target: &[u8]| with(op::SYMLINK, &symlink, [b"l", b""], target).is_accepted();
    assert!(to(b"/") && to(&[b't'; 4095]));
    assert!(!to(b"") && !to(&[b't'; 4096]) && !to(b"a\0b"));
}

#[test]
fn opening_says_what() {
    let target = |open: &Open, name: &[u8]| -> Option<&'static str> {
        let sample = with(op::OPEN, open, [name, b""], b"");
        let decoded = sample.decode()?;
        match decoded.1 {
            Request::Open(_, Target::Named { expect: None, .. }) => Some("named"),
            Request::Open(_, Target::Named { .. }) => Some("expected"),
            Request::Open(_, Target::Unnamed(_)) => Some("unnamed"),
            Request::Open(_, Target::Object(_)) => Some("object"),
            _ => None,
        }
    };
    let tmpfile = U32::new(flags::TMPFILE | flags::DIRECTORY | 2);
    assert_eq!(target(&open(b"n"), b"n"), Some("named"));
    let with_expect = Open {
        expect: object(),
        ..open(b"n")
    };
    assert_eq!(target(&with_expect, b"n"), Some("expected"));
    let unnamed = Open {
        flags: tmpfile,
        ..open(b"")
    };
    assert_eq!(target(&unnamed, b""), Some("unnamed"));
    let by_object = Open {
        dir: Handle::NONE,
        expect: object(),
        ..open(b"")
    };
    assert_eq!(target(&by_object, b""), Some("object"));
    let wrong = [
        Open {
            dir: Handle::NONE,
            ..open(b"n")
        },
        Open {
            flags: tmpfile,
            ..open(b"n")
        },
        Open {
            flags: U32::new(0o10000000),
            ..open(b"n")
        },
        Open {
            flags: U32::new(0o20000),
            ..open(b"n")
        },
        Open {
            flags: U32::new(1 << 31),
            ..open(b"n")
        },
        Open {
            mode: U16::new(0o100644),
            ..open(b"n")
        },
        Open {
            exec: 2,
            ..open(b"n")
        },
        Open {
            reserved: [0, 0, 0, 0, 0, 0, 1],
            ..open(b"n")
        },
    ];
    for open in &wrong {
        assert_eq!(target(open, b"n"), None);
    }
    assert_eq!(
        target(
            &Open {
                expect: object(),
                ..unnamed
            },
            b""
        ),
        None
    );
    assert_eq!(
        target(
            &Open {
                dir: dir(),
                ..by_object
            },
            b""
        ),
        None
    );
    assert_eq!(
        target(
            &Open {
                expect: Handle::NONE,
                ..by_object
            },
            b""
        ),
        None
    );
}

#[test]
fn names_change_in_known_ways() {
    let makes = |mode| {
        let mode = U32::new(mode);
        with(op::MAKE, &Make { mode, ..make(b"n") }, [b"n", b""], b"").is_accepted()
    };
    assert!(makes(0o010644) && makes(0o041777) && makes(0o100000) && makes(0o147777));
    for mode in [
        0o644,
        0o020644,
        0o060644,
        0o120777,
        0o160000,
        0o200000 | 0o100644,
    ] {
        assert!(!makes(mode), "{mode:o}");
    }
    let renames = |flags| {
        let flags = U32::new(flags);
        let rename = Rename {
            flags,
            ..rename(b"a", b"b")
        };
        with(op::RENAME, &rename, [b"a", b"b"], b"").is_accepted()
    };
    assert!(renames(0) && renames(1) && renames(2) && !renames(3) && !renames(4));
    for (from, to) in [
        (b".".as_slice(), b"b".as_slice()),
        (b"a", b".."),
        (b"", b"b"),
        (b"a", b""),
    ] {
        let sample = with(op::RENAME, &rename(from, to), [from, to], b"");
        assert!(!sample.is_accepted());
    }
    let unlink = Unlink {
        dir: dir(),
        directory: 2,
        name_len: U16::new(1),
    };
    assert!(!with(op::UNLINK, &unlink, [b"n", b""], b"").is_accepted());
}

#[test]
fn pins_are_given_back_by_the_whole() {
    use zerocopy::IntoBytes;
    let pins = [object(), dir()];
    let forgets = |count, data: &[u8]| {
        let forget = Forget {
            count: U32::new(count),
        };
        with(op::FORGET, &forget, [b"", b""], data).is_accepted()
    };
    assert!(forgets(2, pins.as_bytes()) && forgets(1, dir().as_bytes()));
    assert!(!forgets(0, b"") && !forgets(1, pins.as_bytes()) && !forgets(3, pins.as_bytes()));
    assert!(!forgets(u32::MAX, pins.as_bytes()) && !forgets(1, Handle::NONE.as_bytes()));
}
