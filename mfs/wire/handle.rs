// SPDX-License-Identifier: GPL-2.0

//! Names of objects and of open files.

use zerocopy::little_endian::{
    U16,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::message::{
    ensure,
    Malformed, //
};

/// Bytes of a file system's own handle that fit; an object of a file system with longer ones is pinned.
pub(crate) const FH_MAX: usize = 48;

/// Name of an object of the server, made by the server and opaque to everybody else.
///
/// It is good as long as the server is up; afterwards, and when the object is gone, it is answered with
/// `ESTALE`. Nobody can make one up: the tag is a keyed MAC over the rest, and the key is the server's
/// own and a new one each time it joins.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Handle {
    /// SipHash-2-4 over the rest under the server's key.
    pub(crate) tag: U64,
    /// Which of the server's mounts it is on.
    pub(crate) mount: U16,
    /// As `fh_type` of exportfs; [`Self::PINNED`] if the server holds the object in memory, [`Self::ROOT`]
    /// if it is the root of the mount.
    pub(crate) fh_type: u8,
    /// Bytes of `fh` in use, the others are 0.
    pub(crate) fh_len: u8,
    /// How the server exports it: its own business.
    pub(crate) access: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 3],
    /// The file system's handle, or the number of a pin.
    pub(crate) fh: [u8; FH_MAX],
}

impl Handle {
    /// `fh_type` of the root of a mount.
    pub(crate) const ROOT: u8 = 0xfd;

    /// `fh_type` of a pinned object.
    pub(crate) const PINNED: u8 = 0xfe;

    /// Names nothing.
    pub(crate) const NONE: Self = Self {
        tag: U64::ZERO,
        mount: U16::ZERO,
        fh_type: 0,
        fh_len: 0,
        access: 0,
        reserved: [0; 3],
        fh: [0; FH_MAX],
    };

    /// Whether it names nothing.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Itself, if it is formed as a server makes them.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it names nothing or no server can have made it.
    pub(crate) fn some(&self) -> Result<&Self, Malformed> {
        let (_, unused) = self
            .fh
            .split_at_checked(usize::from(self.fh_len))
            .ok_or(Malformed)?;
        let clean = self.reserved == [0; 3] && unused.iter().all(|byte| *byte == 0);
        ensure(clean && !self.is_none())?;
        Ok(self)
    }
}

/// Number of an open file of the server, from an [`super::file::Opened`]; good within the session. 0 is
/// no file.
pub(crate) type OpenId = U64;
