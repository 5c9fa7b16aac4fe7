// SPDX-License-Identifier: GPL-2.0

//! Entries of directories.

use kernel::prelude::*;

use super::context::{
    reply_with_data,
    Context, //
};
use crate::{
    linux::bytes,
    mfs::wire::dirent::{
        Packer,
        ReadDir,
        ReadDirReply, //
    },
    rpc::service::Answer, //
};

/// Most that is answered at once, in bytes.
const ROOM_MAX: usize = 256 << 10;

/// Entries from a place on, as many as there is room for.
pub(super) fn readdir(ctx: &Context<'_>, from: &ReadDir) -> Result<Answer> {
    let open = ctx.opened(from.open)?;
    let room = usize::try_from(from.room.get()).map_err(|_| EINVAL)?;
    let mut data: KVVec<u8> = bytes::zeroed(room.min(ROOM_MAX))?;
    let mut packer = Packer::new(&mut data);
    let at = open.file.iterate(from.cookie.get(), &mut |entry| {
        packer.push(entry.name, entry.at, entry.ino, entry.kind)
    })?;
    let end = !packer.is_full();
    let used = packer.finish(at);
    data.truncate(used);
    let reply = ReadDirReply {
        end: end.into(),
        reserved: [0; 7],
    };
    reply_with_data(&reply, data)
}
