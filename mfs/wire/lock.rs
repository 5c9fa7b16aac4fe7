// SPDX-License-Identifier: GPL-2.0

//! Locks on files. A lock that has to wait does not occupy a request: its coming is announced.

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

/// Takes, tests or gives back a lock.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Lock {
    /// Of which file.
    pub(crate) open: OpenId,
    /// Who holds it, for the class [`class::POSIX`]: the same number for the same owner on one node.
    pub(crate) owner: U64,
    /// First byte.
    pub(crate) start: U64,
    /// Last byte; `i64::MAX` for up to the end of the file.
    pub(crate) end: U64,
    /// Number of the waiting, chosen by the client and not 0, if `command` is [`command::WAIT`].
    pub(crate) ticket: U64,
    /// Process on the client, for `F_GETLK`.
    pub(crate) pid: U32,
    /// [`class`].
    pub(crate) class: u8,
    /// [`kind`].
    pub(crate) kind: u8,
    /// [`command`].
    pub(crate) command: u8,
    /// Always 0.
    pub(crate) reserved: u8,
}

/// Kinds of locks.
pub(crate) mod kind {
    /// Shared: `F_RDLCK`.
    pub(crate) const READ: u8 = 0;
    /// Exclusive: `F_WRLCK`.
    pub(crate) const WRITE: u8 = 1;
    /// None: `F_UNLCK`.
    pub(crate) const UNLOCK: u8 = 2;
}

/// Classes of locks.
pub(crate) mod class {
    /// Of `fcntl(F_SETLK)`.
    pub(crate) const POSIX: u8 = 0;
    /// Of `fcntl(F_OFD_SETLK)`.
    pub(crate) const OFD: u8 = 1;
    /// Of `flock()`; the range does not count.
    pub(crate) const FLOCK: u8 = 2;
}

/// What to do with a lock.
pub(crate) mod command {
    /// Who is in the way of taking it; not for [`class::FLOCK`].
    pub(crate) const TEST: u8 = 0;
    /// Take it or give it back, now or not at all.
    pub(crate) const SET: u8 = 1;
    /// Take it, now or as soon as it is free: then a [`super::super::op::GRANTED`] comes.
    pub(crate) const WAIT: u8 = 2;
}

/// How it went.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct LockReply {
    /// [`state`].
    pub(crate) state: u8,
    /// When tested: [`kind`] of the lock in the way, [`kind::UNLOCK`] for none.
    pub(crate) kind: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 2],
    /// Its process, if it is one of the asking node; 0 for another.
    pub(crate) pid: U32,
    /// Its first byte.
    pub(crate) start: U64,
    /// Its last byte.
    pub(crate) end: U64,
}

/// States of a lock that was asked for.
pub(crate) mod state {
    /// It is taken, given back or tested.
    pub(crate) const DONE: u8 = 0;
    /// It is waited for.
    pub(crate) const QUEUED: u8 = 1;
}

/// Ends the waiting for a lock.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct LockCancel {
    /// As in the [`Lock`].
    pub(crate) ticket: U64,
}

/// A lock is there.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct LockGranted {
    /// As in the [`Lock`].
    pub(crate) ticket: U64,
    /// 0, or an errno if it could not be taken after all.
    pub(crate) status: U32,
}
