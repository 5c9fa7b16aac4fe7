// SPDX-License-Identifier: GPL-2.0

//! Reading directories.
//!
//! Entries come by the page, which each open file keeps until they are asked for. A position is the
//! server's cookie and two more, for `.` and `..`; so it stays good however the directory changes.

use kernel::{
    alloc::KVVec,
    prelude::*, //
};

use super::{
    attr,
    open::{
        self,
        Open, //
    },
    Client, //
};
use crate::{
    linux::{
        errno::*,
        fs::{
            dir_context::DirContext,
            file::{
                File,
                Operations,
                Whence, //
            },
            lock::{
                Command,
                FileLock, //
            }, //
        }, //
    },
    mfs::wire::{
        dirent::{
            Dirent,
            Entries,
            ReadDir,
            ReadDirReply, //
        },
        file::Fsync,
        op,
        reply, //
    }, //
};

/// Directories.
pub(super) struct Directory;

/// Bytes of entries that are asked for at a time.
const ROOM: u32 = 64 << 10;

/// Positions of `.` and `..`.
const DOTS: u64 = 2;

/// Entries that a server has told of.
pub(super) struct Page {
    entries: KVVec<u8>,
    /// Bytes of them that were reported.
    used: usize,
    /// Cookie of what comes next; nothing is kept if there is none.
    next: Option<u64>,
    /// Whether nothing comes behind them.
    end: bool,
}

impl Page {
    /// Nothing is known.
    pub(super) const fn new() -> Self {
        Self {
            entries: KVVec::new(),
            used: 0,
            next: None,
            end: false,
        }
    }

    /// What there is from `cookie` on.
    fn fetch(open: &Open, cookie: u64) -> Result<Self> {
        let what = ReadDir {
            open: open.id(),
            cookie: cookie.into(),
            room: ROOM.into(),
        };
        let body = open.call(op::READDIR, what.as_bytes(), KVVec::new())?;
        let reply: &ReadDirReply = reply::read_with_data(&body.msg).map_err(attr::malformed)?;
        let end = reply.end != 0;
        if body.data.len() > ROOM as usize || (body.data.is_empty() && !end) {
            return Err(errno(EPROTO));
        }
        Ok(Self {
            entries: body.data,
            used: 0,
            next: Some(cookie),
            end,
        })
    }

    /// Whether there is something to report at `pos`, or it is known that nothing comes there.
    fn is_ready(&self, pos: i64) -> bool {
        self.next.map(position) == Some(pos) && (self.used < self.entries.len() || self.end)
    }

    /// Reports entries until there are none or no room for them. Returns whether there is room for more.
    fn report(&mut self, ctx: &mut DirContext<'_>) -> Result<bool> {
        let rest = self.entries.get(self.used..).unwrap_or_default();
        let mut reported = 0;
        let mut next = self.next;
        let mut room = true;
        for entry in Entries::new(rest) {
            let entry = entry.map_err(attr::malformed)?;
            room = ctx.emit(entry.name, entry.ino, entry.kind);
            if !room {
                break;
            }
            ctx.set_pos(position(entry.next));
            reported += size_of::<Dirent>() + entry.name.len();
            next = Some(entry.next);
        }
        if room && reported == 0 {
            // The end is told once; who asks again gets to know what has come since.
            next = None;
        }
        self.used += reported;
        self.next = next;
        Ok(room)
    }
}

/// The position at which the server's `cookie` is.
fn position(cookie: u64) -> i64 {
    // The last ones are behind the end in every file system.
    i64::try_from(cookie.saturating_add(DOTS)).unwrap_or(i64::MAX)
}

/// The server's cookie at a position behind the dots.
fn cookie(pos: i64) -> u64 {
    u64::try_from(pos).unwrap_or(0).saturating_sub(DOTS)
}

#[vtable]
impl Operations for Directory {
    type FileSystem = Client;

    fn open(file: &File<Client>) -> Result<Pin<KBox<Open>>> {
        open::open(file)
    }

    fn llseek(file: &File<Client>, to: i64, whence: Whence) -> Result<i64> {
        let open = Open::of(file)?;
        let to = match whence {
            Whence::Set => to,
            Whence::Current => file.pos().checked_add(to).ok_or(EOVERFLOW)?,
            _ => return Err(EINVAL),
        };
        let unread = core::mem::replace(&mut *open.entries.lock(), Page::new());
        drop(unread);
        file.setpos(to)
    }

    fn iterate_shared(file: &File<Client>, ctx: &mut DirContext<'_>) -> Result {
        let open = Open::of(file)?;
        if !ctx.emit_dots() {
            return Ok(());
        }
        // The page is taken out, so that no lock is held while the server is asked. The VFS lets one read
        // at a time in one open file.
        let mut page = core::mem::replace(&mut *open.entries.lock(), Page::new());
        let result = iterate(open, &mut page, ctx);
        if result.is_ok() {
            *open.entries.lock() = page;
        }
        result
    }

    fn fsync(file: &File<Client>, start: u64, end: u64, datasync: bool) -> Result {
        let open = Open::of(file)?;
        let what = Fsync {
            open: open.id(),
            start: start.into(),
            end: end.into(),
            datasync: datasync.into(),
            reserved: [0; 7],
        };
        open.command(op::FSYNC, what.as_bytes())
    }

    fn flock(file: &File<Client>, command: Command, lock: &mut FileLock) -> Result {
        super::lock::lock(file, command, lock)
    }
}

fn iterate(open: &Open, page: &mut Page, ctx: &mut DirContext<'_>) -> Result {
    loop {
        let pos = ctx.pos();
        if !page.is_ready(pos) {
            *page = Page::fetch(open, cookie(pos))?;
        }
        if !page.report(ctx)? || page.end {
            return Ok(());
        }
    }
}
