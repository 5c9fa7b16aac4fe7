// SPDX-License-Identifier: GPL-2.0

//! Files of other nodes in memory: mapped privately, or shared to be read only.
//!
//! Pages are kept as long as the file's change counter is what it was when the first of them was read. It
//! is looked at when the file is opened and when it is mapped; what another node writes in between is seen
//! then.

use kernel::{
    alloc::KVVec,
    mm::virt::{
        flags,
        VmaNew, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use super::{
    io,
    open::Open,
    Client, //
};
use crate::linux::fs::{
    address_space::Operations,
    file::File,
    INode, //
};

/// Where the pages of files of other nodes come from.
pub(super) struct Pages;

impl Operations for Pages {
    type FileSystem = Client;
    type Data = KVVec<u8>;
    const READ_MAX: usize = io::CHUNK;

    fn read(file: &File<Client>, pos: u64, len: usize) -> Result<KVVec<u8>> {
        io::read_chunk(Open::of(file)?, pos, len)
    }
}

/// Which version of a file its pages are of: the change counter when they were last known to be good.
pub(crate) struct Version(Atomic<u64>);

impl Version {
    /// Of none.
    pub(super) const fn new() -> Self {
        Self(Atomic::new(0))
    }
}

/// The server says that the change counter of the file is `change`: pages of an older version go.
pub(super) fn revalidate(inode: &INode<Client>, change: u64) {
    let version = &inode.data().pages.0;
    if version.load(Relaxed) == change {
        return;
    }
    if inode.has_pages() && inode.invalidate_pages().is_err() {
        // A page is in use; the next one who looks tries again.
        return;
    }
    version.store(change, Relaxed);
}

/// This node has changed the file in a way that its pages do not show.
pub(super) fn changed(open: &Open) -> Result {
    let inode = open.inode();
    if inode.has_pages() {
        inode.invalidate_pages()?;
    }
    Ok(())
}

/// Maps a file of another node.
///
/// # Errors
///
/// `ENODEV` to share what is written: there is nothing that could write it back.
pub(super) fn mmap(file: &File<Client>, open: &Open, vma: &VmaNew) -> Result {
    if vma.flags() & flags::SHARED != 0 {
        // Nor later, by `mprotect`.
        vma.try_clear_maywrite().map_err(|_| ENODEV)?;
    }
    let attr = open.getattr()?;
    revalidate(open.inode(), attr.change.get());
    file.generic_mmap(vma)
}
