// SPDX-License-Identifier: GPL-2.0

//! Names: none is believed, each is asked for again in each system call that walks over it: the last of
//! a path by itself, the directories before it together with that ([`super::trail`]).

use kernel::prelude::*;

use super::{
    attr,
    inode::{
        Key,
        Object, //
    },
    namespace::STICKY,
    Client, //
};
use crate::{
    linux::{
        errno::*,
        fs::{
            self,
            attr::kind,
            inode::LookupFlags,
            DEntry,
            INode, //
        }, //
    },
    mfs::server::Server,
    mfs::wire::{
        attr::{
            Attr,
            Entry, //
        },
        handle::Handle,
        names::At,
        op,
        reply, //
    }, //
};

/// Asks the node of `dir` for `name`; `None` if it is not there.
pub(super) fn ask(client: &Client, dir: &Object, name: &[u8]) -> Result<Option<Entry>> {
    let at = At {
        dir: dir.handle,
        name_len: length(name)?,
    };
    let near = client.ask_near(dir.node, |server| server.lookup(&dir.handle, name));
    let answer = near.unwrap_or_else(|| {
        let parts: &[&[u8]] = &[at.as_bytes(), name];
        let body = client.call_in(dir.node, &dir.handle, op::LOOKUP, parts)?;
        let entry = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
        Ok(*entry)
    });
    match answer {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error == ENOENT => Ok(None),
        Err(error) => Err(error),
    }
}

/// Attributes of what has the name `name` in `dir`, if that still is `expect`.
fn still(client: &Client, dir: &Object, name: &[u8], expect: &Handle) -> Result<Option<Attr>> {
    let near = |server: &Server| server.revalidate(&dir.handle, name, expect);
    if let Some(attr) = client.ask_near(dir.node, near) {
        return attr;
    }
    let entry = ask(client, dir, name)?;
    Ok(entry.and_then(|entry| (entry.handle == *expect).then_some(entry.attr)))
}

/// Length of a name, for the wire.
///
/// # Errors
///
/// `ENAMETOOLONG`.
pub(super) fn length(name: &[u8]) -> Result<zerocopy::little_endian::U16> {
    if name.len() > crate::mfs::wire::name::NAME_MAX {
        return Err(errno(ENAMETOOLONG));
    }
    Ok((name.len() as u16).into())
}

/// What to open `dentry` by, beside its handle: directory and name as of now. `None` if it has no name
/// any more.
pub(crate) fn open_name(dentry: &DEntry<Client>) -> Result<Option<(Handle, KVec<u8>)>> {
    if !dentry.is_hashed() {
        return Ok(None);
    }
    let parent = dentry.parent();
    let Some(Key::Object(dir)) = parent.inode().map(INode::key) else {
        // The root of a node has no name that the node knows.
        return Ok(None);
    };
    Ok(Some((dir.handle, dentry.name_snapshot()?)))
}

/// What dentries do.
pub(super) struct Names;

#[vtable]
impl fs::dentry::Operations for Names {
    type FileSystem = Client;

    fn revalidate(
        dir: &INode<Client>,
        name: &[u8],
        dentry: &DEntry<Client>,
        flags: LookupFlags,
    ) -> Result<bool> {
        let client = dir.fs();
        if flags.is_reval() {
            // What was gone through on the way that is gone again has no meaning any more.
            client.trails.forget();
        }
        // That something is not there is not believed.
        let Some(inode) = dentry.inode() else {
            return Ok(false);
        };
        let Key::Object(dir) = dir.key() else {
            return client.is_node(name, inode.key(), flags);
        };
        let Key::Object(object) = inode.key() else {
            return Ok(false);
        };
        // The opening brings the name and the handle, and fails with ESTALE unless they belong
        // together; then this is called again, with another flag. What is to be a directory is not
        // opened if it is none, and nobody would have asked whether the caller may look here.
        let opens = flags.is_open() && !flags.is_exclusive() && !flags.is_directory();
        let asks_itself = opens && !flags.is_reval();
        if asks_itself && inode.file_type() == kind::REG {
            return Ok(true);
        }
        // Where the path goes on, what is known of a directory does: on this node a look tells whether it
        // is so, and elsewhere whoever asks for the name that follows says so. Sticky ones are asked for,
        // as the VFS looks whose they are.
        let plain = inode.file_type() == kind::DIR && inode.mode() & STICKY == 0;
        if plain && flags.goes_on() && !flags.is_reval() && !dentry.is_mountpoint() {
            let mode = inode.mode();
            let known = match client.near(dir.node) {
                Some(server) => server.leads(&dir.handle, name, &object.handle, mode),
                None => client.trails.add(dir, name, object, mode),
            };
            if known {
                return Ok(true);
            }
        }
        let Some(attr) = still(client, dir, name, &object.handle)? else {
            return Ok(false);
        };
        let attributes = attr::attributes(&attr);
        if inode.refresh(&attributes).is_err() {
            return Ok(false);
        }
        client.fresh.leave(*inode.key(), attributes);
        Ok(true)
    }

    fn delete(dentry: &DEntry<Client>) -> bool {
        // Directories stay, so that there is one dentry for each; files stay unless that costs their
        // node something.
        match dentry.inode().map(|inode| (inode.key(), inode.file_type())) {
            Some((Key::Object(_), kind::DIR)) => false,
            Some((Key::Object(object), kind::REG)) => object.handle.fh_type == Handle::PINNED,
            _ => true,
        }
    }
}
