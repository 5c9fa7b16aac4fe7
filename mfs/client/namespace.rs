// SPDX-License-Identifier: GPL-2.0

//! Names and attributes of other nodes' objects: each operation is one request.

use kernel::{
    alloc::{
        KVVec,
        KVec, //
    },
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    attr,
    dentry::{
        self,
        length, //
    },
    inode::{
        self,
        Object, //
    },
    open::{
        How,
        Lease,
        Open,
        Target, //
    },
    xattr,
    Client, //
};
use crate::{
    linux::{
        errno::*,
        fs::{
            self,
            attr::{
                file_type,
                kind,
                Attributes,
                Change, //
            },
            file::{
                fsize_limit,
                File, //
            },
            inode::{
                access,
                AtomicOpen,
                LookupFlags, //
            },
            INode, //
        }, //
    },
    mfs::server::Server,
    mfs::wire::{
        attr::{
            Attr,
            Entry, //
        },
        file::{
            Access,
            Opened, //
        },
        handle::OpenId,
        names::{
            Link,
            Make,
            Rename,
            Symlink as WireSymlink,
            Unlink, //
        },
        op,
        reply, //
    },
    rpc::{
        frame::Body,
        wire::Kind, //
    }, //
};

/// Longest target of a symbolic link, in bytes.
const TARGET_MAX: usize = 4095;

/// The sticky bit: not everybody may remove names.
pub(super) const STICKY: u16 = 0o1000;

/// The object that an inode with these operations stands for.
fn object(inode: &INode<Client>) -> Result<&Object> {
    inode.key().object().ok_or(EIO)
}

/// Asks for a change in directory `dir`, whose answer says nothing more.
fn change(dir: &INode<Client>, kind: Kind, parts: &[&[u8]]) -> Result {
    let body = dir
        .fs()
        .call(object(dir)?.node, kind, parts, KVVec::new())?;
    dir.fs().fresh.discard();
    reply::empty(&body.msg, &body.data).map_err(attr::malformed)
}

/// The inode of what `body`, an answer of the node of `dir`, is about.
///
/// # Errors
///
/// `EPROTO` if that is not of the type `made`: the VFS relies on getting what it asked for.
fn entry(dir: &INode<Client>, body: &Body, made: u16) -> Result<ARef<INode<Client>>> {
    let entry: &Entry = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
    if file_type(attr::attributes(&entry.attr).mode) != file_type(made) {
        return Err(errno(EPROTO));
    }
    inode::of_entry(dir.super_block(), object(dir)?.node, entry)
}

fn getattr(inode: &INode<Client>) -> Result<Attributes> {
    if let Some(attributes) = inode.fs().fresh.take(inode.key()) {
        return Ok(attributes);
    }
    ask_attributes(inode)
}

fn ask_attributes(inode: &INode<Client>) -> Result<Attributes> {
    let attributes = attr::attributes(&object(inode)?.getattr(inode.fs(), OpenId::ZERO)?);
    inode.refresh(&attributes)?;
    Ok(attributes)
}

fn setattr(inode: &INode<Client>, file: Option<&File<Client>>, change: &Change) -> Result {
    let client = inode.fs();
    if change.is_open() {
        // The server did that when it opened the file.
        inode.truncate_setsize(0);
        return Ok(());
    }
    if let Some(size) = change.size {
        if size > fsize_limit() {
            // It may be that long already.
            ask_attributes(inode)?;
        }
        inode.newsize_ok(size)?;
    }
    let object = object(inode)?;
    let open = match file {
        Some(file) => Open::of(file)?.id(),
        None => OpenId::ZERO,
    };
    let request = attr::set_attr(&object.handle, open, change);
    if request.valid.get() == 0 {
        return Ok(());
    }
    let parts: &[&[u8]] = &[request.as_bytes()];
    let body = client.call(object.node, op::SETATTR, parts, KVVec::new())?;
    client.fresh.discard();
    let attr: &Attr = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
    if change.size.is_some() {
        inode.truncate_setsize(attr.size.get());
    }
    inode.refresh(&attr::attributes(attr))
}

/// Whether the caller may do what `mask` says. Only who wants to know is told by the server: whoever
/// does something is judged by the server when it is done.
fn permission(inode: &INode<Client>, mask: u32) -> Result {
    let wants = mask & (access::READ | access::WRITE | access::EXEC);
    let asks = mask & (access::ACCESS | access::CHDIR) != 0;
    let is_dir = inode.file_type() == kind::DIR;
    // A FIFO is opened here: nobody but this asks for it.
    let is_opened_there = mask & access::OPEN != 0 && inode.file_type() == kind::REG;
    if wants == 0 || (!asks && (is_dir || is_opened_there)) {
        if is_dir && wants & access::WRITE != 0 && inode.mode() & STICKY != 0 {
            // The VFS is about to look whose the directory is.
            ask_attributes(inode)?;
        }
        return Ok(());
    }
    let object = object(inode)?;
    let request = Access {
        handle: object.handle,
        mask: wants.into(),
    };
    let parts: &[&[u8]] = &[request.as_bytes()];
    let body = inode
        .fs()
        .call(object.node, op::ACCESS, parts, KVVec::new())?;
    reply::empty(&body.msg, &body.data).map_err(attr::malformed)
}

/// What directories do.
pub(super) struct Dir;

#[vtable]
impl fs::inode::Operations for Dir {
    type FileSystem = Client;

    fn lookup(
        dir: &INode<Client>,
        name: &[u8],
        flags: LookupFlags,
    ) -> Result<Option<ARef<INode<Client>>>> {
        if flags.is_create() && flags.is_exclusive() {
            // Whoever makes it sees whether it is there.
            return Ok(None);
        }
        let object = object(dir)?;
        match dentry::ask(dir.fs(), object, name)? {
            Some(entry) => inode::of_entry(dir.super_block(), object.node, &entry).map(Some),
            None => {
                dir.fs().fresh.discard();
                Ok(None)
            }
        }
    }

    fn atomic_open(
        dir: &INode<Client>,
        name: &[u8],
        flags: u32,
        mode: u16,
        exec: bool,
    ) -> Result<AtomicOpen<Client>> {
        let Object { node, handle } = *object(dir)?;
        let target = Target::Named {
            dir: handle,
            name,
            expect: None,
        };
        let how = How { flags, mode, exec };
        let (opened, lease) = Lease::open(dir.fs(), node, &target, &how)?;
        let inode = opened_inode(dir, node, &opened)?;
        let Some(lease) = lease else {
            return Ok(AtomicOpen::Found(Some(inode)));
        };
        Ok(AtomicOpen::Opened {
            file: lease.into_file(inode.clone(), opened.attr.change.get())?,
            inode,
            created: opened.created != 0,
        })
    }

    fn tmpfile(
        dir: &INode<Client>,
        flags: u32,
        mode: u16,
    ) -> Result<(ARef<INode<Client>>, Pin<KBox<Open>>)> {
        let Object { node, handle } = *object(dir)?;
        let how = How {
            flags,
            mode,
            exec: false,
        };
        let (opened, lease) = Lease::open(dir.fs(), node, &Target::Unnamed(handle), &how)?;
        let lease = lease.ok_or(errno(EPROTO))?;
        let inode = opened_inode(dir, node, &opened)?;
        let file = lease.into_file(inode.clone(), opened.attr.change.get())?;
        Ok((inode, file))
    }

    fn mknod(dir: &INode<Client>, name: &[u8], mode: u16) -> Result<ARef<INode<Client>>> {
        let object = object(dir)?;
        let make = Make {
            dir: object.handle,
            mode: u32::from(mode).into(),
            name_len: length(name)?,
        };
        let parts: &[&[u8]] = &[make.as_bytes(), name];
        let body = dir.fs().call(object.node, op::MAKE, parts, KVVec::new())?;
        entry(dir, &body, mode)
    }

    fn symlink(dir: &INode<Client>, name: &[u8], target: &[u8]) -> Result<ARef<INode<Client>>> {
        let object = object(dir)?;
        let symlink = WireSymlink {
            dir: object.handle,
            name_len: length(name)?,
        };
        let mut data = KVVec::new();
        data.extend_from_slice(target, GFP_KERNEL)?;
        let parts: &[&[u8]] = &[symlink.as_bytes(), name];
        let body = dir.fs().call(object.node, op::SYMLINK, parts, data)?;
        entry(dir, &body, kind::LNK)
    }

    fn link(inode: &INode<Client>, dir: &INode<Client>, name: &[u8]) -> Result {
        let (object, to) = (object(inode)?, object(dir)?);
        if object.node != to.node {
            return Err(EXDEV);
        }
        let link = Link {
            object: object.handle,
            open: OpenId::ZERO,
            dir: to.handle,
            name_len: length(name)?,
        };
        let parts: &[&[u8]] = &[link.as_bytes(), name];
        let body = dir.fs().call(to.node, op::LINK, parts, KVVec::new())?;
        let entry: &Entry = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
        dir.fs().fresh.discard();
        inode.refresh(&attr::attributes(&entry.attr))
    }

    fn unlink(dir: &INode<Client>, name: &[u8]) -> Result {
        remove(dir, name, false)
    }

    fn rmdir(dir: &INode<Client>, name: &[u8]) -> Result {
        remove(dir, name, true)
    }

    fn rename(
        from_dir: &INode<Client>,
        from: &[u8],
        to_dir: &INode<Client>,
        to: &[u8],
        flags: u32,
    ) -> Result {
        let (source, target) = (object(from_dir)?, object(to_dir)?);
        if source.node != target.node {
            return Err(EXDEV);
        }
        if flags & !(fs::inode::rename::NOREPLACE | fs::inode::rename::EXCHANGE) != 0 {
            return Err(EINVAL);
        }
        let rename = Rename {
            from_dir: source.handle,
            to_dir: target.handle,
            flags: flags.into(),
            from_len: length(from)?,
            to_len: length(to)?,
        };
        change(from_dir, op::RENAME, &[rename.as_bytes(), from, to])
    }

    fn permission(inode: &INode<Client>, mask: u32) -> Result {
        permission(inode, mask)
    }

    fn getattr(inode: &INode<Client>) -> Result<Attributes> {
        getattr(inode)
    }

    fn setattr(inode: &INode<Client>, file: Option<&File<Client>>, change: &Change) -> Result {
        setattr(inode, file, change)
    }

    fn listxattr(inode: &INode<Client>, room: &mut [u8]) -> Result<usize> {
        xattr::list(inode, room)
    }
}

/// The inode of what node `node` has opened.
fn opened_inode(dir: &INode<Client>, node: u16, opened: &Opened) -> Result<ARef<INode<Client>>> {
    let entry = Entry {
        handle: opened.handle,
        attr: opened.attr,
    };
    inode::of_entry(dir.super_block(), node, &entry)
}

fn remove(dir: &INode<Client>, name: &[u8], directory: bool) -> Result {
    let Object { node, handle } = *object(dir)?;
    let unlink = Unlink {
        dir: handle,
        directory: directory.into(),
        name_len: length(name)?,
    };
    let near = |server: &Server| server.remove(&handle, name, directory);
    if let Some(removed) = dir.fs().ask_near(node, near) {
        removed?;
        dir.fs().fresh.discard();
        return Ok(());
    }
    change(dir, op::UNLINK, &[unlink.as_bytes(), name])
}

/// What regular files, FIFOs, sockets and devices do.
pub(super) struct NotDir;

#[vtable]
impl fs::inode::Operations for NotDir {
    type FileSystem = Client;

    fn permission(inode: &INode<Client>, mask: u32) -> Result {
        permission(inode, mask)
    }

    fn getattr(inode: &INode<Client>) -> Result<Attributes> {
        getattr(inode)
    }

    fn setattr(inode: &INode<Client>, file: Option<&File<Client>>, change: &Change) -> Result {
        setattr(inode, file, change)
    }

    fn listxattr(inode: &INode<Client>, room: &mut [u8]) -> Result<usize> {
        xattr::list(inode, room)
    }
}

/// What symbolic links do.
pub(super) struct Symlink;

#[vtable]
impl fs::inode::Operations for Symlink {
    type FileSystem = Client;

    fn get_link(inode: &INode<Client>) -> Result<KVec<u8>> {
        let body = object(inode)?.ask(inode.fs(), op::READLINK)?;
        let target = reply::data(&body.msg, &body.data, TARGET_MAX).map_err(attr::malformed)?;
        let mut link = KVec::new();
        link.extend_from_slice(target, GFP_KERNEL)?;
        Ok(link)
    }

    fn permission(_: &INode<Client>, _: u32) -> Result {
        Ok(())
    }

    fn getattr(inode: &INode<Client>) -> Result<Attributes> {
        getattr(inode)
    }

    fn setattr(inode: &INode<Client>, file: Option<&File<Client>>, change: &Change) -> Result {
        setattr(inode, file, change)
    }

    fn listxattr(inode: &INode<Client>, room: &mut [u8]) -> Result<usize> {
        xattr::list(inode, room)
    }
}
