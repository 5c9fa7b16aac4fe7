// SPDX-License-Identifier: GPL-2.0

//! The file beneath an open file, when there is one on this node.
//!
//! Reads and writes go to that file as it is. A mapping needs one that also knows the name above, so
//! that `/proc/PID/maps` and security modules see that; it is opened when the first mapping is made.
//!
//! C header: [`include/linux/backing-file.h`](srctree/include/linux/backing-file.h)

use core::ptr;

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::File as AnyFile,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    mm::virt::VmaNew,
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        Mutex, //
    }, //
};

use super::{
    file::{
        count_of,
        File, //
    },
    kiocb::{
        flags,
        Kiocb, //
    },
    splice::Splice,
    FileSystem, //
};
use crate::linux::{
    bindings,
    vfs, //
};

/// What is taken over from a read or write above to the one beneath.
const KIOCB: u32 = flags::DSYNC
    | flags::SYNC
    | flags::NOWAIT
    | flags::APPEND
    | flags::DIRECT
    | bindings::IOCB_NOIO
    | bindings::IOCB_WRITE;

/// A file beneath.
#[pin_data]
pub(crate) struct Backing {
    real: vfs::file::File,
    /// Opened for mappings. Held while that is done: beneath the caller's `mmap_lock` or pipe, above
    /// everything that opening takes.
    #[pin]
    stacked: Mutex<Option<ARef<AnyFile>>>,
}

impl Backing {
    /// `real` is beneath.
    pub(crate) fn new(real: vfs::file::File) -> impl PinInit<Self> {
        pin_init!(Self {
            real,
            stacked <- new_mutex!(None, "mosix::Backing::stacked"),
        })
    }

    /// A read or write of the file beneath as `above` is one of the file above.
    fn kiocb(&self, above: &Kiocb<'_>) -> Result<bindings::kiocb> {
        let real = self.real.as_ptr();
        // SAFETY: The file is open.
        let (nowait, direct) = unsafe {
            (
                bindings::mosix_file_can_nowait(real),
                bindings::mosix_file_can_direct(real),
            )
        };
        if above.has(flags::NOWAIT) && !nowait {
            return Err(EAGAIN);
        }
        if above.has(flags::DIRECT) && !direct {
            return Err(EINVAL);
        }
        // SAFETY: `above` is good, by its invariant.
        let above = unsafe { &*above.as_ptr() };
        Ok(bindings::kiocb {
            ki_filp: real,
            ki_pos: above.ki_pos,
            ki_flags: above.ki_flags & KIOCB as c_int,
            ki_ioprio: above.ki_ioprio,
            // Without `ki_complete` it is done when the call returns.
            ..pin_init::zeroed()
        })
    }

    /// It.
    pub(crate) fn real(&self) -> &vfs::file::File {
        &self.real
    }

    /// Reads from it, as the current task.
    ///
    /// # Errors
    ///
    /// Those of its file system.
    pub(crate) fn read_iter(
        &self,
        iocb: &mut Kiocb<'_>,
        to: &mut IovIterDest<'_>,
    ) -> Result<usize> {
        let mut beneath = self.kiocb(iocb)?;
        // SAFETY: The file is open, and the others are ours during the call.
        let ret = unsafe {
            bindings::vfs_iocb_iter_read(self.real.as_ptr(), &raw mut beneath, to.as_raw())
        };
        let count = count_of(ret)?;
        iocb.set_pos(beneath.ki_pos as u64);
        Ok(count)
    }

    /// Writes to it, as the current task.
    ///
    /// # Errors
    ///
    /// Those of its file system.
    pub(crate) fn write_iter(
        &self,
        iocb: &mut Kiocb<'_>,
        from: &mut IovIterSource<'_>,
    ) -> Result<usize> {
        let mut beneath = self.kiocb(iocb)?;
        // SAFETY: The file is open, and the others are ours during the call.
        let ret = unsafe {
            bindings::vfs_iocb_iter_write(self.real.as_ptr(), &raw mut beneath, from.as_raw())
        };
        let count = count_of(ret)?;
        iocb.set_pos(beneath.ki_pos as u64);
        Ok(count)
    }

    /// Length of the file, in bytes.
    pub(crate) fn size(&self) -> u64 {
        // SAFETY: An open file has an inode.
        let size = unsafe { bindings::mosix_i_size_read((*self.real.as_ptr()).f_inode) };
        u64::try_from(size).unwrap_or(0)
    }

    /// Makes durable what is there from `start` to `end`, both included.
    ///
    /// # Errors
    ///
    /// Those of its file system.
    pub(crate) fn fsync(&self, start: u64, end: u64, datasync: bool) -> Result {
        let start = i64::try_from(start).map_err(|_| EINVAL)?;
        let end = i64::try_from(end).map_err(|_| EINVAL)?;
        // SAFETY: The file is open.
        to_result(unsafe {
            bindings::vfs_fsync_range(self.real.as_ptr(), start, end, c_int::from(datasync))
        })
    }

    /// Tells its file system what the caller is going to do.
    ///
    /// # Errors
    ///
    /// Those of its file system.
    pub(crate) fn fadvise(&self, offset: i64, len: i64, advice: i32) -> Result {
        // SAFETY: The file is open.
        to_result(unsafe { bindings::vfs_fadvise(self.real.as_ptr(), offset, len, advice) })
    }

    /// The file beneath as `above` sees it.
    fn stacked<T: FileSystem>(&self, above: &File<T>) -> Result<ARef<AnyFile>> {
        let mut stacked = self.stacked.lock();
        if let Some(file) = stacked.as_ref() {
            return Ok(file.clone());
        }
        // SAFETY: Both files are open. The real one is open already in the same way, for the same
        // user: nothing is allowed by this that was not.
        let file = unsafe {
            let (above, real) = (above.as_ptr(), self.real.as_ptr());
            let path = &raw const (*real).__bindgen_anon_1.f_path;
            let flags = (*above).f_flags as c_int;
            from_err_ptr(bindings::backing_file_open(
                above,
                flags,
                path,
                (*above).f_cred,
            ))?
        };
        let file = ptr::NonNull::new(file.cast::<AnyFile>()).ok_or(ENOMEM)?;
        // SAFETY: A new file that nobody else has, so no file position is in use; the reference is ours.
        let file = unsafe { ARef::from_raw(file) };
        *stacked = Some(file.clone());
        Ok(file)
    }

    /// Maps it into memory, in place of `above`.
    ///
    /// # Errors
    ///
    /// Those of its file system; `ENODEV` if it cannot be mapped.
    pub(crate) fn mmap<T: FileSystem>(&self, above: &File<T>, vma: &VmaNew) -> Result {
        let file = self.stacked(above)?;
        let mut context = context(above);
        // SAFETY: `vma` is the mapping of `above` that is being made.
        to_result(unsafe {
            bindings::backing_file_mmap(file.as_ptr(), vma.as_ptr(), &raw mut context)
        })
    }

    /// Moves data from it into a pipe.
    ///
    /// # Errors
    ///
    /// Those of its file system.
    pub(crate) fn splice_read<T: FileSystem>(
        &self,
        above: &File<T>,
        splice: &mut Splice<'_>,
    ) -> Result<usize> {
        let file = self.stacked(above)?;
        let mut context = context(above);
        // SAFETY: The files are open, and the splice is good, by its invariant.
        count_of(unsafe {
            let mut iocb = sync_kiocb(above, *splice.pos);
            let moved = bindings::backing_file_splice_read(
                file.as_ptr(),
                &raw mut iocb,
                splice.pipe,
                splice.len,
                splice.flags,
                &raw mut context,
            );
            *splice.pos = iocb.ki_pos;
            moved
        })
    }

    /// Moves data out of a pipe into it.
    ///
    /// # Errors
    ///
    /// Those of its file system.
    pub(crate) fn splice_write<T: FileSystem>(
        &self,
        above: &File<T>,
        splice: &mut Splice<'_>,
    ) -> Result<usize> {
        let file = self.stacked(above)?;
        let mut context = context(above);
        // SAFETY: The files are open, and the splice is good, by its invariant.
        count_of(unsafe {
            let mut iocb = sync_kiocb(above, *splice.pos);
            let moved = bindings::backing_file_splice_write(
                splice.pipe,
                file.as_ptr(),
                &raw mut iocb,
                splice.len,
                splice.flags,
                &raw mut context,
            );
            *splice.pos = iocb.ki_pos;
            moved
        })
    }
}

/// What the kernel wants to know of the file above: in whose name it is.
fn context<T: FileSystem>(above: &File<T>) -> bindings::backing_file_ctx {
    bindings::backing_file_ctx {
        // SAFETY: Constant while the file is open.
        cred: unsafe { (*above.as_ptr()).f_cred },
        accessed: None,
        end_write: None,
    }
}

/// A read or write of `above` at `pos` that is over when the call returns.
fn sync_kiocb<T: FileSystem>(above: &File<T>, pos: i64) -> bindings::kiocb {
    let file = above.as_ptr();
    bindings::kiocb {
        ki_filp: file,
        ki_pos: pos,
        // SAFETY: The file is open; `fcntl(F_SETFL)` may write at any time, as with every file.
        ki_flags: unsafe { (&raw const (*file).f_iocb_flags).read_volatile() } as c_int,
        ..pin_init::zeroed()
    }
}
