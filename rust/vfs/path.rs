// SPDX-License-Identifier: GPL-2.0

//! Places in the tree of mounts.
//!
//! C headers: [`include/linux/path.h`](srctree/include/linux/path.h),
//! [`include/linux/namei.h`](srctree/include/linux/namei.h)

use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};

use super::name::Name;
use crate::linux::bindings;

/// An object as it is seen through a mount: both stay there as long as this lives, so a mount with a
/// `Path` in it is busy.
///
/// # Invariants
///
/// Both pointers of `path` are valid, this owns a reference to each, and the dentry has an inode: it is
/// positive, and stays so, as only a dentry that nobody else holds becomes negative.
pub(crate) struct Path {
    path: bindings::path,
}

// SAFETY: References to mounts and dentries may be given up in any context that can sleep.
unsafe impl Send for Path {}
// SAFETY: Mounts and dentries have locks of their own.
unsafe impl Sync for Path {}

impl Clone for Path {
    fn clone(&self) -> Self {
        // SAFETY: By the invariant both are alive.
        unsafe { bindings::path_get(&self.path) };
        // INVARIANT: The references were taken just above.
        Self { path: self.path }
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        // SAFETY: By the invariant the references are ours.
        unsafe { bindings::path_put(&self.path) };
    }
}

/// What kind of thing an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    Regular,
    /// A directory in which names can be looked up.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A FIFO, a socket or a device.
    Special,
}

/// What is known of the file system that an object is on, without asking it. Differs from that of
/// another one that was mounted at the same place before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    dev: u32,
    magic: usize,
    uuid: [u8; 16],
    root_ino: u64,
    root_generation: u32,
}

impl Path {
    /// Takes over the references of `path`.
    ///
    /// # Safety
    ///
    /// The caller owns a reference to both and the dentry is positive.
    pub(super) unsafe fn from_raw(path: bindings::path) -> Self {
        // INVARIANT: By this function's contract.
        Self { path }
    }

    /// What is there at `raw`; for a file or a path that is only borrowed.
    ///
    /// # Safety
    ///
    /// Both pointers are alive during the call and the dentry is positive.
    pub(super) unsafe fn get(raw: &bindings::path) -> Self {
        // SAFETY: Alive by this function's contract.
        unsafe { bindings::path_get(raw) };
        // INVARIANT: The references were taken just above, and it is positive by contract.
        Self { path: *raw }
    }

    /// For C functions.
    pub(super) fn as_raw(&self) -> &bindings::path {
        &self.path
    }

    pub(super) fn mnt(&self) -> *mut bindings::vfsmount {
        self.path.mnt
    }

    pub(super) fn dentry(&self) -> *mut bindings::dentry {
        self.path.dentry
    }

    pub(super) fn inode(&self) -> NonNull<bindings::inode> {
        // SAFETY: By the invariant the dentry is alive and has an inode, which stays.
        unsafe { NonNull::new_unchecked((*self.path.dentry).d_inode) }
    }

    pub(super) fn super_block(&self) -> NonNull<bindings::super_block> {
        // SAFETY: By the invariant the mount is alive; it has a super block all its life.
        unsafe { NonNull::new_unchecked((*self.path.mnt).mnt_sb) }
    }

    /// How the mount maps owners.
    pub(super) fn idmap(&self) -> *mut bindings::mnt_idmap {
        // SAFETY: By the invariant the mount is alive, and so is its idmap.
        unsafe { bindings::mosix_mnt_idmap(self.path.mnt) }
    }

    /// Root directory of the current task.
    pub(crate) fn current_root() -> Self {
        let mut path = MaybeUninit::uninit();
        // SAFETY: Writes the path and takes references for it; the root of a task is a positive
        // directory, and every task but one that exits has one.
        unsafe { bindings::mosix_current_root(path.as_mut_ptr()) };
        // INVARIANT: The references are ours now.
        Self {
            // SAFETY: Written just above.
            path: unsafe { path.assume_init() },
        }
    }

    /// Type bits and permissions.
    pub(crate) fn mode(&self) -> u16 {
        // SAFETY: By the invariant the inode is alive; a mode is read without a lock everywhere.
        unsafe { (&raw const (*self.inode().as_ptr()).i_mode).read_volatile() }
    }

    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        match u32::from(self.mode()) & bindings::S_IFMT {
            bindings::S_IFREG => Kind::Regular,
            bindings::S_IFLNK => Kind::Symlink,
            bindings::S_IFDIR if self.has_lookup() => Kind::Directory,
            _ => Kind::Special,
        }
    }

    /// Whether names can be looked up in it: not every directory has the function.
    fn has_lookup(&self) -> bool {
        // SAFETY: By the invariant the inode is alive; it always has a table of operations.
        unsafe { (*(*self.inode().as_ptr()).i_op).lookup.is_some() }
    }

    /// # Errors
    ///
    /// `ENOTDIR` unless names can be looked up in it.
    pub(super) fn require_directory(&self) -> Result {
        match self.kind() {
            Kind::Directory => Ok(()),
            _ => Err(ENOTDIR),
        }
    }

    /// Generation of the inode, as the file system keeps it.
    pub(crate) fn generation(&self) -> u32 {
        // SAFETY: By the invariant the inode is alive.
        unsafe { (*self.inode().as_ptr()).i_generation }
    }

    /// Name of the type of its file system.
    pub(crate) fn fs_type(&self) -> &CStr {
        // SAFETY: The type of a super block stays registered while there is one, its name is a string.
        unsafe { CStr::from_char_ptr((*(*self.super_block().as_ptr()).s_type).name) }
    }

    /// Whether its file system is on a block device.
    pub(crate) fn is_on_device(&self) -> bool {
        // SAFETY: As above.
        let flags = unsafe { (*(*self.super_block().as_ptr()).s_type).fs_flags };
        flags & bindings::FS_REQUIRES_DEV as c_int != 0
    }

    /// Which file system it is on, and which directory of it the mount shows.
    pub(crate) fn identity(&self) -> Identity {
        // SAFETY: By the invariant mount and super block are alive; the root of a mount is a positive
        // dentry and is set all its life.
        unsafe {
            let sb = &raw const *self.super_block().as_ptr();
            let root = (*(*self.path.mnt).mnt_root).d_inode;
            Identity {
                dev: (*sb).s_dev,
                magic: (*sb).s_magic,
                uuid: (*sb).s_uuid.b,
                root_ino: (*root).i_ino,
                root_generation: (*root).i_generation,
            }
        }
    }

    /// Whether both are seen through the same mount.
    pub(crate) fn same_mount(&self, other: &Self) -> bool {
        self.path.mnt == other.path.mnt
    }

    /// Whether both are the same object, whatever their names.
    pub(crate) fn same_object(&self, other: &Self) -> bool {
        self.inode() == other.inode()
    }

    /// Looks `name` up in this directory; `None` if nothing has it. Mounts are not followed.
    ///
    /// # Errors
    ///
    /// `ENOTDIR`, `EACCES`, `ENOENT` for a directory that was removed, and the file system's own.
    pub(crate) fn lookup(&self, name: &Name) -> Result<Option<Self>> {
        self.require_directory()?;
        let mut name = name.qstr();
        // SAFETY: By the invariant the directory is alive, and it has a lookup function; the name lives
        // until the end of the call.
        let dentry = from_err_ptr(unsafe {
            bindings::lookup_one_unlocked(self.idmap(), &mut name, self.path.dentry)
        })?;
        // SAFETY: The reference to the dentry is ours, so it is alive.
        let inode = unsafe { (&raw const (*dentry).d_inode).read_volatile() };
        if inode.is_null() {
            // SAFETY: The reference is ours.
            unsafe { bindings::dput(dentry) };
            return Ok(None);
        }
        // SAFETY: The mount is alive.
        let mnt = unsafe { bindings::mntget(self.path.mnt) };
        // INVARIANT: The lookup gave a reference to the dentry, which was seen to be positive and is
        // ours; that to the mount was taken just above.
        Ok(Some(Self {
            path: bindings::path { mnt, dentry },
        }))
    }

    /// Goes on to what is mounted here, if anything is, and on what is mounted on that. Automounts are
    /// not started.
    pub(crate) fn follow_down(mut self) -> Result<Self> {
        // SAFETY: By the invariant both are alive and ours; the function puts those it leaves and gets
        // those it arrives at, roots of mounts, which are positive. Also if it fails `path` is such.
        to_result(unsafe { bindings::follow_down(&mut self.path, 0) })?;
        Ok(self)
    }

    /// Whether it is what its mount shows at the top.
    pub(crate) fn is_mount_root(&self) -> bool {
        // SAFETY: By the invariant the mount is alive; its root is set all its life.
        self.path.dentry == unsafe { (*self.path.mnt).mnt_root }
    }

    /// Whether something is mounted on it, in some namespace.
    pub(crate) fn is_mountpoint(&self) -> bool {
        // SAFETY: By the invariant the dentry is alive; flags are read without a lock everywhere.
        let flags = unsafe { (&raw const (*self.path.dentry).d_flags).read_volatile() };
        flags & bindings::dentry_flags_DCACHE_MOUNTED != 0
    }

    /// Whether the current task may do what `mask` (`MAY_*`) says.
    ///
    /// # Errors
    ///
    /// `EACCES`, `EPERM`, `EROFS`, and the file system's own.
    pub(crate) fn permission(&self, mask: u32) -> Result {
        let mask = c_int::try_from(mask).map_err(|_| EINVAL)?;
        // SAFETY: By the invariant the inode is alive.
        to_result(unsafe { bindings::inode_permission(self.idmap(), self.inode().as_ptr(), mask) })
    }

    /// Whether the mount, or the file system, is read-only.
    pub(crate) fn is_readonly(&self) -> bool {
        // SAFETY: By the invariant the mount is alive.
        unsafe { bindings::__mnt_is_readonly(self.path.mnt) }
    }

    /// Whether all that is ever written to it is appended (`chattr +a`).
    pub(super) fn is_append_only(&self) -> bool {
        // SAFETY: By the invariant the inode is alive; the flag is read without a lock everywhere.
        let flags = unsafe { (*self.inode().as_ptr()).i_flags };
        flags & bindings::S_APPEND != 0
    }

    /// Whether programs cannot be run from it.
    pub(crate) fn is_noexec(&self) -> bool {
        // SAFETY: By the invariant both are alive.
        unsafe {
            let mount = (*self.path.mnt).mnt_flags as u32 & bindings::mount_flags_MNT_NOEXEC;
            let fs = (*self.super_block().as_ptr()).s_iflags as u32 & bindings::SB_I_NOEXEC;
            mount != 0 || fs != 0
        }
    }
}
