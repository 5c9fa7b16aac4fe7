// SPDX-License-Identifier: GPL-2.0

//! Chunks: how the parts of an image lie in messages.

use zerocopy::{
    little_endian::{
        U16,
        U32, //
    },
    IntoBytes as _, //
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
    Invalid, //
};
use crate::rpc::message::Reader;

/// Kinds of chunks; what each holds is in the table of [`super`]. They come in the order of these numbers.
pub(crate) mod tag {
    /// What comes.
    pub(crate) const HEADER: u16 = 1;
    /// Numbers of the process at home.
    pub(crate) const IDS: u16 = 2;
    /// Who it is.
    pub(crate) const CREDENTIALS: u16 = 3;
    /// Its name and those of its home.
    pub(crate) const NAMES: u16 = 4;
    /// Resource limits.
    pub(crate) const LIMITS: u16 = 5;
    /// What `prctl` and its like have set.
    pub(crate) const ATTRIBUTES: u16 = 6;
    /// CPUs it may use at home.
    pub(crate) const AFFINITY: u16 = 7;
    /// What its clocks showed.
    pub(crate) const CLOCKS: u16 = 8;
    /// Places in the address space.
    pub(crate) const MM: u16 = 9;
    /// The auxiliary vector.
    pub(crate) const AUXV: u16 = 10;
    /// A file that is mapped.
    pub(crate) const FILE: u16 = 11;
    /// Mappings.
    pub(crate) const VMAS: u16 = 12;
    /// Name of an anonymous mapping.
    pub(crate) const VMA_NAME: u16 = 13;
    /// Contents.
    pub(crate) const PAGES: u16 = 14;
    /// Interval timers.
    pub(crate) const TIMERS: u16 = 15;
    /// General registers.
    pub(crate) const GENERAL: u16 = 16;
    /// The other registers.
    pub(crate) const XSTATE: u16 = 17;
    /// What the kernel keeps for a thread.
    pub(crate) const THREAD: u16 = 18;
    /// How an interrupted call goes on.
    pub(crate) const RESTART: u16 = 19;
    /// Signal actions.
    pub(crate) const ACTIONS: u16 = 20;
    /// Signal masks and the alternate stack.
    pub(crate) const SIGNALS: u16 = 21;
    /// Signals that wait.
    pub(crate) const PENDING: u16 = 22;
    /// That was all.
    pub(crate) const END: u16 = 23;
}

/// Head of a chunk; `len` bytes of body follow, then the next chunk.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Head {
    /// [`tag`].
    pub(crate) tag: U16,
    /// Always 0.
    pub(crate) reserved: U16,
    /// Bytes of the body.
    pub(crate) len: U32,
}

/// A chunk as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// [`tag`].
    pub(crate) tag: u16,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// Takes the next chunk of a message.
///
/// # Errors
///
/// [`Invalid`] if it is cut short.
pub(crate) fn next<'a>(reader: &mut Reader<'a>) -> Result<Chunk<'a>, Invalid> {
    let head: &Head = reader.take()?;
    ensure(head.reserved.get() == 0, "the head of a chunk")?;
    let len = usize::try_from(head.len.get()).map_err(|_| Invalid("the length of a chunk"))?;
    Ok(Chunk {
        tag: head.tag.get(),
        body: reader.bytes(len)?,
    })
}

/// Puts chunks into a message.
pub(crate) struct Writer<'a> {
    room: &'a mut [u8],
    used: usize,
}

/// There is no room for a chunk in this message: send it and go on with an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl<'a> Writer<'a> {
    /// A writer that begins at the start of `room`.
    pub(crate) const fn new(room: &'a mut [u8]) -> Self {
        Self { room, used: 0 }
    }

    /// Adds a chunk whose body consists of these parts.
    ///
    /// # Errors
    ///
    /// [`Full`] if it does not fit; then nothing was added.
    pub(crate) fn push(&mut self, tag: u16, parts: &[&[u8]]) -> Result<(), Full> {
        let total = parts
            .iter()
            .try_fold(0_usize, |sum, part| sum.checked_add(part.len()));
        let len = total.and_then(|len| u32::try_from(len).ok()).ok_or(Full)?;
        let head = Head {
            tag: U16::new(tag),
            reserved: U16::ZERO,
            len: U32::new(len),
        };
        let mut left = self.room.get_mut(self.used..).ok_or(Full)?;
        let before = left.len();
        let needed = total.and_then(|len| len.checked_add(size_of::<Head>()));
        if needed.is_none_or(|needed| needed > before) {
            return Err(Full);
        }
        for part in core::iter::once(head.as_bytes()).chain(parts.iter().copied()) {
            let (place, rest) = left.split_at_mut_checked(part.len()).ok_or(Full)?;
            place.copy_from_slice(part);
            left = rest;
        }
        self.used = self.used.saturating_add(before - left.len());
        Ok(())
    }

    /// Bytes of the chunks so far.
    pub(crate) const fn used(&self) -> usize {
        self.used
    }
}
