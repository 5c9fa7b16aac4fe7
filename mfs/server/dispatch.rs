// SPDX-License-Identifier: GPL-2.0

//! Which operation a request is.

use kernel::prelude::*;

use super::{
    attrs,
    context::{
        done,
        Context, //
    },
    dirs,
    extent,
    io,
    lock,
    lookup,
    names,
    open,
    trail,
    xattr, //
};
use crate::{
    linux::errno::*,
    mfs::wire::{
        request::Request,
        trail::Trail, //
    },
    rpc::service::Answer, //
};

/// Executes a request that was made at the end of `trail`.
pub(super) fn execute(
    mut ctx: Context<'_>,
    trail: Trail<'_>,
    request: Request<'_>,
) -> Result<Answer> {
    ctx.client.pins.sweep();
    if !trail.is_empty() {
        ctx.end = trail::follow(&ctx, trail)?;
    }
    let ctx = &ctx;
    match request {
        Request::Root => lookup::root(ctx),
        Request::Lookup { dir, name } => lookup::lookup(ctx, dir, name),
        Request::GetAttr(of) => attrs::getattr(ctx, of),
        Request::SetAttr(change) => attrs::setattr(ctx, change),
        Request::Access(access) => attrs::access(ctx, access),
        Request::ReadLink(of) => attrs::readlink(ctx, of),
        Request::StatFs(of) => attrs::statfs(ctx, of),
        Request::Open(how, target) => open::open(ctx, how, target),
        Request::Release(open) => open::release(ctx, open),
        Request::Read(read) => io::read(ctx, read),
        Request::Write(write, data) => io::write(ctx, write, data),
        Request::Fsync(fsync) => io::fsync(ctx, fsync),
        Request::Fallocate(how) => extent::fallocate(ctx, how),
        Request::Seek(seek) => extent::seek(ctx, seek),
        Request::CopyRange(how) => extent::copy_range(ctx, how),
        Request::GetXattr(get, name) => xattr::get(ctx, get, name),
        Request::SetXattr(set, name, value) => xattr::set(ctx, set, name, value),
        Request::ListXattr(list) => xattr::list(ctx, list),
        Request::RemoveXattr(remove, name) => xattr::remove(ctx, remove, name),
        Request::Lock(what) => lock::lock(ctx, what),
        Request::LockCancel(ticket) => lock::cancel(ctx, ticket),
        Request::Forget(handles) => {
            handles
                .iter()
                .for_each(|handle| ctx.client.pins.forget(handle));
            Ok(done())
        }
        Request::ReadDir(from) => dirs::readdir(ctx, from),
        Request::Make(make, name) => names::make(ctx, make, name),
        Request::Symlink { dir, name, target } => names::symlink(ctx, dir, name, target),
        Request::Link(link, name) => names::link(ctx, link, name),
        Request::Unlink {
            dir,
            name,
            directory,
        } => names::unlink(ctx, dir, name, directory),
        Request::Rename(rename, from, to) => names::rename(ctx, rename, from, to),
        _ => Err(errno(EOPNOTSUPP)),
    }
}

/// Whether doing it once more, after the answer was lost, would do something else.
pub(super) fn is_once(request: &Request<'_>) -> bool {
    !matches!(
        request,
        Request::Root
            | Request::Lookup { .. }
            | Request::GetAttr(_)
            | Request::Access(_)
            | Request::ReadLink(_)
            | Request::StatFs(_)
            | Request::Read(_)
            | Request::Fsync(_)
            | Request::Seek(_)
            | Request::ReadDir(_)
            | Request::GetXattr(..)
            | Request::ListXattr(_)
    )
}

/// Whether it does not matter for whom it is done: the node itself asks for it.
pub(super) fn needs_nobody(request: &Request<'_>) -> bool {
    matches!(
        request,
        Request::Release(_) | Request::LockCancel(_) | Request::Forget(_)
    )
}
