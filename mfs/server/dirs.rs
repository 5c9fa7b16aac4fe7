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
    let listing = ctx.policy.listing(&open.file.path(), open.access)?;
    let room = usize::try_from(from.room.get()).map_err(|_| EINVAL)?;
    let mut data: KVVec<u8> = bytes::zeroed(room.min(ROOM_MAX))?;
    let mut packer = Packer::new(&mut data);
    let mut at = from.cookie.get();
    let (mut any, mut end) = (false, false);
    // Some file systems tell of a part of the rest at a time: the end is where there is nothing more.
    while !end && !packer.is_full() {
        let mut seen = false;
        let next = open.file.iterate(at, &mut |entry| {
            seen = true;
            !listing.shows(entry.name) || packer.push(entry.name, entry.at, entry.ino, entry.kind)
        });
        let next = match next {
            Ok(next) => next,
            // The next request is for it.
            Err(_) if any => break,
            Err(error) => return Err(error),
        };
        any |= seen;
        // One that stays where it is and is not full would never end.
        end = !seen || (next == at && !packer.is_full());
        at = next;
    }
    let used = packer.finish(at);
    data.truncate(used);
    let reply = ReadDirReply {
        end: end.into(),
        reserved: [0; 7],
    };
    reply_with_data(&reply, data)
}
