// SPDX-License-Identifier: GPL-2.0

//! Changing names.
//!
//! What is made gets its permissions less the umask of the current task. Watchers of the directories are
//! told, as by a system call.
//!
//! C headers: [`include/linux/namei.h`](srctree/include/linux/namei.h)

use core::{
    mem::MaybeUninit,
    ptr, //
};

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    str::CStr, //
};

use super::{
    delegation,
    name::Name,
    path::Path, //
};
use crate::linux::{
    bindings,
    errno::*, //
};

/// The right to write to a mount: until it is given back the mount does not become read-only.
pub(super) struct WriteAccess<'a>(&'a Path);

impl<'a> WriteAccess<'a> {
    /// # Errors
    ///
    /// `EROFS`.
    pub(super) fn get(path: &'a Path) -> Result<Self> {
        // SAFETY: The mount is alive as long as the path.
        to_result(unsafe { bindings::mnt_want_write(path.mnt()) })?;
        Ok(Self(path))
    }
}

impl Drop for WriteAccess<'_> {
    fn drop(&mut self) {
        // SAFETY: `get` took it.
        unsafe { bindings::mnt_drop_write(self.0.mnt()) };
    }
}

/// What is made under a new name.
#[derive(Clone, Copy)]
pub(crate) enum New<'a> {
    /// A directory with these permissions.
    Directory(u16),
    /// A regular file, a FIFO or a socket: type and permissions.
    Node(u16),
    /// A symbolic link to there.
    Symlink(&'a CStr),
    /// Another name for this object.
    Link(&'a Path),
}

impl Path {
    /// Makes `new` under `name` in this directory, and gives it.
    ///
    /// # Errors
    ///
    /// As the system calls; `EXDEV` for a link to an object that is seen through another mount.
    pub(crate) fn make(&self, name: &Name, new: New<'_>) -> Result<Path> {
        self.require_directory()?;
        if let New::Link(object) = new {
            if !self.same_mount(object) {
                return Err(EXDEV);
            }
        }
        let write = WriteAccess::get(self);
        if write.is_err() && self.lookup(name)?.is_some() {
            // That it is there goes before that nothing can be written.
            return Err(EEXIST);
        }
        let _write = write?;
        delegation::retry(|delegated| {
            let mut last = name.qstr();
            // SAFETY: The directory is alive and has a lookup function; the name lives long enough.
            let dentry = from_err_ptr(unsafe {
                bindings::start_creating(self.idmap(), self.dentry(), &mut last)
            })?;
            self.finish(dentry, new, delegated)
        })
    }

    /// Makes `new` at `dentry`, whose directory is locked, and unlocks that.
    fn finish(
        &self,
        dentry: *mut bindings::dentry,
        new: New<'_>,
        delegated: *mut bindings::delegated_inode,
    ) -> Result<Path> {
        let dir = self.inode().as_ptr();
        let idmap = self.idmap();
        // SAFETY: `dentry` came from `start_creating` in this directory, which is alive and now locked;
        // `delegated` is what the caller of this closure gave.
        let (dentry, result) = unsafe {
            match new {
                New::Directory(mode) => {
                    // Unlocks by itself when it fails; may give another dentry.
                    match from_err_ptr(bindings::vfs_mkdir(
                        idmap,
                        dir,
                        dentry,
                        mode,
                        delegated.cast(),
                    )) {
                        Ok(dentry) => (dentry, Ok(())),
                        Err(error) => return Err(error),
                    }
                }
                New::Node(mode) if u32::from(mode) & bindings::S_IFMT == bindings::S_IFREG => (
                    dentry,
                    to_result(bindings::vfs_create(idmap, dentry, mode, delegated.cast())),
                ),
                New::Node(mode) => (
                    dentry,
                    to_result(bindings::vfs_mknod(
                        idmap,
                        dir,
                        dentry,
                        mode,
                        0,
                        delegated.cast(),
                    )),
                ),
                New::Symlink(target) => (
                    dentry,
                    to_result(bindings::vfs_symlink(
                        idmap,
                        dir,
                        dentry,
                        target.as_char_ptr(),
                        delegated.cast(),
                    )),
                ),
                New::Link(object) => (
                    dentry,
                    to_result(bindings::vfs_link(
                        object.dentry(),
                        idmap,
                        dir,
                        dentry,
                        delegated.cast(),
                    )),
                ),
            }
        };
        // SAFETY: While the directory is locked the dentry keeps the inode that it got; network file
        // systems may leave it without one. With the two new references the path is ours.
        let made = result.map(|()| unsafe {
            if (*dentry).d_inode.is_null() {
                None
            } else {
                Some(Path::get(&bindings::path {
                    mnt: self.mnt(),
                    dentry,
                }))
            }
        });
        // SAFETY: `dentry` is what `start_creating`, or `vfs_mkdir` in its place, gave.
        unsafe { bindings::end_dirop(dentry) };
        made?.ok_or(errno(ESTALE))
    }

    /// Removes `name` from this directory: a directory, which has to be empty, if `directory`, else
    /// anything but a directory.
    ///
    /// # Errors
    ///
    /// As `unlink()` and `rmdir()`.
    pub(crate) fn remove(&self, name: &Name, directory: bool) -> Result {
        self.require_directory()?;
        let _write = WriteAccess::get(self)?;
        delegation::retry(|delegated| {
            let mut last = name.qstr();
            // SAFETY: The directory is alive and has a lookup function; the name lives long enough.
            let dentry = from_err_ptr(unsafe {
                bindings::start_removing(self.idmap(), self.dentry(), &mut last)
            })?;
            let dir = self.inode().as_ptr();
            // SAFETY: The directory is locked, and the dentry is one of it, is positive, and is ours. The
            // inode is held so that a file that goes with its name goes after the lock is given back.
            unsafe {
                let inode = (*dentry).d_inode;
                bindings::ihold(inode);
                let result = to_result(if directory {
                    bindings::vfs_rmdir(self.idmap(), dir, dentry, delegated.cast())
                } else {
                    bindings::vfs_unlink(self.idmap(), dir, dentry, delegated.cast())
                });
                bindings::end_dirop(dentry);
                bindings::iput(inode);
                result
            }
        })
    }

    /// Renames `from` in this directory to `to` in the directory `dir`; `flags` are `RENAME_NOREPLACE`
    /// or `RENAME_EXCHANGE`.
    ///
    /// # Errors
    ///
    /// As `renameat2()`.
    pub(crate) fn rename(&self, from: &Name, dir: &Path, to: &Name, flags: u32) -> Result {
        self.require_directory()?;
        dir.require_directory()?;
        if !self.same_mount(dir) {
            return Err(EXDEV);
        }
        let _write = WriteAccess::get(self)?;
        delegation::retry(|delegated| {
            let (mut old_last, mut new_last) = (from.qstr(), to.qstr());
            let mut rd = bindings::renamedata {
                mnt_idmap: self.idmap(),
                old_parent: self.dentry(),
                old_dentry: ptr::null_mut(),
                new_parent: dir.dentry(),
                new_dentry: ptr::null_mut(),
                delegated_inode: delegated.cast(),
                flags,
            };
            // SAFETY: Both directories are alive, have lookup functions and are on one file system; the
            // names live long enough. What it locks and takes is given back by `end_renaming`.
            unsafe {
                to_result(bindings::start_renaming(
                    &mut rd,
                    0,
                    &mut old_last,
                    &mut new_last,
                ))?;
                let result = to_result(bindings::vfs_rename(&mut rd));
                bindings::end_renaming(&mut rd);
                result
            }
        })
    }

    /// Calls `with` with the target of this symbolic link.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is none, and the file system's own.
    pub(crate) fn readlink<T>(&self, with: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let mut done = MaybeUninit::<bindings::delayed_call>::zeroed();
        // SAFETY: The dentry is alive. The target is a string that lives until the delayed call, which
        // zeroes make nothing to be done.
        unsafe {
            let target =
                from_err_ptr(bindings::vfs_get_link(self.dentry(), done.as_mut_ptr()).cast_mut())?;
            bindings::touch_atime(self.as_raw());
            let result = with(CStr::from_char_ptr(target).to_bytes());
            bindings::mosix_do_delayed_call(done.as_mut_ptr());
            result
        }
    }
}
