// SPDX-License-Identifier: GPL-2.0

//! Directories that system calls are going through: taken for granted until the next request.
//!
//! A path's directories are not asked for one by one. Those that are known are written down here, and
//! whatever the same system call asks of that node next takes them along, for the server to look at
//! first ([`wire::trail`](crate::mfs::wire::trail)). Only a directory behind which the path goes on
//! with another name is written down, so nothing is reached without that request.
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

/// How long a task whose trail has proved wrong asks for each name by itself, in nanoseconds.
const DOUBT_NS: u64 = 1_000_000_000;

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
    state: State,
}

enum State {
    /// It goes on.
    Going(Way),
    /// It has led astray.
    Astray {
        /// Whether the next request is to fail for that.
        owes: bool,
    },
}

/// Directories that were gone through.
struct Way {
    /// Whose they are.
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
        let Some(token) = SyscallToken::current() else {
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
        if let Some(walk) = set.lock().of(&token) {
            match go_on(walk, &token, now, from, &parts, step.tag) {
                Course::Added => return true,
                Course::Blocked => return false,
                Course::Free => (),
            }
        }
        let Ok(mut marks) = bytes::concat(&[&[FROM], from.handle.as_bytes()], ROOM) else {
            return false;
        };
        let way = |marks| Way {
            node: from.node,
            last: step.tag,
            marks,
        };
        append(&mut marks, &parts) && put(set, &token, now, State::Going(way(marks)))
    }

    /// Takes what this system call has gone through on `node`, as it is sent; empty if that is nothing.
    ///
    /// # Errors
    ///
    /// `ESTALE` after [`Self::owe`].
    pub(super) fn take(&self, node: u16) -> Result<KVec<u8>> {
        let Some(token) = SyscallToken::current() else {
            return Ok(KVec::new());
        };
        let Some(set) = self.set(&token) else {
            return Ok(KVec::new());
        };
        let mut walks = set.lock();
        let Some(walk) = walks.of(&token).filter(|walk| walk.token == token) else {
            return Ok(KVec::new());
        };
        match &mut walk.state {
            State::Astray { owes } => match core::mem::take(owes) {
                true => Err(errno(ESTALE)),
                false => Ok(KVec::new()),
            },
            State::Going(way) if way.node == node => {
                let marks = core::mem::take(&mut way.marks);
                for place in &mut walks.0 {
                    place.take_if(|walk| walk.token == token);
                }
                Ok(marks)
            }
            State::Going(_) => Ok(KVec::new()),
        }
    }

    /// What was taken has proved wrong: the current task asks for each name by itself for a while. The
    /// VFS goes most paths again and does so anyway.
    pub(super) fn doubt(&self) {
        let Some(token) = SyscallToken::current() else {
            return;
        };
        if let Some(set) = self.set(&token) {
            let now = clock::boottime_ns();
            put(set, &token, now, State::Astray { owes: false });
        }
    }

    /// If a trail of this system call has just proved wrong, and the VFS does not go its path again
    /// because of the look-up that has shown that: the request that follows fails instead, after which
    /// it does.
    pub(super) fn owe(&self) -> bool {
        let Some(token) = SyscallToken::current() else {
            return false;
        };
        let Some(set) = self.set(&token) else {
            return false;
        };
        let mut walks = set.lock();
        match walks.of(&token) {
            Some(Walk {
                token: of,
                state: State::Astray { owes },
                ..
            }) if *of == token => {
                *owes = true;
                true
            }
            _ => false,
        }
    }
}

/// What can be done.
enum Course {
    /// The step has been added to the trail that is there.
    Added,
    /// The name has to be asked for.
    Blocked,
    /// A trail may begin.
    Free,
}

/// Adds `parts`, a step from `from` to the directory with the tag `to`, to the trail of `token`, whose
/// task has come along `walk`.
fn go_on(
    walk: &mut Walk,
    token: &SyscallToken,
    now: u64,
    from: &Object,
    parts: &[&[u8]; 3],
    to: U64,
) -> Course {
    let age = now.saturating_sub(walk.since_ns);
    match &mut walk.state {
        State::Astray { .. } if age < DOUBT_NS => Course::Blocked,
        State::Going(way) if walk.token == *token => {
            // Where the path has jumped, whoever asks for the name takes along what is there.
            let goes_on = way.node == from.node && way.last == from.handle.tag;
            if !goes_on || !append(&mut way.marks, parts) {
                return Course::Blocked;
            }
            way.last = to;
            walk.since_ns = now;
            Course::Added
        }
        _ => Course::Free,
    }
}

/// Appends `parts` to `marks` if there is room for them. Does not sleep.
fn append(marks: &mut KVec<u8>, parts: &[&[u8]; 3]) -> bool {
    let more = parts.iter().map(|part| part.len()).sum::<usize>();
    let room = marks.capacity().saturating_sub(marks.len());
    more <= room && parts.iter().all(|part| bytes::append(marks, part).is_ok())
}

/// Puts the way of the task of `token` into its set, if there is room.
fn put(set: &SpinLock<Walks>, token: &SyscallToken, now: u64, state: State) -> bool {
    let new = Walk {
        token: *token,
        since_ns: now,
        state,
    };
    let old = {
        let mut walks = set.lock();
        match walks.of(token) {
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
