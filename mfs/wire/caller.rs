// SPDX-License-Identifier: GPL-2.0

//! On whose behalf a request is.

use zerocopy::{
    little_endian::{
        U16,
        U32,
        U64, //
    },
    FromBytes as _,
    IntoBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::message::Malformed;

/// Supplementary groups that a caller can have on the way; who has more is refused by its own node.
pub(crate) const GROUPS_MAX: usize = 4096;

/// Head of every request. The groups (`U32` each) follow.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Head {
    /// `fsuid`, in the initial user namespace.
    pub(crate) uid: U32,
    /// `fsgid`, likewise.
    pub(crate) gid: U32,
    /// The effective capabilities that concern files, as a mask of `1 << CAP_x`; the server takes those
    /// that its policy leaves.
    pub(crate) caps: U64,
    /// Bits that are not set in the mode of what is created.
    pub(crate) umask: U16,
    /// How many groups follow.
    pub(crate) groups: U16,
}

/// A caller in a message: borrowed from it.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// Who it is.
    pub(crate) head: &'a Head,
    /// Its supplementary groups.
    pub(crate) groups: &'a [U32],
}

impl<'a> Caller<'a> {
    /// The caller at the start of a message, and the rest.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is cut short or has too many groups.
    pub(crate) fn decode(msg: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let (head, rest) = Head::ref_from_prefix(msg).map_err(|_| Malformed)?;
        let count = usize::from(head.groups.get());
        if count > GROUPS_MAX {
            return Err(Malformed);
        }
        let (groups, rest) =
            <[U32]>::ref_from_prefix_with_elems(rest, count).map_err(|_| Malformed)?;
        Ok((Self { head, groups }, rest))
    }

    /// The bytes of it, in two parts.
    pub(crate) fn parts(&self) -> [&'a [u8]; 2] {
        [self.head.as_bytes(), self.groups.as_bytes()]
    }
}
