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

use super::{
    message::{
        ensure,
        Malformed, //
    },
    trail::Trail, //
};

/// Supplementary groups that a caller can have on the way; who has more is refused by its own node.
pub(crate) const GROUPS_MAX: usize = 4096;

/// Head of every request. The groups (`U32` each) follow, then the [`Trail`].
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
    /// Bits that are not set in the mode of what is created: permissions without the sticky and its like.
    pub(crate) umask: U16,
    /// How many groups follow.
    pub(crate) groups: U16,
    /// How many bytes of the trail follow behind them.
    pub(crate) trail: U16,
}

/// A caller in a message: borrowed from it.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// Who it is.
    pub(crate) head: &'a Head,
    /// Its supplementary groups.
    pub(crate) groups: &'a [U32],
}

/// Head of requests that a node makes of its own accord.
static NOBODY: Head = Head {
    uid: U32::new(65534),
    gid: U32::new(65534),
    caps: U64::ZERO,
    umask: U16::ZERO,
    groups: U16::ZERO,
    trail: U16::ZERO,
};

impl<'a> Caller<'a> {
    /// Nobody: for what a node asks of its own accord, such as closing.
    pub(crate) const NOBODY: Self = Self {
        head: &NOBODY,
        groups: &[],
    };

    /// The caller at the start of a message, the trail of its path, and the rest.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is cut short or has too many groups.
    pub(crate) fn decode(msg: &'a [u8]) -> Result<(Self, Trail<'a>, &'a [u8]), Malformed> {
        let (head, rest) = Head::ref_from_prefix(msg).map_err(|_| Malformed)?;
        let count = usize::from(head.groups.get());
        ensure(count <= GROUPS_MAX && head.umask.get() & !0o777 == 0)?;
        let (groups, rest) =
            <[U32]>::ref_from_prefix_with_elems(rest, count).map_err(|_| Malformed)?;
        let mut ids = [head.uid, head.gid]
            .into_iter()
            .chain(groups.iter().copied());
        // The highest number stands for no user and no group.
        ensure(ids.all(|id| id.get() != u32::MAX))?;
        let (trail, rest) = rest
            .split_at_checked(usize::from(head.trail.get()))
            .ok_or(Malformed)?;
        Ok((Self { head, groups }, Trail::decode(trail)?, rest))
    }

    /// The bytes of it, in two parts.
    pub(crate) fn parts(&self) -> [&'a [u8]; 2] {
        [self.head.as_bytes(), self.groups.as_bytes()]
    }
}
