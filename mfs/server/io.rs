// SPDX-License-Identifier: GPL-2.0

//! Reading and writing.

use kernel::prelude::*;
use zerocopy::little_endian::{
    U32,
    U64, //
};

use super::context::{
    data,
    done,
    reply,
    Context, //
};
use crate::{
    linux::vfs::cred::with_fsize_limit,
    mfs::wire::file::{
        write as flag,
        Fsync,
        Read,
        Write,
        Written, //
    },
    rpc::service::Answer, //
};

/// `RWF_APPEND` of `pwritev2()`.
const RWF_APPEND: u32 = 0x10;

/// Reads.
pub(super) fn read(ctx: &Context<'_>, read: &Read) -> Result<Answer> {
    let open = ctx.opened(read.open)?;
    let len = usize::try_from(read.len.get()).map_err(|_| EINVAL)?;
    let mut buf = KVVec::with_capacity(len, GFP_KERNEL)?;
    // The allocation may have more room than was asked for.
    open.file.read(&mut buf, len, read.offset.get())?;
    Ok(data(buf))
}

/// Writes.
pub(super) fn write(ctx: &Context<'_>, write: &Write, data: &[u8]) -> Result<Answer> {
    let open = ctx.opened(write.open)?;
    let has = |bit| write.flags.get() & bit != 0;
    if has(flag::STAGE) {
        open.stage
            .keep(&ctx.client.staged, write.offset.get(), data)?;
        return written(0, 0);
    }
    let staged = if has(flag::STAGED) {
        Some(open.stage.take().ok_or(EINVAL)?)
    } else {
        None
    };
    // The client says it for each write, but for these files it cannot say no.
    let append = has(flag::APPEND) || open.file.is_append_only();
    let (offset, append) = match append {
        true => (0, RWF_APPEND),
        false => (write.offset.get(), 0),
    };
    let flags = write.kiocb.get() | append;
    let put = || match &staged {
        None => open.file.write(data, offset, flags),
        Some(pieces) => {
            let all = Iterator::chain(pieces.iter(), [data]);
            open.file.write_all(all, offset, flags)
        }
    };
    let (count, end) = if ctx.is_local {
        put()?
    } else {
        with_fsize_limit(write.limit.get(), put)?
    };
    written(end, count)
}

fn written(end: u64, count: usize) -> Result<Answer> {
    reply(&Written {
        end: U64::new(end),
        count: U32::new(u32::try_from(count).map_err(|_| EOVERFLOW)?),
        reserved: U32::ZERO,
    })
}

/// Makes data durable.
pub(super) fn fsync(ctx: &Context<'_>, fsync: &Fsync) -> Result<Answer> {
    let open = ctx.opened(fsync.open)?;
    let (start, end) = (fsync.start.get(), fsync.end.get());
    open.file.fsync(start, end, fsync.datasync == 1)?;
    Ok(done())
}
