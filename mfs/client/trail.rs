// SPDX-License-Identifier: GPL-2.0

//! Directories that system calls are going through: taken for granted until the next request.
//!
//! A path's directories are not asked for one by one. Those that are known are written down here, and
//! whatever the same system call asks of that node next takes them along, for the server to look at
//! first ([`wire::trail`](crate::mfs::wire::trail)). Only a directory behind which the path goes on
//! with another name is written down, so nothing is reached without that request.
//!
//! Each slot has a lock of its own, which is held alone.

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

/// Tasks that can be on their way at a time, as a rule: a power of two.
const SLOTS: usize = 256;

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
    slots: Pin<KBox<[Slot]>>,
}

#[pin_data]
struct Slot {
    #[pin]
    walk: SpinLock<Option<Walk>>,
}

/// The way of one system call.
struct Walk {
    token: SyscallToken,
    since_ns: u64,
    state: State,
}

enum State {
    /// It goes on.
    Going {
        /// Whose directories they are.
        node: u16,
        /// The last of them.
        last: U64,
        /// All of them, as they are sent.
        marks: KVec<u8>,
    },
    /// It has led astray.
    Astray,
}

impl Trails {
    /// Nobody is on the way.
    pub(super) fn new() -> Result<Self> {
        let slot = |_| {
            try_pin_init!(Slot {
                walk <- new_spinlock!(None, "mosix::Trails::slots"),
            }? Error)
        };
        Ok(Self {
            slots: KBox::pin_slice(slot, SLOTS, GFP_KERNEL)?,
        })
    }

    fn slot(&self, token: &SyscallToken) -> Option<&SpinLock<Option<Walk>>> {
        let slot = self.slots.get(token.hash() % SLOTS)?;
        Some(&slot.walk)
    }

    /// Writes down that this system call goes through the directory `to`, which has `name` in `from`
    /// and whose type and permissions are `mode`. If that cannot be written down the name has to be
    /// asked for.
    pub(super) fn add(&self, from: &Object, name: &[u8], to: &Object, mode: u16) -> bool {
        let Some(token) = SyscallToken::current() else {
            return false;
        };
        let (Some(slot), Ok(name_len)) = (self.slot(&token), u8::try_from(name.len())) else {
            return false;
        };
        let step = Step {
            tag: to.handle.tag,
            mode: u32::from(mode).into(),
            name_len,
        };
        let now = clock::boottime_ns();
        let parts: [&[u8]; 3] = [&[THROUGH], step.as_bytes(), name];
        match go_on(&mut slot.lock(), &token, now, from, &parts, step.tag) {
            Course::Added => return true,
            Course::Blocked => return false,
            Course::Free => (),
        }
        let Ok(mut marks) = bytes::concat(&[&[FROM], from.handle.as_bytes()], ROOM) else {
            return false;
        };
        append(&mut marks, &parts)
            && put(
                slot,
                Walk {
                    token,
                    since_ns: now,
                    state: State::Going {
                        node: from.node,
                        last: step.tag,
                        marks,
                    },
                },
            )
    }

    /// Takes what this system call has gone through on `node`, as it is sent; empty if that is nothing.
    pub(super) fn take(&self, node: u16) -> KVec<u8> {
        let found = SyscallToken::current().and_then(|token| {
            let mut walk = self.slot(&token)?.lock();
            let goes = |walk: &Walk| {
                matches!(walk.state, State::Going { node: of, .. } if of == node)
                    && walk.token == token
            };
            walk.take_if(|walk| goes(walk))
        });
        match found {
            Some(Walk {
                state: State::Going { marks, .. },
                ..
            }) => marks,
            _ => KVec::new(),
        }
    }

    /// What was taken has proved wrong: the current task asks for each name by itself for a while. The
    /// VFS goes most paths again and does so anyway.
    pub(super) fn doubt(&self) {
        let Some(token) = SyscallToken::current() else {
            return;
        };
        if let Some(slot) = self.slot(&token) {
            let walk = Walk {
                token,
                since_ns: clock::boottime_ns(),
                state: State::Astray,
            };
            put(slot, walk);
        }
    }
}

/// What can be done with a slot.
enum Course {
    /// The step has been added to the trail that is there.
    Added,
    /// The name has to be asked for.
    Blocked,
    /// A trail may begin.
    Free,
}

/// Adds `parts`, a step from `from` to the directory with the tag `to`, to the trail of `token`.
fn go_on(
    walk: &mut Option<Walk>,
    token: &SyscallToken,
    now: u64,
    from: &Object,
    parts: &[&[u8]; 3],
    to: U64,
) -> Course {
    let Some(walk) = walk else {
        return Course::Free;
    };
    let age = now.saturating_sub(walk.since_ns);
    if !walk.token.same_task(token) {
        return if age < DEAD_NS {
            Course::Blocked
        } else {
            Course::Free
        };
    }
    match &mut walk.state {
        State::Astray if age < DOUBT_NS => Course::Blocked,
        State::Going { node, last, marks } if walk.token == *token => {
            // Where the path has jumped, whoever asks for the name takes along what is there.
            let goes_on = *node == from.node && *last == from.handle.tag;
            if !goes_on || !append(marks, parts) {
                return Course::Blocked;
            }
            *last = to;
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

/// Puts a walk into its slot, unless another task is on its way there.
fn put(slot: &SpinLock<Option<Walk>>, new: Walk) -> bool {
    let mut walk = slot.lock();
    let dead = |old: &Walk| new.since_ns.saturating_sub(old.since_ns) >= DEAD_NS;
    let taken = |old: &Walk| !old.token.same_task(&new.token) && !dead(old);
    if walk.as_ref().is_some_and(taken) {
        drop(walk);
        drop(new);
        return false;
    }
    let old = walk.replace(new);
    drop(walk);
    drop(old);
    true
}
