// SPDX-License-Identifier: GPL-2.0

//! Directories that system calls are going through: taken for granted until the next request.
//!
//! A path's directories are not asked for one by one. Those that are known are written down here, and
//! the request about the name that follows takes them along, for the server to look at first
//! ([`wire::trail`](crate::mfs::wire::trail)). Only a directory behind which the path goes on with
//! another name is written down, so nothing is reached without that request; and only in system calls
//! that go their path again, asking for each name, when it has led astray.
//!
//! Tasks share a few places by their hash. Each set has a lock of its own, which is held alone.

use kernel::{
    alloc::KVec,
    new_spinlock,
    prelude::*,
    sync::SpinLock, //
};
use zerocopy::little_endian::U64;

use super::inode::Object;
use crate::{
    linux::{
        bytes,
        clock,
        errno::*,
        fs::token::SyscallToken, //
    },
    mfs::wire::{
        handle::Handle,
        trail::{
            Step,
            FROM,
            THROUGH,
            TRAIL_MAX, //
        }, //
    }, //
};

/// Sets of tasks: a power of two.
const SETS: usize = 128;

/// Tasks of a set that can be on their way at a time.
const WAYS: usize = 4;

/// A trail that nobody has gone on with for so long is given up for dead, in nanoseconds: the system
/// call has failed half-way.
const DEAD_NS: u64 = 60_000_000_000;

/// Room for steps, in bytes: a path that has more directories asks on the way.
const ROOM: usize = 512;

const _: () = assert!(1 + size_of::<Handle>() + ROOM <= TRAIL_MAX);

/// What system calls that are going on have gone through.
pub(crate) struct Trails {
    sets: Pin<KBox<[Set]>>,
}

#[pin_data]
struct Set {
    #[pin]
    walks: SpinLock<Walks>,
}

/// The ways of some tasks, each of which is there once.
#[derive(Default)]
struct Walks([Option<Walk>; WAYS]);

/// The way of one system call.
struct Walk {
    token: SyscallToken,
    since_ns: u64,
    /// Whose directories they are.
    node: u16,
    /// Tag of the last of them.
    last: U64,
    /// All of them, as they are sent.
    marks: KVec<u8>,
}

impl Walks {
    /// That of the task of `token`.
    fn of(&mut self, token: &SyscallToken) -> Option<&mut Walk> {
        let same = |walk: &&mut Walk| walk.token.same_task(token);
        self.0.iter_mut().flatten().find(same)
    }

    /// A place for a task that has none; with what is there, that is dead.
    fn place(&mut self, now: u64) -> Option<&mut Option<Walk>> {
        let dead = |walk: &Walk| now.saturating_sub(walk.since_ns) >= DEAD_NS;
        self.0
            .iter_mut()
            .find(|walk| walk.as_ref().is_none_or(dead))
    }
}

impl Trails {
    /// Nobody is on the way.
    pub(super) fn new() -> Result<Self> {
        let set = |_| {
            try_pin_init!(Set {
                walks <- new_spinlock!(Walks::default(), "mosix::Trails::sets"),
            }? Error)
        };
        Ok(Self {
            sets: KBox::pin_slice(set, SETS, GFP_KERNEL)?,
        })
    }

    fn set(&self, token: &SyscallToken) -> Option<&SpinLock<Walks>> {
        let set = self.sets.get(token.hash() % SETS)?;
        Some(&set.walks)
    }

    /// Writes down that this system call goes through the directory `to`, which has `name` in `from`
    /// and whose type and permissions are `mode`. If that cannot be written down the name has to be
    /// asked for.
    pub(super) fn add(&self, from: &Object, name: &[u8], to: &Object, mode: u16) -> bool {
        let Some(token) = SyscallToken::current().filter(SyscallToken::walks_again) else {
            return false;
        };
        let (Some(set), Ok(name_len)) = (self.set(&token), u8::try_from(name.len())) else {
            return false;
        };
        let step = Step {
            tag: to.handle.tag,
            mode: u32::from(mode).into(),
            name_len,
        };
        let now = clock::boottime_ns();
        let parts: [&[u8]; 3] = [&[THROUGH], step.as_bytes(), name];
        if let Some(walk) = set.lock().of(&token).filter(|walk| walk.token == token) {
            let added = walk.is_at(from) && append(&mut walk.marks, &parts);
            if added {
                walk.last = step.tag;
                walk.since_ns = now;
            }
            return added;
        }
        let Ok(mut marks) = bytes::concat(&[&[FROM], from.handle.as_bytes()], ROOM) else {
            return false;
        };
        let added = append(&mut marks, &parts);
        let walk = Walk {
            token,
            since_ns: now,
            node: from.node,
            last: step.tag,
            marks,
        };
        added && put(set, walk)
    }

    /// Takes the way by which this system call has come to the directory `to` of `node`, as it is sent;
    /// empty if it has not gone through any.
    ///
    /// # Errors
    ///
    /// `ESTALE` if it leads elsewhere: the directory was moved meanwhile, or the way is left over from a
    /// call just like this that has failed on it. The path is gone again then.
    pub(super) fn take(&self, node: u16, to: &Handle) -> Result<KVec<u8>> {
        match self.end() {
            Some(walk) if !walk.is_at(&Object { node, handle: *to }) => Err(errno(ESTALE)),
            Some(walk) => Ok(walk.marks),
            None => Ok(KVec::new()),
        }
    }

    /// What this system call has gone through has no meaning any more.
    pub(super) fn forget(&self) {
        drop(self.end());
    }

    /// Takes the way of this system call out.
    fn end(&self) -> Option<Walk> {
        let token = SyscallToken::current()?;
        let mut walks = self.set(&token)?.lock();
        let is_it = |walk: &mut Walk| walk.token == token;
        walks.0.iter_mut().find_map(|place| place.take_if(is_it))
    }
}

impl Walk {
    /// Whether it has come to `directory`.
    fn is_at(&self, directory: &Object) -> bool {
        self.node == directory.node && self.last == directory.handle.tag
    }
}

/// Appends `parts` to `marks` if there is room for them. Does not sleep.
fn append(marks: &mut KVec<u8>, parts: &[&[u8]; 3]) -> bool {
    let more = parts.iter().map(|part| part.len()).sum::<usize>();
    let room = marks.capacity().saturating_sub(marks.len());
    more <= room && parts.iter().all(|part| bytes::append(marks, part).is_ok())
}

/// Puts `new` into its set, if there is room: in place of what its task has left there before.
fn put(set: &SpinLock<Walks>, new: Walk) -> bool {
    let now = new.since_ns;
    let old = {
        let mut walks = set.lock();
        match walks.of(&new.token) {
            Some(walk) => Some(core::mem::replace(walk, new)),
            None => match walks.place(now) {
                Some(place) => place.replace(new),
                None => return false,
            },
        }
    };
    drop(old);
    true
}
