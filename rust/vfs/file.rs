// SPDX-License-Identifier: GPL-2.0

//! Open files.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h),
//! [`include/linux/uio.h`](srctree/include/linux/uio.h)

use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};

use kernel::{
    alloc::{
        Allocator,
        Vec, //
    },
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};

use super::{
    cred::is_kthread,
    name::Name,
    path::{
        Kind,
        Path, //
    }, //
};
use crate::linux::bindings;

/// `ITER_DEST`: the buffers are filled.
const ITER_DEST: u32 = 0;
/// `ITER_SOURCE`: the buffers are emptied.
const ITER_SOURCE: u32 = 1;
/// `FMODE_EXEC`, as a flag of an open.
const FMODE_EXEC: u32 = 1 << 5;
/// What it takes more for than opening a regular file and the permission for that.
const NOT_PLAIN: u32 =
    bindings::O_TRUNC | bindings::O_NOATIME | bindings::__O_TMPFILE | bindings::O_DIRECTORY;
/// `FMODE_WRITE`.
const FMODE_WRITE: u32 = 1 << 1;

/// An open file, which may be shared: its last owner closes it.
///
/// # Invariants
///
/// `file` is valid and this owns a reference to it. Its path has an inode.
pub(crate) struct File {
    file: NonNull<bindings::file>,
}

// SAFETY: References to files may be given up by any thread.
unsafe impl Send for File {}
// SAFETY: Files have locks of their own.
unsafe impl Sync for File {}

impl Clone for File {
    fn clone(&self) -> Self {
        // SAFETY: By the invariant it is alive.
        unsafe { bindings::get_file(self.file.as_ptr()) };
        // INVARIANT: The reference was taken just above.
        Self { file: self.file }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: By the invariant the reference is ours. A kernel thread closes at once, as nothing
        // would run the work that it would leave behind before much later; it holds no lock here.
        unsafe {
            if is_kthread() {
                bindings::__fput_sync(self.file.as_ptr());
            } else {
                bindings::fput(self.file.as_ptr());
            }
        }
    }
}

impl File {
    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// It is the caller's, and the file has a path with an inode.
    unsafe fn from_raw(file: *mut bindings::file) -> Result<Self> {
        let file = NonNull::new(from_err_ptr(file)?).ok_or(EINVAL)?;
        // INVARIANT: By this function's contract.
        Ok(Self { file })
    }

    /// For the other abstractions.
    pub(crate) fn as_ptr(&self) -> *mut bindings::file {
        self.file.as_ptr()
    }

    /// Opens the object `path`, as `open()` does; `flags` are `O_*` without `O_CREAT`. With `O_TMPFILE`
    /// it makes a file without a name, with `mode`, in the directory `path`.
    ///
    /// # Errors
    ///
    /// As `open()`; `ELOOP` for a symbolic link.
    pub(crate) fn open(path: &Path, flags: u32, mode: u16) -> Result<Self> {
        if path.kind() == Kind::Regular && flags & NOT_PLAIN == 0 {
            return Self::open_plain(path, flags & !bindings::O_CREAT);
        }
        Self::open_root(path, c"".as_char_ptr(), flags & !bindings::O_CREAT, mode)
    }

    /// Opens a regular file as [`Self::open`] does, without walking a path to it.
    fn open_plain(path: &Path, flags: u32) -> Result<Self> {
        let access = match flags & bindings::O_ACCMODE {
            bindings::O_RDONLY => bindings::MAY_READ,
            bindings::O_WRONLY => bindings::MAY_WRITE,
            _ => bindings::MAY_READ | bindings::MAY_WRITE,
        };
        let appends = flags & bindings::O_APPEND != 0;
        let mask = access | if appends { bindings::MAY_APPEND } else { 0 };
        path.permission(mask | bindings::MAY_OPEN)?;
        if path.is_append_only() && access & bindings::MAY_WRITE != 0 && !appends {
            return Err(EPERM);
        }
        // SAFETY: The path is alive, and so are the current task's credentials; a file that this gives
        // is ours.
        let file = unsafe {
            let cred = (*bindings::get_current()).cred;
            let flags = (flags | bindings::O_LARGEFILE) as c_int;
            Self::from_raw(bindings::dentry_open(path.as_raw(), flags, cred))?
        };
        // SAFETY: The file is open.
        to_result(unsafe { bindings::security_file_post_open(file.as_ptr(), mask as c_int) })?;
        Ok(file)
    }

    /// Makes and opens a regular file in `dir`.
    ///
    /// # Errors
    ///
    /// As `open()` with `O_CREAT|O_EXCL`.
    pub(crate) fn create(dir: &Path, name: &Name, flags: u32, mode: u16) -> Result<Self> {
        dir.require_directory()?;
        let flags = flags | bindings::O_CREAT | bindings::O_EXCL | bindings::O_NOFOLLOW;
        Self::open_root(dir, name.as_ptr(), flags, mode)
    }

    fn open_root(path: &Path, name: *const c_char, flags: u32, mode: u16) -> Result<Self> {
        let flags = c_int::try_from(flags | bindings::O_LARGEFILE).map_err(|_| EINVAL)?;
        // SAFETY: The path is alive and the name is a string; a file that this gives is ours and has a
        // path with an inode.
        unsafe { Self::from_raw(bindings::file_open_root(path.as_raw(), name, flags, mode)) }
    }

    /// Opens the object `path` for reading in order to execute it.
    ///
    /// # Errors
    ///
    /// `EACCES` if it may not be executed, or is no regular file.
    pub(crate) fn open_exec(path: &Path) -> Result<Self> {
        if path.kind() != Kind::Regular || path.is_noexec() {
            return Err(EACCES);
        }
        path.permission(bindings::MAY_EXEC | bindings::MAY_OPEN)?;
        let flags = (bindings::O_LARGEFILE | FMODE_EXEC) as c_int;
        // SAFETY: The path is alive, and so are the current task's credentials; a file that this gives
        // is ours.
        unsafe {
            let cred = (*bindings::get_current()).cred;
            Self::from_raw(bindings::dentry_open(path.as_raw(), flags, cred))
        }
    }

    /// From now on each write says for itself whether it appends. For a file that nobody else has yet.
    pub(crate) fn forget_append(&mut self) {
        // SAFETY: By the invariant the file is alive, and nobody else uses it as its owner is borrowed
        // mutably and says so.
        unsafe {
            (*self.file.as_ptr()).f_flags &= !bindings::O_APPEND;
            bindings::mosix_file_renew_iocb_flags(self.file.as_ptr());
        }
    }

    /// What is open.
    pub(crate) fn path(&self) -> Path {
        // SAFETY: By the invariant the file is alive, so it keeps its path alive, which has an inode.
        unsafe { Path::get(&(*self.file.as_ptr()).__bindgen_anon_1.f_path) }
    }

    /// Whether it may be written.
    pub(crate) fn is_writable(&self) -> bool {
        // SAFETY: By the invariant the file is alive; this bit does not change.
        unsafe { (*self.file.as_ptr()).f_mode & FMODE_WRITE != 0 }
    }

    /// Whether all that is ever written to it is appended (`chattr +a`).
    pub(crate) fn is_append_only(&self) -> bool {
        // SAFETY: The inode is alive as long as the file; the flag is read without a lock everywhere.
        let flags = unsafe { (*(*self.file.as_ptr()).f_inode).i_flags };
        flags & bindings::S_APPEND != 0
    }

    /// Reads `len` bytes from `offset` on, and puts them behind what is in `buf`, which has room for
    /// them.
    ///
    /// Less comes only at the end of the file, or when something came before an error. Gives the number
    /// of bytes.
    ///
    /// # Errors
    ///
    /// `EBADF` if it is not open for reading, and the file system's own.
    pub(crate) fn read<A: Allocator>(
        &self,
        buf: &mut Vec<u8, A>,
        len: usize,
        offset: u64,
    ) -> Result<usize> {
        let mut at = i64::try_from(offset).map_err(|_| EINVAL)?;
        let mut total = 0;
        loop {
            let room = buf.spare_capacity_mut();
            let wanted = room.len().min(len - total);
            if wanted == 0 {
                return Ok(total);
            }
            let kvec = bindings::kvec {
                iov_base: room.as_mut_ptr().cast(),
                iov_len: wanted,
            };
            let mut iter = MaybeUninit::uninit();
            // SAFETY: The buffer is ours during the call and has at least that room. The file is alive.
            let got = unsafe {
                bindings::iov_iter_kvec(iter.as_mut_ptr(), ITER_DEST, &kvec, 1, kvec.iov_len);
                bindings::vfs_iter_read(self.file.as_ptr(), iter.as_mut_ptr(), &mut at, 0)
            };
            match usize::try_from(got) {
                Ok(0) => return Ok(total),
                Ok(got) => {
                    let got = got.min(kvec.iov_len);
                    // SAFETY: So many bytes behind the old ones were just written.
                    unsafe { buf.inc_len(got) };
                    total += got;
                }
                Err(_) if total > 0 => return Ok(total),
                Err(_) => return Err(Error::from_errno(got as c_int)),
            }
        }
    }

    /// Writes `data` at `offset` with `RWF_*` flags; says how much was written, and the offset behind it.
    ///
    /// # Errors
    ///
    /// `EBADF` if it is not open for writing, `EFBIG`, and the file system's own, if nothing was written.
    pub(crate) fn write(&self, data: &[u8], offset: u64, flags: u32) -> Result<(usize, u64)> {
        let mut at = i64::try_from(offset).map_err(|_| EINVAL)?;
        let flags = c_int::try_from(flags).map_err(|_| EINVAL)?;
        let kvec = bindings::kvec {
            iov_base: data.as_ptr().cast_mut().cast(),
            iov_len: data.len(),
        };
        let mut iter = MaybeUninit::uninit();
        // SAFETY: The data is readable during the call, and only read. The file is alive.
        let put = unsafe {
            bindings::iov_iter_kvec(iter.as_mut_ptr(), ITER_SOURCE, &kvec, 1, kvec.iov_len);
            bindings::vfs_iter_write(self.file.as_ptr(), iter.as_mut_ptr(), &mut at, flags)
        };
        match usize::try_from(put) {
            Ok(put) => Ok((put, at.unsigned_abs())),
            Err(_) => Err(Error::from_errno(put as c_int)),
        }
    }

    /// Makes the bytes from `start` to `end`, both included, durable; with `datasync` not the attributes
    /// that are not needed to read them.
    pub(crate) fn fsync(&self, start: u64, end: u64, datasync: bool) -> Result {
        let start = i64::try_from(start).map_err(|_| EINVAL)?;
        let end = i64::try_from(end).map_err(|_| EINVAL)?;
        // SAFETY: By the invariant the file is alive.
        to_result(unsafe {
            bindings::vfs_fsync_range(self.file.as_ptr(), start, end, datasync.into())
        })
    }
}
