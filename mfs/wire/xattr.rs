// SPDX-License-Identifier: GPL-2.0

//! Extended attributes.

use zerocopy::little_endian::{
    U16,
    U32, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    handle::Handle,
    message::{
        ensure,
        Malformed, //
    },
    name::NAME_MAX, //
};

/// Largest value, and longest list of names, in bytes.
pub(crate) const SIZE_MAX: u32 = 65536;

/// Checks the name of an attribute: not empty, not too long, without NUL.
///
/// # Errors
///
/// [`Malformed`].
pub(crate) fn check_name(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let fits = (1..=NAME_MAX).contains(&bytes.len());
    ensure(fits && !bytes.contains(&0))?;
    Ok(bytes)
}

/// Asks for a value; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct GetXattr {
    /// Of what.
    pub(crate) object: Handle,
    /// Bytes that the client has room for, [`SIZE_MAX`] at most; 0 to ask for the size.
    pub(crate) room: U32,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Sets a value; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SetXattr {
    /// Of what.
    pub(crate) object: Handle,
    /// `XATTR_CREATE` 1, `XATTR_REPLACE` 2.
    pub(crate) flags: U32,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Asks for the names.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ListXattr {
    /// Of what.
    pub(crate) object: Handle,
    /// As in [`GetXattr`].
    pub(crate) room: U32,
}

/// Removes one; the name follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct RemoveXattr {
    /// Of what.
    pub(crate) object: Handle,
    /// Bytes of the name.
    pub(crate) name_len: U16,
}

/// Size of what was asked for, whether it is there as data or not.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct XattrSize {
    /// In bytes.
    pub(crate) size: U32,
}
