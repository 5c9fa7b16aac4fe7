// SPDX-License-Identifier: GPL-2.0

//! What a call has come to.

use zerocopy::{
    little_endian::{
        I64,
        U32,
        U64, //
    },
    FromBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use crate::{
    migration::image::{
        identity::Credentials,
        signals::Pending, //
    },
    rpc::message::{
        ensure,
        Malformed,
        Reader, //
    }, //
};

/// Most signals that come with a reply; others come by themselves.
pub(crate) const SIGNALS_MAX: u32 = 64;

/// Flags of a reply.
pub(crate) mod flag {
    /// The call was on a file in which reading may go on.
    pub(crate) const REGULAR: u32 = 1 << 0;
    /// The call was not made: it has to be made by the process at home.
    pub(crate) const HOME: u32 = 1 << 1;
    /// New credentials come with it.
    pub(crate) const CREDENTIALS: u32 = 1 << 2;
    /// There are signals at home that the program has blocked: before it may overlook one, it asks.
    pub(crate) const BLOCKED: u32 = 1 << 3;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 4) - 1;
}

/// Head of a reply: `signals` signals follow that came before the call ended, then credentials, if there
/// are. The frame's data is what goes back to memory.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Head {
    /// Number of the request.
    pub(crate) id: U64,
    /// What the call returned. Errors are negative, those included that ask for the call to be made again; so
    /// are some numbers.
    pub(crate) result: I64,
    /// [`flag`].
    pub(crate) flags: U32,
    /// How many signals follow.
    pub(crate) signals: U32,
}

/// A reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply<'a> {
    /// Result and flags.
    pub(crate) head: &'a Head,
    /// Signals that came before it.
    pub(crate) signals: &'a [Pending],
    /// New credentials with their groups.
    pub(crate) credentials: Option<(&'a Credentials, &'a [U32])>,
    /// What goes back to memory ([`crate::migration::marshal::unpack`]).
    pub(crate) data: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Takes a reply apart.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if no deputy answers so.
    pub(crate) fn decode(msg: &'a [u8], data: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(msg);
        let head: &Head = reader.take()?;
        let flags = head.flags.get();
        ensure(head.id.get() != 0 && flags & !flag::ALL == 0)?;
        ensure(head.signals.get() <= SIGNALS_MAX)?;
        // What was not made has neither result nor effect.
        let is_made = flags & flag::HOME == 0;
        let only_signals = flags & (flag::REGULAR | flag::CREDENTIALS) == 0;
        ensure(is_made || (head.result.get() == 0 && data.is_empty() && only_signals))?;
        let count = usize::try_from(head.signals.get()).map_err(|_| Malformed)?;
        let (signals, rest) =
            <[Pending]>::ref_from_prefix_with_elems(reader.rest(), count).map_err(|_| Malformed)?;
        ensure(signals.iter().all(|signal| signal.check().is_ok()))?;
        let credentials = if flags & flag::CREDENTIALS != 0 {
            Some(Credentials::decode(rest).map_err(|_| Malformed)?)
        } else {
            ensure(rest.is_empty())?;
            None
        };
        Ok(Self {
            head,
            signals,
            credentials,
            data,
        })
    }
}
