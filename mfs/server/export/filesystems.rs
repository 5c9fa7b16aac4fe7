// SPDX-License-Identifier: GPL-2.0

//! Which file systems are served, and their numbers in the cluster.

use kernel::prelude::*;

use crate::{
    linux::{
        errno::*,
        vfs::path::Path, //
    },
    mfs::wire::attr, //
};

/// Name of MFS itself.
const OWN: &CStr = c"mfs";

/// Those that are served without being on a block device. What the kernel shows of itself (`proc`, `sysfs`,
/// `cgroup2` and their like) means nothing on another node, and does harm there.
const SERVED: [&CStr; 19] = [
    c"9p",
    c"afs",
    c"bcachefs",
    c"ceph",
    c"cifs",
    c"devtmpfs",
    c"fuse",
    c"gfs2",
    c"nfs",
    c"nfs4",
    c"ocfs2",
    c"overlay",
    c"ramfs",
    c"rootfs",
    c"smb3",
    c"tmpfs",
    c"ubifs",
    c"virtiofs",
    c"zfs",
];

/// Whether the file system of `path` is served.
///
/// # Errors
///
/// `ELOOP` for MFS, `EACCES` for others that are not.
pub(super) fn admit(path: &Path) -> Result {
    let name = path.fs_type();
    if name.to_bytes() == OWN.to_bytes() {
        return Err(errno(ELOOP));
    }
    let known = || {
        SERVED
            .iter()
            .any(|served| served.to_bytes() == name.to_bytes())
    };
    if path.is_on_device() || known() {
        Ok(())
    } else {
        Err(EACCES)
    }
}

/// Highest index of a file system: what there is room for in its number.
const INDEX_MAX: usize = 0x7fff;

/// Which file systems have a number, in the order in which they were seen first.
pub(super) struct Numbers(KVec<u32>);

impl Numbers {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(KVec::new())
    }

    /// The number in the cluster for what this node, `node`, calls file system `dev`.
    ///
    /// # Errors
    ///
    /// `ENFILE` if there are no more; `ENOMEM`.
    pub(super) fn dev(&mut self, node: u16, dev: u32) -> Result<u32> {
        let known = self.0.iter().position(|known| *known == dev);
        let index = match known {
            Some(index) => index,
            None => {
                if self.0.len() > INDEX_MAX {
                    return Err(ENFILE);
                }
                self.0.push(dev, GFP_KERNEL)?;
                self.0.len() - 1
            }
        };
        // At most INDEX_MAX.
        Ok(attr::dev(node, index as u16))
    }
}
