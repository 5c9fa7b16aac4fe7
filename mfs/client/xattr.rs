// SPDX-License-Identifier: GPL-2.0

//! Extended attributes. The server has them, access control lists included, and says who may what.

use kernel::{
    alloc::KVVec,
    prelude::*, //
};

use super::{
    attr,
    inode::Object,
    Client, //
};
use crate::{
    linux::{
        bytes,
        errno::*,
        fs::{
            xattr::Operations,
            INode, //
        }, //
    },
    mfs::wire::{
        name,
        op,
        reply,
        xattr::{
            GetXattr,
            ListXattr,
            RemoveXattr,
            SetXattr,
            SIZE_MAX, //
        }, //
    }, //
};

/// Those of objects of nodes.
pub(crate) struct Attributes;

fn object(inode: &INode<Client>) -> Result<&Object> {
    inode.key().object().ok_or(errno(EOPNOTSUPP))
}

/// How much may be asked for, of what the caller has room for.
fn room(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(SIZE_MAX).min(SIZE_MAX)
}

impl Operations for Attributes {
    type FileSystem = Client;
    type Value = KVVec<u8>;

    fn get(inode: &INode<Client>, name: &[u8], bytes: usize) -> Result<(usize, KVVec<u8>)> {
        let object = object(inode)?;
        let room = room(bytes);
        let what = GetXattr {
            object: object.handle,
            room: room.into(),
            name_len: name::len(name),
        };
        let parts = [what.as_bytes(), name];
        let body = inode
            .fs()
            .call(object.node, op::GETXATTR, &parts, KVVec::new())?;
        let (size, _) =
            reply::xattr(&body.msg, &body.data, room as usize).map_err(attr::malformed)?;
        Ok((size, body.data))
    }

    fn set(inode: &INode<Client>, name: &[u8], value: Option<&[u8]>, flags: u32) -> Result {
        let object = object(inode)?;
        let body = match value {
            Some(value) => {
                let what = SetXattr {
                    object: object.handle,
                    flags: flags.into(),
                    name_len: name::len(name),
                };
                let parts = [what.as_bytes(), name];
                let data = bytes::concat(&[value], 0)?;
                inode.fs().call(object.node, op::SETXATTR, &parts, data)?
            }
            None => {
                let what = RemoveXattr {
                    object: object.handle,
                    name_len: name::len(name),
                };
                let parts = [what.as_bytes(), name];
                inode
                    .fs()
                    .call(object.node, op::REMOVEXATTR, &parts, KVVec::new())?
            }
        };
        inode.fs().fresh.discard();
        reply::empty(&body.msg, &body.data).map_err(attr::malformed)
    }
}

/// Lists the names, each with a NUL behind, into `to`; gives their length in all. With no room just that.
///
/// # Errors
///
/// `ERANGE` if they do not fit; those of [`Client::call`].
pub(super) fn list(inode: &INode<Client>, to: &mut [u8]) -> Result<usize> {
    let object = object(inode)?;
    let room = room(to.len());
    let what = ListXattr {
        object: object.handle,
        room: room.into(),
    };
    let body = inode
        .fs()
        .call(object.node, op::LISTXATTR, &[what.as_bytes()], KVVec::new())?;
    let (size, names) =
        reply::xattr(&body.msg, &body.data, room as usize).map_err(attr::malformed)?;
    if let Some(to) = to.get_mut(..names.len()) {
        to.copy_from_slice(names);
    }
    Ok(size)
}
