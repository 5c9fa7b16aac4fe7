// SPDX-License-Identifier: GPL-2.0

//! Finding objects by name.

use kernel::prelude::*;

use super::{
    context::{
        reply,
        Context, //
    },
    export::Object, //
};
use crate::{
    linux::vfs::name::Name,
    mfs::wire::handle::Handle,
    rpc::service::Answer, //
};

/// The root of what is served.
pub(super) fn root(ctx: &Context<'_>) -> Result<Answer> {
    reply(&ctx.entry(&ctx.export.root(ctx.policy))?)
}

/// A name in a directory.
pub(super) fn lookup(ctx: &Context<'_>, dir: &Handle, name: &[u8]) -> Result<Answer> {
    let dir = ctx.object(dir)?;
    let object = child(ctx, &dir, &Name::new(name)?)?.ok_or(ENOENT)?;
    reply(&ctx.entry(&object)?)
}

/// What has a name in a directory, mounts followed; `None` if nothing has it.
///
/// # Errors
///
/// `ENOENT` if it is not to be seen, `ENOTDIR`, `EACCES`, those of [`super::export::Export::descend`].
pub(super) fn child(ctx: &Context<'_>, dir: &Object, name: &Name) -> Result<Option<Object>> {
    let Some(path) = dir.path.lookup(name)? else {
        return Ok(None);
    };
    let place = Object {
        path,
        mount: dir.mount,
        access: dir.access,
    };
    let mut object = ctx.export.descend(place)?;
    object.access = ctx
        .policy
        .judge(&dir.path, dir.access, name.bytes(), &object.path)?;
    Ok(Some(object))
}
