// SPDX-License-Identifier: GPL-2.0

//! Tables of what open files do.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    error::{
        from_result,
        VTABLE_DEFAULT_ERROR, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    mm::virt::VmaNew,
    prelude::*, //
};

use super::{
    dir_context::DirContext,
    file::{
        File,
        Whence, //
    },
    kiocb::Kiocb,
    lock::{
        Command,
        FileLock, //
    },
    splice::Splice,
    FileSystem, //
};
use crate::linux::{
    bindings,
    errno::*, //
};

/// What open files of one kind do. All of it is called in process context and may sleep.
#[vtable]
pub(crate) trait Operations: Sized + 'static {
    /// Whose files they are.
    type FileSystem: FileSystem;

    /// Opens `file`; not called for one that an `atomic_open` has opened. Without it nothing belongs to
    /// the files.
    fn open(_file: &File<Self::FileSystem>) -> Result<<Self::FileSystem as FileSystem>::File> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Moves the position.
    fn llseek(file: &File<Self::FileSystem>, to: i64, whence: Whence) -> Result<i64>;

    /// Reads, and moves the position of `iocb`.
    fn read_iter(
        _file: &File<Self::FileSystem>,
        _iocb: &mut Kiocb<'_>,
        _to: &mut IovIterDest<'_>,
    ) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Writes, and moves the position of `iocb`.
    fn write_iter(
        _file: &File<Self::FileSystem>,
        _iocb: &mut Kiocb<'_>,
        _from: &mut IovIterSource<'_>,
    ) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Reports entries of a directory. Several may do it at once, but not for one open file.
    fn iterate_shared(_file: &File<Self::FileSystem>, _ctx: &mut DirContext<'_>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Maps it into memory; under the `mmap_lock` of the task.
    fn mmap(_file: &File<Self::FileSystem>, _vma: &VmaNew) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes durable what is there from `start` to `end`, both included.
    fn fsync(_file: &File<Self::FileSystem>, _start: u64, _end: u64, _datasync: bool) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// For `fcntl` locks.
    fn lock(_file: &File<Self::FileSystem>, _command: Command, _lock: &mut FileLock) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// For `flock`.
    fn flock(_file: &File<Self::FileSystem>, _command: Command, _lock: &mut FileLock) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Moves data into a pipe.
    fn splice_read(_file: &File<Self::FileSystem>, _splice: &mut Splice<'_>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Moves data out of a pipe.
    fn splice_write(_file: &File<Self::FileSystem>, _splice: &mut Splice<'_>) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// As the system call; `mode` is of `FALLOC_FL_*`.
    fn fallocate(_file: &File<Self::FileSystem>, _mode: u32, _offset: u64, _len: u64) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// As the system call; both files are of the same file system type.
    fn copy_file_range(
        _from: &File<Self::FileSystem>,
        _from_pos: u64,
        _to: &File<Self::FileSystem>,
        _to_pos: u64,
        _len: usize,
    ) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes `to` share what `from` has; `len` 0 is for up to its end. Both files are of the same mount.
    fn clone_file_range(
        _from: &File<Self::FileSystem>,
        _from_pos: u64,
        _to: &File<Self::FileSystem>,
        _to_pos: u64,
        _len: u64,
    ) -> Result<u64> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// As `posix_fadvise`.
    fn fadvise(_file: &File<Self::FileSystem>, _offset: i64, _len: i64, _advice: i32) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A table for files of `T`.
pub(crate) struct Ops<T: FileSystem> {
    table: *const bindings::file_operations,
    _type: PhantomData<T>,
}

impl<T: FileSystem> Ops<T> {
    /// The table of `U`.
    pub(crate) const fn new<U: Operations<FileSystem = T>>() -> Self {
        Self {
            table: &raw const *const { &Table::<U>::TABLE },
            _type: PhantomData,
        }
    }

    /// The C table.
    pub(super) const fn as_ptr(&self) -> *const bindings::file_operations {
        self.table
    }
}

/// C's view of `U`. The safety of all these functions: called by the VFS only, as members of the table, with
/// a file that has it and that `open` or `finish_open` has opened.
struct Table<U: Operations>(PhantomData<U>);

/// `Some(function)` if `U` has the operation.
macro_rules! if_has {
    ($has:ident, $function:ident) => {
        if U::$has {
            Some(Self::$function)
        } else {
            None
        }
    };
}

impl<U: Operations> Table<U> {
    const TABLE: bindings::file_operations = bindings::file_operations {
        open: if_has!(HAS_OPEN, open),
        release: Some(Self::release),
        llseek: Some(Self::llseek),
        // For directories: says EISDIR.
        read: if U::HAS_ITERATE_SHARED {
            Some(bindings::generic_read_dir)
        } else {
            None
        },
        read_iter: if_has!(HAS_READ_ITER, read_iter),
        write_iter: if_has!(HAS_WRITE_ITER, write_iter),
        iterate_shared: if_has!(HAS_ITERATE_SHARED, iterate_shared),
        mmap: if_has!(HAS_MMAP, mmap),
        fsync: if_has!(HAS_FSYNC, fsync),
        lock: if_has!(HAS_LOCK, lock),
        flock: if_has!(HAS_FLOCK, flock),
        splice_read: if_has!(HAS_SPLICE_READ, splice_read),
        splice_write: if_has!(HAS_SPLICE_WRITE, splice_write),
        fallocate: if_has!(HAS_FALLOCATE, fallocate),
        copy_file_range: if_has!(HAS_COPY_FILE_RANGE, copy_file_range),
        remap_file_range: if_has!(HAS_CLONE_FILE_RANGE, remap_file_range),
        fadvise: if_has!(HAS_FADVISE, fadvise),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `file` is one of this table, see above, and stays during `'a`.
    unsafe fn file<'a>(file: *mut bindings::file) -> &'a File<U::FileSystem> {
        // SAFETY: By this function's contract.
        unsafe { File::from_raw(file) }
    }

    /// # Safety
    ///
    /// See [`Self`]; the file is being opened.
    unsafe extern "C" fn open(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        from_result(|| {
            // SAFETY: By this function's contract.
            let file = unsafe { Self::file(file) };
            let private = U::open(file)?;
            file.allow_nowait_and_direct();
            file.generic_open()?;
            file.adopt(private);
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; called once, as the last of all.
    unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: By this function's contract.
        unsafe { Self::file(file) }.disown();
        0
    }

    /// # Safety
    ///
    /// See [`Self`].
    unsafe extern "C" fn llseek(file: *mut bindings::file, to: i64, whence: c_int) -> i64 {
        from_result(|| {
            // SAFETY: By this function's contract.
            let file = unsafe { Self::file(file) };
            U::llseek(file, to, Whence::from_raw(whence)?)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; `iocb` is for such a file, and `iter` is one to put data into.
    unsafe extern "C" fn read_iter(
        iocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        from_result(|| {
            let mut iocb = NonNull::new(iocb).ok_or(EINVAL)?;
            // SAFETY: By this function's contract both are ours during the call.
            let (file, mut iocb, iter) = unsafe {
                let file = Self::file(iocb.as_mut().ki_filp);
                (file, Kiocb::from_raw(iocb), IovIterDest::from_raw(iter))
            };
            count(U::read_iter(file, &mut iocb, iter)?)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; `iocb` is for such a file, and `iter` is one to take data from.
    unsafe extern "C" fn write_iter(
        iocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        from_result(|| {
            let mut iocb = NonNull::new(iocb).ok_or(EINVAL)?;
            // SAFETY: By this function's contract both are ours during the call.
            let (file, mut iocb, iter) = unsafe {
                let file = Self::file(iocb.as_mut().ki_filp);
                (file, Kiocb::from_raw(iocb), IovIterSource::from_raw(iter))
            };
            count(U::write_iter(file, &mut iocb, iter)?)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; `ctx` is the caller's.
    unsafe extern "C" fn iterate_shared(
        file: *mut bindings::file,
        ctx: *mut bindings::dir_context,
    ) -> c_int {
        from_result(|| {
            let ctx = NonNull::new(ctx).ok_or(EINVAL)?;
            // SAFETY: By this function's contract.
            let (file, mut ctx) = unsafe { (Self::file(file), DirContext::from_raw(file, ctx)) };
            U::iterate_shared(file, &mut ctx).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; `vma` is being made.
    unsafe extern "C" fn mmap(
        file: *mut bindings::file,
        vma: *mut bindings::vm_area_struct,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By this function's contract.
            let (file, vma) = unsafe { (Self::file(file), VmaNew::from_raw(vma)) };
            U::mmap(file, vma).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// See [`Self`].
    unsafe extern "C" fn fsync(
        file: *mut bindings::file,
        start: i64,
        end: i64,
        datasync: c_int,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By this function's contract.
            let file = unsafe { Self::file(file) };
            U::fsync(file, offset(start)?, offset(end)?, datasync != 0).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; `lock` is the caller's.
    unsafe extern "C" fn lock(
        file: *mut bindings::file,
        command: c_int,
        lock: *mut kernel::bindings::file_lock,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By this function's contract.
            let (file, lock) = unsafe { (Self::file(file), FileLock::from_raw(lock.cast())) };
            U::lock(file, Command::from_raw(command)?, lock).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; `lock` is the caller's.
    unsafe extern "C" fn flock(
        file: *mut bindings::file,
        command: c_int,
        lock: *mut kernel::bindings::file_lock,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By this function's contract.
            let (file, lock) = unsafe { (Self::file(file), FileLock::from_raw(lock.cast())) };
            U::flock(file, Command::from_raw(command)?, lock).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; the other arguments are the caller's.
    unsafe extern "C" fn splice_read(
        file: *mut bindings::file,
        pos: *mut i64,
        pipe: *mut bindings::pipe_inode_info,
        len: usize,
        flags: c_uint,
    ) -> isize {
        from_result(|| {
            // SAFETY: By this function's contract.
            let (file, mut splice) =
                unsafe { (Self::file(file), Splice::from_raw(pipe, pos, len, flags)) };
            count(U::splice_read(file, &mut splice)?)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; the other arguments are the caller's.
    unsafe extern "C" fn splice_write(
        pipe: *mut bindings::pipe_inode_info,
        file: *mut bindings::file,
        pos: *mut i64,
        len: usize,
        flags: c_uint,
    ) -> isize {
        from_result(|| {
            // SAFETY: By this function's contract.
            let (file, mut splice) =
                unsafe { (Self::file(file), Splice::from_raw(pipe, pos, len, flags)) };
            count(U::splice_write(file, &mut splice)?)
        })
    }

    /// # Safety
    ///
    /// See [`Self`].
    unsafe extern "C" fn fallocate(
        file: *mut bindings::file,
        mode: c_int,
        start: i64,
        len: i64,
    ) -> c_long {
        from_result(|| {
            // SAFETY: By this function's contract.
            let file = unsafe { Self::file(file) };
            U::fallocate(file, mode as u32, offset(start)?, offset(len)?).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// See [`Self`]; the VFS checks that both files have this very operation.
    unsafe extern "C" fn copy_file_range(
        from: *mut bindings::file,
        from_pos: i64,
        to: *mut bindings::file,
        to_pos: i64,
        len: usize,
        _flags: c_uint,
    ) -> isize {
        from_result(|| {
            let (from_pos, to_pos) = (offset(from_pos)?, offset(to_pos)?);
            // SAFETY: By this function's contract.
            let (from, to) = unsafe { (Self::file(from), Self::file(to)) };
            count(U::copy_file_range(from, from_pos, to, to_pos, len)?)
        })
    }

    /// # Safety
    ///
    /// See [`Self`] for `from`; the VFS checks that `to` is of the same mount.
    unsafe extern "C" fn remap_file_range(
        from: *mut bindings::file,
        from_pos: i64,
        to: *mut bindings::file,
        to_pos: i64,
        len: i64,
        flags: c_uint,
    ) -> i64 {
        from_result(|| {
            // SAFETY: Both files are open.
            if unsafe { (*from).f_op != (*to).f_op }
                || flags & !bindings::REMAP_FILE_CAN_SHORTEN != 0
            {
                return Err(errno(EOPNOTSUPP));
            }
            let (from_pos, to_pos) = (offset(from_pos)?, offset(to_pos)?);
            // SAFETY: By this function's contract, and both have this table.
            let (from, to) = unsafe { (Self::file(from), Self::file(to)) };
            let len = U::clone_file_range(from, from_pos, to, to_pos, offset(len)?)?;
            i64::try_from(len).map_err(|_| EOVERFLOW)
        })
    }

    /// # Safety
    ///
    /// See [`Self`].
    unsafe extern "C" fn fadvise(
        file: *mut bindings::file,
        offset: i64,
        len: i64,
        advice: c_int,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By this function's contract.
            let file = unsafe { Self::file(file) };
            U::fadvise(file, offset, len, advice).map(|()| 0)
        })
    }
}

/// An offset that the VFS has checked.
fn offset(raw: i64) -> Result<u64> {
    u64::try_from(raw).map_err(|_| EINVAL)
}

/// A number of bytes as C has it.
fn count(bytes: usize) -> Result<isize> {
    isize::try_from(bytes).map_err(|_| EOVERFLOW)
}
