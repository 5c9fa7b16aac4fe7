// SPDX-License-Identifier: GPL-2.0

//! Opening and closing.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use zerocopy::little_endian::U64;

use super::{
    context::{
        done,
        reply,
        Context, //
    },
    export::Object,
    lookup,
    opens,
    policy::Access, //
};
use crate::{
    linux::{
        errno::*,
        vfs::{
            file::File,
            name::Name,
            path::Kind, //
        }, //
    },
    mfs::wire::{
        attr::Attr,
        file::{
            open as flag,
            Open,
            Opened, //
        },
        handle::{
            Handle,
            OpenId, //
        },
        request::Target, //
    },
    rpc::service::Answer, //
};

/// What of the flags is the server's business. Direct I/O is the client's: it has no cache for
/// `read()` and `write()`, and the server's is the one cache that there is.
const SERVER: u32 = flag::ALL & !(flag::NOCTTY | flag::DIRECT | flag::CREAT | flag::EXCL);

/// How often a name that is not there and then is there after all is looked up again.
const TRIES: u32 = 16;

/// What is said of an open file, and the file itself, if the object is one that is opened.
pub(super) type Outcome = (Opened, Option<Arc<opens::Open>>);

/// Opens, and creates where asked.
pub(super) fn open(ctx: &Context<'_>, how: &Open, target: Target<'_>) -> Result<Answer> {
    let (opened, _) = open_file(ctx, how, target)?;
    reply(&opened)
}

/// Opens, and creates where asked.
///
/// What is neither a regular file nor a directory is not opened: the answer says what is there, with 0 as
/// the number of the open file.
pub(super) fn open_file(ctx: &Context<'_>, how: &Open, target: Target<'_>) -> Result<Outcome> {
    match target {
        Target::Unnamed(dir) => {
            let dir = ctx.object(dir)?;
            dir.access.check_write()?;
            // With it, the file cannot get a name later.
            let exclusive = how.flags.get() & flag::EXCL;
            let file = File::open(&dir.path, flags(how) | exclusive, how.mode.get())?;
            finish(ctx, file, None, dir.mount, dir.access)
        }
        Target::Object(handle) => existing(ctx, how, ctx.object(handle)?, Some(handle)),
        Target::Named { dir, name, expect } => named(ctx, how, dir, name, expect),
    }
}

fn flags(how: &Open) -> u32 {
    how.flags.get() & SERVER
}

fn named(
    ctx: &Context<'_>,
    how: &Open,
    dir: &Handle,
    name: &[u8],
    expect: Option<&Handle>,
) -> Result<Outcome> {
    let dir = ctx.object(dir)?;
    let name = Name::new(name)?;
    let wanted = how.flags.get();
    let (create, exclusive) = (wanted & flag::CREAT != 0, wanted & flag::EXCL != 0);
    for _ in 0..TRIES {
        match (lookup::child(ctx, &dir, &name)?, expect) {
            (Some(object), expect) => {
                if let Some(expect) = expect {
                    if !ctx.is(&object, expect)? {
                        return Err(errno(ESTALE));
                    }
                }
                if create && exclusive {
                    return Err(EEXIST);
                }
                if create && object.path.kind() == Kind::Directory {
                    return Err(EISDIR);
                }
                return existing(ctx, how, object, expect);
            }
            (None, Some(_)) => return Err(errno(ESTALE)),
            (None, None) if !create => return Err(ENOENT),
            (None, None) => {
                dir.access.check_write()?;
                ctx.policy.check_name(&dir.path, name.bytes())?;
                match File::create(&dir.path, &name, flags(how), how.mode.get()) {
                    Ok(file) => return finish(ctx, file, None, dir.mount, dir.access),
                    // Somebody was faster: then it is that one that is opened.
                    Err(error) if error == EEXIST && !exclusive => (),
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Err(errno(ESTALE))
}

/// Opens what is there; `handle` is what it is called, if the client knows.
fn existing(
    ctx: &Context<'_>,
    how: &Open,
    object: Object,
    handle: Option<&Handle>,
) -> Result<Outcome> {
    let handle = match handle {
        Some(handle) => *handle,
        None => ctx.handle(&object)?,
    };
    if !matches!(object.path.kind(), Kind::Regular | Kind::Directory) {
        return Ok((opened(handle, ctx.attr(&object.path)?, 0, false), None));
    }
    let changes = flag::TRUNC | flag::ACCESS_MODE;
    if how.exec != 1 && how.flags.get() & changes != 0 {
        object.access.check_write()?;
    }
    let file = if how.exec == 1 {
        File::open_exec(&object.path)?
    } else {
        File::open(&object.path, flags(how), 0)?
    };
    finish(ctx, file, Some(&handle), object.mount, object.access)
}

/// Takes in an open file that is seen through the mount `mount` and may be used as `access` says. It is new
/// if it has no handle yet.
fn finish(
    ctx: &Context<'_>,
    mut file: File,
    handle: Option<&Handle>,
    mount: u16,
    access: Access,
) -> Result<Outcome> {
    // Each write says whether it appends, as that can be changed after opening.
    file.forget_append();
    let object = Object {
        path: file.path(),
        mount,
        access,
    };
    let (handle, created) = match handle {
        Some(handle) => (*handle, false),
        None => (ctx.handle(&object)?, true),
    };
    let attr = ctx.attr(&object.path)?;
    let open = opens::Open::new(file, access, &ctx.client.locks)?;
    let id = ctx.client.opens.insert(open.clone())?;
    Ok((opened(handle, attr, id, created), Some(open)))
}

fn opened(handle: Handle, attr: Attr, open: u64, created: bool) -> Opened {
    Opened {
        handle,
        attr,
        open: U64::new(open),
        created: created.into(),
        reserved: [0; 7],
    }
}

/// Closes.
pub(super) fn release(ctx: &Context<'_>, open: OpenId) -> Result<Answer> {
    close(ctx, open).map(|()| done())
}

/// Closes.
pub(super) fn close(ctx: &Context<'_>, open: OpenId) -> Result {
    drop(ctx.client.opens.remove(open.get())?);
    Ok(())
}
