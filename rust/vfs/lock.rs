// SPDX-License-Identifier: GPL-2.0

//! Locks on files.
//!
//! C headers: [`include/linux/filelock.h`](srctree/include/linux/filelock.h)

use core::ptr::NonNull;

use kernel::{
    error::to_result,
    prelude::*, //
};

use super::file::File;
use crate::linux::bindings;

/// `FMODE_READ`.
const FMODE_READ: u32 = 1 << 0;
/// `FMODE_WRITE`.
const FMODE_WRITE: u32 = 1 << 1;
/// `FL_POSIX`: a lock of `fcntl()`.
const FL_POSIX: u32 = 1 << 0;
/// `FL_FLOCK`: a lock of `flock()`.
const FL_FLOCK: u32 = 1 << 1;
/// `FL_SLEEP`: it is waited for.
const FL_SLEEP: u32 = 1 << 7;
/// `FL_OFDLCK`: the open file has it.
const FL_OFDLCK: u32 = 1 << 10;
/// `FILE_LOCK_DEFERRED`: the lock is waited for.
const DEFERRED: c_int = 1;

/// Somebody who can hold locks of `fcntl(F_SETLK)`. The kernel tells owners by addresses, which it only
/// compares; this is one that nothing in the kernel can have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner(usize);

impl Owner {
    /// The owner that `number` stands for; its highest two bits do not count.
    pub(crate) const fn new(number: u64) -> Self {
        // The highest bits of an address are all the same, those of this are not.
        Self(((number & (u64::MAX >> 2)) | (1 << 62)) as usize)
    }

    fn address(self) -> *mut c_void {
        core::ptr::without_provenance_mut(self.0)
    }
}

/// Who holds a lock.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    /// A process, by `fcntl(F_SETLK)`: its owner, and its number for people; negative for one of another
    /// machine.
    Process(Owner, i32),
    /// The open file, by `fcntl(F_OFD_SETLK)`.
    OpenFile,
    /// The open file, by `flock()`, in whole.
    Flock,
}

/// What a lock lets others do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Lock it for reading, too.
    Shared,
    /// Nothing.
    Exclusive,
    /// Everything: it is given back.
    Unlock,
}

impl Mode {
    fn raw(self) -> u8 {
        let raw = match self {
            Self::Shared => bindings::F_RDLCK,
            Self::Exclusive => bindings::F_WRLCK,
            Self::Unlock => bindings::F_UNLCK,
        };
        raw as u8
    }
}

/// A lock that is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    /// Who wants it.
    pub(crate) holder: Holder,
    /// What it is to be.
    pub(crate) mode: Mode,
    /// First byte.
    pub(crate) start: u64,
    /// Last byte; `i64::MAX` for up to the end.
    pub(crate) end: u64,
}

/// A lock that is in the way of another one.
pub(crate) struct Conflict {
    /// What it is.
    pub(crate) mode: Mode,
    /// First byte.
    pub(crate) start: u64,
    /// Last byte.
    pub(crate) end: u64,
    /// Process that holds it, 0 if no process does; negative as in [`Holder::Process`].
    pub(crate) pid: i32,
}

/// A lock in the form of the VFS.
///
/// # Invariants
///
/// `lock` is valid, ours, and no other lock's list has it: it does not wait.
struct FileLock {
    lock: NonNull<bindings::file_lock>,
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // SAFETY: By the invariant it is ours and in no list.
        unsafe { bindings::locks_free_lock(self.lock.as_ptr()) };
    }
}

impl FileLock {
    fn new(file: &File, request: &Request, wait: bool) -> Result<Self> {
        let start = i64::try_from(request.start).map_err(|_| EINVAL)?;
        let end = i64::try_from(request.end).map_err(|_| EINVAL)?;
        if end < start {
            return Err(EINVAL);
        }
        let (flags, owner, pid) = match request.holder {
            Holder::Process(owner, pid) => (FL_POSIX, owner.address(), pid),
            Holder::OpenFile => (FL_POSIX | FL_OFDLCK, file.as_ptr().cast(), 0),
            Holder::Flock => (FL_FLOCK, file.as_ptr().cast(), 0),
        };
        let flags = if wait { flags | FL_SLEEP } else { flags };
        // SAFETY: Gives a lock that is ours and in no list, or NULL.
        let lock = NonNull::new(unsafe { bindings::locks_alloc_lock() }).ok_or(ENOMEM)?;
        // INVARIANT: As just said.
        let lock = Self { lock };
        // SAFETY: It is ours and initialized.
        let raw = unsafe { &mut *lock.lock.as_ptr() };
        raw.c.flc_flags = flags;
        raw.c.flc_type = request.mode.raw();
        raw.c.flc_owner = owner;
        raw.c.flc_pid = pid;
        raw.c.flc_file = file.as_ptr();
        raw.fl_start = start;
        raw.fl_end = end;
        Ok(lock)
    }

    /// Asks for the lock, and waits as long as it is deferred.
    fn ask(&self, file: &File, wait: bool) -> c_int {
        let cmd = if wait {
            bindings::F_SETLKW
        } else {
            bindings::F_SETLK
        };
        let lock = self.lock.as_ptr();
        loop {
            // SAFETY: File and lock are alive, and the lock is for that file.
            let result =
                unsafe { bindings::vfs_lock_file(file.as_ptr(), cmd, lock, core::ptr::null_mut()) };
            if result != DEFERRED {
                return result;
            }
            // SAFETY: The lock is alive and was initialized with its wait queue.
            let result = unsafe { bindings::mosix_wait_for_lock(lock) };
            if result != 0 {
                return result;
            }
        }
    }

    fn posix(self, file: &File, wait: bool) -> Result {
        let result = self.ask(file, wait);
        // INVARIANT: It is in no list afterwards.
        // SAFETY: The lock is alive and ours.
        unsafe { bindings::locks_delete_block(self.lock.as_ptr()) };
        to_result(result)
    }

    fn flock(self, file: &File, wait: bool) -> Result {
        let cmd = if wait {
            bindings::F_SETLKW
        } else {
            bindings::F_SETLK
        };
        let lock = self.lock.as_ptr();
        // SAFETY: File and lock are alive, and the lock is for that file; an open file has operations.
        // None of these functions leaves the lock in a list.
        to_result(unsafe {
            let file = file.as_ptr();
            match (*(*file).f_op).flock {
                Some(flock) => flock(file, cmd as c_int, lock.cast()),
                None => bindings::locks_lock_inode_wait((*file).f_inode, lock),
            }
        })
    }
}

impl File {
    /// Takes a lock or gives it back, after having waited for it if `wait`.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if somebody else holds it, `EDEADLK`, `EBADF` if the file is not open in the way that it
    /// has to be for such a lock, `ENOLCK`, `ERESTARTSYS` after a signal, and the file system's own.
    pub(crate) fn lock(&self, request: &Request, wait: bool) -> Result {
        // SAFETY: The file is alive; these bits do not change.
        let mode = unsafe { (*self.as_ptr()).f_mode };
        let needed = match (request.mode, request.holder) {
            (Mode::Unlock, _) => 0,
            (_, Holder::Flock) => FMODE_READ | FMODE_WRITE,
            (Mode::Shared, _) => FMODE_READ,
            (Mode::Exclusive, _) => FMODE_WRITE,
        };
        if needed != 0 && mode & needed == 0 {
            return Err(EBADF);
        }
        let lock = FileLock::new(self, request, wait)?;
        match request.holder {
            Holder::Flock => lock.flock(self, wait),
            Holder::Process(..) | Holder::OpenFile => lock.posix(self, wait),
        }
    }

    /// What is in the way of a lock of `fcntl()`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINVAL` for one of `flock()`, and the file system's own.
    pub(crate) fn test_lock(&self, request: &Request) -> Result<Option<Conflict>> {
        if matches!(request.holder, Holder::Flock) {
            return Err(EINVAL);
        }
        let lock = FileLock::new(self, request, false)?;
        // SAFETY: File and lock are alive, and the lock is for that file.
        to_result(unsafe { bindings::vfs_test_lock(self.as_ptr(), lock.lock.as_ptr()) })?;
        // SAFETY: Alive; it now says what is in the way.
        let raw = unsafe { lock.lock.as_ref() };
        let mode = match u32::from(raw.c.flc_type) {
            bindings::F_RDLCK => Mode::Shared,
            bindings::F_WRLCK => Mode::Exclusive,
            _ => return Ok(None),
        };
        let of_process = raw.c.flc_flags & FL_OFDLCK == 0;
        Ok(Some(Conflict {
            mode,
            start: raw.fl_start.unsigned_abs(),
            end: raw.fl_end.unsigned_abs(),
            pid: if of_process { raw.c.flc_pid } else { 0 },
        }))
    }

    /// Gives back all locks of `fcntl(F_SETLK)` that `owner` holds on what is open here.
    pub(crate) fn remove_posix_locks(&self, owner: Owner) {
        // SAFETY: The file is alive; the owner's address is only compared.
        unsafe { bindings::locks_remove_posix(self.as_ptr(), owner.address()) };
    }

    /// How many locks of `fcntl()` `owner` holds on what is open here, `None` meaning the open file.
    pub(crate) fn count_locks(&self, owner: Option<Owner>) -> usize {
        let owner = owner.map_or(self.as_ptr().cast(), Owner::address);
        // SAFETY: The file keeps its inode alive.
        let context = unsafe { bindings::mosix_locks_context((*self.as_ptr()).f_inode) };
        if context.is_null() {
            return 0;
        }
        let mut count = 0_usize;
        // SAFETY: The context lives as long as the inode. Under its lock the list does not change, and
        // all that is in it is alive and part of a lock.
        unsafe {
            bindings::spin_lock(&raw mut (*context).flc_lock);
            let head = &raw mut (*context).flc_posix;
            let mut at = (*head).next;
            while at != head {
                let core = kernel::container_of!(at, bindings::file_lock_core, flc_list);
                if (*core).flc_owner == owner {
                    count = count.saturating_add(1);
                }
                at = (*at).next;
            }
            bindings::spin_unlock(&raw mut (*context).flc_lock);
        }
        count
    }
}
