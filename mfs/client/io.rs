// SPDX-License-Identifier: GPL-2.0

//! Reading and writing files of other nodes.
//!
//! One request per call, up to [`CHUNK`] bytes; longer calls have several under way at a time. Nothing is
//! cached: a read has what the server has now, and what a write said is done is done there.

use kernel::{
    alloc::KVVec,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        CondVar,
        Mutex, //
    }, //
};

use super::{
    attr,
    open::Open,
    remote::Pending, //
};
use crate::{
    linux::{
        errno::*,
        fs::{
            file::{
                self,
                File, //
            },
            iov,
            kiocb::{
                flags,
                Kiocb, //
            }, //
        }, //
    },
    mfs::wire::{
        file::{
            open as wire_open,
            write,
            Read,
            Write,
            Written,
            STAGE_MAX, //
        },
        op,
        reply, //
    },
    rpc::{
        call::Patience,
        frame::Body, //
    }, //
};

/// Most bytes in one request.
pub(super) const CHUNK: usize = 1 << 20;

/// A fatal signal ends a wait.
const KILLABLE: Patience = Patience::Killable;

/// Requests of one call that are under way at a time.
const WINDOW: usize = 4;

/// Lets one after the other do something that must not be done by two at a time.
#[pin_data]
pub(super) struct Turn {
    #[pin]
    taken: Mutex<bool>,
    #[pin]
    free: CondVar,
}

/// Somebody's turn, until it is dropped.
struct Taken<'a>(&'a Turn);

impl Turn {
    /// Nobody's.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            taken <- new_mutex!(false, "mosix::Turn::taken"),
            free <- new_condvar!("mosix::Turn::free"),
        })
    }

    /// Waits until it is the caller's.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` after a signal.
    fn take(&self) -> Result<Taken<'_>> {
        let mut taken = self.taken.lock();
        while *taken {
            if self.free.wait_interruptible(&mut taken) {
                // The wake-up may have been for whoever still waits.
                self.free.notify_one();
                return Err(ERESTARTSYS);
            }
        }
        *taken = true;
        Ok(Taken(self))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock() = false;
        self.0.free.notify_one();
    }
}

fn read_request(open: &Open, offset: u64, len: usize) -> Result<Read> {
    Ok(Read {
        open: open.id(),
        offset: offset.into(),
        len: u32::try_from(len).map_err(|_| EINVAL)?.into(),
        reserved: 0.into(),
    })
}

/// The data of the reply to a read of `len` bytes.
fn read_reply(body: Body, len: usize) -> Result<KVVec<u8>> {
    reply::data(&body.msg, &body.data, len).map_err(attr::malformed)?;
    Ok(body.data)
}

/// `len` bytes at `offset`, at most [`CHUNK`]; less at the end of the file only.
pub(super) fn read_chunk(open: &Open, offset: u64, len: usize) -> Result<KVVec<u8>> {
    let what = read_request(open, offset, len)?;
    let body = open.call(op::READ, what.as_bytes(), KVVec::new())?;
    read_reply(body, len)
}

/// Copies what was read to who asked for it.
fn deliver(to: &mut IovIterDest<'_>, data: &[u8]) -> (usize, Result) {
    let copied = to.copy_to_iter(data);
    let whole = if copied < data.len() {
        Err(EFAULT)
    } else {
        Ok(())
    };
    (copied, whole)
}

/// Reads.
///
/// # Errors
///
/// `EAGAIN` instead of waiting, where that is asked for; those of [`Open::call`]; `EFAULT`.
pub(super) fn read(open: &Open, iocb: &mut Kiocb<'_>, to: &mut IovIterDest<'_>) -> Result<usize> {
    if to.is_empty() {
        return Ok(0);
    }
    if iocb.has(flags::NOWAIT) {
        return Err(EAGAIN);
    }
    let pos = iocb.pos();
    let (done, result) = if to.len() <= CHUNK {
        deliver(to, &read_chunk(open, pos, to.len())?)
    } else {
        read_long(open, pos, to)
    };
    moved(iocb, pos, done, result)
}

/// The position is `done` bytes behind `pos`; an error is one only if nothing was done.
fn moved(iocb: &mut Kiocb<'_>, pos: u64, done: usize, result: Result) -> Result<usize> {
    if done == 0 {
        result?;
    }
    iocb.set_pos(pos.saturating_add(done as u64));
    Ok(done)
}

/// Reads in pieces, several of them at a time as far as the file is known to go.
fn read_long(open: &Open, pos: u64, to: &mut IovIterDest<'_>) -> (usize, Result) {
    let mut done = 0;
    let result = read_pieces(open, pos, to, &mut done);
    (done, result)
}

fn read_pieces(open: &Open, pos: u64, to: &mut IovIterDest<'_>, done: &mut usize) -> Result {
    let remote = open.client().remote(open.node())?;
    let total = to.len();
    let known = open.inode().size();
    let mut asked = 0;
    // Dropped where it is left early: what is under way then is not waited for.
    let mut under_way = KVec::<(Pending<'_>, usize)>::with_capacity(WINDOW, GFP_KERNEL)?;
    loop {
        while under_way.len() < WINDOW && asked < total {
            let offset = pos.saturating_add(asked as u64);
            if !under_way.is_empty() && offset >= known {
                break;
            }
            let len = CHUNK.min(total - asked);
            let what = read_request(open, offset, len)?;
            let pending = remote.start(op::READ, &[what.as_bytes()], KVVec::new(), KILLABLE)?;
            under_way.push((pending, len), GFP_KERNEL)?;
            asked += len;
        }
        if under_way.is_empty() {
            return Ok(());
        }
        let (pending, len) = under_way.remove(0).map_err(|_| EIO)?;
        let data = read_reply(pending.wait()?, len)?;
        let (copied, whole) = deliver(to, &data);
        *done += copied;
        whole?;
        if data.len() < len {
            return Ok(());
        }
    }
}

/// Writes.
///
/// # Errors
///
/// `EAGAIN` instead of waiting, where that is asked for; those of [`Open::call`]; `EFAULT`; `EFBIG`.
pub(super) fn write(
    file: &File<super::Client>,
    open: &Open,
    iocb: &mut Kiocb<'_>,
    from: &mut IovIterSource<'_>,
) -> Result<usize> {
    if from.is_empty() {
        return Ok(0);
    }
    if iocb.has(flags::NOWAIT) {
        return Err(EAGAIN);
    }
    let kiocb = iocb.flags() & write::KIOCB;
    let (start, done, result) = if iocb.has(flags::APPEND) {
        let (start, done) = append(file, open, from, kiocb)?;
        (start, done, Ok(()))
    } else {
        let pos = iocb.pos();
        let total = file.write_check_limits(pos, from.len())?;
        let mut done = 0;
        let result = write_pieces(open, pos, from, total, kiocb, &mut done);
        (pos, done, result)
    };
    if done > 0 {
        let inode = open.inode();
        inode.extend_size(start.saturating_add(done as u64));
        if inode.has_pages() {
            // A page that is in use keeps what it has, as if it had been read just before.
            let _ = inode.invalidate_pages_range(start, done as u64);
        }
    }
    moved(iocb, start, done, result)
}

/// What was written, of `len` bytes.
fn written(body: &Body, len: usize) -> Result<(u64, usize)> {
    let written: &Written = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
    let count = usize::try_from(written.count.get()).map_err(|_| errno(EPROTO))?;
    if count > len || written.end.get() < count as u64 {
        return Err(errno(EPROTO));
    }
    Ok((written.end.get(), count))
}

/// Asks for one write.
fn write_chunk(open: &Open, what: &Write, data: KVVec<u8>) -> Result<(u64, usize)> {
    let len = data.len();
    written(&open.call(op::WRITE, what.as_bytes(), data)?, len)
}

/// Writes `total` bytes at `pos`, in pieces if they are many; counts those that are written, up to the
/// first that is not. All that was begun has ended when this returns.
fn write_pieces(
    open: &Open,
    pos: u64,
    from: &mut IovIterSource<'_>,
    total: usize,
    kiocb: u32,
    done: &mut usize,
) -> Result {
    if total <= CHUNK {
        let data = take(from, total)?;
        let (_, count) = write_chunk(open, &write_request(open, pos, kiocb), data)?;
        *done = count;
        return Ok(());
    }
    let remote = open.client().remote(open.node())?;
    let mut under_way = KVec::<(Pending<'_>, usize)>::with_capacity(WINDOW, GFP_KERNEL)?;
    let mut begun = 0;
    // Nothing more is begun once something went wrong, and what is written behind a piece that is not
    // does not count.
    let mut result = Ok(());
    let mut stop = false;
    let mut gap = false;
    loop {
        while !stop && under_way.len() < WINDOW && begun < total {
            let len = CHUNK.min(total - begun);
            let what = write_request(open, pos.saturating_add(begun as u64), kiocb);
            let piece = take(from, len).and_then(|data| {
                let taken = data.len();
                let pending = remote.start(op::WRITE, &[what.as_bytes()], data, KILLABLE)?;
                Ok((pending, taken))
            });
            match piece {
                Ok((pending, taken)) => {
                    begun += taken;
                    stop = taken < len;
                    under_way.push((pending, taken), GFP_KERNEL)?;
                }
                Err(error) => {
                    result = Err(error);
                    stop = true;
                }
            }
        }
        if under_way.is_empty() {
            return result;
        }
        let (pending, len) = under_way.remove(0).map_err(|_| EIO)?;
        let count = match pending.wait().and_then(|body| written(&body, len)) {
            _ if gap => 0,
            Ok((_, count)) => count,
            Err(error) => {
                result = Err(error);
                0
            }
        };
        *done += count;
        gap |= count < len;
        stop |= gap;
    }
}

/// The next `len` bytes, less if memory of the writer is not there.
fn take(from: &mut IovIterSource<'_>, len: usize) -> Result<KVVec<u8>> {
    let data = iov::take(from, len)?;
    if data.is_empty() {
        return Err(EFAULT);
    }
    Ok(data)
}

fn write_request(open: &Open, offset: u64, kiocb: u32) -> Write {
    Write {
        open: open.id(),
        offset: offset.into(),
        limit: u64::MAX.into(),
        flags: 0.into(),
        kiocb: kiocb.into(),
    }
}

/// Largest file of a program that knows no large ones.
const NON_LFS_MAX: u64 = (1 << 31) - 1;

/// Writes at the end of the file, as one write whatever its length, and gives where that was and how many
/// bytes. More than the server keeps for one write are not written.
fn append(
    file: &File<super::Client>,
    open: &Open,
    from: &mut IovIterSource<'_>,
    kiocb: u32,
) -> Result<(u64, usize)> {
    let rlimit = file::fsize_limit();
    let small = file.flags() & wire_open::LARGEFILE == 0;
    let limit = rlimit.min(if small { NON_LFS_MAX } else { u64::MAX });
    let mut what = Write {
        limit: limit.into(),
        flags: write::APPEND.into(),
        ..write_request(open, 0, kiocb)
    };
    let result = if from.len() <= CHUNK {
        write_chunk(open, &what, take(from, CHUNK)?)
    } else {
        append_staged(open, &mut what, from)
    };
    match result {
        Ok((end, count)) => Ok((end.saturating_sub(count as u64), count)),
        Err(error) => {
            let limited = error == EFBIG && rlimit != u64::MAX;
            if limited && open.getattr().is_ok_and(|attr| attr.size.get() >= rlimit) {
                file::send_sigxfsz();
            }
            Err(error)
        }
    }
}

/// Sends a long append in pieces, which the server keeps until the last has come.
fn append_staged(
    open: &Open,
    last: &mut Write,
    from: &mut IovIterSource<'_>,
) -> Result<(u64, usize)> {
    let _turn = open.appending.take()?;
    let total = from.len().min(STAGE_MAX);
    let mut staged = 0;
    while total - staged > CHUNK {
        let data = take(from, CHUNK)?;
        let len = data.len();
        let what = Write {
            flags: write::STAGE.into(),
            ..write_request(open, staged as u64, 0)
        };
        write_chunk(open, &what, data)?;
        staged += len;
        if len < CHUNK {
            break;
        }
    }
    let rest = iov::take(from, total - staged)?;
    let len = staged + rest.len();
    last.flags = (write::APPEND | write::STAGED).into();
    written(&open.call(op::WRITE, last.as_bytes(), rest)?, len)
}
