// SPDX-License-Identifier: GPL-2.0

//! The trail of a path: which directories it has led through, as the client remembers them.
//!
//! A client that knows the directories of a path does not ask for them one by one. Its next request
//! says what it has taken for granted, and the server looks whether it is so before it does anything
//! else; if not, the answer is `ESTALE`, and the client goes the path again and asks.

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

use super::{
    handle::Handle,
    message::{
        ensure,
        Malformed,
        Reader, //
    },
    mode,
    name, //
};

/// Longest trail, in bytes.
pub(crate) const TRAIL_MAX: usize = 2048;

/// First byte of a mark: a [`Handle`] follows.
pub(crate) const FROM: u8 = 0;

/// First byte of a mark: a [`Step`] and its name follow.
pub(crate) const THROUGH: u8 = 1;

/// A directory that was gone through; its name in the one before follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Step {
    /// Tag of its handle.
    pub(crate) tag: U64,
    /// Its type and permissions.
    pub(crate) mode: U32,
    /// Bytes of the name.
    pub(crate) name_len: u8,
}

/// One mark of a trail.
#[derive(Clone, Copy)]
pub(crate) enum Mark<'a> {
    /// The path goes on from this directory.
    From(&'a Handle),
    /// It goes on through what has this name in the directory before.
    Through(&'a Step, &'a [u8]),
}

/// A trail in a message: marks, the first of which is a [`Mark::From`].
#[derive(Clone, Copy)]
pub(crate) struct Trail<'a>(&'a [u8]);

impl<'a> Trail<'a> {
    /// The trail that `bytes` are.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if they are none, or too many.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        ensure(bytes.len() <= TRAIL_MAX)?;
        let trail = Self(bytes);
        let mut reader = Reader::new(bytes);
        let mut started = false;
        while !reader.rest().is_empty() {
            started |= matches!(mark(&mut reader)?, Mark::From(_));
            ensure(started)?;
        }
        Ok(trail)
    }

    /// Its marks.
    pub(crate) fn marks(&self) -> impl Iterator<Item = Mark<'a>> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || mark(&mut reader).ok())
    }

    /// Whether it leads nowhere.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The next mark.
fn mark<'a>(reader: &mut Reader<'a>) -> Result<Mark<'a>, Malformed> {
    let kind: &u8 = reader.take()?;
    match *kind {
        FROM => {
            let handle: &Handle = reader.take()?;
            Ok(Mark::From(handle.some()?))
        }
        THROUGH => {
            let step: &Step = reader.take()?;
            let bits = step.mode.get();
            ensure(bits & mode::TYPE == mode::DIR)?;
            ensure(bits & !(mode::TYPE | mode::PERMISSIONS) == 0)?;
            let name = name::check(reader.bytes(usize::from(step.name_len))?)?;
            Ok(Mark::Through(step, name))
        }
        _ => Err(Malformed),
    }
}
