// SPDX-License-Identifier: GPL-2.0

//! Calls that a body makes through its deputy: packed by the one, made by the other.
//!
//! The deputy makes them in the hook, as the task that owns the descriptors, and with memory of its own in
//! the place of the program's. What the kernel then wants to do on the deputy's way out (a file's last close) it
//! does before the body hears of the result.

use kernel::prelude::*;

use crate::linux::{
    bytes,
    nr,
    task::{
        calls::Calls,
        signals,
        space,
        user, //
    }, //
};

use super::{
    marshal::{
        self,
        collect::{
            collect,
            Part, //
        },
        pack::Packed,
        place::lay_out,
        plan::{
            Plan,
            Step, //
        },
        unpack::unpack,
        Span, //
    },
    table::{
        self,
        call::Call, //
    }, //
};

/// Bytes of a call's data, and of the deputy's memory for it.
pub(super) const ROOM: u32 = 1 << 20;

/// `-EFAULT`.
const FAULT: i64 = -14;

/// `-EINTR`.
const INTERRUPTED: i64 = -4;

/// Results that say that the call is to be made again; the program never sees them.
const RESTARTS: core::ops::RangeInclusive<i64> = -516..=-512;

/// A call, as it goes to the deputy.
pub(super) struct Request {
    number: u32,
    call: &'static Call,
    args: [u64; 6],
    data: KVVec<u8>,
}

/// What comes after a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The program goes on.
    GoOn,
    /// It comes home, and makes the call there.
    HomeBefore,
    /// It has made the call, and comes home.
    HomeAfter,
}

/// What the deputy answers.
pub(super) struct Reply {
    result: i64,
    data: KVVec<u8>,
    /// What comes next.
    pub(super) then: Then,
}

/// A call that was packed, so that its reply can be unpacked.
pub(super) struct Sent {
    plan: Plan,
    packed: Packed,
    call: &'static Call,
}

/// The program's memory, seen by the body.
struct Program;

impl marshal::Memory for Program {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> usize {
        user::read(address as usize, bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> usize {
        user::write(address as usize, bytes)
    }

    fn reach(&mut self, address: u64, len: usize) -> usize {
        user::reach(address as usize, len)
    }

    fn is_user(&self, address: u64, len: u64) -> bool {
        user::contains(address as usize, len as usize)
    }
}

/// The deputy's memory for calls.
#[derive(Clone, Copy)]
pub(super) struct Arena(space::Arena);

impl Arena {
    /// Maps it in the current task.
    pub(super) fn new() -> Result<Self> {
        Ok(Self(space::Arena::new(ROOM as usize)?))
    }
}

impl marshal::Arena for Arena {
    type Error = Error;

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result {
        self.0.write(offset, bytes)
    }

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result {
        self.0.read(offset, bytes)
    }
}

/// Packs a call of the current task, a body; `None` if it is to be made at home. `room` has [`ROOM`] bytes.
pub(super) fn pack(
    number: u32,
    call: &'static Call,
    args: [usize; 6],
    room: &mut [u8],
) -> Option<(Sent, KBox<Request>)> {
    if call.then != table::call::Then::Nothing {
        return None;
    }
    let plan = Plan::new(call, args.map(|arg| arg as u64));
    let packed = plan.pack(&mut Program, room, ROOM).ok()?;
    if plan.is_part(&packed) {
        return None;
    }
    let request = Request {
        number,
        call,
        args: packed.args,
        data: bytes::concat(&[room.get(..packed.len)?], 0).ok()?,
    };
    let request = KBox::new(request, GFP_KERNEL).ok()?;
    Some((Sent { plan, packed, call }, request))
}

impl Sent {
    /// Gives the reply to the program; returns the result of its call. `room` is what was packed into.
    pub(super) fn unpack(&self, reply: &Reply, room: &[u8]) -> Option<isize> {
        let sent = room.get(..self.packed.len)?;
        let args = &self.packed.args;
        let took = unpack(self.call, args, (sent, ROOM), &reply.data, &mut Program).ok()?;
        if !took {
            return Some(FAULT as isize);
        }
        match self.plan.after(&self.packed, reply.result, false) {
            Step::Done(result) => Some(result as isize),
            Step::More(_) => Some(reply.result as isize),
        }
    }
}

impl Reply {
    /// The program is to come home with the call.
    pub(super) fn home() -> Self {
        Self {
            result: 0,
            data: KVVec::new(),
            then: Then::HomeBefore,
        }
    }
}

impl Request {
    /// Makes the call in the current task, the deputy. May sleep for as long as the call does.
    pub(super) fn make(&self, mut arena: Arena, calls: &Calls) -> Reply {
        self.attempt(&mut arena, calls).unwrap_or_else(Reply::home)
    }

    fn attempt(&self, arena: &mut Arena, calls: &Calls) -> Option<Reply> {
        let span = Span {
            base: arena.0.base() as u64,
            size: ROOM,
        };
        let name = function(table::row(self.number.into())?.name);
        let args = lay_out(self.call, &self.args, &self.data, span, arena).ok()?;
        let args = args.map(|arg| arg as usize);
        let result = calls.make(self.number, name, args).ok()? as i64;
        // It was our waking that the call has taken for a signal.
        let woken = result == INTERRUPTED
            && nr::NEVER_RESTARTED.contains(&self.number)
            && !signals::is_pending();
        if woken || RESTARTS.contains(&result) {
            return None;
        }
        let mut data = KVVec::new();
        let mut from = *arena;
        let collected = collect(
            self.call,
            &self.args,
            &self.data,
            result,
            (span, arena),
            &mut |part| match part {
                Part::Count(count) => Ok(bytes::append(&mut data, &count)?),
                Part::Arena { offset, len } => {
                    let mut piece: KVVec<u8> = bytes::zeroed(len as usize)?;
                    marshal::Arena::read(&mut from, offset, &mut piece)?;
                    Ok(bytes::append(&mut data, &piece)?)
                }
            },
        );
        if collected.is_err() {
            // The call was made: that its results are lost must not be hidden.
            data.truncate(0);
        }
        Some(Reply {
            result: if collected.is_ok() { result } else { FAULT },
            data,
            then: if signals::is_pending() {
                Then::HomeAfter
            } else {
                Then::GoOn
            },
        })
    }
}

/// The name of the function of a call, where it has another.
fn function(name: &'static str) -> &'static str {
    match name {
        "fstat" => "newfstat",
        "lstat" => "newlstat",
        "sendfile" => "sendfile64",
        "stat" => "newstat",
        "umount2" => "umount",
        "uname" => "newuname",
        name => name,
    }
}
