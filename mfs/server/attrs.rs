// SPDX-License-Identifier: GPL-2.0

//! Attributes of objects, and of the file systems that they are on.

use kernel::prelude::*;
use zerocopy::little_endian::{
    U32,
    U64, //
};

use super::{
    context::{
        data,
        done,
        reply,
        Context, //
    },
    policy, //
};
use crate::{
    linux::{
        bytes,
        vfs::{
            attr::{
                self,
                SetTime, //
            },
            path::Kind, //
        }, //
    },
    mfs::wire::{
        attr::{
            set,
            Attr,
            SetAttr,
            StatFs,
            Time, //
        },
        file::{
            Access,
            Object, //
        }, //
    },
    rpc::service::Answer, //
};

/// `MAY_EXEC`.
const MAY_EXEC: u32 = 1;
/// `ST_RDONLY` of `statfs`.
const ST_RDONLY: u32 = 1;
/// `MAY_WRITE`.
const MAY_WRITE: u32 = 2;

/// Attributes.
pub(super) fn getattr(ctx: &Context<'_>, of: &Object) -> Result<Answer> {
    reply(&attr(ctx, of)?)
}

/// Attributes.
pub(super) fn attr(ctx: &Context<'_>, of: &Object) -> Result<Attr> {
    let (path, _) = ctx.opened_or(of.open, &of.handle)?;
    ctx.attr(&path)
}

/// Changes attributes.
pub(super) fn setattr(ctx: &Context<'_>, change: &SetAttr) -> Result<Answer> {
    let valid = change.valid.get();
    let has = |flag| valid & flag != 0;
    let open = match change.open.get() {
        0 => None,
        _ => Some(ctx.opened(change.open)?),
    };
    let (path, access) = match &open {
        Some(open) => (open.file.path(), open.access),
        None => {
            let object = ctx.object(&change.handle)?;
            (object.path, object.access)
        }
    };
    access.check_write()?;
    if has(set::SIZE) {
        match &open {
            Some(open) => open.file.truncate(change.size.get())?,
            None => path.truncate(change.size.get())?,
        }
    }
    // Setting the size sets the time of the change to now by itself.
    let with_size = has(set::SIZE) && !has(set::MTIME_SET);
    let mode = change.mode.get() as u16;
    path.setattr(&attr::SetAttr {
        mode: has(set::MODE).then_some(mode),
        uid: has(set::UID).then_some(change.uid.get()),
        gid: has(set::GID).then_some(change.gid.get()),
        atime: set_time(has(set::ATIME), has(set::ATIME_SET), &change.atime),
        mtime: set_time(
            has(set::MTIME) && !with_size,
            has(set::MTIME_SET),
            &change.mtime,
        ),
        kill_priv: has(set::KILL_PRIV) && !has(set::SIZE),
    })?;
    reply(&ctx.attr(&path)?)
}

fn set_time(set: bool, to: bool, time: &Time) -> Option<SetTime> {
    let given = SetTime::To(attr::Time {
        sec: time.sec.get(),
        nsec: time.nsec.get(),
    });
    set.then_some(if to { given } else { SetTime::Now })
}

/// Whether the caller may.
pub(super) fn access(ctx: &Context<'_>, access: &Access) -> Result<Answer> {
    let object = ctx.object(&access.handle)?;
    let path = &object.path;
    let mask = access.mask.get();
    if mask & MAY_EXEC != 0 && path.kind() == Kind::Regular && path.is_noexec() {
        return Err(EACCES);
    }
    path.permission(mask)?;
    if mask & MAY_WRITE != 0 && path.kind() != Kind::Special {
        object.access.check_write()?;
        if path.is_readonly() {
            return Err(EROFS);
        }
    }
    Ok(done())
}

/// Target of a symbolic link.
pub(super) fn readlink(ctx: &Context<'_>, of: &Object) -> Result<Answer> {
    let (path, _) = ctx.opened_or(of.open, &of.handle)?;
    path.readlink(|target| Ok(data(bytes::concat(&[target], 0)?)))
}

/// About the file system.
pub(super) fn statfs(ctx: &Context<'_>, of: &Object) -> Result<Answer> {
    let (path, access) = ctx.opened_or(of.open, &of.handle)?;
    let stat = path.statfs()?;
    let read_only = if access == policy::Access::Write {
        0
    } else {
        ST_RDONLY
    };
    let size = |size: isize| u32::try_from(size).ok().filter(|size| *size != 0);
    let bsize = size(stat.f_bsize).ok_or(EOVERFLOW)?;
    let [low, high] = stat.f_fsid.val;
    reply(&StatFs {
        kind: U64::new(stat.f_type as u64),
        bsize: U32::new(bsize),
        frsize: U32::new(size(stat.f_frsize).unwrap_or(bsize)),
        blocks: U64::new(stat.f_blocks),
        bfree: U64::new(stat.f_bfree),
        bavail: U64::new(stat.f_bavail),
        files: U64::new(stat.f_files),
        ffree: U64::new(stat.f_ffree),
        namelen: U32::new(size(stat.f_namelen).unwrap_or(255)),
        flags: U32::new(stat.f_flags as u32 | read_only),
        fsid: U64::new(u64::from(low as u32) | u64::from(high as u32) << 32),
    })
}
