// SPDX-License-Identifier: GPL-2.0

//! Calls that the deputy makes for the body.

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
    life::Usage,
    signal::is_mask, //
};
use crate::{
    migration::table::{
        self,
        call::Call,
        row::Route, //
    },
    rpc::message::{
        ensure,
        only,
        Malformed, //
    }, //
};

/// Flags of a call.
pub(crate) mod flag {
    /// It is a part of a larger one ([`crate::migration::marshal::plan::Plan::is_part`]).
    pub(crate) const PART: u32 = 1 << 0;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 1) - 1;
}

/// A call. The frame's data is its memory ([`crate::migration::marshal`]).
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Head {
    /// Number of the request, from 1 on.
    pub(crate) id: U64,
    /// Number of the system call.
    pub(crate) number: U32,
    /// [`flag`].
    pub(crate) flags: U32,
    /// Its arguments.
    pub(crate) args: [U64; 6],
    /// What the program has blocked.
    pub(crate) mask: U64,
    /// What the body has used so far.
    pub(crate) usage: Usage,
}

/// A call with its row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    /// What was sent.
    pub(crate) head: &'a Head,
    /// How it is made.
    pub(crate) call: &'static Call,
    /// Its memory.
    pub(crate) data: &'a [u8],
}

impl Head {
    /// The arguments as numbers.
    pub(crate) fn args(&self) -> [u64; 6] {
        self.args.map(|arg| arg.get())
    }
}

impl<'a> Request<'a> {
    /// Takes a call apart. That its memory is what the row wants shows when it is laid out.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it is none, or none that a deputy makes.
    pub(crate) fn decode(msg: &'a [u8], data: &'a [u8]) -> Result<Self, Malformed> {
        let head: &Head = only(msg)?;
        ensure(head.id.get() != 0 && head.flags.get() & !flag::ALL == 0)?;
        ensure(is_mask(head.mask.get()) && head.usage.is_sound())?;
        let call = match table::route(head.number.get().into(), &head.args()) {
            Route::Deputy(call) | Route::Signal(Some(call)) => call,
            _ => return Err(Malformed),
        };
        Ok(Self { head, call, data })
    }
}

/// Ends a call early, as a signal would.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Interrupt {
    /// Which.
    pub(crate) id: U64,
}
