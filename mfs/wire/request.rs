// SPDX-License-Identifier: GPL-2.0

//! Requests: who serves them gets only what is well formed ([`super::decode`]).

use super::{
    attr::SetAttr,
    dirent::ReadDir,
    file::{
        Access,
        CopyRange,
        Fallocate,
        Fsync,
        Object,
        Open,
        Read,
        Seek,
        Write, //
    },
    handle::{
        Handle,
        OpenId, //
    },
    lock::{
        Lock,
        LockGranted, //
    },
    names::{
        Link,
        Make,
        Rename, //
    },
    xattr::{
        GetXattr,
        ListXattr,
        RemoveXattr,
        SetXattr, //
    }, //
};

/// Highest offset in a file.
pub(crate) const OFFSET_MAX: u64 = i64::MAX as u64;

/// A request: borrowed from its message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    /// [`super::op::ROOT`].
    Root,
    /// [`super::op::LOOKUP`].
    Lookup {
        /// The directory.
        dir: &'a Handle,
        /// What is looked for in it.
        name: &'a [u8],
    },
    /// [`super::op::GETATTR`].
    GetAttr(&'a Object),
    /// [`super::op::SETATTR`].
    SetAttr(&'a SetAttr),
    /// [`super::op::ACCESS`].
    Access(&'a Access),
    /// [`super::op::READLINK`].
    ReadLink(&'a Object),
    /// [`super::op::OPEN`].
    Open(&'a Open, Target<'a>),
    /// [`super::op::RELEASE`].
    Release(OpenId),
    /// [`super::op::READ`].
    Read(&'a Read),
    /// [`super::op::WRITE`], with the data.
    Write(&'a Write, &'a [u8]),
    /// [`super::op::FSYNC`].
    Fsync(&'a Fsync),
    /// [`super::op::FALLOCATE`].
    Fallocate(&'a Fallocate),
    /// [`super::op::SEEK`].
    Seek(&'a Seek),
    /// [`super::op::COPY_RANGE`].
    CopyRange(&'a CopyRange),
    /// [`super::op::READDIR`].
    ReadDir(&'a ReadDir),
    /// [`super::op::MAKE`], with the name.
    Make(&'a Make, &'a [u8]),
    /// [`super::op::SYMLINK`].
    Symlink {
        /// Where.
        dir: &'a Handle,
        /// Its name.
        name: &'a [u8],
        /// Where it points: 1 to 4095 bytes without NUL.
        target: &'a [u8],
    },
    /// [`super::op::LINK`], with the name.
    Link(&'a Link, &'a [u8]),
    /// [`super::op::UNLINK`].
    Unlink {
        /// Where.
        dir: &'a Handle,
        /// What is removed.
        name: &'a [u8],
        /// Whether it has to be a directory (`rmdir`), or must not be one.
        directory: bool,
    },
    /// [`super::op::RENAME`], with the old name and the new one.
    Rename(&'a Rename, &'a [u8], &'a [u8]),
    /// [`super::op::STATFS`].
    StatFs(&'a Object),
    /// [`super::op::GETXATTR`], with the name.
    GetXattr(&'a GetXattr, &'a [u8]),
    /// [`super::op::SETXATTR`], with the name and the value.
    SetXattr(&'a SetXattr, &'a [u8], &'a [u8]),
    /// [`super::op::LISTXATTR`].
    ListXattr(&'a ListXattr),
    /// [`super::op::REMOVEXATTR`], with the name.
    RemoveXattr(&'a RemoveXattr, &'a [u8]),
    /// [`super::op::LOCK`].
    Lock(&'a Lock),
    /// [`super::op::LOCK_CANCEL`], with the ticket.
    LockCancel(u64),
    /// [`super::op::FORGET`], with the handles of the pins.
    Forget(&'a [Handle]),
    /// [`super::op::GRANTED`].
    Granted(&'a LockGranted),
}

/// What is to be opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// What has a name, or gets it.
    Named {
        /// Directory of the name.
        dir: &'a Handle,
        /// The name.
        name: &'a [u8],
        /// The object that has to have the name.
        expect: Option<&'a Handle>,
    },
    /// A new file without a name (`O_TMPFILE`) in this directory.
    Unnamed(&'a Handle),
    /// This object.
    Object(&'a Handle),
}
