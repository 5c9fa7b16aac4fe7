// SPDX-License-Identifier: GPL-2.0

//! Extended attributes.

use kernel::prelude::*;
use zerocopy::little_endian::U32;

use super::context::{
    done,
    reply_with_data,
    Context, //
};
use crate::{
    linux::{
        bytes,
        vfs::xattr::XattrName, //
    },
    mfs::wire::xattr::{
        GetXattr,
        ListXattr,
        RemoveXattr,
        SetXattr,
        XattrSize,
        SIZE_MAX, //
    },
    rpc::service::Answer, //
};

/// Gets something of up to `room` bytes by `get`, which gets nothing but the size if there is no room.
fn answer(room: U32, get: impl FnOnce(&mut [u8]) -> Result<usize>) -> Result<Answer> {
    let room = room.get().min(SIZE_MAX);
    let mut data: KVVec<u8> = bytes::zeroed(usize::try_from(room).map_err(|_| EINVAL)?)?;
    let size = get(&mut data)?;
    data.truncate(if room == 0 { 0 } else { size });
    let size = u32::try_from(size).map_err(|_| E2BIG)?;
    if size > SIZE_MAX {
        return Err(E2BIG);
    }
    let reply = XattrSize {
        size: U32::new(size),
    };
    reply_with_data(&reply, data)
}

/// The value of one.
pub(super) fn get(ctx: &Context<'_>, get: &GetXattr, name: &[u8]) -> Result<Answer> {
    let path = ctx.object(&get.object)?.path;
    let name = XattrName::new(name)?;
    answer(get.room, |value| path.getxattr(&name, value))
}

/// Sets one.
pub(super) fn set(ctx: &Context<'_>, set: &SetXattr, name: &[u8], value: &[u8]) -> Result<Answer> {
    let object = ctx.object(&set.object)?;
    object.access.check_write()?;
    object
        .path
        .setxattr(&XattrName::new(name)?, value, set.flags.get())?;
    Ok(done())
}

/// The names of all.
pub(super) fn list(ctx: &Context<'_>, list: &ListXattr) -> Result<Answer> {
    let path = ctx.object(&list.object)?.path;
    answer(list.room, |names| path.listxattr(names))
}

/// Removes one.
pub(super) fn remove(ctx: &Context<'_>, remove: &RemoveXattr, name: &[u8]) -> Result<Answer> {
    let object = ctx.object(&remove.object)?;
    object.access.check_write()?;
    object.path.removexattr(&XattrName::new(name)?)?;
    Ok(done())
}
