// SPDX-License-Identifier: GPL-2.0

//! Locks on files, as `fcntl` and `flock` ask for them.
//!
//! C header: [`include/linux/filelock.h`](srctree/include/linux/filelock.h)

use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

use super::{
    file::File,
    FileSystem, //
};
use crate::linux::bindings;

/// What is to be done with a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Tell who is in the way of taking it.
    Test,
    /// Take it or give it back, now or not at all.
    Set,
    /// As [`Self::Set`], but wait until it can be had.
    Wait,
}

impl Command {
    /// What a number of `fcntl` means.
    pub(super) fn from_raw(command: c_int) -> Result<Self> {
        match u32::try_from(command) {
            Ok(bindings::F_GETLK) => Ok(Self::Test),
            Ok(bindings::F_SETLK) => Ok(Self::Set),
            Ok(bindings::F_SETLKW) => Ok(Self::Wait),
            _ => Err(EINVAL),
        }
    }
}

/// Kinds of locks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shared.
    Read,
    /// Exclusive.
    Write,
    /// None: to be given back.
    Unlock,
}

/// Whose a lock is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A process's, by `fcntl(F_SETLK)`.
    Posix,
    /// An open file's, by `fcntl(F_OFD_SETLK)`.
    Ofd,
    /// An open file's, by `flock`.
    Flock,
}

/// A lock that somebody asks for.
///
/// # Invariants
///
/// A `struct file_lock` that is filled in and that the caller has to himself.
#[repr(transparent)]
pub(crate) struct FileLock(Opaque<bindings::file_lock>);

/// Says whether there was a lock to give back.
const FL_EXISTS: u32 = 16;
const FL_FLOCK: u32 = 2;
const FL_CLOSE: u32 = 64;
const FL_OFDLCK: u32 = 1024;

impl FileLock {
    /// # Safety
    ///
    /// `lock` is valid during `'a`, has the type's invariants, and nobody else uses it.
    pub(super) unsafe fn from_raw<'a>(lock: *mut bindings::file_lock) -> &'a mut Self {
        // SAFETY: `Self` is a transparent wrapper, and the caller promises the rest.
        unsafe { &mut *lock.cast() }
    }

    fn lock(&self) -> &bindings::file_lock {
        // SAFETY: By the type's invariant.
        unsafe { &*self.0.get() }
    }

    fn lock_mut(&mut self) -> &mut bindings::file_lock {
        // SAFETY: By the type's invariant.
        unsafe { &mut *self.0.get() }
    }

    /// What kind of lock.
    pub(crate) fn kind(&self) -> Kind {
        match u32::from(self.lock().c.flc_type) {
            bindings::F_RDLCK => Kind::Read,
            bindings::F_WRLCK => Kind::Write,
            _ => Kind::Unlock,
        }
    }

    /// Whose it is.
    pub(crate) fn class(&self) -> Class {
        let core = &self.lock().c;
        // When a file goes, its locks are given back without the flag, but in its name.
        let by_file = core.flc_owner == core.flc_file.cast();
        if core.flc_flags & FL_FLOCK != 0 {
            Class::Flock
        } else if core.flc_flags & FL_OFDLCK != 0 || by_file {
            Class::Ofd
        } else {
            Class::Posix
        }
    }

    /// Whether it is given back because a file is closed.
    pub(crate) fn is_close(&self) -> bool {
        self.lock().c.flc_flags & FL_CLOSE != 0
    }

    /// A number for the owner: the same for the same one, another for another, under one `key`.
    pub(crate) fn owner(&self, key: &[u64; 2]) -> u64 {
        let key = bindings::siphash_key_t { key: *key };
        let owner = self.lock().c.flc_owner as u64;
        // SAFETY: The key is alive. The hash keeps the address, which the owner is, from being told.
        unsafe { bindings::siphash_1u64(owner, &raw const key) }
    }

    /// Process that asks, as the initial pid namespace numbers it.
    pub(crate) fn pid(&self) -> u32 {
        u32::try_from(self.lock().c.flc_pid).unwrap_or(0)
    }

    /// First and last byte.
    pub(crate) fn range(&self) -> (u64, u64) {
        let lock = self.lock();
        let offset = |raw| u64::try_from(raw).unwrap_or(0);
        (offset(lock.fl_start), offset(lock.fl_end))
    }

    /// Says that this is in the way; `pid` 0 for a process of another node.
    pub(crate) fn set_conflict(&mut self, kind: Kind, start: u64, end: u64, pid: u32) {
        let lock = self.lock_mut();
        let kind = match kind {
            Kind::Read => bindings::F_RDLCK,
            Kind::Write => bindings::F_WRLCK,
            Kind::Unlock => bindings::F_UNLCK,
        };
        lock.c.flc_type = kind as u8;
        lock.c.flc_pid = i32::try_from(pid).unwrap_or(0);
        lock.fl_start = i64::try_from(start).unwrap_or(i64::MAX);
        lock.fl_end = i64::try_from(end).unwrap_or(i64::MAX);
    }

    /// Looks for what is in the way among the locks that this node knows, and says so in the lock.
    /// Returns whether there is something; if not the lock is as it was.
    pub(crate) fn posix_test<T: FileSystem>(&mut self, file: &File<T>) -> bool {
        let (kind, (start, end)) = (self.kind(), self.range());
        // SAFETY: The file is open, and the lock is good by the type's invariant.
        unsafe { bindings::posix_test_lock(file.as_ptr(), self.0.get()) };
        let found = self.kind() != Kind::Unlock;
        if !found {
            let pid = self.pid();
            self.set_conflict(kind, start, end, pid);
        }
        found
    }

    /// Notes that the lock is taken or given back, so that it is given back when the file or the process
    /// goes, and so that `/proc/locks` shows it.
    ///
    /// # Errors
    ///
    /// `EAGAIN`, `ENOMEM`, `ENOLCK`; `ERESTARTSYS` after a signal.
    pub(crate) fn record<T: FileSystem>(&mut self, file: &File<T>) -> Result {
        // SAFETY: The file is open, and the lock is good by the type's invariant.
        to_result(unsafe {
            bindings::locks_lock_inode_wait((*file.as_ptr()).f_inode, self.0.get())
        })
    }

    /// As [`Self::record`] for a lock that is given back; returns whether there was any.
    pub(crate) fn record_unlock<T: FileSystem>(&mut self, file: &File<T>) -> Result<bool> {
        self.lock_mut().c.flc_flags |= FL_EXISTS;
        match self.record(file) {
            Ok(()) => Ok(true),
            Err(error) if error == ENOENT => Ok(false),
            Err(error) => Err(error),
        }
    }
}
