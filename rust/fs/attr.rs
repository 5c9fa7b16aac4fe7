// SPDX-License-Identifier: GPL-2.0

//! Attributes of inodes.
//!
//! C headers: [`include/linux/stat.h`](srctree/include/linux/stat.h),
//! [`include/linux/kdev_t.h`](srctree/include/linux/kdev_t.h)

use kernel::prelude::*;

use crate::linux::bindings;

/// Bits of a mode that are permissions.
pub(crate) const PERMISSIONS: u16 = 0o7777;

/// The type in a mode.
pub(crate) const fn file_type(mode: u16) -> u16 {
    mode & bindings::S_IFMT as u16
}

/// Types of files, as in a mode.
pub(crate) mod kind {
    use crate::linux::bindings;

    pub(crate) const DIR: u16 = bindings::S_IFDIR as u16;
    pub(crate) const REG: u16 = bindings::S_IFREG as u16;
    pub(crate) const LNK: u16 = bindings::S_IFLNK as u16;
    pub(crate) const FIFO: u16 = bindings::S_IFIFO as u16;
    pub(crate) const SOCK: u16 = bindings::S_IFSOCK as u16;
    pub(crate) const CHR: u16 = bindings::S_IFCHR as u16;
    pub(crate) const BLK: u16 = bindings::S_IFBLK as u16;
}

/// A point in time.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Time {
    /// Seconds since 1970.
    pub(crate) sec: i64,
    /// Nanoseconds, below 1,000,000,000.
    pub(crate) nsec: u32,
}

impl Time {
    fn timespec64(self) -> bindings::timespec64 {
        bindings::timespec64 {
            tv_sec: self.sec,
            tv_nsec: self.nsec as c_long,
        }
    }

    /// A time of the kernel's; its nanoseconds are below a second.
    pub(super) fn from_timespec64(time: &bindings::timespec64) -> Self {
        Self {
            sec: time.tv_sec,
            nsec: time.tv_nsec as u32,
        }
    }
}

/// Attributes of an object.
#[derive(Clone, Copy, Default)]
pub(crate) struct Attributes {
    /// Number of the file system, in the form that user space gets.
    pub(crate) dev: u32,
    /// Type and permissions.
    pub(crate) mode: u16,
    /// Inode number.
    pub(crate) ino: u64,
    /// Number of names.
    pub(crate) nlink: u32,
    /// Owner, in the initial user namespace.
    pub(crate) uid: u32,
    /// Group, likewise.
    pub(crate) gid: u32,
    /// In bytes; at most `i64::MAX`.
    pub(crate) size: u64,
    /// In units of 512 bytes.
    pub(crate) blocks: u64,
    /// Preferred size of reads and writes, in bytes.
    pub(crate) blksize: u32,
    /// Number of the device that a device node is, in the form of `dev`.
    pub(crate) rdev: u32,
    /// Tells objects apart that had the same inode number.
    pub(crate) generation: u32,
    /// Last access.
    pub(crate) atime: Time,
    /// Last change of the data.
    pub(crate) mtime: Time,
    /// Last change.
    pub(crate) ctime: Time,
    /// Birth, if known.
    pub(crate) btime: Option<Time>,
    /// `STATX_ATTR_*` that are set.
    pub(crate) flags: u64,
    /// `STATX_ATTR_*` that the file system knows.
    pub(crate) flags_mask: u64,
}

impl Attributes {
    /// Writes them out for `stat` and its like.
    pub(super) fn fill(&self, stat: &mut bindings::kstat) {
        stat.result_mask = bindings::STATX_BASIC_STATS;
        stat.mode = self.mode;
        stat.nlink = self.nlink;
        stat.blksize = self.blksize;
        stat.attributes |= self.flags;
        stat.attributes_mask |= self.flags_mask;
        stat.ino = self.ino;
        stat.dev = decode_dev(self.dev);
        stat.rdev = decode_dev(self.rdev);
        stat.uid = bindings::kuid_t { val: self.uid };
        stat.gid = bindings::kgid_t { val: self.gid };
        stat.size = self.size as i64;
        stat.blocks = self.blocks;
        stat.atime = self.atime.timespec64();
        stat.mtime = self.mtime.timespec64();
        stat.ctime = self.ctime.timespec64();
        if let Some(btime) = self.btime {
            stat.btime = btime.timespec64();
            stat.result_mask |= bindings::STATX_BTIME;
        }
    }
}

/// The kernel's form of a device number that user space gets as `dev`: `new_decode_dev()`.
pub(super) const fn decode_dev(dev: u32) -> bindings::dev_t {
    let major = (dev & 0xf_ff00) >> 8;
    let minor = (dev & 0xff) | ((dev >> 12) & 0xf_ff00);
    major << 20 | minor
}

/// The form that user space gets of the kernel's `dev`: `new_encode_dev()`.
pub(super) const fn encode_dev(dev: bindings::dev_t) -> u32 {
    let (major, minor) = (dev >> 20, dev & 0xf_ffff);
    (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
}

/// A change that `chmod`, `chown`, `truncate` and their like ask for.
pub(crate) struct Change {
    pub(super) valid: u32,
    /// Permissions, if [`Self::sets_mode`].
    pub(crate) mode: Option<u16>,
    /// New owner.
    pub(crate) uid: Option<u32>,
    /// New group.
    pub(crate) gid: Option<u32>,
    /// New size.
    pub(crate) size: Option<u64>,
    /// New time of access.
    pub(crate) atime: Option<NewTime>,
    /// New time of change.
    pub(crate) mtime: Option<NewTime>,
}

/// A time to set.
#[derive(Clone, Copy)]
pub(crate) enum NewTime {
    /// The time at which it is done.
    Now,
    /// This one.
    At(Time),
}

impl Change {
    /// What the VFS asks for.
    pub(super) fn new(attr: &bindings::iattr) -> Self {
        let valid = attr.ia_valid;
        let has = |bit: u32| valid & bit != 0;
        let time = |bit: u32, set: u32, time: &bindings::timespec64| {
            has(bit).then(|| match has(set) {
                true => NewTime::At(Time::from_timespec64(time)),
                false => NewTime::Now,
            })
        };
        // A mode that comes with these was made from what this node knows of the old one.
        let kills = bindings::ATTR_KILL_SUID | bindings::ATTR_KILL_SGID;
        let mode = (has(bindings::ATTR_MODE) && !has(kills)).then_some(attr.ia_mode & PERMISSIONS);
        // SAFETY: Both variants of each are the same number, and any number is one.
        let (uid, gid) = unsafe {
            (
                attr.__bindgen_anon_1.ia_uid.val,
                attr.__bindgen_anon_2.ia_gid.val,
            )
        };
        Self {
            valid,
            mode,
            uid: has(bindings::ATTR_UID).then_some(uid),
            gid: has(bindings::ATTR_GID).then_some(gid),
            size: has(bindings::ATTR_SIZE).then_some(attr.ia_size as u64),
            atime: time(
                bindings::ATTR_ATIME,
                bindings::ATTR_ATIME_SET,
                &attr.ia_atime,
            ),
            mtime: time(
                bindings::ATTR_MTIME,
                bindings::ATTR_MTIME_SET,
                &attr.ia_mtime,
            ),
        }
    }

    /// Whether it is the truncation of an `open(O_TRUNC)`.
    pub(crate) fn is_open(&self) -> bool {
        self.valid & bindings::ATTR_OPEN != 0
    }

    /// Whether set-user-ID, set-group-ID and file capabilities have to go.
    pub(crate) fn kills_priv(&self) -> bool {
        let kills = bindings::ATTR_KILL_SUID | bindings::ATTR_KILL_SGID | bindings::ATTR_KILL_PRIV;
        self.valid & kills != 0
    }
}
