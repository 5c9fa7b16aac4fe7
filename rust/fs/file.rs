// SPDX-License-Identifier: GPL-2.0

//! Open files and what they do.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    marker::PhantomData,
    ptr, //
};

use kernel::{
    error::to_result,
    prelude::*,
    types::{
        ForeignOwnable,
        Opaque, //
    }, //
};

use super::{
    attr::{
        file_type,
        kind, //
    },
    DEntry,
    FileSystem,
    INode, //
};
use crate::linux::bindings;

pub(crate) use super::file_table::{
    Operations,
    Ops, //
};

/// What `llseek` starts from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whence {
    /// `SEEK_SET`.
    Set,
    /// `SEEK_CUR`.
    Current,
    /// `SEEK_END`.
    End,
    /// `SEEK_DATA`.
    Data,
    /// `SEEK_HOLE`.
    Hole,
}

/// A file of a file system of type `T` that is open, or being opened.
///
/// # Invariants
///
/// A file whose operations are of [`Ops<T>`]; from when it has been opened until it is released, its
/// `private_data` is a [`T::File`](FileSystem::File), of which nobody has a mutable reference, or
/// null if its operations have no `open`.
#[repr(transparent)]
pub(crate) struct File<T: FileSystem> {
    file: Opaque<bindings::file>,
    _type: PhantomData<T>,
}

impl<T: FileSystem> File<T> {
    /// # Safety
    ///
    /// `file` is valid during `'a` and has the type's invariants.
    pub(super) unsafe fn from_raw<'a>(file: *mut bindings::file) -> &'a Self {
        // SAFETY: `Self` is a transparent wrapper, and the caller promises the rest.
        unsafe { &*file.cast() }
    }

    /// `file` as one of `T`, which `module` has registered, if it is a regular file or a directory of that.
    pub(crate) fn downcast<'a>(
        file: &'a kernel::fs::File,
        module: &ThisModule,
    ) -> Option<&'a Self> {
        // SAFETY: An open file has an inode, and with it a super block and its type.
        let is_ours = unsafe {
            let inode = (*file.as_ptr()).f_inode;
            let fs = (*(*inode).i_sb).s_type;
            let kind = file_type((*inode).i_mode);
            ptr::eq((*fs).owner, module.as_ptr())
                && CStr::from_char_ptr((*fs).name) == T::NAME
                && matches!(kind, kind::REG | kind::DIR)
        };
        // SAFETY: A file of the type, and of these kinds, has the operations of one of its tables.
        is_ours.then(|| unsafe { Self::from_raw(file.as_ptr()) })
    }

    /// The C struct.
    pub(super) fn as_ptr(&self) -> *mut bindings::file {
        self.file.get()
    }

    /// What was made when it was opened; nothing while it is being opened.
    pub(crate) fn private(&self) -> Option<<T::File as ForeignOwnable>::Borrowed<'_>> {
        // SAFETY: By the type's invariant it is null or a `T::File`, and stays as long as the file.
        unsafe {
            let private = (*self.as_ptr()).private_data;
            (!private.is_null()).then(|| <T::File as ForeignOwnable>::borrow(private))
        }
    }

    /// The object that is open.
    pub(crate) fn inode(&self) -> &INode<T> {
        // SAFETY: It is set before anybody gets to see the file, and does not change.
        unsafe { INode::from_raw((*self.as_ptr()).f_inode) }
    }

    /// The name under which it was opened.
    pub(crate) fn dentry(&self) -> &DEntry<T> {
        // SAFETY: As above; the file holds a reference.
        unsafe { DEntry::from_raw((*self.as_ptr()).__bindgen_anon_1.f_path.dentry) }
    }

    /// `O_*`, as they are now.
    pub(crate) fn flags(&self) -> u32 {
        // SAFETY: `fcntl(F_SETFL)` may write at any time; C reads it in the same way.
        unsafe { ptr::read_volatile(&raw const (*self.as_ptr()).f_flags) }
    }

    /// Whether it is being opened to be executed.
    pub(crate) fn is_exec(&self) -> bool {
        self.flags() & bindings::MOSIX_CONST_FMODE_EXEC != 0
    }

    /// Where the next read begins, for a caller that has the file's position to itself.
    pub(crate) fn pos(&self) -> i64 {
        // SAFETY: The file is alive; a race gives an older number.
        unsafe { ptr::read_volatile(&raw const (*self.as_ptr()).f_pos) }
    }

    /// Moves the position to `pos`, if that is one.
    ///
    /// # Errors
    ///
    /// `EINVAL`.
    pub(crate) fn setpos(&self, pos: i64) -> Result<i64> {
        // SAFETY: The file is open.
        position(unsafe { bindings::vfs_setpos(self.as_ptr(), pos, i64::MAX) })
    }

    /// Moves the position as all files do that are `size` bytes long.
    ///
    /// # Errors
    ///
    /// `EINVAL`, `ENXIO`.
    pub(crate) fn generic_llseek_size(&self, to: i64, whence: Whence, size: u64) -> Result<i64> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        // SAFETY: The file is open.
        position(unsafe {
            let file = self.as_ptr();
            bindings::generic_file_llseek_size(file, to, whence.raw() as c_int, i64::MAX, size)
        })
    }

    /// How much of `count` bytes at `pos` the caller may write: not behind its `RLIMIT_FSIZE`, and not
    /// behind 2 GiB if it knows no large files. Sends `SIGXFSZ` where POSIX says so.
    ///
    /// # Errors
    ///
    /// `EFBIG` if that is nothing.
    pub(crate) fn write_check_limits(&self, pos: u64, count: usize) -> Result<usize> {
        let pos = i64::try_from(pos).map_err(|_| EFBIG)?;
        let mut count = i64::try_from(count).unwrap_or(i64::MAX);
        // SAFETY: The file is open.
        to_result(unsafe {
            bindings::generic_write_check_limits(self.as_ptr(), pos, &raw mut count)
        })?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// The file may be read and written with `RWF_NOWAIT` and be `O_DIRECT`. Called while it is opened.
    pub(crate) fn allow_nowait_and_direct(&self) {
        // SAFETY: The file is being opened: nobody else has it.
        unsafe { bindings::mosix_file_allow_nowait_and_direct(self.as_ptr()) }
    }

    /// A program that knows no large files does not get one.
    ///
    /// # Errors
    ///
    /// `EOVERFLOW`.
    pub(crate) fn generic_open(&self) -> Result {
        // SAFETY: The file is being opened, and its inode is alive.
        to_result(unsafe { bindings::generic_file_open((*self.as_ptr()).f_inode, self.as_ptr()) })
    }

    /// Maps the file's page cache into memory.
    ///
    /// # Errors
    ///
    /// `ENOEXEC` if it has none.
    pub(crate) fn generic_mmap(&self, vma: &kernel::mm::virt::VmaNew) -> Result {
        // SAFETY: The file is open, and `vma` is the mapping that is being made.
        to_result(unsafe { bindings::generic_file_mmap(self.as_ptr(), vma.as_ptr()) })
    }

    /// Copies from this file to `to` by reading and writing here.
    ///
    /// # Errors
    ///
    /// Those of reading and of writing.
    pub(crate) fn splice_range(
        &self,
        pos: u64,
        to: &Self,
        to_pos: u64,
        len: usize,
    ) -> Result<usize> {
        let mut pos = i64::try_from(pos).map_err(|_| EOVERFLOW)?;
        let mut to_pos = i64::try_from(to_pos).map_err(|_| EOVERFLOW)?;
        // SAFETY: Both files are open.
        let count = unsafe {
            let (from, to) = (self.as_ptr(), to.as_ptr());
            bindings::mosix_splice_file_range(from, &raw mut pos, to, &raw mut to_pos, len)
        };
        count_of(count as isize)
    }

    /// Completes an `atomic_open` whose file is open on its server already: `private` belongs to it from
    /// now on.
    ///
    /// # Errors
    ///
    /// What hooks and the table's checks say; then `private` is dropped.
    pub(crate) fn finish_open(&self, dentry: &DEntry<T>, private: T::File) -> Result {
        self.adopt(private);
        // SAFETY: The file is what `atomic_open` was called with, it is not open yet, and `dentry` is the
        // one that it was called with, or an alias of it, and positive.
        let opened = to_result(unsafe {
            bindings::finish_open(self.as_ptr(), dentry.as_ptr(), Some(Self::opened))
        });
        if opened.is_err() {
            // SAFETY: The file is alive.
            if !unsafe { bindings::mosix_file_is_opened(self.as_ptr()) } {
                // Nobody will release it.
                self.disown();
            }
        }
        opened
    }

    /// # Safety
    ///
    /// Called by `finish_open` only, for the file that it was called for.
    unsafe extern "C" fn opened(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: By this function's contract.
        let file = unsafe { Self::from_raw(file) };
        file.allow_nowait_and_direct();
        kernel::error::from_result(|| file.generic_open().map(|()| 0))
    }

    /// `private` belongs to the file, which is being opened.
    pub(super) fn adopt(&self, private: T::File) {
        // SAFETY: The file is being opened: nobody else reads the field yet.
        unsafe { (*self.as_ptr()).private_data = private.into_foreign() }
    }

    /// Drops what belongs to the file, which nobody uses any more.
    pub(super) fn disown(&self) {
        // SAFETY: By the type's invariant; nobody else uses the file.
        unsafe {
            let private = (*self.as_ptr()).private_data;
            (*self.as_ptr()).private_data = ptr::null_mut();
            if !private.is_null() {
                drop(T::File::from_foreign(private));
            }
        }
    }
}

impl Whence {
    /// The number of `lseek()`.
    pub(crate) const fn raw(self) -> u32 {
        match self {
            Self::Set => bindings::SEEK_SET,
            Self::Current => bindings::SEEK_CUR,
            Self::End => bindings::SEEK_END,
            Self::Data => bindings::SEEK_DATA,
            Self::Hole => bindings::SEEK_HOLE,
        }
    }

    /// What a number of `lseek()` means.
    pub(super) fn from_raw(whence: c_int) -> Result<Self> {
        let all = [Self::Set, Self::Current, Self::End, Self::Data, Self::Hole];
        all.into_iter()
            .find(|known| known.raw() as c_int == whence)
            .ok_or(EINVAL)
    }
}

/// A position or a negated errno.
pub(super) fn position(ret: i64) -> Result<i64> {
    if ret < 0 {
        return Err(Error::from_errno(ret as i32));
    }
    Ok(ret)
}

/// A number of bytes or a negated errno.
pub(super) fn count_of(ret: isize) -> Result<usize> {
    usize::try_from(ret).map_err(|_| Error::from_errno(ret as i32))
}

/// `RLIMIT_FSIZE` of the current task: nothing is written at or behind it. `u64::MAX` for none.
pub(crate) fn fsize_limit() -> u64 {
    // SAFETY: Reads a number of the current task.
    unsafe { bindings::mosix_rlimit(bindings::RLIMIT_FSIZE) as u64 }
}

/// Sends `SIGXFSZ` to the current task, which has tried to write behind its limit.
pub(crate) fn send_sigxfsz() {
    // SAFETY: The current task is alive.
    unsafe { bindings::mosix_send_sigxfsz() }
}
