// SPDX-License-Identifier: GPL-2.0

//! Goes through the objects of a call: always in the same order, whoever does it.
//!
//! Arguments come from the last to the first, since lengths lie behind what they measure, and the bulk
//! comes at the end. What lies behind a pointer within an object comes after that object.

use super::object::{
    number,
    Fields,
    Give,
    Handle,
    Kind,
    Object,
    Place,
    Total,
    Visitor,
    Written, //
};
use crate::migration::table::call::{
    Arg,
    Back,
    Call,
    Dir,
    Len,
    Memory, //
};

/// Most iovecs and messages that a call may have (`UIO_MAXIOV`).
const VECTOR_MAX: u64 = 1024;
/// Bytes of a `struct iovec`.
const IOVEC: u32 = 16;
/// Bytes of a `struct msghdr`.
const MSGHDR: u32 = 56;
/// Bytes of a `struct mmsghdr`.
const MMSGHDR: u32 = 64;
/// Bytes of the longest address of a socket.
const SOCKADDR_MAX: u64 = 128;

/// Offsets in a `struct msghdr`, and `msg_len` behind it.
mod field {
    pub(super) const NAME: u32 = 0;
    pub(super) const NAMELEN: u32 = 8;
    pub(super) const IOV: u32 = 16;
    pub(super) const IOVLEN: u32 = 24;
    pub(super) const CONTROL: u32 = 32;
    pub(super) const CONTROLLEN: u32 = 40;
    pub(super) const FLAGS: u32 = 48;
    pub(super) const LEN: u32 = 56;
}

const SENT: Fields = &[(field::LEN, 4)];
const RECEIVED: Fields = &[
    (field::NAMELEN, 4),
    (field::CONTROLLEN, 8),
    (field::FLAGS, 4),
];
const RECEIVED_MANY: Fields = &[
    (field::NAMELEN, 4),
    (field::CONTROLLEN, 8),
    (field::FLAGS, 4),
    (field::LEN, 4),
];

/// Visits all objects of a call with these arguments.
///
/// # Errors
///
/// Those of the visitor.
pub(crate) fn walk<V: Visitor>(
    call: &Call,
    args: &[u64; 6],
    visitor: &mut V,
) -> Result<(), V::Stop> {
    let mut walk = Walk {
        call,
        args,
        seen: [None; 6],
        visitor,
    };
    let bulk = call.bulk();
    let all = (0..6_u8).rev();
    for arg in all.filter(|arg| Some(*arg) != bulk).chain(bulk) {
        walk.argument(arg)?;
    }
    Ok(())
}

struct Walk<'a, V> {
    call: &'a Call,
    args: &'a [u64; 6],
    /// Objects that arguments point to.
    seen: [Option<Handle>; 6],
    visitor: &'a mut V,
}

impl<V: Visitor> Walk<'_, V> {
    /// The value of an argument.
    fn value(&self, arg: u8) -> u64 {
        let at = usize::from(arg);
        let value = self.args.get(at).copied().unwrap_or(0);
        match self.call.args.get(at) {
            Some(Arg::Long) => value,
            _ => value & u64::from(u32::MAX),
        }
    }

    fn argument(&mut self, at: u8) -> Result<(), V::Stop> {
        let index = usize::from(at);
        let (Some(arg), Some(pointer)) = (self.call.args.get(index), self.args.get(index)) else {
            return Ok(());
        };
        let (arg, pointer) = (*arg, *pointer);
        if !arg.is_pointer() || pointer == 0 {
            return Ok(());
        }
        let place = Place::Register(at);
        let bulk = self.call.bulk() == Some(at);
        match arg {
            Arg::Text(max) => self.text(place, pointer, max),
            Arg::Memory(memory) => {
                let object = Object {
                    place,
                    pointer,
                    claimed: self.length(&memory),
                    kind: Kind::Plain,
                    dir: memory.dir,
                    give: self.give(&memory),
                    bulk,
                };
                let handle = self.plain(&object)?;
                if let Some(seen) = self.seen.get_mut(index) {
                    *seen = handle;
                }
                Ok(())
            }
            Arg::Iovec { dir, count } => {
                let count = self.value(count);
                self.vector(place, pointer, count, dir, Total::Result)
            }
            Arg::Msghdr(dir) => self.message(place, pointer, dir),
            Arg::Mmsghdr { dir, count } => self.messages(place, pointer, dir, self.value(count)),
            Arg::SigsetPointer => self.sigset(place, pointer),
            Arg::Long | Arg::Int | Arg::Fd => Ok(()),
        }
    }

    /// How many bytes of memory the kernel may look at.
    fn length(&self, memory: &Memory) -> u64 {
        let len = match memory.len {
            Len::Fixed(size) => Some(size.into()),
            Len::Bytes { arg, more } => self.count(arg).map(|len| len.saturating_add(more.into())),
            Len::Items { arg, size } => self.count(arg).map(|len| len.saturating_mul(size.into())),
            Len::At(arg) => self.length_at(arg),
            Len::Bits(arg) => self.count(arg).map(|bits| bits.div_ceil(64) * 8),
        };
        len.unwrap_or(0).min(memory.max)
    }

    /// The value of an argument that is a length; none if it is negative, which the kernel refuses before
    /// it looks at memory.
    fn count(&self, arg: u8) -> Option<u64> {
        let value = self.value(arg);
        let most = match self.call.args.get(usize::from(arg)) {
            Some(Arg::Long) => i64::MAX as u64,
            _ => i32::MAX as u64,
        };
        Some(value).filter(|value| *value <= most)
    }

    /// The length that an argument points to; likewise.
    fn length_at(&self, arg: u8) -> Option<u64> {
        let object = self.seen.get(usize::from(arg)).copied().flatten()?;
        let len = number(self.visitor.contents(object), 0, 4)?;
        Some(len).filter(|len| *len <= i32::MAX as u64)
    }

    fn give(&self, memory: &Memory) -> Give {
        match memory.back {
            _ if !memory.dir.is_out() => Give::Nothing,
            Back::At(arg) => {
                let seen = self.seen.get(usize::from(arg)).copied().flatten();
                seen.map_or(Give::Nothing, |object| {
                    Give::Written(Written {
                        object,
                        offset: 0,
                        result: 0,
                    })
                })
            }
            back => Give::Back(back),
        }
    }

    /// Visits an object, unless it has no bytes.
    fn plain(&mut self, object: &Object) -> Result<Option<Handle>, V::Stop> {
        if object.claimed == 0 {
            self.visitor.nothing(object.place)?;
            return Ok(None);
        }
        self.visitor.object(object).map(Some)
    }

    fn text(&mut self, place: Place, pointer: u64, max: u32) -> Result<(), V::Stop> {
        self.visitor.object(&Object {
            place,
            pointer,
            claimed: max.into(),
            kind: Kind::Text,
            dir: Dir::In,
            give: Give::Nothing,
            bulk: false,
        })?;
        Ok(())
    }

    /// An array of structs with pointers in them: read whole, and fields of it written.
    fn structs(
        &mut self,
        place: Place,
        pointer: u64,
        claimed: u64,
        give: Give,
    ) -> Result<Handle, V::Stop> {
        self.visitor.object(&Object {
            place,
            pointer,
            claimed,
            kind: Kind::Plain,
            dir: if give == Give::Nothing {
                Dir::In
            } else {
                Dir::InOut
            },
            give,
            bulk: false,
        })
    }

    /// A number within an object, if it can be reached.
    fn number(&self, object: Handle, offset: u32, len: usize) -> Option<u64> {
        number(self.visitor.contents(object), offset, len)
    }

    fn sigset(&mut self, place: Place, pointer: u64) -> Result<(), V::Stop> {
        let object = self.structs(place, pointer, 16, Give::Nothing)?;
        let mask = self.number(object, 0, 8).unwrap_or(0);
        if mask != 0 && object.len == 16 {
            self.visitor.object(&Object {
                place: Place::Field(object, 0),
                pointer: mask,
                claimed: 8,
                kind: Kind::Plain,
                dir: Dir::In,
                give: Give::Nothing,
                bulk: false,
            })?;
        }
        Ok(())
    }

    fn message(&mut self, place: Place, pointer: u64, dir: Dir) -> Result<(), V::Stop> {
        let give = match dir {
            Dir::In => Give::Nothing,
            _ => Give::Fields {
                fields: RECEIVED,
                size: MSGHDR,
                many: false,
            },
        };
        let object = self.structs(place, pointer, MSGHDR.into(), give)?;
        if object.len < MSGHDR {
            return Ok(());
        }
        self.parts(object, 0, dir, 0, Total::Result)
    }

    fn messages(
        &mut self,
        place: Place,
        pointer: u64,
        dir: Dir,
        count: u64,
    ) -> Result<(), V::Stop> {
        let count = count.min(VECTOR_MAX);
        if count == 0 {
            return self.visitor.nothing(place);
        }
        let fields = if dir == Dir::In { SENT } else { RECEIVED_MANY };
        let give = Give::Fields {
            fields,
            size: MMSGHDR,
            many: true,
        };
        let claimed = count.saturating_mul(MMSGHDR.into());
        let object = self.structs(place, pointer, claimed, give)?;
        for message in 0..object.len / MMSGHDR {
            let offset = message * MMSGHDR;
            let result = i64::from(message) + 1;
            let total = Total::Written(Written {
                object,
                offset: offset + field::LEN,
                result,
            });
            self.parts(object, offset, dir, result, total)?;
        }
        Ok(())
    }

    /// What a `struct msghdr` at an offset of an object points to.
    fn parts(
        &mut self,
        object: Handle,
        offset: u32,
        dir: Dir,
        result: i64,
        total: Total,
    ) -> Result<(), V::Stop> {
        let at = |field: u32| offset + field;
        let word = |walk: &Self, field| walk.number(object, at(field), 8).unwrap_or(0);
        let part = |field, pointer, claimed, written| Object {
            place: Place::Field(object, at(field)),
            pointer,
            claimed,
            kind: Kind::Plain,
            dir,
            give: match dir {
                Dir::In => Give::Nothing,
                _ => Give::Written(Written {
                    object,
                    offset: at(written),
                    result,
                }),
            },
            bulk: false,
        };
        let name = word(self, field::NAME);
        if name != 0 {
            let len = self.number(object, at(field::NAMELEN), 4).unwrap_or(0);
            // A negative length is refused by the kernel before it looks.
            let len = i32::try_from(len).map_or(0, |len| u64::from(len.unsigned_abs()));
            let len = len.min(SOCKADDR_MAX);
            self.plain(&part(field::NAME, name, len, field::NAMELEN))?;
        }
        let control = word(self, field::CONTROL);
        if control != 0 {
            let len = word(self, field::CONTROLLEN);
            let len = if i32::try_from(len).is_ok() { len } else { 0 };
            self.plain(&part(field::CONTROL, control, len, field::CONTROLLEN))?;
        }
        let (iov, count) = (word(self, field::IOV), word(self, field::IOVLEN));
        if iov == 0 {
            return Ok(());
        }
        self.vector(Place::Field(object, at(field::IOV)), iov, count, dir, total)
    }

    /// `struct iovec`s, and the memory that they describe.
    fn vector(
        &mut self,
        place: Place,
        pointer: u64,
        count: u64,
        dir: Dir,
        total: Total,
    ) -> Result<(), V::Stop> {
        let Some(count) = u32::try_from(count)
            .ok()
            .filter(|count| (1..=VECTOR_MAX).contains(&u64::from(*count)))
        else {
            return self.visitor.nothing(place);
        };
        let vector = self.visitor.object(&Object {
            place,
            pointer,
            claimed: u64::from(count) * u64::from(IOVEC),
            kind: Kind::Vector,
            dir: Dir::In,
            give: Give::Nothing,
            bulk: false,
        })?;
        if vector.len < count * IOVEC {
            return Ok(());
        }
        let mut lengths = (0..count).map(|at| self.number(vector, at * IOVEC + 8, 8).unwrap_or(0));
        // One negative length, and the kernel refuses them all.
        let is_sound = lengths.all(|len| i64::try_from(len).is_ok());
        self.visitor.share(total)?;
        for at in 0..count {
            let offset = at * IOVEC;
            let place = Place::Field(vector, offset);
            let pointer = self.number(vector, offset, 8).unwrap_or(0);
            let len = self.number(vector, offset + 8, 8).unwrap_or(0);
            self.plain(&Object {
                place,
                pointer,
                claimed: if is_sound { len } else { 0 },
                kind: Kind::Plain,
                dir,
                give: if dir == Dir::In {
                    Give::Nothing
                } else {
                    Give::Share
                },
                bulk: true,
            })?;
        }
        Ok(())
    }
}
