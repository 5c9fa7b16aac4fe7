// SPDX-License-Identifier: GPL-2.0

//! Being a file system: what the kernel's VFS calls, as traits without `unsafe`.
//!
//! A [`FileSystem`] is registered once with [`Registration`] and shared by all its mounts. Its objects
//! have operations per kind, as in C: a type that implements [`inode::Operations`] becomes a table by
//! [`inode::Ops::new`], and so for dentries and open files. The callbacks never see the VFS in
//! RCU mode: the tables answer `ECHILD` there, and the VFS comes again with references.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h),
//! [`include/linux/dcache.h`](srctree/include/linux/dcache.h)

pub(crate) mod address_space;
pub(crate) mod attr;
pub(crate) mod backing;
pub(crate) mod dentry;
pub(crate) mod dir_context;
pub(crate) mod file;
mod file_table;
pub(crate) mod inode;
pub(crate) mod iov;
pub(crate) mod kiocb;
pub(crate) mod lock;
mod registration;
pub(crate) mod splice;
mod statfs;
mod super_block;
pub(crate) mod token;
pub(crate) mod xattr;

use kernel::{
    prelude::*,
    sync::aref::ARef,
    types::ForeignOwnable, //
};

pub(crate) use self::{
    dentry::DEntry,
    inode::INode,
    registration::Registration,
    statfs::StatFs,
    super_block::SuperBlock, //
};

/// A type of file system; the value is what all its mounts share.
pub(crate) trait FileSystem: Send + Sync + Sized + 'static {
    /// As in `mount -t NAME`.
    const NAME: &'static CStr;
    /// Name of the slab cache of its inodes.
    const CACHE_NAME: &'static CStr;
    /// What `statfs` shows as its type where the file system has no better answer.
    const MAGIC: usize;
    /// What its dentries do.
    const DENTRY_OPS: dentry::Ops<Self>;

    /// Tells objects apart: there is one inode for each in a mount.
    type Key: Copy + Eq + Send + Sync;
    /// What belongs to an inode; dropped in process context, after [`Self::evict`].
    type INodeData: Send + Sync;
    /// What belongs to an open file.
    type File: ForeignOwnable + Send + Sync;
    /// What is done with extended attributes and access control lists.
    type Xattr: xattr::Operations<FileSystem = Self>;

    /// Makes the root directory of a new mount.
    fn root(&self, sb: &SuperBlock<Self>) -> Result<ARef<INode<Self>>>;

    /// About the file system that `dentry` is on; may sleep.
    fn statfs(dentry: &DEntry<Self>) -> Result<StatFs>;

    /// The inode goes. Called once, perhaps while memory is reclaimed: must not wait for anybody.
    fn evict(inode: &INode<Self>);
}
