// SPDX-License-Identifier: GPL-2.0

//! Contents of memory.

use zerocopy::{
    little_endian::{
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

use super::invalid::{
    ensure,
    Bounds,
    Invalid, //
};

/// Pages in a row. Their contents are in the data of the frame, one run's behind the other's. Runs of a
/// chunk come in the order of their addresses; a later chunk may bring a page again, and then counts.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Run {
    /// Address of the first.
    pub(crate) start: U64,
    /// How many.
    pub(crate) pages: U32,
    /// Always 0.
    pub(crate) reserved: U32,
}

impl Run {
    /// Bytes of its contents.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.pages.get()) * Bounds::PAGE
    }
}

/// Takes the runs of a chunk whose frame had `data` bytes of data: the runs and how many pages they are.
/// That each run lies in a mapping is for who knows the mappings ([`super::check::in_mappings`]).
///
/// # Errors
///
/// [`Invalid`] if they are not in order, leave user space or are not just as much as the data.
pub(crate) fn decode<'a>(
    body: &'a [u8],
    data: usize,
    bounds: &Bounds,
) -> Result<(&'a [Run], u64), Invalid> {
    let runs = <[Run]>::ref_from_bytes(body).map_err(|_| Invalid("runs of pages are cut short"))?;
    let (mut end, mut total) = (0, 0_u64);
    for run in runs {
        let start = run.start.get();
        let behind = start.saturating_add(run.bytes());
        ensure(
            run.reserved.get() == 0 && bounds.is_mappable(start, behind) && start >= end,
            "the place of pages",
        )?;
        end = behind;
        total = total.saturating_add(run.bytes());
    }
    ensure(
        u64::try_from(data).is_ok_and(|data| data == total),
        "not as much data as pages",
    )?;
    Ok((runs, total / Bounds::PAGE))
}
