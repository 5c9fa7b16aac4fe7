// SPDX-License-Identifier: GPL-2.0

//! Space in files, and copies within the server.

use kernel::prelude::*;
use zerocopy::little_endian::U64;

use super::context::{
    done,
    reply,
    Context, //
};
use crate::{
    linux::vfs::{
        cred::with_fsize_limit,
        extent::Extent, //
    },
    mfs::wire::file::{
        copy,
        CopyRange,
        Fallocate,
        Offset,
        Seek, //
    },
    rpc::service::Answer, //
};

/// Most that is copied for one request, so that a worker comes back in time.
const COPY_MAX: u64 = 256 << 20;
/// `SEEK_DATA`.
const SEEK_DATA: u32 = 3;

/// Does `work` with the limit to file sizes of whoever asks.
fn limited<T>(ctx: &Context<'_>, limit: U64, work: impl FnOnce() -> T) -> T {
    if ctx.is_local {
        work()
    } else {
        with_fsize_limit(limit.get(), work)
    }
}

fn offset(value: u64) -> Result<Answer> {
    reply(&Offset {
        value: U64::new(value),
    })
}

/// Reserves, punches, zeroes, collapses, inserts.
pub(super) fn fallocate(ctx: &Context<'_>, how: &Fallocate) -> Result<Answer> {
    let open = ctx.opened(how.open)?;
    let (start, len) = (how.offset.get(), how.len.get());
    limited(ctx, how.limit, || {
        open.file.fallocate(how.mode.get(), start, len)
    })?;
    Ok(done())
}

/// Finds data or a hole.
pub(super) fn seek(ctx: &Context<'_>, seek: &Seek) -> Result<Answer> {
    let open = ctx.opened(seek.open)?;
    let what = if seek.whence.get() == SEEK_DATA {
        Extent::Data
    } else {
        Extent::Hole
    };
    offset(open.file.seek_extent(seek.offset.get(), what)?)
}

/// Copies, or shares, between two open files.
pub(super) fn copy_range(ctx: &Context<'_>, how: &CopyRange) -> Result<Answer> {
    let from = ctx.opened(how.from)?;
    let to = ctx.opened(how.to)?;
    let (start, at, len) = (how.from_offset.get(), how.to_offset.get(), how.len.get());
    let count = limited(ctx, how.limit, || {
        if how.flags.get() & copy::CLONE != 0 {
            from.file.clone_range(start, &to.file, at, len)
        } else {
            from.file.copy_range(start, &to.file, at, len.min(COPY_MAX))
        }
    })?;
    offset(count)
}
