// SPDX-License-Identifier: GPL-2.0

//! The deputy's part before a call: lays the objects out in its arena.

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
    Arena,
    Span,
    CUT, //
};
use crate::migration::table::call::{
    Arg,
    Call, //
};
use crate::rpc::message::{
    Malformed,
    Reader, //
};

/// Why a call was not laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused<E> {
    /// It does not follow from its arguments.
    Malformed,
    /// The arena failed.
    Arena(E),
}

impl<E> From<Malformed> for Refused<E> {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Goes through the data of a call, as both who lays it out and who collects the reply do.
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    reader: Reader<'a>,
    room: Room,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(data: &'a [u8], span: Span) -> Self {
        Self {
            data,
            reader: Reader::new(data),
            room: Room::new(span.size),
        }
    }

    /// The next object and its contents.
    pub(super) fn next(&mut self, object: &Object) -> Result<(Handle, &'a [u8]), Malformed> {
        let word = number(self.reader.bytes(4)?, 0, 4).ok_or(Malformed)?;
        let word = u32::try_from(word).map_err(|_| Malformed)?;
        let (len, is_cut) = (word & !CUT, word & CUT != 0);
        let at = self.data.len() - self.reader.rest().len();
        let contents: &[u8] = if object.dir.is_in() {
            self.reader
                .bytes(usize::try_from(len).map_err(|_| Malformed)?)?
        } else {
            &[]
        };
        let is_whole = match object.kind {
            Kind::Text => u64::from(len) == object.claimed || contents.last() == Some(&0),
            Kind::Plain | Kind::Vector => u64::from(len) == object.claimed,
        };
        if u64::from(len) > object.claimed || is_cut == is_whole {
            return Err(Malformed);
        }
        let arena = if is_cut {
            self.room.place_cut(len)
        } else {
            self.room.place(object.pointer, len)
        };
        let arena = arena.ok_or(Malformed)?;
        let handle = Handle {
            data: at,
            len: self.room.reached(arena, len),
            arena,
        };
        Ok((handle, contents))
    }

    /// The contents of an object before.
    pub(super) fn contents(&self, object: Handle) -> &'a [u8] {
        let len = usize::try_from(object.len).unwrap_or(0);
        let bytes = self.data.get(object.data..);
        bytes.and_then(|bytes| bytes.get(..len)).unwrap_or(&[])
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Malformed> {
        self.reader.end()
    }
}

/// Lays out a call: the arguments to make it with.
///
/// Pointers lead into the arena, to where nothing is, or are null, whatever the body has sent.
///
/// # Errors
///
/// [`Refused`]; the arena may have been written to.
pub(crate) fn lay_out<A: Arena>(
    call: &Call,
    args: &[u64; 6],
    data: &[u8],
    span: Span,
    arena: &mut A,
) -> Result<[u64; 6], Refused<A::Error>> {
    let mut own = [0; 6];
    for ((own, sent), arg) in own.iter_mut().zip(args).zip(call.args) {
        *own = match *arg {
            Arg::Long | Arg::Int | Arg::Fd => *sent,
            _ if *sent == 0 => 0,
            _ => span.nothing(),
        };
    }
    let mut placer = Placer {
        cursor: Cursor::new(data, span),
        span,
        arena,
        args: own,
    };
    walk(call, args, &mut placer)?;
    let args = placer.args;
    placer.cursor.end()?;
    Ok(args)
}

struct Placer<'a, A> {
    cursor: Cursor<'a>,
    span: Span,
    arena: &'a mut A,
    args: [u64; 6],
}

impl<A: Arena> Placer<'_, A> {
    /// Makes a pointer lead to an address.
    fn point(&mut self, place: Place, address: u64) -> Result<(), Refused<A::Error>> {
        match place {
            Place::Register(arg) => {
                let arg = self.args.get_mut(usize::from(arg));
                *arg.ok_or(Refused::Malformed)? = address;
                Ok(())
            }
            Place::Field(object, offset) => {
                let is_inside = offset.checked_add(8).is_some_and(|end| end <= object.len);
                let at = object.arena.checked_add(offset);
                let at = at.filter(|_| is_inside).ok_or(Refused::Malformed)?;
                let written = self.arena.write(at, &address.to_le_bytes());
                written.map_err(Refused::Arena)
            }
        }
    }
}

impl<A: Arena> Visitor for Placer<'_, A> {
    type Stop = Refused<A::Error>;

    fn object(&mut self, object: &Object) -> Result<Handle, Self::Stop> {
        let (handle, contents) = self.cursor.next(object)?;
        if handle.len > 0 && !contents.is_empty() {
            let written = self.arena.write(handle.arena, contents);
            written.map_err(Refused::Arena)?;
        }
        self.point(object.place, self.span.at(handle.arena))?;
        Ok(handle)
    }

    fn nothing(&mut self, place: Place) -> Result<(), Self::Stop> {
        self.point(place, self.span.nothing())
    }

    fn share(&mut self, _total: Total) -> Result<(), Self::Stop> {
        Ok(())
    }

    fn contents(&self, object: Handle) -> &[u8] {
        self.cursor.contents(object)
    }
}
