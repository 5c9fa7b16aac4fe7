// SPDX-License-Identifier: GPL-2.0

//! The table of inode operations that the VFS calls.
//!
//! Every function here is called by the VFS only, with inodes and dentries of the file system's type
//! that live during the call, and with the locks that `Documentation/filesystems/locking.rst` names:
//! names do not change meanwhile. That is what the `SAFETY` comments mean by "the VFS's contract".

use core::{
    ffi::CStr,
    marker::PhantomData,
    ptr, //
};

use kernel::{
    error::{
        from_result,
        to_result, //
    },
    prelude::*, //
};

use super::{
    err_ptr,
    splice,
    AtomicOpen,
    INode,
    LookupFlags,
    Operations, //
};
use crate::linux::{
    bindings,
    bytes,
    fs::{
        attr::{
            kind,
            Change,
            PERMISSIONS, //
        },
        dentry::DEntry,
        file::File,
        xattr,
        FileSystem, //
    }, //
};

/// What the inodes of one type do: a table made from an [`Operations`].
pub(crate) struct Ops<T: FileSystem>(&'static bindings::inode_operations, PhantomData<T>);

impl<T: FileSystem> Ops<T> {
    /// The table of `U`.
    pub(crate) const fn new<U: Operations<FileSystem = T>>() -> Self {
        Self(&Table::<U>::OPS, PhantomData)
    }

    /// The C table.
    pub(super) fn as_ptr(&self) -> *const bindings::inode_operations {
        self.0
    }
}

struct Table<U>(PhantomData<U>);

type Fs<U> = <U as Operations>::FileSystem;

/// `function` if `has`.
macro_rules! given {
    ($has:ident, $function:ident) => {
        if U::$has {
            Some(Self::$function)
        } else {
            None
        }
    };
}

impl<U: Operations> Table<U> {
    const OPS: bindings::inode_operations = bindings::inode_operations {
        lookup: given!(HAS_LOOKUP, lookup),
        get_link: given!(HAS_GET_LINK, get_link),
        permission: given!(HAS_PERMISSION, permission),
        create: given!(HAS_MKNOD, create),
        link: given!(HAS_LINK, link),
        unlink: given!(HAS_UNLINK, unlink),
        symlink: given!(HAS_SYMLINK, symlink),
        mkdir: given!(HAS_MKNOD, mkdir),
        rmdir: given!(HAS_RMDIR, rmdir),
        mknod: given!(HAS_MKNOD, mknod),
        rename: given!(HAS_RENAME, rename),
        setattr: given!(HAS_SETATTR, setattr),
        getattr: given!(HAS_GETATTR, getattr),
        listxattr: given!(HAS_LISTXATTR, listxattr),
        get_acl: Some(Self::get_acl),
        set_acl: Some(Self::set_acl),
        atomic_open: given!(HAS_ATOMIC_OPEN, atomic_open),
        tmpfile: given!(HAS_TMPFILE, tmpfile),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// See the module.
    unsafe fn inode<'a>(inode: *mut bindings::inode) -> &'a INode<Fs<U>> {
        // SAFETY: By the VFS's contract; an inode with operations is in a live slot.
        unsafe { INode::from_raw(inode) }
    }

    /// # Safety
    ///
    /// See the module.
    unsafe fn dentry<'a>(dentry: *mut bindings::dentry) -> &'a DEntry<Fs<U>> {
        // SAFETY: By the VFS's contract.
        unsafe { DEntry::from_raw(dentry) }
    }

    /// # Safety
    ///
    /// See the module.
    unsafe fn name<'a>(dentry: *mut bindings::dentry) -> &'a [u8] {
        // SAFETY: By the VFS's contract the name does not change.
        unsafe { DEntry::<Fs<U>>::from_raw(dentry).name() }
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn lookup(
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        flags: c_uint,
    ) -> *mut bindings::dentry {
        let flags = LookupFlags::new(flags);
        // SAFETY: By the VFS's contract.
        err_ptr(unsafe {
            U::lookup(Self::inode(dir), Self::name(dentry), flags).and_then(|found| match found {
                Some(inode) => splice(inode, dentry),
                // Not hashed: whoever looks next asks again.
                None => Ok(ptr::null_mut()),
            })
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn atomic_open(
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        file: *mut bindings::file,
        flags: c_uint,
        mode: bindings::umode_t,
    ) -> c_int {
        // SAFETY: By the VFS's contract; `file` is not open yet and nobody else's. What `splice` gives
        // is an alias of `dentry` with a reference, which `finish_no_open` takes over.
        from_result(|| unsafe {
            let name = Self::name(dentry);
            let exec = flags & bindings::MOSIX_CONST_FMODE_EXEC != 0;
            match U::atomic_open(Self::inode(dir), name, flags, mode & PERMISSIONS, exec)? {
                AtomicOpen::Found(None) => {
                    to_result(bindings::finish_no_open(file, ptr::null_mut()))
                }
                AtomicOpen::Found(Some(inode)) => {
                    let alias = splice(inode, dentry)?;
                    to_result(bindings::finish_no_open(file, alias))
                }
                AtomicOpen::Opened {
                    inode,
                    file: private,
                    created,
                } => {
                    let alias = splice(inode, dentry)?;
                    let opened = if alias.is_null() { dentry } else { alias };
                    if created {
                        bindings::mosix_file_set_created(file);
                    }
                    let result = File::from_raw(file).finish_open(Self::dentry(opened), private);
                    bindings::dput(alias);
                    result
                }
            }?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn tmpfile(
        _: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        file: *mut bindings::file,
        mode: bindings::umode_t,
    ) -> c_int {
        // SAFETY: By the VFS's contract; `file` is not open yet and nobody else's, and has a new
        // dentry without an inode, which takes over the reference.
        from_result(|| unsafe {
            let flags = (*file).f_flags;
            let (inode, private) = U::tmpfile(Self::inode(dir), flags, mode & PERMISSIONS)?;
            let dentry = (*file).__bindgen_anon_1.f_path.dentry;
            let inode = kernel::sync::aref::ARef::into_raw(inode).as_ref().as_ptr();
            bindings::d_mark_tmpfile(file, inode);
            bindings::d_instantiate(dentry, inode);
            File::from_raw(file).finish_open(Self::dentry(dentry), private)?;
            Ok(0)
        })
    }

    /// Makes `name` by `mknod` and gives what `splice` does.
    ///
    /// # Safety
    ///
    /// See the module.
    unsafe fn make(
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: bindings::umode_t,
    ) -> Result<*mut bindings::dentry> {
        // SAFETY: By the VFS's contract.
        unsafe {
            splice(
                U::mknod(Self::inode(dir), Self::name(dentry), mode)?,
                dentry,
            )
        }
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn create(
        _: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: bindings::umode_t,
        _: bool,
    ) -> c_int {
        // SAFETY: By the VFS's contract. Only a directory has aliases.
        from_result(|| unsafe {
            Self::make(dir, dentry, mode & PERMISSIONS | kind::REG).map(|_| 0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn mkdir(
        _: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: bindings::umode_t,
    ) -> *mut bindings::dentry {
        // SAFETY: By the VFS's contract.
        err_ptr(unsafe { Self::make(dir, dentry, mode & PERMISSIONS | kind::DIR) })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn mknod(
        _: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        mode: bindings::umode_t,
        rdev: bindings::dev_t,
    ) -> c_int {
        from_result(|| {
            // A device of this machine is none of another's; 0/0 is overlayfs's whiteout.
            if rdev != 0 || matches!(mode & bindings::S_IFMT as u16, kind::CHR | kind::BLK) {
                return Err(EPERM);
            }
            // SAFETY: By the VFS's contract. Only a directory has aliases.
            unsafe { Self::make(dir, dentry, mode).map(|_| 0) }
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn symlink(
        _: *mut bindings::mnt_idmap,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
        target: *const c_char,
    ) -> c_int {
        // SAFETY: By the VFS's contract; `target` is a string. Only a directory has aliases.
        from_result(|| unsafe {
            let target = CStr::from_char_ptr(target).to_bytes();
            let inode = U::symlink(Self::inode(dir), Self::name(dentry), target)?;
            splice(inode, dentry).map(|_| 0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn link(
        old: *mut bindings::dentry,
        dir: *mut bindings::inode,
        dentry: *mut bindings::dentry,
    ) -> c_int {
        // SAFETY: By the VFS's contract; `old` has an inode.
        from_result(|| unsafe {
            let inode = Self::dentry(old).inode().ok_or(ENOENT)?;
            U::link(inode, Self::inode(dir), Self::name(dentry))?;
            splice(inode.into(), dentry).map(|_| 0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn unlink(dir: *mut bindings::inode, dentry: *mut bindings::dentry) -> c_int {
        // SAFETY: By the VFS's contract; the inode that loses its name is locked.
        from_result(|| unsafe {
            U::unlink(Self::inode(dir), Self::name(dentry))?;
            if let Some(inode) = Self::dentry(dentry).inode() {
                inode.lost_name();
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn rmdir(dir: *mut bindings::inode, dentry: *mut bindings::dentry) -> c_int {
        // SAFETY: By the VFS's contract.
        from_result(|| unsafe {
            U::rmdir(Self::inode(dir), Self::name(dentry))?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn rename(
        _: *mut bindings::mnt_idmap,
        from_dir: *mut bindings::inode,
        from: *mut bindings::dentry,
        to_dir: *mut bindings::inode,
        to: *mut bindings::dentry,
        flags: c_uint,
    ) -> c_int {
        // SAFETY: By the VFS's contract; an inode that loses its name is locked.
        from_result(|| unsafe {
            let (from_dir, to_dir) = (Self::inode(from_dir), Self::inode(to_dir));
            U::rename(from_dir, Self::name(from), to_dir, Self::name(to), flags)?;
            if flags & bindings::RENAME_EXCHANGE == 0 {
                if let Some(inode) = Self::dentry(to).inode() {
                    inode.lost_name();
                }
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn get_link(
        dentry: *mut bindings::dentry,
        inode: *mut bindings::inode,
        done: *mut bindings::delayed_call,
    ) -> *const c_char {
        let link = || {
            if dentry.is_null() {
                // The VFS walks without references.
                return Err(ECHILD);
            }
            // SAFETY: By the VFS's contract.
            let target = U::get_link(unsafe { Self::inode(inode) })?;
            if target.is_empty() || target.contains(&0) {
                return Err(EIO);
            }
            let target: KVec<u8> = bytes::concat(&[&target, &[0]], 0)?;
            let (target, _, _) = target.into_raw_parts();
            // SAFETY: `done` is the caller's to fill; it frees the string when it is done with it.
            unsafe {
                (*done).fn_ = Some(bindings::kfree_link);
                (*done).arg = target.cast();
            }
            Ok(target.cast::<c_char>())
        };
        err_ptr(link()).cast_const()
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn permission(
        _: *mut bindings::mnt_idmap,
        inode: *mut bindings::inode,
        mask: c_int,
    ) -> c_int {
        from_result(|| {
            let mask = mask as u32;
            if mask & bindings::MAY_NOT_BLOCK != 0 {
                return Err(ECHILD);
            }
            // SAFETY: By the VFS's contract.
            U::permission(unsafe { Self::inode(inode) }, mask)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn setattr(
        _: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        attr: *mut bindings::iattr,
    ) -> c_int {
        // SAFETY: By the VFS's contract: the dentry has an inode, and a file that is named here is
        // open and of this file system.
        from_result(|| unsafe {
            let inode = Self::dentry(dentry).inode().ok_or(ENOENT)?;
            let change = Change::new(&*attr);
            let by_file = (*attr).ia_valid & bindings::ATTR_FILE != 0;
            let file = by_file.then(|| File::from_raw((*attr).ia_file));
            U::setattr(inode, file, &change)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn getattr(
        _: *mut bindings::mnt_idmap,
        path: *const bindings::path,
        stat: *mut bindings::kstat,
        _: u32,
        _: c_uint,
    ) -> c_int {
        // SAFETY: By the VFS's contract; the result is the caller's.
        from_result(|| unsafe {
            let inode = Self::dentry((*path).dentry).inode().ok_or(ENOENT)?;
            U::getattr(inode)?.fill(&mut *stat);
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn get_acl(
        _: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        kind: c_int,
    ) -> *mut bindings::posix_acl {
        // SAFETY: By the VFS's contract the dentry has an inode.
        let inode = unsafe { Self::dentry(dentry) }.inode().ok_or(ENOENT);
        err_ptr(inode.and_then(|inode| xattr::get_acl::<<Fs<U> as FileSystem>::Xattr>(inode, kind)))
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn set_acl(
        _: *mut bindings::mnt_idmap,
        dentry: *mut bindings::dentry,
        acl: *mut bindings::posix_acl,
        kind: c_int,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the VFS's contract the dentry has an inode.
            let inode = unsafe { Self::dentry(dentry) }.inode().ok_or(ENOENT)?;
            // SAFETY: By the VFS's contract the list is valid or null.
            unsafe { xattr::set_acl::<<Fs<U> as FileSystem>::Xattr>(inode, acl, kind)? };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See the module.
    unsafe extern "C" fn listxattr(
        dentry: *mut bindings::dentry,
        list: *mut c_char,
        size: usize,
    ) -> isize {
        // SAFETY: By the VFS's contract; `list` has room for `size` bytes, which become initialised here,
        // and is null when that is 0.
        let result = unsafe {
            let room = match size {
                0 => &mut [],
                _ => {
                    list.write_bytes(0, size);
                    core::slice::from_raw_parts_mut(list.cast::<u8>(), size)
                }
            };
            let inode = Self::dentry(dentry).inode().ok_or(ENOENT);
            inode.and_then(|inode| U::listxattr(inode, room))
        };
        result.map_or_else(|e| e.to_errno() as isize, |size| size as isize)
    }
}
