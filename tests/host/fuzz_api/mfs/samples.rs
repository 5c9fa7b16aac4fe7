// SPDX-License-Identifier: GPL-2.0

//! One request of each form as a sound client makes it, and replies of a sound server.

use crate::mfs::wire::{
    attr::{
        set,
        Attr,
        Entry,
        SetAttr,
        StatFs,
        Time, //
    },
    caller::{
        Caller,
        Head, //
    },
    dirent::ReadDir,
    file::*,
    handle::Handle,
    lock::*,
    name,
    names::*,
    op,
    request::Request,
    trail::{
        Step,
        Trail,
        FROM,
        THROUGH, //
    },
    xattr::*, //
};
use crate::rpc::wire::Kind;
use zerocopy::{
    little_endian::{
        I64,
        U16,
        U32,
        U64, //
    },
    FromZeros,
    Immutable,
    IntoBytes, //
};

/// A request, on its way.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) msg: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Sample {
    pub(crate) fn decode(&self) -> Option<(Caller<'_>, Request<'_>)> {
        let (caller, _, request) = Request::decode(self.kind, &self.msg, &self.data).ok()?;
        Some((caller, request))
    }

    pub(crate) fn trail(&self) -> Option<Trail<'_>> {
        let (_, trail, _) = Request::decode(self.kind, &self.msg, &self.data).ok()?;
        Some(trail)
    }

    /// The same at the end of a trail of these bytes.
    pub(crate) fn behind(&self, trail: &[u8]) -> Self {
        let mut msg = self.msg.clone();
        let len = u16::try_from(trail.len()).expect("short");
        msg[TRAIL_AT..TRAIL_AT + 2].copy_from_slice(&len.to_le_bytes());
        msg.splice(CALLER_LEN..CALLER_LEN, trail.iter().copied());
        Self {
            msg,
            ..self.clone()
        }
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.decode().is_some()
    }
}

/// Bytes in front of the operation's own struct: the caller with its two groups.
pub(crate) const CALLER_LEN: usize = size_of::<Head>() + 8;

/// Where the head says how long the trail is.
const TRAIL_AT: usize = size_of::<Head>() - 2;

/// A trail from [`dir`] through a directory called `name`.
pub(crate) fn trail(name: &[u8]) -> Vec<u8> {
    let step = Step {
        tag: U64::new(7),
        mode: U32::new(0o040755),
        name_len: u8::try_from(name.len()).expect("short"),
    };
    let dir = dir();
    let parts: [&[u8]; 5] = [&[FROM], dir.as_bytes(), &[THROUGH], step.as_bytes(), name];
    parts.concat()
}

/// A handle with so many bytes of the file system's own.
pub(crate) fn handle(fill: u8, len: u8) -> Handle {
    let mut fh = [0; 48];
    fh[..usize::from(len)].fill(fill);
    Handle {
        tag: U64::new(0x1122_3344_5566_7788),
        mount: U16::new(3),
        fh_type: 1,
        fh_len: len,
        access: 0,
        reserved: [0; 3],
        fh,
    }
}

pub(crate) fn dir() -> Handle {
    handle(0xd1, 8)
}

pub(crate) fn object() -> Handle {
    handle(0x0b, 12)
}

pub(crate) const OPEN: U64 = U64::new(77);

pub(crate) fn time(sec: i64, nsec: u32) -> Time {
    Time {
        sec: I64::new(sec),
        nsec: U32::new(nsec),
    }
}

/// The caller, what it asks for, and names.
fn message<T>(caller: &Caller<'_>, what: &T, names: [&[u8]; 2]) -> Vec<u8>
where
    T: IntoBytes + Immutable,
{
    let [head, groups] = caller.parts();
    let [first, second] = names;
    [head, groups, what.as_bytes(), first, second].concat()
}

/// A message with names and data.
pub(crate) fn with<T>(kind: Kind, what: &T, names: [&[u8]; 2], data: &[u8]) -> Sample
where
    T: IntoBytes + Immutable,
{
    let head = Head {
        uid: U32::new(1000),
        gid: U32::new(100),
        caps: U64::new(0x3f),
        umask: U16::new(0o022),
        groups: U16::new(2),
        trail: U16::ZERO,
    };
    let caller = Caller {
        head: &head,
        groups: &[U32::new(4), U32::new(20)],
    };
    Sample {
        kind,
        msg: message(&caller, what, names),
        data: data.to_vec(),
    }
}

/// A message without either.
pub(crate) fn plain<T: IntoBytes + Immutable>(kind: Kind, what: &T) -> Sample {
    with(kind, what, [b"", b""], b"")
}

pub(crate) fn set_attr() -> SetAttr {
    SetAttr {
        handle: object(),
        open: OPEN,
        valid: U32::new(set::ALL),
        mode: U32::new(0o4755),
        uid: U32::new(1),
        gid: U32::new(2),
        size: U64::new(4096),
        atime: time(-1, 999_999_999),
        mtime: time(1 << 33, 0),
    }
}

pub(crate) fn open(name: &[u8]) -> Open {
    Open {
        dir: dir(),
        expect: Handle::NONE,
        flags: U32::new(open::CREAT | open::EXCL | 2),
        mode: U16::new(0o644),
        name_len: name::len(name),
        exec: 0,
        reserved: [0; 7],
    }
}

pub(crate) fn read() -> Read {
    Read {
        open: OPEN,
        offset: U64::new(5),
        len: U32::new(4096),
        reserved: U32::ZERO,
    }
}

pub(crate) fn write() -> Write {
    Write {
        open: OPEN,
        offset: U64::new(9),
        limit: U64::new(u64::MAX),
        flags: U32::new(write::APPEND),
        kiocb: U32::new(2),
    }
}

pub(crate) fn lock() -> Lock {
    Lock {
        open: OPEN,
        owner: U64::new(5),
        start: U64::ZERO,
        end: U64::new(i64::MAX as u64),
        ticket: U64::new(1),
        pid: U32::new(4711),
        class: class::POSIX,
        kind: kind::WRITE,
        command: command::WAIT,
        reserved: 0,
    }
}

pub(crate) fn copy_range() -> CopyRange {
    CopyRange {
        from: OPEN,
        from_offset: U64::new(1),
        to: U64::new(78),
        to_offset: U64::new(2),
        len: U64::new(3),
        limit: U64::new(u64::MAX),
        flags: U32::new(copy::CLONE),
    }
}

pub(crate) fn readdir() -> ReadDir {
    ReadDir {
        open: OPEN,
        cookie: U64::new(i64::MAX as u64),
        room: U32::new(65536),
    }
}

pub(crate) fn fsync() -> Fsync {
    Fsync {
        open: OPEN,
        start: U64::ZERO,
        end: U64::new(i64::MAX as u64),
        datasync: 1,
        reserved: [0; 7],
    }
}

pub(crate) fn fallocate() -> Fallocate {
    Fallocate {
        open: OPEN,
        offset: U64::ZERO,
        len: U64::new(4096),
        limit: U64::new(u64::MAX),
        mode: U32::new(3),
    }
}

pub(crate) fn make(name: &[u8]) -> Make {
    Make {
        dir: dir(),
        mode: U32::new(0o040755),
        name_len: name::len(name),
    }
}

pub(crate) fn rename(from: &[u8], to: &[u8]) -> Rename {
    Rename {
        from_dir: dir(),
        to_dir: object(),
        flags: U32::new(1),
        from_len: name::len(from),
        to_len: name::len(to),
    }
}

/// One of each.
pub(crate) fn all() -> Vec<Sample> {
    let whole = Object {
        handle: object(),
        open: U64::ZERO,
    };
    let at = At {
        dir: dir(),
        name_len: name::len(b"etc"),
    };
    let mut tmpfile = open(b"");
    tmpfile.flags = U32::new(open::TMPFILE | open::DIRECTORY | 2);
    let mut by_object = open(b"");
    (by_object.dir, by_object.expect) = (Handle::NONE, object());
    let mut expecting = open(b"file");
    expecting.expect = object();
    vec![
        Sample {
            msg: message(&Caller::NOBODY, &(), [b"", b""]),
            ..plain(op::ROOT, &())
        },
        plain(op::ROOT, &()),
        with(op::LOOKUP, &at, [b"etc", b""], b""),
        with(op::LOOKUP, &at, [b"etc", b""], b"").behind(&trail(b"srv")),
        plain(op::GETATTR, &whole),
        plain(op::SETATTR, &set_attr()),
        plain(
            op::ACCESS,
            &Access {
                handle: object(),
                mask: U32::new(7),
            },
        ),
        plain(op::READLINK, &whole),
        with(op::OPEN, &open(b"new"), [b"new", b""], b""),
        plain(op::OPEN, &tmpfile),
        plain(op::OPEN, &by_object),
        with(op::OPEN, &expecting, [b"file", b""], b""),
        plain(op::RELEASE, &Release { open: OPEN }),
        plain(op::READ, &read()),
        with(op::WRITE, &write(), [b"", b""], b"contents"),
        plain(op::FSYNC, &fsync()),
        plain(op::FALLOCATE, &fallocate()),
        plain(
            op::SEEK,
            &Seek {
                open: OPEN,
                offset: U64::ZERO,
                whence: U32::new(3),
            },
        ),
        plain(op::COPY_RANGE, &copy_range()),
        plain(op::READDIR, &readdir()),
        with(op::MAKE, &make(b"sub"), [b"sub", b""], b""),
        with(
            op::SYMLINK,
            &Symlink {
                dir: dir(),
                name_len: name::len(b"link"),
            },
            [b"link", b""],
            b"../target",
        ),
        with(
            op::LINK,
            &Link {
                object: object(),
                open: OPEN,
                dir: dir(),
                name_len: name::len(b"hard"),
            },
            [b"hard", b""],
            b"",
        ),
        with(
            op::UNLINK,
            &Unlink {
                dir: dir(),
                directory: 1,
                name_len: name::len(b"gone"),
            },
            [b"gone", b""],
            b"",
        ),
        with(op::RENAME, &rename(b"from", b"to"), [b"from", b"to"], b""),
        plain(op::STATFS, &whole),
        with(
            op::GETXATTR,
            &GetXattr {
                object: object(),
                room: U32::new(SIZE_MAX),
                name_len: name::len(b"user.a/b"),
            },
            [b"user.a/b", b""],
            b"",
        ),
        with(
            op::SETXATTR,
            &SetXattr {
                object: object(),
                flags: U32::new(1),
                name_len: name::len(b"user.a"),
            },
            [b"user.a", b""],
            b"value\0",
        ),
        plain(
            op::LISTXATTR,
            &ListXattr {
                object: object(),
                room: U32::ZERO,
            },
        ),
        with(
            op::REMOVEXATTR,
            &RemoveXattr {
                object: object(),
                name_len: name::len(b"user.a"),
            },
            [b"user.a", b""],
            b"",
        ),
        plain(op::LOCK, &lock()),
        plain(
            op::LOCK_CANCEL,
            &LockCancel {
                ticket: U64::new(1),
            },
        ),
        with(
            op::FORGET,
            &Forget { count: U32::new(2) },
            [b"", b""],
            [object(), dir()].as_bytes(),
        ),
        plain(
            op::GRANTED,
            &LockGranted {
                ticket: U64::new(1),
                status: U32::new(4095),
            },
        ),
    ]
}

/// A struct of zeroes.
pub(crate) fn zero<T: FromZeros>() -> T {
    T::new_zeroed()
}

/// Attributes of a file.
pub(crate) fn attr() -> Attr {
    Attr {
        mode: U32::new(0o100644),
        blksize: U32::new(4096),
        size: U64::new(i64::MAX as u64),
        atime: time(i64::MIN, 999_999_999),
        ..zero()
    }
}

pub(crate) fn entry() -> Entry {
    Entry {
        handle: object(),
        attr: attr(),
    }
}

pub(crate) fn opened() -> Opened {
    Opened {
        handle: object(),
        attr: attr(),
        open: OPEN,
        created: 1,
        reserved: [0; 7],
    }
}

pub(crate) fn statfs() -> StatFs {
    StatFs {
        bsize: U32::new(4096),
        frsize: U32::new(512),
        ..zero()
    }
}
