// SPDX-License-Identifier: GPL-2.0

//! What the kernel sees of the file system as a whole.

use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    attr,
    dentry,
    inode::{
        self,
        Key, //
    },
    open::Open,
    root,
    xattr,
    Client, //
};
use crate::{
    linux::fs::{
        self,
        DEntry,
        FileSystem,
        INode,
        StatFs,
        SuperBlock, //
    },
    mfs::wire::{
        op,
        reply, //
    }, //
};

/// "MFS", and a number that no other file system has.
const MAGIC: usize = 0x4d46_5336;

impl FileSystem for Client {
    const NAME: &'static CStr = c"mfs";
    const CACHE_NAME: &'static CStr = c"mosix_mfs_inode";
    const MAGIC: usize = MAGIC;
    const DENTRY_OPS: fs::dentry::Ops<Self> = fs::dentry::Ops::new::<dentry::Names>();

    type Key = Key;
    type INodeData = inode::Data;
    type File = Pin<KBox<Open>>;
    type Xattr = xattr::Attributes;

    fn root(&self, sb: &SuperBlock<Self>) -> Result<ARef<INode<Self>>> {
        root::make(sb)
    }

    fn statfs(dentry: &DEntry<Self>) -> Result<StatFs> {
        let inode = dentry.inode().ok_or(ENOENT)?;
        match inode.key().object() {
            Some(object) => {
                let body = object.ask(inode.fs(), op::STATFS)?;
                reply::read(&body.msg, &body.data)
                    .map(attr::statfs)
                    .map_err(attr::malformed)
            }
            None => Ok(StatFs {
                kind: MAGIC as u64,
                bsize: 4096,
                frsize: 4096,
                namelen: 255,
                ..StatFs::default()
            }),
        }
    }

    fn evict(inode: &INode<Self>) {
        inode.data().evict(inode.fs());
    }
}
