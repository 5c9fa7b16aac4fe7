// SPDX-License-Identifier: GPL-2.0

//! The body's part after a call: writes what came back into memory.

use super::{
    object::{
        number,
        Give,
        Handle,
        Object,
        Place,
        Total,
        Visitor, //
    },
    place::Cursor,
    walk::walk,
    Memory,
    Span, //
};
use crate::migration::table::call::{
    Back,
    Call, //
};
use crate::rpc::message::{
    ensure,
    Malformed,
    Reader, //
};

/// Writes the data of a reply into memory; `args` and `sent` are those of the packed call, for an arena of
/// `size` bytes. No data at all means that nothing came back. Returns whether memory took it all; if not,
/// the result is `EFAULT`.
///
/// What comes back as it went is not written: the kernel may have left it alone because it is read-only.
///
/// # Errors
///
/// [`Malformed`] if the reply does not belong to the call; memory may have been written to.
pub(crate) fn unpack<M: Memory>(
    call: &Call,
    args: &[u64; 6],
    (sent, size): (&[u8], u32),
    reply: &[u8],
    memory: &mut M,
) -> Result<bool, Malformed> {
    if reply.is_empty() {
        return Ok(true);
    }
    let span = Span { base: 0, size };
    let mut unpacker = Unpacker {
        cursor: Cursor::new(sent, span),
        reply: Reader::new(reply),
        memory,
        took_all: true,
    };
    walk(call, args, &mut unpacker)?;
    let took_all = unpacker.took_all;
    unpacker.reply.end()?;
    Ok(took_all)
}

struct Unpacker<'a, M> {
    cursor: Cursor<'a>,
    reply: Reader<'a>,
    memory: &'a mut M,
    took_all: bool,
}

impl<M: Memory> Unpacker<'_, M> {
    /// Writes, unless the same is there.
    fn write(&mut self, address: u64, bytes: &[u8], sent: &[u8], must: bool) {
        if sent.get(..bytes.len()) == Some(bytes) {
            return;
        }
        let took = self.memory.write(address, bytes);
        self.took_all &= took >= bytes.len() || !must;
    }

    /// Fields of structs.
    fn fields(&mut self, object: &Object, bytes: &[u8], sent: &[u8]) -> Result<(), Malformed> {
        let Give::Fields { fields, size, .. } = object.give else {
            return Err(Malformed);
        };
        let mut reader = Reader::new(bytes);
        let mut start = 0_u32;
        while !reader.rest().is_empty() {
            for (offset, len) in fields {
                let at = start.checked_add(*offset).ok_or(Malformed)?;
                let len = usize::try_from(*len).map_err(|_| Malformed)?;
                let field = reader.bytes(len)?;
                let within = usize::try_from(at).map_err(|_| Malformed)?;
                let before = sent.get(within..).ok_or(Malformed)?;
                ensure(before.len() >= len)?;
                let address = object.pointer.wrapping_add(at.into());
                self.write(address, field, before, true);
            }
            start = start.checked_add(size).ok_or(Malformed)?;
        }
        Ok(())
    }
}

impl<M: Memory> Visitor for Unpacker<'_, M> {
    type Stop = Malformed;

    fn object(&mut self, object: &Object) -> Result<Handle, Malformed> {
        let (handle, sent) = self.cursor.next(object)?;
        if object.give == Give::Nothing {
            return Ok(handle);
        }
        let count = number(self.reply.bytes(4)?, 0, 4).ok_or(Malformed)?;
        let len = usize::try_from(count).map_err(|_| Malformed)?;
        ensure(count <= handle.len.into())?;
        let bytes = self.reply.bytes(len)?;
        match object.give {
            Give::Fields { .. } => self.fields(object, bytes, sent)?,
            give => {
                let must = give != Give::Back(Back::Try);
                if len > 0 {
                    self.write(object.pointer, bytes, sent, must);
                }
            }
        }
        Ok(handle)
    }

    fn nothing(&mut self, _place: Place) -> Result<(), Malformed> {
        Ok(())
    }

    fn share(&mut self, _total: Total) -> Result<(), Malformed> {
        Ok(())
    }

    fn contents(&self, object: Handle) -> &[u8] {
        self.cursor.contents(object)
    }
}
