// SPDX-License-Identifier: GPL-2.0

//! Replies, taken apart: the node that asked uses only what is well formed.
//!
//! A server is a member of the cluster, but its bugs must not become those of its clients.

use zerocopy::{
    FromBytes,
    Immutable,
    KnownLayout,
    Unaligned, //
};

use super::{
    attr::{
        Attr,
        Entry,
        StatFs, //
    },
    dirent::ReadDirReply,
    file::{
        Offset,
        Opened,
        Written,
        STAGE_MAX, //
    },
    lock::{
        kind,
        state,
        LockReply, //
    },
    message::{
        ensure,
        only,
        Malformed, //
    },
    mode,
    request::OFFSET_MAX,
    xattr::{
        XattrSize,
        SIZE_MAX, //
    }, //
};

/// A struct that a reply's message consists of.
pub(crate) trait Reply: FromBytes + Immutable + KnownLayout + Unaligned {
    /// Whether a sound server can have said so.
    fn is_sound(&self) -> bool;
}

/// The message of a reply without data.
///
/// # Errors
///
/// [`Malformed`] if it is not exactly one such struct, is not sound, or data came with it.
pub(crate) fn read<'a, T: Reply>(msg: &'a [u8], data: &[u8]) -> Result<&'a T, Malformed> {
    ensure(data.is_empty())?;
    read_with_data(msg)
}

/// The message of a reply that has data, too.
///
/// # Errors
///
/// [`Malformed`] if it is not exactly one such struct, or is not sound.
pub(crate) fn read_with_data<T: Reply>(msg: &[u8]) -> Result<&T, Malformed> {
    let reply: &T = only(msg)?;
    ensure(reply.is_sound())?;
    Ok(reply)
}

/// A reply that says nothing but that it is done.
///
/// # Errors
///
/// [`Malformed`] if it says something.
pub(crate) fn empty(msg: &[u8], data: &[u8]) -> Result<(), Malformed> {
    ensure(msg.is_empty() && data.is_empty())
}

/// A reply that is data alone, `room` bytes at most.
///
/// # Errors
///
/// [`Malformed`] if there is a message or too much data.
pub(crate) fn data<'a>(msg: &[u8], data: &'a [u8], room: usize) -> Result<&'a [u8], Malformed> {
    ensure(msg.is_empty() && data.len() <= room)?;
    Ok(data)
}

/// The reply to a request for extended attributes with so much `room`: their size, and themselves
/// unless `room` is 0.
///
/// # Errors
///
/// [`Malformed`] if the data is not of that size or too much.
pub(crate) fn xattr<'a>(
    msg: &[u8],
    data: &'a [u8],
    room: usize,
) -> Result<(usize, &'a [u8]), Malformed> {
    let reply: &XattrSize = read_with_data(msg)?;
    let size = usize::try_from(reply.size.get()).map_err(|_| Malformed)?;
    let expected = if room == 0 { 0 } else { size };
    ensure(data.len() == expected && expected <= room)?;
    Ok((size, data))
}

impl Reply for Attr {
    fn is_sound(&self) -> bool {
        let times = [&self.atime, &self.mtime, &self.ctime, &self.btime];
        mode::is_sound(self.mode.get())
            && self.size.get() <= OFFSET_MAX
            && self.blksize.get() != 0
            && times.iter().all(|time| time.is_sound())
    }
}

impl Reply for Entry {
    fn is_sound(&self) -> bool {
        self.handle.some().is_ok() && self.attr.is_sound()
    }
}

impl Reply for Opened {
    fn is_sound(&self) -> bool {
        self.handle.some().is_ok()
            && self.attr.is_sound()
            && (self.open.get() != 0) == mode::can_be_opened(self.attr.mode.get())
            && self.created <= 1
            && self.reserved == [0; 7]
    }
}

impl Reply for Written {
    fn is_sound(&self) -> bool {
        self.end.get() <= OFFSET_MAX
            && u64::from(self.count.get()) <= STAGE_MAX as u64
            && self.reserved.get() == 0
    }
}

impl Reply for Offset {
    fn is_sound(&self) -> bool {
        self.value.get() <= OFFSET_MAX
    }
}

impl Reply for ReadDirReply {
    fn is_sound(&self) -> bool {
        self.end <= 1 && self.reserved == [0; 7]
    }
}

impl Reply for StatFs {
    fn is_sound(&self) -> bool {
        self.bsize.get() != 0 && self.frsize.get() != 0
    }
}

impl Reply for XattrSize {
    fn is_sound(&self) -> bool {
        self.size.get() <= SIZE_MAX
    }
}

impl Reply for LockReply {
    fn is_sound(&self) -> bool {
        self.state <= state::QUEUED
            && self.kind <= kind::UNLOCK
            && self.reserved == [0; 2]
            && self.start.get() <= self.end.get()
            && self.end.get() <= OFFSET_MAX
    }
}
