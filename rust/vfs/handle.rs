// SPDX-License-Identifier: GPL-2.0

//! Names of objects that outlive memory, as file systems make them for file servers.
//!
//! C headers: [`include/linux/exportfs.h`](srctree/include/linux/exportfs.h)

use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

use super::{
    cred::with_kernel,
    path::Path, //
};
use crate::linux::{
    bindings,
    errno::*, //
};

/// `FILEID_INVALID`: there is no handle.
const FILEID_INVALID: c_int = 0xff;
/// A handle is a number of words.
const WORD: usize = 4;

/// Aligned as file systems want it.
#[repr(C, align(8))]
struct Aligned<const BYTES: usize>([u8; BYTES]);

/// A handle of at most `BYTES` bytes, which have to be a multiple of 4.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileHandle<const BYTES: usize> {
    /// How it is to be read: `fid_type`.
    pub(crate) kind: u8,
    /// How many bytes count, a multiple of 4; the others are 0.
    pub(crate) len: u8,
    /// The handle.
    pub(crate) bytes: [u8; BYTES],
}

/// # Safety
///
/// None: it looks at nothing. Only C's type asks for it.
unsafe extern "C" fn accept_any(_: *mut c_void, _: *mut bindings::dentry) -> c_int {
    1
}

impl Path {
    /// Whether the file system finds objects again by their handles.
    pub(crate) fn can_decode(&self) -> bool {
        // SAFETY: The super block is alive as long as the path.
        unsafe { bindings::mosix_exportfs_may_export(self.super_block().as_ptr()) }
    }

    /// The handle of this object; `None` if the file system has none for it that would fit.
    ///
    /// # Errors
    ///
    /// The file system's own.
    pub(crate) fn encode_fh<const BYTES: usize>(&self) -> Result<Option<FileHandle<BYTES>>> {
        let mut bytes = Aligned([0; BYTES]);
        let mut words = (BYTES / WORD) as c_int;
        // SAFETY: The dentry is alive and positive; there is room for so many words.
        let kind = unsafe {
            bindings::exportfs_encode_fh(self.dentry(), (&raw mut bytes).cast(), &mut words, 0)
        };
        if kind < 0 && kind != EOVERFLOW.to_errno() {
            return Err(Error::from_errno(kind));
        }
        let len = usize::try_from(words)
            .ok()
            .and_then(|words| words.checked_mul(WORD));
        match (u8::try_from(kind), len) {
            (Ok(kind), Some(len)) if c_int::from(kind) != FILEID_INVALID && len <= BYTES => {
                let mut bytes = bytes.0;
                bytes.iter_mut().skip(len).for_each(|byte| *byte = 0);
                let len = len as u8;
                Ok(Some(FileHandle { kind, len, bytes }))
            }
            _ => Ok(None),
        }
    }

    /// The object that has that handle on the file system of this one, as seen through this mount.
    /// Directories are connected to the root.
    ///
    /// # Errors
    ///
    /// `ESTALE` if there is none any more; `ENOMEM`.
    pub(crate) fn decode_fh<const BYTES: usize>(&self, fh: &FileHandle<BYTES>) -> Result<Path> {
        if usize::from(fh.len) > BYTES || !self.can_decode() {
            return Err(errno(ESTALE));
        }
        let mut bytes = Aligned(fh.bytes);
        // Finding it again may take lookups above it, which the caller need not be allowed to do.
        // SAFETY: The mount is alive; the handle is readable for so many words and aligned, and file
        // systems take any bytes; the callback takes whatever it is given.
        let dentry = from_err_ptr(with_kernel(|| unsafe {
            bindings::exportfs_decode_fh(
                self.mnt(),
                (&raw mut bytes).cast(),
                (usize::from(fh.len) / WORD) as c_int,
                fh.kind.into(),
                Some(accept_any),
                core::ptr::null_mut(),
            )
        }))?;
        // SAFETY: Not an error, so it is a dentry whose reference is ours, or NULL.
        if dentry.is_null() || unsafe { (*dentry).d_inode.is_null() } {
            // SAFETY: As above; `dput` takes NULL.
            unsafe { bindings::dput(dentry) };
            return Err(errno(ESTALE));
        }
        // SAFETY: The mount is alive. With the new reference to it, both are ours, and the dentry was
        // just seen to be positive.
        unsafe {
            let mnt = bindings::mntget(self.mnt());
            Ok(Path::from_raw(bindings::path { mnt, dentry }))
        }
    }
}
