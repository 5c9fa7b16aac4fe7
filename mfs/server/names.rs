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
    export::Object,
    lookup, //
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
    let name = Name::new(name)?;
    ctx.policy.check_name(&dir.path, name.bytes())?;
    if let Err(error) = dir.access.check_write() {
        // That it is there goes before that nothing can be changed.
        let there = lookup::child(ctx, dir, &name)?.is_some();
        return Err(if there { EEXIST } else { error });
    }
    let path = dir.path.make(&name, new)?;
    reply(&ctx.entry(&Object {
        path,
        ..dir.clone()
    })?)
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
    let (object, access) = ctx.opened_or(link.open, &link.object)?;
    access.check_write()?;
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
    remove(ctx, dir, name, directory).map(|()| done())
}

/// Removes a name.
pub(super) fn remove(ctx: &Context<'_>, dir: &Handle, name: &[u8], directory: bool) -> Result {
    let dir = ctx.object(dir)?;
    dir.access.check_write()?;
    let name = Name::new(name)?;
    ctx.policy.check_move(&dir.path, name.bytes())?;
    dir.path.remove(&name, directory)
}

/// Renames.
pub(super) fn rename(ctx: &Context<'_>, rename: &Rename, from: &[u8], to: &[u8]) -> Result<Answer> {
    let old = ctx.object(&rename.from_dir)?;
    let new = ctx.object(&rename.to_dir)?;
    old.access.check_write()?;
    new.access.check_write()?;
    let (from, to) = (Name::new(from)?, Name::new(to)?);
    ctx.policy.check_move(&old.path, from.bytes())?;
    ctx.policy.check_name(&new.path, to.bytes())?;
    ctx.policy.check_move(&new.path, to.bytes())?;
    old.path.rename(&from, &new.path, &to, rename.flags.get())?;
    Ok(done())
}
