// SPDX-License-Identifier: GPL-2.0

//! Changing names.

use kernel::{
    prelude::*,
    str::CStr, //
};

use super::{
    context::{
        done,
        reply,
        Context, //
    },
    export::Object, //
};
use crate::{
    linux::{
        bytes,
        vfs::{
            name::Name,
            namespace::New, //
        }, //
    },
    mfs::wire::{
        handle::Handle,
        mode,
        names::{
            Link,
            Make,
            Rename, //
        }, //
    },
    rpc::service::Answer, //
};

/// Makes `new` under a name, and answers what it is.
fn put(ctx: &Context<'_>, dir: &Object, name: &[u8], new: New<'_>) -> Result<Answer> {
    let path = dir.path.make(&Name::new(name)?, new)?;
    let mount = dir.mount;
    reply(&ctx.entry(&Object { path, mount })?)
}

/// Makes a directory, fifo, socket or regular file.
pub(super) fn make(ctx: &Context<'_>, make: &Make, name: &[u8]) -> Result<Answer> {
    let what = make.mode.get();
    let bits = u16::try_from(what).map_err(|_| EINVAL)?;
    let new = match what & mode::TYPE {
        mode::DIR => New::Directory(bits & mode::PERMISSIONS as u16),
        _ => New::Node(bits),
    };
    put(ctx, &ctx.object(&make.dir)?, name, new)
}

/// Makes a symbolic link.
pub(super) fn symlink(
    ctx: &Context<'_>,
    dir: &Handle,
    name: &[u8],
    target: &[u8],
) -> Result<Answer> {
    let target: KVec<u8> = bytes::concat(&[target, &[0]], 0)?;
    let target = CStr::from_bytes_with_nul(&target).map_err(|_| EINVAL)?;
    put(ctx, &ctx.object(dir)?, name, New::Symlink(target))
}

/// Makes a hard link.
pub(super) fn link(ctx: &Context<'_>, link: &Link, name: &[u8]) -> Result<Answer> {
    let object = ctx.opened_or(link.open, &link.object)?;
    let dir = ctx.object(&link.dir)?;
    put(ctx, &dir, name, New::Link(&object))
}

/// Removes a name.
pub(super) fn unlink(
    ctx: &Context<'_>,
    dir: &Handle,
    name: &[u8],
    directory: bool,
) -> Result<Answer> {
    let dir = ctx.object(dir)?;
    dir.path.remove(&Name::new(name)?, directory)?;
    Ok(done())
}

/// Renames.
pub(super) fn rename(ctx: &Context<'_>, rename: &Rename, from: &[u8], to: &[u8]) -> Result<Answer> {
    let old = ctx.object(&rename.from_dir)?.path;
    let new = ctx.object(&rename.to_dir)?.path;
    old.rename(&Name::new(from)?, &new, &Name::new(to)?, rename.flags.get())?;
    Ok(done())
}
