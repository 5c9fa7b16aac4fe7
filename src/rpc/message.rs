// SPDX-License-Identifier: GPL-2.0

//! Taking messages apart.

use zerocopy::{
    FromBytes,
    Immutable,
    KnownLayout,
    Unaligned, //
};

/// A message that is not what its kind promises: answered with `EPROTO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads a message from its start to its end.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of `msg`.
    pub(crate) const fn new(msg: &'a [u8]) -> Self {
        Self(msg)
    }

    /// The next struct.
    pub(crate) fn take<T>(&mut self) -> Result<&'a T, Malformed>
    where
        T: FromBytes + Immutable + KnownLayout + Unaligned,
    {
        let (value, rest) = T::ref_from_prefix(self.0).map_err(|_| Malformed)?;
        self.0 = rest;
        Ok(value)
    }

    /// The next `len` bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// What is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Whether it is well formed.
pub(crate) const fn ensure(well_formed: bool) -> Result<(), Malformed> {
    if well_formed {
        Ok(())
    } else {
        Err(Malformed)
    }
}

/// A message that is one struct.
pub(crate) fn only<T>(msg: &[u8]) -> Result<&T, Malformed>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    T::ref_from_bytes(msg).map_err(|_| Malformed)
}
