// SPDX-License-Identifier: GPL-2.0

//! A call from its first piece to its result, at the body.
//!
//! Nearly all calls are one piece. A read or write that is too large for a message goes on with another
//! piece while each is done in full: native reads and writes of that size do nothing else, save
//! that other writers may come between two pieces of a regular file.

use super::{
    pack::{
        pack,
        Packed,
        TooLarge, //
    },
    Memory,
    RW_MAX, //
};
use crate::migration::table::call::{
    Arg,
    Call,
    Dir,
    Large, //
};

/// A call that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    call: &'static Call,
    args: [u64; 6],
    /// Bytes that earlier pieces have moved.
    done: u64,
}

/// What comes after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The call has this result.
    Done(i64),
    /// Another piece.
    More(Plan),
}

impl Plan {
    /// A call with the registers of the process.
    pub(crate) const fn new(call: &'static Call, args: [u64; 6]) -> Self {
        Self {
            call,
            args,
            done: 0,
        }
    }

    /// The argument that points to the bulk, that which counts it, and the one with the offset.
    fn pieces(&self) -> Option<(usize, usize, Option<u8>)> {
        let Large::Pieces { len, offset } = self.call.large else {
            return None;
        };
        Some((self.call.bulk()?.into(), len.into(), offset))
    }

    /// Whether the bulk is behind iovecs.
    fn is_vector(&self) -> bool {
        let bulk = self.call.bulk().map(usize::from);
        let arg = bulk.and_then(|bulk| self.call.args.get(bulk));
        matches!(arg, Some(Arg::Iovec { .. }))
    }

    /// Packs the next piece: see [`pack`]. Its arguments, in [`Packed::args`], are those to send.
    ///
    /// # Errors
    ///
    /// [`TooLarge`]: the process goes home, unless something was done already: then see [`Self::so_far`].
    pub(crate) fn pack<M: Memory>(
        &self,
        memory: &mut M,
        data: &mut [u8],
        size: u32,
    ) -> Result<Packed, TooLarge> {
        let mut args = self.args;
        let most = RW_MAX.saturating_sub(self.done);
        if let Some((bulk, len, offset)) = self.pieces() {
            if let Some(offset) = offset.and_then(|arg| args.get_mut(usize::from(arg))) {
                // -1 stands for the file's own offset.
                if *offset != u64::MAX {
                    *offset = offset.wrapping_add(self.done);
                }
            }
            if !self.is_vector() && self.done > 0 {
                if let Some(pointer) = args.get_mut(bulk) {
                    *pointer = pointer.wrapping_add(self.done);
                }
                if let Some(len) = args.get_mut(len) {
                    *len = len.saturating_sub(self.done).min(most);
                }
            }
        }
        pack(self.call, args, (self.done, most), memory, data, size)
    }

    /// Whether a piece is only a part of the call, so that the deputy has to look whether the file can be
    /// read or written in pieces at all.
    pub(crate) fn is_part(&self, packed: &Packed) -> bool {
        self.pieces().is_some() && (packed.is_short || self.done > 0)
    }

    /// What follows from the result of a piece. `is_regular` says that the deputy found a file in which
    /// reading may go on.
    pub(crate) fn after(&self, packed: &Packed, result: i64, is_regular: bool) -> Step {
        let moved = match u64::try_from(result) {
            Ok(moved) => moved,
            Err(_) => return Step::Done(self.so_far().unwrap_or(result)),
        };
        if self.pieces().is_none() {
            return Step::Done(result);
        }
        let done = self.done.saturating_add(moved);
        let goes_on = is_regular || self.dir() == Some(Dir::In);
        if packed.is_short && moved == packed.bulk && moved > 0 && done < RW_MAX && goes_on {
            return Step::More(Self { done, ..*self });
        }
        Step::Done(i64::try_from(done).unwrap_or(i64::MAX))
    }

    /// The result if the call ends here: what earlier pieces have done.
    pub(crate) fn so_far(&self) -> Option<i64> {
        i64::try_from(self.done).ok().filter(|done| *done > 0)
    }

    /// Which way the bulk travels.
    fn dir(&self) -> Option<Dir> {
        let bulk = self.call.bulk().map(usize::from)?;
        match self.call.args.get(bulk)? {
            Arg::Memory(memory) => Some(memory.dir),
            Arg::Iovec { dir, .. } => Some(*dir),
            _ => None,
        }
    }
}
