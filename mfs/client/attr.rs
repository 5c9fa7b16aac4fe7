// SPDX-License-Identifier: GPL-2.0

//! Attributes: from the wire, and from the look-up of the very same system call.
//!
//! Attributes are never kept for a later `stat`: the server is asked. But a path's last component has
//! been looked up a moment before, by the same system call, and the answer to that came with
//! attributes. So each look-up leaves them in [`Fresh`] under the [`SyscallToken`] of the system call,
//! and whoever asks for attributes in the same one takes them away.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::SpinLock, //
};

use super::inode::Key;
use crate::{
    linux::{
        clock,
        errno::*,
        fs::{
            attr::{
                Attributes,
                Change,
                NewTime,
                Time, //
            },
            token::SyscallToken,
            StatFs, //
        }, //
    },
    mfs::wire::{
        attr::{
            self as wire,
            set, //
        },
        handle::{
            Handle,
            OpenId, //
        },
        message::Malformed, //
    }, //
};

/// How old they may be, in nanoseconds: longer than any system call that does not wait.
const AGE_MAX_NS: u64 = 5_000_000;

/// Tasks that can leave something at a time, as a rule: a power of two.
const SLOTS: usize = 256;

/// What system calls that are going on have learnt, one thing each.
pub(crate) struct Fresh {
    slots: Pin<KBox<[Slot]>>,
}

#[pin_data]
struct Slot {
    #[pin]
    known: SpinLock<Option<Known>>,
}

/// Attributes as of a moment.
struct Known {
    token: SyscallToken,
    since_ns: u64,
    key: Key,
    attributes: Attributes,
}

impl Fresh {
    /// Nothing known.
    pub(super) fn new() -> Result<Self> {
        let slot = |_| {
            try_pin_init!(Slot {
                known <- new_spinlock!(None, "mosix::Fresh::slots"),
            }? Error)
        };
        Ok(Self {
            slots: KBox::pin_slice(slot, SLOTS, GFP_KERNEL)?,
        })
    }

    fn slot(&self, token: &SyscallToken) -> Option<&SpinLock<Option<Known>>> {
        let slot = self.slots.get(token.hash() % SLOTS)?;
        Some(&slot.known)
    }

    /// Leaves the attributes of `key` for the rest of this system call.
    pub(super) fn leave(&self, key: Key, attributes: Attributes) {
        let Some(token) = SyscallToken::current() else {
            return;
        };
        if let Some(slot) = self.slot(&token) {
            *slot.lock() = Some(Known {
                token,
                since_ns: clock::boottime_ns(),
                key,
                attributes,
            });
        }
    }

    /// Takes what this system call has left about `key`.
    pub(super) fn take(&self, key: &Key) -> Option<Attributes> {
        let token = SyscallToken::current()?;
        let known = {
            let mut slot = self.slot(&token)?.lock();
            if slot.as_ref()?.token != token {
                return None;
            }
            slot.take()?
        };
        let age = clock::boottime_ns().saturating_sub(known.since_ns);
        (known.key == *key && age <= AGE_MAX_NS).then_some(known.attributes)
    }

    /// Nothing that this system call has left is good any more: it has changed something.
    pub(super) fn discard(&self) {
        let Some(token) = SyscallToken::current() else {
            return;
        };
        if let Some(slot) = self.slot(&token) {
            let mut slot = slot.lock();
            if slot.as_ref().is_some_and(|known| known.token == token) {
                *slot = None;
            }
        }
    }
}

/// A message that is not what was asked for.
pub(crate) fn malformed(_: Malformed) -> Error {
    errno(EPROTO)
}

fn time(time: &wire::Time) -> Time {
    Time {
        sec: time.sec.get(),
        nsec: time.nsec.get(),
    }
}

/// Attributes from the network, which are sound.
pub(crate) fn attributes(attr: &wire::Attr) -> Attributes {
    let btime = time(&attr.btime);
    Attributes {
        dev: attr.dev.get(),
        mode: attr.mode.get() as u16,
        ino: attr.ino.get(),
        nlink: attr.nlink.get(),
        uid: attr.uid.get(),
        gid: attr.gid.get(),
        size: attr.size.get(),
        blocks: attr.blocks.get(),
        blksize: attr.blksize.get(),
        rdev: attr.rdev.get(),
        generation: attr.generation.get(),
        atime: time(&attr.atime),
        mtime: time(&attr.mtime),
        ctime: time(&attr.ctime),
        btime: (btime != Time::default()).then_some(btime),
        flags: attr.flags.get(),
        flags_mask: attr.flags_mask.get(),
    }
}

/// The change that `change` asks for, of `handle` or through the open file `open`.
pub(super) fn set_attr(handle: &Handle, open: OpenId, change: &Change) -> wire::SetAttr {
    let mut valid = 0;
    let mut number = |value: Option<u32>, bit| {
        valid |= if value.is_some() { bit } else { 0 };
        value.unwrap_or(0).into()
    };
    let mode = number(change.mode.map(u32::from), set::MODE);
    let uid = number(change.uid, set::UID);
    let gid = number(change.gid, set::GID);
    if change.size.is_some() {
        valid |= set::SIZE;
    }
    if change.kills_priv() {
        valid |= set::KILL_PRIV;
    }
    let (atime, bits) = new_time(change.atime, set::ATIME, set::ATIME_SET);
    valid |= bits;
    let (mtime, bits) = new_time(change.mtime, set::MTIME, set::MTIME_SET);
    valid |= bits;
    wire::SetAttr {
        handle: *handle,
        open,
        valid: valid.into(),
        mode,
        uid,
        gid,
        size: change.size.unwrap_or(0).into(),
        atime,
        mtime,
    }
}

fn new_time(time: Option<NewTime>, bit: u32, bit_set: u32) -> (wire::Time, u32) {
    let (time, bits) = match time {
        None => (Time::default(), 0),
        Some(NewTime::Now) => (Time::default(), bit),
        Some(NewTime::At(time)) => (time, bit | bit_set),
    };
    let time = wire::Time {
        sec: time.sec.into(),
        nsec: time.nsec.into(),
    };
    (time, bits)
}

/// A `StatFs` from the network, which is sound.
pub(super) fn statfs(stat: &wire::StatFs) -> StatFs {
    StatFs {
        kind: stat.kind.get(),
        bsize: stat.bsize.get(),
        frsize: stat.frsize.get(),
        blocks: stat.blocks.get(),
        bfree: stat.bfree.get(),
        bavail: stat.bavail.get(),
        files: stat.files.get(),
        ffree: stat.ffree.get(),
        namelen: stat.namelen.get(),
        fsid: stat.fsid.get(),
    }
}
