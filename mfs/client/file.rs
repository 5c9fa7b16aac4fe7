// SPDX-License-Identifier: GPL-2.0

//! What open regular files do.
//!
//! A file of this node is passed through to the file beneath; what the server has to know of (locks), or
//! has to say whatever node it is on, is asked for like everything else.

use kernel::{
    alloc::KVVec,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    mm::virt::VmaNew,
    prelude::*, //
};

use super::{
    attr,
    io,
    lock,
    map,
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
            file::{
                self,
                File,
                Operations,
                Whence, //
            },
            kiocb::Kiocb,
            lock::{
                Command,
                FileLock, //
            },
            splice::Splice, //
        }, //
    },
    mfs::wire::{
        file::{
            copy,
            fallocate,
            CopyRange,
            Fallocate,
            Fsync,
            Offset,
            Seek, //
        },
        op,
        reply, //
    }, //
};

/// Regular files.
pub(super) struct Regular;

/// The last of `POSIX_FADV_*`.
const FADV_NOREUSE: i32 = 5;

/// `FALLOC_FL_KEEP_SIZE`.
const KEEP_SIZE: u32 = 1;

#[vtable]
impl Operations for Regular {
    type FileSystem = Client;

    fn open(file: &File<Client>) -> Result<Pin<KBox<Open>>> {
        open::open(file)
    }

    fn llseek(file: &File<Client>, to: i64, whence: Whence) -> Result<i64> {
        let open = Open::of(file)?;
        match whence {
            Whence::Set | Whence::Current => file.generic_llseek_size(to, whence, 0),
            Whence::End => {
                let size = match open.backing() {
                    Some(backing) => backing.size(),
                    None => open.getattr()?.size.get(),
                };
                file.generic_llseek_size(to, whence, size)
            }
            Whence::Data | Whence::Hole => {
                let what = Seek {
                    open: open.id(),
                    offset: u64::try_from(to).map_err(|_| ENXIO)?.into(),
                    whence: whence.raw().into(),
                };
                let found = offset(open, op::SEEK, what.as_bytes())?;
                file.setpos(i64::try_from(found).map_err(|_| EOVERFLOW)?)
            }
        }
    }

    fn read_iter(
        file: &File<Client>,
        iocb: &mut Kiocb<'_>,
        to: &mut IovIterDest<'_>,
    ) -> Result<usize> {
        let open = Open::of(file)?;
        match open.backing() {
            Some(backing) => {
                let count = backing.read_iter(iocb, to)?;
                open.client().charge(open.node(), 0, count as u64);
                Ok(count)
            }
            None => io::read(open, iocb, to),
        }
    }

    fn write_iter(
        file: &File<Client>,
        iocb: &mut Kiocb<'_>,
        from: &mut IovIterSource<'_>,
    ) -> Result<usize> {
        let open = Open::of(file)?;
        match open.backing() {
            Some(backing) => {
                let count = backing.write_iter(iocb, from)?;
                open.client().charge(open.node(), 0, count as u64);
                open.inode().extend_size(backing.size());
                Ok(count)
            }
            None => io::write(file, open, iocb, from),
        }
    }

    fn mmap(file: &File<Client>, vma: &VmaNew) -> Result {
        let open = Open::of(file)?;
        match open.backing() {
            Some(backing) => backing.mmap(file, vma),
            None => map::mmap(file, open, vma),
        }
    }

    fn fsync(file: &File<Client>, start: u64, end: u64, datasync: bool) -> Result {
        let open = Open::of(file)?;
        if let Some(backing) = open.backing() {
            return backing.fsync(start, end, datasync);
        }
        let what = Fsync {
            open: open.id(),
            start: start.into(),
            end: end.into(),
            datasync: datasync.into(),
            reserved: [0; 7],
        };
        open.command(op::FSYNC, what.as_bytes())
    }

    fn lock(file: &File<Client>, command: Command, lock: &mut FileLock) -> Result {
        lock::lock(file, command, lock)
    }

    fn flock(file: &File<Client>, command: Command, lock: &mut FileLock) -> Result {
        lock::lock(file, command, lock)
    }

    fn splice_read(file: &File<Client>, splice: &mut Splice<'_>) -> Result<usize> {
        match Open::of(file)?.backing() {
            Some(backing) => backing.splice_read(file, splice),
            None => splice.copy_read(file),
        }
    }

    fn splice_write(file: &File<Client>, splice: &mut Splice<'_>) -> Result<usize> {
        let open = Open::of(file)?;
        match open.backing() {
            Some(backing) => {
                let count = backing.splice_write(file, splice)?;
                open.inode().extend_size(backing.size());
                Ok(count)
            }
            None => splice.iter_write(file),
        }
    }

    fn fallocate(file: &File<Client>, mode: u32, offset: u64, len: u64) -> Result {
        let open = Open::of(file)?;
        if mode & !fallocate::ALL != 0 {
            return Err(errno(EOPNOTSUPP));
        }
        let limit = file::fsize_limit();
        let what = Fallocate {
            open: open.id(),
            offset: offset.into(),
            len: len.into(),
            limit: limit.into(),
            mode: mode.into(),
        };
        let result = open.command(op::FALLOCATE, what.as_bytes());
        match result {
            Ok(()) => {
                if mode & KEEP_SIZE == 0 {
                    // Not every mode makes it longer, nor tells how long it is now.
                    open.getattr()?;
                }
                map::changed(open)
            }
            Err(error) => {
                let end = offset.saturating_add(len);
                if error == EFBIG && mode & KEEP_SIZE == 0 && end > limit {
                    file::send_sigxfsz();
                }
                Err(error)
            }
        }
    }

    fn copy_file_range(
        from: &File<Client>,
        from_pos: u64,
        to: &File<Client>,
        to_pos: u64,
        len: usize,
    ) -> Result<usize> {
        let (source, target) = (Open::of(from)?, Open::of(to)?);
        if source.node() != target.node() {
            return from.splice_range(from_pos, to, to_pos, len);
        }
        let what = CopyRange {
            from: source.id(),
            from_offset: from_pos.into(),
            to: target.id(),
            to_offset: to_pos.into(),
            len: (len as u64).into(),
            limit: file::fsize_limit().into(),
            flags: 0.into(),
        };
        let count = match offset(target, op::COPY_RANGE, what.as_bytes()) {
            Err(error) if error == EXDEV || error == errno(EOPNOTSUPP) => {
                return from.splice_range(from_pos, to, to_pos, len);
            }
            count => usize::try_from(count?).map_err(|_| errno(EPROTO))?,
        };
        if count > len {
            return Err(errno(EPROTO));
        }
        target
            .inode()
            .extend_size(to_pos.saturating_add(count as u64));
        map::changed(target)?;
        Ok(count)
    }

    fn clone_file_range(
        from: &File<Client>,
        from_pos: u64,
        to: &File<Client>,
        to_pos: u64,
        len: u64,
    ) -> Result<u64> {
        let (source, target) = (Open::of(from)?, Open::of(to)?);
        if source.node() != target.node() {
            return Err(EXDEV);
        }
        let what = CopyRange {
            from: source.id(),
            from_offset: from_pos.into(),
            to: target.id(),
            to_offset: to_pos.into(),
            len: len.into(),
            limit: file::fsize_limit().into(),
            flags: copy::CLONE.into(),
        };
        let cloned = offset(target, op::COPY_RANGE, what.as_bytes())?;
        target.inode().extend_size(to_pos.saturating_add(cloned));
        map::changed(target)?;
        Ok(cloned)
    }

    fn fadvise(file: &File<Client>, offset: i64, len: i64, advice: i32) -> Result {
        match Open::of(file)?.backing() {
            Some(backing) => backing.fadvise(offset, len, advice),
            // There is no cache that could be told.
            None if len >= 0 && (0..=FADV_NOREUSE).contains(&advice) => Ok(()),
            None => Err(EINVAL),
        }
    }
}

/// Asks for an offset or a count.
fn offset(open: &Open, kind: crate::rpc::wire::Kind, what: &[u8]) -> Result<u64> {
    let body = open.call(kind, what, KVVec::new())?;
    let offset: &Offset = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
    Ok(offset.value.get())
}
