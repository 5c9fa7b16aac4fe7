// SPDX-License-Identifier: GPL-2.0

//! Resource limits.

use zerocopy::little_endian::U64;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::invalid::{
    ensure,
    Invalid, //
};

/// `RLIM_NLIMITS`.
pub(crate) const COUNT: usize = 16;

/// A limit (`struct rlimit`); all ones for none.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Limit {
    /// What counts.
    pub(crate) current: U64,
    /// How far the process may raise it.
    pub(crate) max: U64,
}

/// The limits in the order of `RLIMIT_*`.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Limits {
    /// `RLIMIT_CPU` first.
    pub(crate) limits: [Limit; COUNT],
}

impl Limits {
    /// # Errors
    ///
    /// [`Invalid`] if a limit is higher than its maximum.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let mut limits = self.limits.iter();
        ensure(
            limits.all(|limit| limit.current.get() <= limit.max.get()),
            "a resource limit",
        )
    }
}
