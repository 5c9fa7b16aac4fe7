// SPDX-License-Identifier: GPL-2.0

//! Opening and closing.

use kernel::prelude::*;
use zerocopy::little_endian::U64;

use super::{
    context::{
        done,
        reply,
        Context, //
    },
    export::Object,
    lookup,
    opens, //
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

/// Opens, and creates where asked.
///
/// What is neither a regular file nor a directory is not opened: the answer says what is there, with 0 as
/// the number of the open file.
pub(super) fn open(ctx: &Context<'_>, how: &Open, target: Target<'_>) -> Result<Answer> {
    match target {
        Target::Unnamed(dir) => {
            let dir = ctx.object(dir)?;
            dir.access.check_write()?;
            // With it, the file cannot get a name later.
            let exclusive = how.flags.get() & flag::EXCL;
            let file = File::open(&dir.path, flags(how) | exclusive, how.mode.get())?;
            finish(ctx, file, &dir, true)
        }
        Target::Object(handle) => existing(ctx, how, ctx.object(handle)?),
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
) -> Result<Answer> {
    let dir = ctx.object(dir)?;
    let name = Name::new(name)?;
    let wanted = how.flags.get();
    let (create, exclusive) = (wanted & flag::CREAT != 0, wanted & flag::EXCL != 0);
    for _ in 0..TRIES {
        match (lookup::child(ctx, &dir, &name)?, expect) {
            (Some(object), expect) => {
                if let Some(expect) = expect {
                    if ctx.handle(&object)? != *expect {
                        return Err(errno(ESTALE));
                    }
                }
                if create && exclusive {
                    return Err(EEXIST);
                }
                if create && object.path.kind() == Kind::Directory {
                    return Err(EISDIR);
                }
                return existing(ctx, how, object);
            }
            (None, Some(_)) => return Err(errno(ESTALE)),
            (None, None) if !create => return Err(ENOENT),
            (None, None) => {
                dir.access.check_write()?;
                ctx.policy.check_name(&dir.path, name.bytes())?;
                match File::create(&dir.path, &name, flags(how), how.mode.get()) {
                    Ok(file) => return finish(ctx, file, &dir, true),
                    // Somebody was faster: then it is that one that is opened.
                    Err(error) if error == EEXIST && !exclusive => (),
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Err(errno(ESTALE))
}

fn existing(ctx: &Context<'_>, how: &Open, object: Object) -> Result<Answer> {
    if !matches!(object.path.kind(), Kind::Regular | Kind::Directory) {
        return answer(ctx, &object, 0, false);
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
    finish(ctx, file, &object, false)
}

/// Answers with an open file, to which applies what applies to `like`.
fn finish(ctx: &Context<'_>, mut file: File, like: &Object, created: bool) -> Result<Answer> {
    // Each write says whether it appends, as that can be changed after opening.
    file.forget_append();
    let object = Object {
        path: file.path(),
        ..like.clone()
    };
    let open = ctx
        .client
        .opens
        .insert(opens::Open::new(file, like.access, &ctx.client.locks)?)?;
    let answer = answer(ctx, &object, open, created);
    if answer.is_err() {
        let _ = ctx.client.opens.remove(open);
    }
    answer
}

fn answer(ctx: &Context<'_>, object: &Object, open: u64, created: bool) -> Result<Answer> {
    let entry = ctx.entry(object)?;
    reply(&Opened {
        handle: entry.handle,
        attr: entry.attr,
        open: U64::new(open),
        created: created.into(),
        reserved: [0; 7],
    })
}

/// Closes.
pub(super) fn release(ctx: &Context<'_>, open: OpenId) -> Result<Answer> {
    drop(ctx.client.opens.remove(open.get())?);
    Ok(done())
}
