// SPDX-License-Identifier: GPL-2.0

//! Names of directory entries.
//!
//! C headers: [`include/linux/dcache.h`](srctree/include/linux/dcache.h)

use kernel::prelude::*;

use crate::linux::{
    bindings,
    errno::*, //
};

/// Longest name, in bytes.
const NAME_MAX: usize = bindings::NAME_MAX as usize;

/// Name of one entry of a directory.
///
/// # Invariants
///
/// `bytes[..len]` has 1 to `NAME_MAX` bytes, none of them 0 or a slash, and is neither `.` nor `..`; all
/// bytes behind it are 0.
pub(crate) struct Name {
    bytes: [u8; NAME_MAX + 1],
    len: u8,
}

impl Name {
    /// The name `name`.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG`; `EINVAL` for what cannot be the name of an entry.
    pub(crate) fn new(name: &[u8]) -> Result<Self> {
        let len = u8::try_from(name.len()).map_err(|_| errno(ENAMETOOLONG))?;
        let plain = !name.iter().any(|byte| matches!(byte, 0 | b'/'));
        if len == 0 || !plain || matches!(name, b"." | b"..") {
            return Err(EINVAL);
        }
        let mut bytes = [0; NAME_MAX + 1];
        bytes
            .get_mut(..name.len())
            .ok_or(errno(ENAMETOOLONG))?
            .copy_from_slice(name);
        // INVARIANT: All of it was checked above; NAME_MAX is the largest `u8`.
        Ok(Self { bytes, len })
    }

    /// The name.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The name with a NUL behind it.
    pub(super) fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }

    /// The name as the directory cache takes it; good as long as `self`.
    pub(super) fn qstr(&self) -> bindings::qstr {
        let mut qstr = bindings::qstr::default();
        // The length is in the upper half, and the hash, in the lower one, is made by the lookup.
        qstr.__bindgen_anon_1.hash_len = u64::from(self.len) << 32;
        qstr.name = self.bytes.as_ptr();
        qstr
    }
}
