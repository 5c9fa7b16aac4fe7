// SPDX-License-Identifier: GPL-2.0

//! Extended attributes, and access control lists, which are kept in them.
//!
//! C headers: [`include/linux/xattr.h`](srctree/include/linux/xattr.h),
//! [`include/linux/posix_acl_xattr.h`](srctree/include/linux/posix_acl_xattr.h)

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr, //
};

use kernel::{
    error::{
        from_err_ptr,
        from_result, //
    },
    prelude::*, //
};

use super::{
    FileSystem,
    INode, //
};
use crate::linux::{
    bindings,
    errno::*, //
};

/// What is done with attributes. Names are whole, with their prefix.
pub(crate) trait Operations: 'static {
    /// Whose they are.
    type FileSystem: FileSystem;
    /// A value.
    type Value: Deref<Target = [u8]>;

    /// How long the value is, and the value, if that is not longer than `room`. If `room` is 0 the value is
    /// not looked at.
    ///
    /// # Errors
    ///
    /// `ERANGE` if it does not fit, `ENODATA` if there is none.
    fn get(
        inode: &INode<Self::FileSystem>,
        name: &[u8],
        room: usize,
    ) -> Result<(usize, Self::Value)>;

    /// Sets or, without a value, removes it. `flags` are of `setxattr`.
    fn set(
        inode: &INode<Self::FileSystem>,
        name: &[u8],
        value: Option<&[u8]>,
        flags: u32,
    ) -> Result;
}

/// Longest value, as the kernel has it.
const SIZE_MAX: usize = bindings::XATTR_SIZE_MAX as usize;

/// The handlers of a file system.
pub(crate) struct Handlers<T: FileSystem> {
    handlers: &'static [*const bindings::xattr_handler],
    _type: PhantomData<T>,
}

impl<T: FileSystem> Handlers<T> {
    /// Those that ask `U`.
    pub(crate) const fn new<U: Operations<FileSystem = T>>() -> Self {
        Self {
            handlers: Table::<U>::HANDLERS,
            _type: PhantomData,
        }
    }

    /// As a super block has them.
    pub(super) const fn as_ptr(&self) -> *const *const bindings::xattr_handler {
        self.handlers.as_ptr()
    }
}

struct Table<U: Operations>(PhantomData<U>);

impl<U: Operations> Table<U> {
    const fn handler(prefix: &'static CStr) -> bindings::xattr_handler {
        bindings::xattr_handler {
            prefix: prefix.to_bytes_with_nul().as_ptr().cast(),
            get: Some(Self::get),
            set: Some(Self::set),
            ..pin_init::zeroed()
        }
    }

    const USER: bindings::xattr_handler = Self::handler(c"user.");
    const TRUSTED: bindings::xattr_handler = Self::handler(c"trusted.");
    const SECURITY: bindings::xattr_handler = Self::handler(c"security.");

    const HANDLERS: &'static [*const bindings::xattr_handler] =
        &[&Self::USER, &Self::TRUSTED, &Self::SECURITY, ptr::null()];

    /// # Safety
    ///
    /// `name` is what a handler of this table was called with.
    unsafe fn full_name<'a>(
        handler: *const bindings::xattr_handler,
        name: *const c_char,
    ) -> &'a [u8] {
        // SAFETY: The name that a handler gets is the end of a string that begins with the prefix.
        unsafe { CStr::from_char_ptr(bindings::xattr_full_name(handler, name)) }.to_bytes()
    }

    /// # Safety
    ///
    /// Called by the VFS only, for an inode of `U`'s file system, with room for `size` bytes.
    unsafe extern "C" fn get(
        handler: *const bindings::xattr_handler,
        _: *mut bindings::dentry,
        inode: *mut bindings::inode,
        name: *const c_char,
        buffer: *mut c_void,
        size: usize,
    ) -> c_int {
        from_result(|| {
            let room = if buffer.is_null() { 0 } else { size };
            // SAFETY: By this function's contract.
            let (inode, name) = unsafe { (INode::from_raw(inode), Self::full_name(handler, name)) };
            let (size, value) = U::get(inode, name, room.min(SIZE_MAX))?;
            if room != 0 {
                if value.len() > room {
                    return Err(ERANGE);
                }
                // SAFETY: There is room for it, and the value is memory of its own.
                unsafe {
                    ptr::copy_nonoverlapping(value.as_ptr(), buffer.cast::<u8>(), value.len())
                };
            }
            c_int::try_from(size).map_err(|_| E2BIG)
        })
    }

    /// # Safety
    ///
    /// Called by the VFS only, for an inode of `U`'s file system; `value` is null, to remove it, or has
    /// `size` bytes.
    unsafe extern "C" fn set(
        handler: *const bindings::xattr_handler,
        _: *mut bindings::mnt_idmap,
        _: *mut bindings::dentry,
        inode: *mut bindings::inode,
        name: *const c_char,
        value: *const c_void,
        size: usize,
        flags: c_int,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By this function's contract.
            let (inode, name, value) = unsafe {
                let value = (!value.is_null()).then(|| bytes(value, size));
                (
                    INode::from_raw(inode),
                    Self::full_name(handler, name),
                    value,
                )
            };
            U::set(inode, name, value, flags as u32).map(|()| 0)
        })
    }
}

/// # Safety
///
/// There are `size` bytes at `value`, which nobody changes during `'a`.
unsafe fn bytes<'a>(value: *const c_void, size: usize) -> &'a [u8] {
    // SAFETY: By this function's contract.
    unsafe { core::slice::from_raw_parts(value.cast(), size) }
}

/// Name of the attribute in which an access control list of the type is kept.
fn acl_name(kind: c_int) -> Result<&'static [u8]> {
    match u32::try_from(kind) {
        Ok(bindings::MOSIX_CONST_ACL_TYPE_ACCESS) => Ok(b"system.posix_acl_access"),
        Ok(bindings::MOSIX_CONST_ACL_TYPE_DEFAULT) => Ok(b"system.posix_acl_default"),
        _ => Err(EINVAL),
    }
}

/// The access control list of `inode`; null for none. Lists are not kept here.
pub(super) fn get_acl<U: Operations>(
    inode: &INode<U::FileSystem>,
    kind: c_int,
) -> Result<*mut bindings::posix_acl> {
    let (_, value) = match U::get(inode, acl_name(kind)?, SIZE_MAX) {
        Ok(found) => found,
        Err(error) if error == errno(ENODATA) => return Ok(ptr::null_mut()),
        Err(error) => return Err(error),
    };
    // SAFETY: The value is alive; it is checked by the function.
    from_err_ptr(unsafe {
        bindings::mosix_posix_acl_from_xattr(value.as_ptr().cast(), value.len())
    })
}

/// Sets or, if `acl` is null, removes the access control list of `inode`.
///
/// # Safety
///
/// `acl` is null or valid.
pub(super) unsafe fn set_acl<U: Operations>(
    inode: &INode<U::FileSystem>,
    acl: *const bindings::posix_acl,
    kind: c_int,
) -> Result {
    let name = acl_name(kind)?;
    if acl.is_null() {
        return match U::set(inode, name, None, 0) {
            Err(error) if error == errno(ENODATA) => Ok(()),
            other => other,
        };
    }
    let mut size = 0;
    // SAFETY: By this function's contract; the result is memory of `size` bytes that is ours to free.
    unsafe {
        let value = bindings::mosix_posix_acl_to_xattr(acl, &raw mut size);
        if value.is_null() {
            return Err(ENOMEM);
        }
        let set = U::set(inode, name, Some(bytes(value, size)), 0);
        bindings::kfree(value);
        set
    }
}
