// SPDX-License-Identifier: GPL-2.0

//! The body's part before a call: takes what the kernel will read out of memory.

use super::{
    object::{
        number,
        Handle,
        Kind,
        Object,
        Place,
        Total,
        Visitor, //
    },
    room::Room,
    walk::walk,
    Memory,
    CUT, //
};
use crate::migration::table::call::{
    Arg,
    Call,
    Large,
    Len, //
};

/// Bytes of a page: text is read no further than the page that its NUL is in.
const PAGE: u64 = 4096;

/// The call does not fit into a message, and is none that can ask for less: the process goes home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A call that is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Its arguments, as they are sent.
    pub(crate) args: [u64; 6],
    /// Bytes of its data.
    pub(crate) len: usize,
    /// Bytes of its bulk.
    pub(crate) bulk: u64,
    /// Whether its bulk is less than it was.
    pub(crate) is_short: bool,
}

/// Packs a call for an arena of `size` bytes into `data`, which has to be as large.
///
/// Of the memory that iovecs describe, `skip` bytes are left out and no more than `most` go; the
/// arguments are lowered where all the rest does not fit.
///
/// # Errors
///
/// [`TooLarge`].
pub(crate) fn pack<M: Memory>(
    call: &Call,
    args: [u64; 6],
    (skip, most): (u64, u64),
    memory: &mut M,
    data: &mut [u8],
    size: u32,
) -> Result<Packed, TooLarge> {
    let mut packer = Packer {
        call,
        memory,
        data,
        packed: Packed {
            args,
            len: 0,
            bulk: 0,
            is_short: false,
        },
        room: Room::new(size),
        skip,
        most,
    };
    walk(call, &args, &mut packer)?;
    Ok(packer.packed)
}

struct Packer<'a, M> {
    call: &'a Call,
    memory: &'a mut M,
    data: &'a mut [u8],
    packed: Packed,
    room: Room,
    skip: u64,
    most: u64,
}

/// What was found of an object.
struct Found {
    len: u32,
    is_cut: bool,
}

impl<M: Memory> Packer<'_, M> {
    /// Takes the contents of an object to the data's offset `at`, or makes sure of them.
    fn fetch(&mut self, object: &Object, at: usize) -> Result<Found, TooLarge> {
        let fits = self.room.left(object.pointer, object.claimed);
        if object.kind == Kind::Text {
            return self.text(object, at, fits);
        }
        let want = usize::try_from(fits).map_err(|_| TooLarge)?;
        let got = if object.dir.is_in() {
            let end = at.checked_add(want).ok_or(TooLarge)?;
            let place = self.data.get_mut(at..end).ok_or(TooLarge)?;
            self.memory.read(object.pointer, place)
        } else {
            self.memory.reach(object.pointer, want)
        };
        let len = u32::try_from(got.min(want)).map_err(|_| TooLarge)?;
        if len < fits || u64::from(fits) == object.claimed {
            let is_cut = u64::from(len) < object.claimed;
            return Ok(Found { len, is_cut });
        }
        // All that fits is there, but that is not all.
        if !self.memory.is_user(object.pointer, object.claimed) {
            return Ok(Found {
                len: 0,
                is_cut: true,
            });
        }
        self.shorten(object, len)
    }

    /// Asks for less: for as much as fits.
    fn shorten(&mut self, object: &Object, fits: u32) -> Result<Found, TooLarge> {
        let Place::Register(at) = object.place else {
            return Err(TooLarge);
        };
        let (Large::Fewer { .. } | Large::Pieces { .. }, true) = (self.call.large, object.bulk)
        else {
            return Err(TooLarge);
        };
        let (counter, size) = match self.call.args.get(usize::from(at)) {
            Some(Arg::Memory(memory)) => match memory.len {
                Len::Bytes { arg, more: 0 } => (arg, 1),
                Len::Items { arg, size } => (arg, size),
                _ => return Err(TooLarge),
            },
            _ => return Err(TooLarge),
        };
        let count = fits.checked_div(size).unwrap_or(0);
        let place = self.packed.args.get_mut(usize::from(counter));
        let (Some(place), 1..) = (place, count) else {
            return Err(TooLarge);
        };
        *place = count.into();
        self.packed.is_short = true;
        Ok(Found {
            len: count * size,
            is_cut: false,
        })
    }

    fn text(&mut self, object: &Object, at: usize, fits: u32) -> Result<Found, TooLarge> {
        let end = at
            .checked_add(usize::try_from(fits).map_err(|_| TooLarge)?)
            .ok_or(TooLarge)?;
        let mut place = self.data.get_mut(at..end).ok_or(TooLarge)?;
        let mut pointer = object.pointer;
        let mut len = 0_u32;
        while !place.is_empty() {
            let page = usize::try_from(PAGE - pointer % PAGE).unwrap_or(1);
            let (part, rest) = place.split_at_mut(page.min(place.len()));
            let got = self.memory.read(pointer, part).min(part.len());
            let part_len = part.len();
            let found = part.iter().take(got).position(|byte| *byte == 0);
            let took = found.map_or(got, |nul| nul + 1);
            len = len.saturating_add(u32::try_from(took).map_err(|_| TooLarge)?);
            if found.is_some() || got < part_len {
                let is_cut = found.is_none();
                return Ok(Found { len, is_cut });
            }
            pointer = pointer.wrapping_add(took as u64);
            place = rest;
        }
        if u64::from(len) < object.claimed {
            return Err(TooLarge);
        }
        // The kernel finds no NUL either.
        Ok(Found { len, is_cut: false })
    }

    /// Takes what was done before off the iovecs in the data at `at`, and what does not fit.
    ///
    /// Returns whether the kernel would accept them.
    fn trim(&mut self, at: usize, len: u32) -> Result<bool, TooLarge> {
        let may_shorten = matches!(self.call.large, Large::Pieces { .. });
        let mut room = self.room;
        let (mut skip, mut most) = (self.skip, self.most);
        let mut is_full = false;
        let end = at.saturating_add(usize::try_from(len).map_err(|_| TooLarge)?);
        let vector = self.data.get_mut(at..end).ok_or(TooLarge)?;
        let mut lengths = vector
            .chunks_exact(16)
            .map(|entry| number(entry, 8, 8).unwrap_or(0));
        if !lengths.all(|len| i64::try_from(len).is_ok()) {
            return Ok(true);
        }
        for entry in vector.chunks_exact_mut(16) {
            let pointer = number(entry, 0, 8).unwrap_or(0);
            let whole = number(entry, 8, 8).unwrap_or(0);
            if !self.memory.is_user(pointer, whole) {
                return Ok(false);
            }
            let skipped = skip.min(whole);
            skip -= skipped;
            let pointer = pointer.wrapping_add(skipped);
            let rest = (whole - skipped).min(most);
            let fits = if is_full { 0 } else { room.left(pointer, rest) };
            if u64::from(fits) < rest {
                if !may_shorten {
                    return Err(TooLarge);
                }
                is_full = true;
            }
            if fits > 0 {
                room.place(pointer, fits).ok_or(TooLarge)?;
            }
            most -= u64::from(fits);
            self.packed.bulk = self.packed.bulk.saturating_add(fits.into());
            let words = [pointer, fits.into()];
            for (place, word) in entry.chunks_exact_mut(8).zip(words) {
                place.copy_from_slice(&word.to_le_bytes());
            }
        }
        self.packed.is_short |= is_full;
        if is_full && self.packed.bulk == 0 {
            return Err(TooLarge);
        }
        Ok(true)
    }
}

impl<M: Memory> Visitor for Packer<'_, M> {
    type Stop = TooLarge;

    fn object(&mut self, object: &Object) -> Result<Handle, TooLarge> {
        let head = self.packed.len;
        let at = head.checked_add(size_of::<u32>()).ok_or(TooLarge)?;
        let mut found = self.fetch(object, at)?;
        let before = self.room;
        let mut arena = if found.is_cut {
            self.room.place_cut(found.len)
        } else {
            self.room.place(object.pointer, found.len)
        };
        let is_vector = object.kind == Kind::Vector && !found.is_cut;
        if is_vector && !self.trim(at, found.len)? {
            found = Found {
                len: 0,
                is_cut: true,
            };
            self.room = before;
            arena = self.room.place_cut(0);
        }
        let arena = arena.ok_or(TooLarge)?;
        let cut = if found.is_cut { CUT } else { 0 };
        let place = self.data.get_mut(head..at).ok_or(TooLarge)?;
        place.copy_from_slice(&(found.len | cut).to_le_bytes());
        let len = usize::try_from(found.len).map_err(|_| TooLarge)?;
        self.packed.len = at + if object.dir.is_in() { len } else { 0 };
        if object.bulk && matches!(object.place, Place::Register(_)) {
            self.packed.bulk = if found.is_cut {
                object.claimed
            } else {
                found.len.into()
            };
        }
        Ok(Handle {
            data: at,
            len: self.room.reached(arena, found.len),
            arena,
        })
    }

    fn nothing(&mut self, _place: Place) -> Result<(), TooLarge> {
        Ok(())
    }

    fn share(&mut self, _total: Total) -> Result<(), TooLarge> {
        Ok(())
    }

    fn contents(&self, object: Handle) -> &[u8] {
        let len = usize::try_from(object.len).unwrap_or(0);
        let bytes = self.data.get(object.data..);
        bytes.and_then(|bytes| bytes.get(..len)).unwrap_or(&[])
    }
}
