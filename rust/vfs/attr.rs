// SPDX-License-Identifier: GPL-2.0

//! Attributes of objects and of file systems.
//!
//! C headers: [`include/linux/stat.h`](srctree/include/linux/stat.h),
//! [`include/linux/statfs.h`](srctree/include/linux/statfs.h)

use core::mem::MaybeUninit;

use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    delegation,
    file::File,
    namespace::WriteAccess,
    path::Path, //
};
use crate::linux::bindings;

/// A point in time: seconds and nanoseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    /// Seconds.
    pub(crate) sec: i64,
    /// Nanoseconds, below 1,000,000,000.
    pub(crate) nsec: u32,
}

impl Time {
    fn of(time: bindings::timespec64) -> Self {
        Self {
            sec: time.tv_sec,
            // Below 1,000,000,000 by the kernel's own rule.
            nsec: time.tv_nsec as u32,
        }
    }

    fn to_raw(self) -> bindings::timespec64 {
        bindings::timespec64 {
            tv_sec: self.sec,
            tv_nsec: self.nsec as isize,
        }
    }
}

/// Attributes of an object.
pub(crate) struct Stat(bindings::kstat);

/// A device number in the form that user space gets in 32 bits.
fn user_dev(dev: u32) -> u32 {
    const MINOR_BITS: u32 = 20;
    let (major, minor) = (dev >> MINOR_BITS, dev & ((1 << MINOR_BITS) - 1));
    (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
}

impl Stat {
    /// Number of the file system.
    pub(crate) fn dev(&self) -> u32 {
        self.0.dev
    }

    /// Type and permissions.
    pub(crate) fn mode(&self) -> u16 {
        self.0.mode
    }

    /// Inode number.
    pub(crate) fn ino(&self) -> u64 {
        self.0.ino
    }

    /// Number of names.
    pub(crate) fn nlink(&self) -> u32 {
        self.0.nlink
    }

    /// Owner.
    pub(crate) fn uid(&self) -> u32 {
        self.0.uid.val
    }

    /// Group.
    pub(crate) fn gid(&self) -> u32 {
        self.0.gid.val
    }

    /// Preferred size of transfers, in bytes.
    pub(crate) fn blksize(&self) -> u32 {
        self.0.blksize
    }

    /// In bytes.
    pub(crate) fn size(&self) -> u64 {
        // Never negative.
        self.0.size.unsigned_abs()
    }

    /// In units of 512 bytes.
    pub(crate) fn blocks(&self) -> u64 {
        self.0.blocks
    }

    /// Which device it is, in the form for user space.
    pub(crate) fn rdev(&self) -> u32 {
        user_dev(self.0.rdev)
    }

    /// Differs whenever data or attributes differ, as exactly as the file system knows.
    pub(crate) fn change(&self) -> u64 {
        if self.0.result_mask & bindings::STATX_CHANGE_COOKIE != 0 {
            self.0.change_cookie
        } else {
            let ctime = self.ctime();
            (ctime.sec as u64)
                .wrapping_mul(1_000_000_000)
                .wrapping_add(ctime.nsec.into())
        }
    }

    /// Last access.
    pub(crate) fn atime(&self) -> Time {
        Time::of(self.0.atime)
    }

    /// Last change of the data.
    pub(crate) fn mtime(&self) -> Time {
        Time::of(self.0.mtime)
    }

    /// Last change.
    pub(crate) fn ctime(&self) -> Time {
        Time::of(self.0.ctime)
    }

    /// Birth; 0 where the file system does not know.
    pub(crate) fn btime(&self) -> Time {
        if self.0.result_mask & bindings::STATX_BTIME != 0 {
            Time::of(self.0.btime)
        } else {
            Time { sec: 0, nsec: 0 }
        }
    }

    /// `STATX_ATTR_*` that are set, and those that the file system knows.
    pub(crate) fn flags(&self) -> (u64, u64) {
        (self.0.attributes, self.0.attributes_mask)
    }
}

/// About a file system; see `statfs()`.
pub(crate) type StatFs = bindings::kstatfs;

/// To what a time is set.
#[derive(Clone, Copy)]
pub(crate) enum SetTime {
    /// To now.
    Now,
    /// To the given one.
    To(Time),
}

/// A change of attributes; what is `None` stays.
#[derive(Default)]
pub(crate) struct SetAttr {
    /// Permissions.
    pub(crate) mode: Option<u16>,
    /// Owner.
    pub(crate) uid: Option<u32>,
    /// Group.
    pub(crate) gid: Option<u32>,
    /// Last access.
    pub(crate) atime: Option<SetTime>,
    /// Last change of the data.
    pub(crate) mtime: Option<SetTime>,
    /// Set-user-ID, set-group-ID and file capabilities go.
    pub(crate) kill_priv: bool,
}

impl SetAttr {
    fn is_empty(&self) -> bool {
        let ids = self.uid.is_some() || self.gid.is_some();
        let times = self.atime.is_some() || self.mtime.is_some();
        !(self.mode.is_some() || ids || times || self.kill_priv)
    }

    /// As `notify_change()` wants it for an object that is locked and has this mode now.
    fn to_raw(&self, mode: u16) -> bindings::iattr {
        let mut raw = bindings::iattr {
            ia_valid: bindings::ATTR_CTIME,
            ..Default::default()
        };
        let is_dir = u32::from(mode) & bindings::S_IFMT == bindings::S_IFDIR;
        let owner = self.uid.is_some() || self.gid.is_some();
        // Whoever gives a file away gives no rights of his own with it.
        let mut kill = self.kill_priv || (owner && !is_dir);
        if let Some(uid) = self.uid {
            raw.ia_valid |= bindings::ATTR_UID;
            raw.__bindgen_anon_1.ia_vfsuid = bindings::vfsuid_t { val: uid };
        }
        if let Some(gid) = self.gid {
            raw.ia_valid |= bindings::ATTR_GID;
            raw.__bindgen_anon_2.ia_vfsgid = bindings::vfsgid_t { val: gid };
        }
        if let Some(new) = self.mode {
            let mut new = new & 0o7777;
            if kill {
                raw.ia_valid |= bindings::ATTR_KILL_PRIV;
                // With the mode given, the VFS does not want to be told to change it, too.
                kill = false;
                new &= !0o4000;
                if new & 0o0010 != 0 {
                    new &= !0o2000;
                }
            }
            raw.ia_valid |= bindings::ATTR_MODE;
            raw.ia_mode = new | (mode & bindings::S_IFMT as u16);
        }
        if kill {
            raw.ia_valid |= bindings::ATTR_KILL_PRIV | bindings::ATTR_KILL_SUID;
            // Without that permission for the group the bit is no right.
            if mode & 0o2010 == 0o2010 {
                raw.ia_valid |= bindings::ATTR_KILL_SGID;
            }
        }
        self.set_times(&mut raw);
        raw
    }

    fn set_times(&self, raw: &mut bindings::iattr) {
        if self.atime.is_some() {
            raw.ia_valid |= bindings::ATTR_ATIME;
        }
        if self.mtime.is_some() {
            raw.ia_valid |= bindings::ATTR_MTIME;
        }
        if let Some(SetTime::To(time)) = self.atime {
            raw.ia_valid |= bindings::ATTR_ATIME_SET;
            raw.ia_atime = time.to_raw();
        }
        if let Some(SetTime::To(time)) = self.mtime {
            raw.ia_valid |= bindings::ATTR_MTIME_SET;
            raw.ia_mtime = time.to_raw();
        }
        // Who may write may set both to now; anything else is for the owner.
        raw.ia_valid |= match (self.atime, self.mtime) {
            (None, None) => 0,
            (Some(SetTime::Now), Some(SetTime::Now)) => bindings::ATTR_TOUCH,
            _ => bindings::ATTR_TIMES_SET,
        };
    }
}

/// An inode's lock, held.
struct Locked<'a>(&'a Path);

impl<'a> Locked<'a> {
    fn lock(path: &'a Path) -> Result<Self> {
        // SAFETY: The inode is alive as long as the path.
        to_result(unsafe { bindings::mosix_inode_lock_killable(path.inode().as_ptr()) })?;
        Ok(Self(path))
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: `lock` took it.
        unsafe { bindings::mosix_inode_unlock(self.0.inode().as_ptr()) };
    }
}

impl Path {
    /// Attributes as they are now.
    ///
    /// # Errors
    ///
    /// The file system's own.
    pub(crate) fn getattr(&self) -> Result<Stat> {
        let mut stat = MaybeUninit::<bindings::kstat>::zeroed();
        let mask = bindings::STATX_BASIC_STATS | bindings::STATX_BTIME;
        // SAFETY: The path is alive; zeroes are a valid `kstat`, and the call fills it in.
        unsafe {
            to_result(bindings::vfs_getattr(
                self.as_raw(),
                stat.as_mut_ptr(),
                mask | bindings::STATX_CHANGE_COOKIE,
                bindings::AT_STATX_SYNC_AS_STAT,
            ))?;
            Ok(Stat(stat.assume_init()))
        }
    }

    /// Changes attributes, as `chmod()`, `chown()` and `utimensat()` do.
    ///
    /// # Errors
    ///
    /// As those: `EPERM`, `EROFS`, `EDQUOT`, and the file system's own.
    pub(crate) fn setattr(&self, change: &SetAttr) -> Result {
        if change.is_empty() {
            return Ok(());
        }
        let _write = WriteAccess::get(self)?;
        delegation::retry(|delegated| {
            let locked = Locked::lock(self)?;
            let mut raw = change.to_raw(self.mode());
            // SAFETY: Dentry and inode are alive, the inode is locked, and the mount may be written.
            let result = to_result(unsafe {
                bindings::notify_change(self.idmap(), self.dentry(), &mut raw, delegated.cast())
            });
            drop(locked);
            result
        })
    }

    /// Sets the size, as `truncate()` does.
    ///
    /// # Errors
    ///
    /// As `truncate()`.
    pub(crate) fn truncate(&self, size: u64) -> Result {
        let size = i64::try_from(size).map_err(|_| EFBIG)?;
        // SAFETY: The path is alive.
        to_result(unsafe { bindings::vfs_truncate(self.as_raw(), size) })
    }

    /// About the file system that it is on.
    ///
    /// # Errors
    ///
    /// The file system's own.
    pub(crate) fn statfs(&self) -> Result<StatFs> {
        let mut stat = StatFs::default();
        // SAFETY: The path is alive, the struct is filled in. The cast is from the full definition to
        // the one that the kernel's bindings only declare.
        to_result(unsafe { bindings::vfs_statfs(self.as_raw(), (&raw mut stat).cast()) })?;
        Ok(stat)
    }
}

impl File {
    /// Sets the size, as `ftruncate()` does.
    ///
    /// # Errors
    ///
    /// As `ftruncate()`.
    pub(crate) fn truncate(&self, size: u64) -> Result {
        let path = self.path();
        let is_regular = u32::from(path.mode()) & bindings::S_IFMT == bindings::S_IFREG;
        if !is_regular || !self.is_writable() {
            return Err(EINVAL);
        }
        if self.is_append_only() {
            return Err(EPERM);
        }
        let _write = WriteAccess::get(&path)?;
        let locked = Locked::lock(&path)?;
        let mut raw = bindings::iattr {
            // Who could open it for writing need not own it (FORCE).
            ia_valid: bindings::ATTR_SIZE
                | bindings::ATTR_MTIME
                | bindings::ATTR_CTIME
                | bindings::ATTR_FILE
                | bindings::ATTR_FORCE
                | bindings::ATTR_KILL_PRIV,
            ia_size: i64::try_from(size).map_err(|_| EFBIG)?,
            ia_file: self.as_ptr(),
            ..Default::default()
        };
        // SAFETY: Dentry and inode are alive, the inode is locked, and the mount may be written. A file
        // that is open for writing is not delegated.
        let result = to_result(unsafe {
            let drop = bindings::setattr_should_drop_suidgid(path.idmap(), path.inode().as_ptr());
            raw.ia_valid |= drop as u32;
            bindings::notify_change(path.idmap(), path.dentry(), &mut raw, core::ptr::null_mut())
        });
        drop(locked);
        result
    }
}
