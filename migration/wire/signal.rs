// SPDX-License-Identifier: GPL-2.0

//! Signals on the way, and what home has to know of them.

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

use crate::migration::image::signals::{
    bit,
    Pending,
    ACTION_FLAGS,
    UNBLOCKABLE, //
};

/// Whether a program can have blocked these signals.
pub(crate) const fn is_mask(mask: u64) -> bool {
    mask & UNBLOCKABLE == 0
}

/// What is done with a signal.
pub(crate) mod disposition {
    /// `SIG_DFL`.
    pub(crate) const DEFAULT: u32 = 0;
    /// `SIG_IGN`.
    pub(crate) const IGNORED: u32 = 1;
    /// A handler runs, at the body.
    pub(crate) const HANDLED: u32 = 2;
}

/// What is done with a signal, as far as home has to know.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Disposition {
    /// Which.
    pub(crate) signal: U32,
    /// [`disposition`].
    pub(crate) disposition: U32,
    /// [`ACTION_FLAGS`].
    pub(crate) flags: U64,
    /// What its handler blocks.
    pub(crate) mask: U64,
}

impl Disposition {
    /// Whether `sigaction` can have set it.
    pub(crate) fn is_sound(&self) -> bool {
        let signal = self.signal.get();
        (1..=64).contains(&signal)
            && bit(signal) & UNBLOCKABLE == 0
            && self.disposition.get() <= disposition::HANDLED
            && self.flags.get() & !ACTION_FLAGS == 0
            && is_mask(self.mask.get())
    }
}

/// What is blocked.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Mask {
    /// The mask.
    pub(crate) mask: U64,
}

/// A signal that home has taken for the program.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Signal {
    /// It, and whether it was for the process or the thread.
    pub(crate) pending: Pending,
}

impl Signal {
    /// Whether it is one that can be forwarded.
    pub(crate) fn is_sound(&self) -> bool {
        self.pending.check().is_ok()
    }
}
