// SPDX-License-Identifier: GPL-2.0

//! The deputy's part after a call: finds out what goes back.

use super::{
    object::{
        Give,
        Handle,
        Object,
        Place,
        Total,
        Visitor,
        Written, //
    },
    place::{
        Cursor,
        Refused, //
    },
    walk::walk,
    Arena,
    Span, //
};
use crate::migration::table::call::{
    Back,
    Call, //
};

/// A part of a reply's data; they come in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// How many bytes of an object come.
    Count([u8; 4]),
    /// So much of the arena.
    Arena {
        /// From where.
        offset: u32,
        /// How many bytes.
        len: u32,
    },
}

/// Tells `take` what the data of the reply consists of, after the call that was laid out from the same
/// `data` has ended with `result`. It is never more than the arena.
///
/// # Errors
///
/// [`Refused`].
pub(crate) fn collect<A: Arena>(
    call: &Call,
    args: &[u64; 6],
    data: &[u8],
    result: i64,
    (span, arena): (Span, &mut A),
    take: &mut impl FnMut(Part) -> Result<(), A::Error>,
) -> Result<(), Refused<A::Error>> {
    let mut collector = Collector {
        cursor: Cursor::new(data, span),
        arena,
        result,
        left: 0,
        take,
    };
    walk(call, args, &mut collector)
}

struct Collector<'a, A, F> {
    cursor: Cursor<'a>,
    arena: &'a mut A,
    result: i64,
    /// Bytes that the next segments share.
    left: u64,
    take: &'a mut F,
}

impl<A, F> Collector<'_, A, F>
where
    A: Arena,
    F: FnMut(Part) -> Result<(), A::Error>,
{
    /// What the kernel has written there.
    fn written(&mut self, written: Written) -> Result<u64, Refused<A::Error>> {
        let is_inside = written
            .offset
            .checked_add(4)
            .is_some_and(|end| end <= written.object.len);
        if !is_inside || self.result < written.result {
            return Ok(0);
        }
        let at = written.object.arena.saturating_add(written.offset);
        let mut word = [0; 4];
        let read = self.arena.read(at, &mut word);
        read.map_err(Refused::Arena)?;
        Ok(u32::from_le_bytes(word).into())
    }

    /// Bytes of an object that go back, all from its start.
    fn count(&mut self, give: Give, len: u64) -> Result<u64, Refused<A::Error>> {
        let result = u64::try_from(self.result);
        let count = match (give, result) {
            (Give::Back(Back::Always | Back::Try), _) => len,
            (Give::Back(Back::Success), Ok(_)) => len,
            (Give::Back(Back::Result { more }), Ok(result)) => result.saturating_add(more.into()),
            (Give::Back(Back::Items { size }), Ok(result)) => result.saturating_mul(size.into()),
            (Give::Written(written), Ok(_)) => self.written(written)?,
            (Give::Share, Ok(_)) => {
                let share = self.left.min(len);
                self.left -= share;
                share
            }
            _ => 0,
        };
        Ok(count.min(len))
    }

    fn take(&mut self, part: Part) -> Result<(), Refused<A::Error>> {
        (self.take)(part).map_err(Refused::Arena)
    }

    /// Fields of structs.
    fn fields(&mut self, handle: Handle, give: Give) -> Result<(), Refused<A::Error>> {
        let Give::Fields { fields, size, many } = give else {
            return Ok(());
        };
        let written = match u64::try_from(self.result) {
            Ok(result) if many => u32::try_from(result).unwrap_or(u32::MAX),
            Ok(_) => 1,
            Err(_) => 0,
        };
        let structs = written.min(handle.len.checked_div(size).unwrap_or(0));
        let each: u32 = fields.iter().map(|(_, len)| len).sum();
        self.take(Part::Count(structs.saturating_mul(each).to_le_bytes()))?;
        for at in 0..structs {
            for (offset, len) in fields {
                let offset = handle
                    .arena
                    .saturating_add(at.saturating_mul(size))
                    .saturating_add(*offset);
                self.take(Part::Arena { offset, len: *len })?;
            }
        }
        Ok(())
    }
}

impl<A, F> Visitor for Collector<'_, A, F>
where
    A: Arena,
    F: FnMut(Part) -> Result<(), A::Error>,
{
    type Stop = Refused<A::Error>;

    fn object(&mut self, object: &Object) -> Result<Handle, Self::Stop> {
        let (handle, _) = self.cursor.next(object)?;
        match object.give {
            Give::Nothing => (),
            Give::Fields { .. } => self.fields(handle, object.give)?,
            give => {
                let count = self.count(give, handle.len.into())?;
                let len = u32::try_from(count).map_err(|_| Refused::Malformed)?;
                self.take(Part::Count(len.to_le_bytes()))?;
                if len > 0 {
                    let offset = handle.arena;
                    self.take(Part::Arena { offset, len })?;
                }
            }
        }
        Ok(handle)
    }

    fn nothing(&mut self, _place: Place) -> Result<(), Self::Stop> {
        Ok(())
    }

    fn share(&mut self, total: Total) -> Result<(), Self::Stop> {
        self.left = match total {
            Total::Result => u64::try_from(self.result).unwrap_or(0),
            Total::Written(written) => self.written(written)?,
        };
        Ok(())
    }

    fn contents(&self, object: Handle) -> &[u8] {
        self.cursor.contents(object)
    }
}
