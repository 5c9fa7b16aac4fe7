// SPDX-License-Identifier: GPL-2.0

//! Extended attributes, access control lists among them.
//!
//! C headers: [`include/linux/xattr.h`](srctree/include/linux/xattr.h),
//! [`include/linux/posix_acl_xattr.h`](srctree/include/linux/posix_acl_xattr.h)

use core::ptr::NonNull;

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};

use super::{
    namespace::WriteAccess,
    path::Path, //
};
use crate::linux::{
    bindings,
    errno::*, //
};

/// Longest name of an attribute, in bytes.
const NAME_MAX: usize = bindings::XATTR_NAME_MAX as usize;

/// Name of an attribute.
///
/// # Invariants
///
/// The first `NAME_MAX` bytes have no 0 in front of one that is not, and the last byte is 0.
pub(crate) struct XattrName([u8; NAME_MAX + 1]);

impl XattrName {
    /// The name `name`.
    ///
    /// # Errors
    ///
    /// `ERANGE` if it is empty or too long, `EINVAL` if there is a NUL in it.
    pub(crate) fn new(name: &[u8]) -> Result<Self> {
        let mut bytes = [0; NAME_MAX + 1];
        if name.is_empty() || name.len() > NAME_MAX {
            return Err(ERANGE);
        }
        if name.contains(&0) {
            return Err(EINVAL);
        }
        bytes
            .get_mut(..name.len())
            .ok_or(ERANGE)?
            .copy_from_slice(name);
        // INVARIANT: Checked above.
        Ok(Self(bytes))
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    /// Whether it stands for an access control list, which the VFS keeps in a form of its own.
    fn is_acl(&self) -> bool {
        // SAFETY: By the invariant it is a string.
        unsafe { bindings::mosix_is_posix_acl_xattr(self.as_ptr()) }
    }
}

/// An access control list in the form of the VFS.
///
/// # Invariants
///
/// `acl` is valid or NULL (no list), and this owns a reference to it.
struct Acl(*mut bindings::posix_acl);

impl Drop for Acl {
    fn drop(&mut self) {
        // SAFETY: By the invariant the reference is ours; the function takes NULL.
        unsafe { bindings::mosix_posix_acl_release(self.0) };
    }
}

/// The form of a list that attributes have.
struct AclValue(NonNull<u8>, usize);

impl Drop for AclValue {
    fn drop(&mut self) {
        // SAFETY: It came from the allocator of `kfree` and is ours.
        unsafe { bindings::kfree(self.0.as_ptr().cast()) };
    }
}

/// The size that a C function gave.
fn size(got: isize) -> Result<usize> {
    usize::try_from(got).map_err(|_| Error::from_errno(got as c_int))
}

/// Where C functions write to: NULL, with which they only give the size, if there is no room.
fn place(room: &mut [u8]) -> *mut u8 {
    if room.is_empty() {
        core::ptr::null_mut()
    } else {
        room.as_mut_ptr()
    }
}

impl Path {
    /// Puts the value of an attribute into `room` and gives its size; if there is no room at all, only the
    /// size.
    ///
    /// # Errors
    ///
    /// `ENODATA` if there is none of that name, `ERANGE` if there is some room, but not enough,
    /// `EOPNOTSUPP`, and the file system's own.
    pub(crate) fn getxattr(&self, name: &XattrName, room: &mut [u8]) -> Result<usize> {
        if name.is_acl() {
            return self.get_acl(name, room);
        }
        // SAFETY: The dentry is alive and positive, the name is a string, and there is that much room.
        size(unsafe {
            bindings::vfs_getxattr(
                self.idmap(),
                self.dentry(),
                name.as_ptr(),
                place(room).cast(),
                room.len(),
            )
        })
    }

    /// Whether the mount gives objects other owners than the file system does. Lists of such mounts are
    /// not translated.
    fn has_foreign_owners(&self) -> bool {
        // SAFETY: The mount is alive.
        unsafe { bindings::mosix_is_idmapped_mnt(self.mnt()) }
    }

    fn get_acl(&self, name: &XattrName, room: &mut [u8]) -> Result<usize> {
        if self.has_foreign_owners() {
            return Err(errno(EOPNOTSUPP));
        }
        // SAFETY: The dentry is alive and positive, the name is that of a list.
        let acl = Acl(from_err_ptr(unsafe {
            bindings::vfs_get_acl(self.idmap(), self.dentry(), name.as_ptr())
        })?);
        if acl.0.is_null() {
            return Err(errno(ENODATA));
        }
        let mut size = 0;
        // SAFETY: The list is alive. Numbers of users are those of the initial namespace, which is there
        // for ever. What comes back is ours.
        let text = unsafe {
            bindings::posix_acl_to_xattr(
                &raw mut bindings::init_user_ns,
                acl.0,
                &mut size,
                bindings::GFP_KERNEL,
            )
        };
        let text = AclValue(NonNull::new(text.cast()).ok_or(ENOMEM)?, size);
        if room.is_empty() {
            return Ok(text.1);
        }
        let to = room.get_mut(..text.1).ok_or(ERANGE)?;
        // SAFETY: `text` has as many bytes.
        to.copy_from_slice(unsafe { core::slice::from_raw_parts(text.0.as_ptr(), text.1) });
        Ok(text.1)
    }

    /// Sets an attribute; `flags` are `XATTR_CREATE` and `XATTR_REPLACE`.
    ///
    /// # Errors
    ///
    /// As `setxattr()`.
    pub(crate) fn setxattr(&self, name: &XattrName, value: &[u8], flags: u32) -> Result {
        let _write = WriteAccess::get(self)?;
        if name.is_acl() {
            return self.set_acl(name, value);
        }
        let flags = c_int::try_from(flags).map_err(|_| EINVAL)?;
        // SAFETY: The dentry is alive and positive, the name is a string, the value is readable.
        to_result(unsafe {
            bindings::vfs_setxattr(
                self.idmap(),
                self.dentry(),
                name.as_ptr(),
                value.as_ptr().cast(),
                value.len(),
                flags,
            )
        })
    }

    fn set_acl(&self, name: &XattrName, value: &[u8]) -> Result {
        if self.has_foreign_owners() {
            return Err(errno(EOPNOTSUPP));
        }
        let acl = if value.is_empty() {
            core::ptr::null_mut()
        } else {
            // SAFETY: The value is readable, and may be any bytes.
            from_err_ptr(unsafe {
                bindings::posix_acl_from_xattr(
                    &raw mut bindings::init_user_ns,
                    value.as_ptr().cast(),
                    value.len(),
                )
            })?
        };
        // INVARIANT: It is NULL, or the reference is ours.
        let acl = Acl(acl);
        // SAFETY: The dentry is alive and positive, the name is that of a list.
        to_result(unsafe {
            bindings::vfs_set_acl(self.idmap(), self.dentry(), name.as_ptr(), acl.0)
        })
    }

    /// Puts the names of the attributes, each with a NUL behind it, into `room`, and gives their size; if
    /// there is no room at all, only the size.
    ///
    /// # Errors
    ///
    /// `ERANGE` if there is some room, but not enough, and the file system's own.
    pub(crate) fn listxattr(&self, room: &mut [u8]) -> Result<usize> {
        // SAFETY: The dentry is alive and positive, and there is that much room.
        size(unsafe { bindings::vfs_listxattr(self.dentry(), place(room).cast(), room.len()) })
    }

    /// Removes an attribute.
    ///
    /// # Errors
    ///
    /// As `removexattr()`.
    pub(crate) fn removexattr(&self, name: &XattrName) -> Result {
        let _write = WriteAccess::get(self)?;
        // SAFETY: The dentry is alive and positive, and the name is a string.
        to_result(unsafe {
            if name.is_acl() {
                bindings::vfs_remove_acl(self.idmap(), self.dentry(), name.as_ptr())
            } else {
                bindings::vfs_removexattr(self.idmap(), self.dentry(), name.as_ptr())
            }
        })
    }
}
