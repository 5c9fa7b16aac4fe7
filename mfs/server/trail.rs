// SPDX-License-Identifier: GPL-2.0

//! Going the way that a client remembers, to see whether it still leads there.

use kernel::prelude::*;

use super::{
    context::Context,
    export::Object,
    lookup, //
};
use crate::{
    linux::{
        errno::*,
        vfs::name::Name, //
    },
    mfs::wire::{
        handle::Handle,
        trail::{
            Mark,
            Trail, //
        }, //
    }, //
};

/// The directory at the end of a trail.
pub(super) struct End {
    handle: Handle,
    object: Object,
}

impl End {
    /// The object, if `handle` names it.
    pub(super) fn of(&self, handle: &Handle) -> Option<&Object> {
        (self.handle == *handle).then_some(&self.object)
    }
}

/// Goes along `trail`, with the rights of who asks; its end, if it leads anywhere.
///
/// # Errors
///
/// `ESTALE` if a name does not lead where the client thinks, or to a directory of another mode: it then
/// asks for each name by itself and hears what that is. `EACCES` where the caller may not go through.
pub(super) fn follow(ctx: &Context<'_>, trail: Trail<'_>) -> Result<Option<End>> {
    let mut end: Option<End> = None;
    for mark in trail.marks() {
        end = Some(match (mark, end) {
            (Mark::From(handle), _) => End {
                handle: *handle,
                object: ctx.object(handle)?,
            },
            (Mark::Through(step, name), Some(before)) => {
                let object = lookup::child(ctx, &before.object, &Name::new(name)?)
                    .map_err(lost)?
                    .ok_or(errno(ESTALE))?;
                // First what costs nothing: a handle may have to be held.
                if u32::from(object.path.mode()) != step.mode.get() {
                    return Err(errno(ESTALE));
                }
                let handle = ctx.handle(&object)?;
                if handle.tag != step.tag {
                    return Err(errno(ESTALE));
                }
                End { handle, object }
            }
            (Mark::Through(..), None) => return Err(errno(EPROTO)),
        });
    }
    Ok(end)
}

/// What has no such name any more, or is no directory, has to be asked for.
fn lost(error: Error) -> Error {
    if error == ENOENT || error == ENOTDIR {
        errno(ESTALE)
    } else {
        error
    }
}
