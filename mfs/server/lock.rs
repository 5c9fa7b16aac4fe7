// SPDX-License-Identifier: GPL-2.0

//! Locks on files: those of the VFS, with owners that are told by client and the client's number for them.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use zerocopy::little_endian::{
    U32,
    U64, //
};

use super::{
    budget::Budget,
    context::{
        done,
        reply,
        Context, //
    },
    holders::Entered,
    opens::Open,
    waits, //
};
use crate::{
    linux::{
        crypto,
        vfs::lock::{
            Holder,
            Mode,
            Owner,
            Request, //
        }, //
    },
    mfs::wire::{
        lock::{
            class,
            command,
            kind,
            state,
            Lock,
            LockReply, //
        },
        request::OFFSET_MAX, //
    },
    rpc::service::Answer, //
};

/// Most locks of `fcntl()` that a client can have.
const LOCKS_MAX: usize = 262_144;

/// What a client may have.
pub(super) fn budget() -> Result<Arc<Budget>> {
    Budget::new(LOCKS_MAX)
}

/// A lock that somebody wants, and by which file.
pub(super) struct Wanted {
    pub(super) open: Arc<Open>,
    pub(super) request: Request,
    /// Goes last: until then its owner is known.
    entered: Option<Entered>,
}

impl Wanted {
    fn new(ctx: &Context<'_>, lock: &Lock) -> Result<Self> {
        let open = ctx.opened(lock.open)?;
        let request = Request {
            holder: holder(ctx, lock),
            mode: match lock.kind {
                kind::READ => Mode::Shared,
                kind::WRITE => Mode::Exclusive,
                _ => Mode::Unlock,
            },
            start: if lock.class == class::FLOCK {
                0
            } else {
                lock.start.get()
            },
            end: if lock.class == class::FLOCK {
                OFFSET_MAX
            } else {
                lock.end.get()
            },
        };
        let owner = match request.holder {
            Holder::Process(owner, _) => Some(Some(owner)),
            Holder::OpenFile => Some(None),
            Holder::Flock => None,
        };
        let entered = match owner {
            Some(owner) if lock.command != command::TEST => Some(Entered::new(&open, owner)?),
            _ => None,
        };
        Ok(Self {
            open,
            request,
            entered,
        })
    }

    /// Takes it, or gives it back.
    ///
    /// # Errors
    ///
    /// Those of [`crate::linux::vfs::file::File::lock`].
    pub(super) fn take(&mut self, wait: bool) -> Result {
        self.open.file.lock(&self.request, wait)?;
        if let Some(entered) = &mut self.entered {
            let whole = (self.request.start, self.request.end) == (0, OFFSET_MAX);
            entered.all = whole && self.request.mode == Mode::Unlock;
        }
        Ok(())
    }

    /// Gives it back after it was taken.
    pub(super) fn give_back(&mut self) {
        self.request.mode = Mode::Unlock;
        if let Err(error) = self.take(false) {
            // It goes when the client closes the file, at the latest.
            pr_warn!("a lock that nobody waits for any more cannot be given back: {error:?}\n");
        }
    }
}

/// Who holds a lock that `lock` asks for.
fn holder(ctx: &Context<'_>, lock: &Lock) -> Holder {
    match lock.class {
        class::POSIX => {
            let number = crypto::siphash(ctx.client.owner_key, lock.owner.as_bytes());
            let pid = i32::try_from(lock.pid.get()).unwrap_or(0);
            // Those of other nodes are shown as negative numbers, like those of other machines by every
            // network file system.
            let pid = if ctx.is_local { pid } else { -pid };
            Holder::Process(Owner::new(number), pid)
        }
        class::OFD => Holder::OpenFile,
        _ => Holder::Flock,
    }
}

/// Takes, tests or gives back a lock. A caller of this node waits here, one of another node is told later.
pub(super) fn lock(ctx: &Context<'_>, lock: &Lock) -> Result<Answer> {
    let mut wanted = Wanted::new(ctx, lock)?;
    let waits = lock.command == command::WAIT && wanted.request.mode != Mode::Unlock;
    if lock.command == command::TEST {
        return test(ctx, &wanted);
    }
    match wanted.take(waits && ctx.is_local) {
        Ok(()) => answer(state::DONE),
        Err(error) if error == EAGAIN && waits && !ctx.is_local => {
            waits::start(ctx, lock.ticket.get(), wanted)?;
            answer(state::QUEUED)
        }
        Err(error) => Err(error),
    }
}

fn answer(state: u8) -> Result<Answer> {
    reply(&LockReply {
        state,
        kind: kind::UNLOCK,
        reserved: [0; 2],
        pid: U32::ZERO,
        start: U64::ZERO,
        end: U64::ZERO,
    })
}

fn test(ctx: &Context<'_>, wanted: &Wanted) -> Result<Answer> {
    let Some(conflict) = wanted.open.file.test_lock(&wanted.request)? else {
        return answer(state::DONE);
    };
    // Processes of this node are known to its own callers only.
    let pid = if ctx.is_local { conflict.pid } else { 0 };
    reply(&LockReply {
        state: state::DONE,
        kind: match conflict.mode {
            Mode::Shared => kind::READ,
            Mode::Exclusive | Mode::Unlock => kind::WRITE,
        },
        reserved: [0; 2],
        pid: U32::new(u32::try_from(pid).unwrap_or(0)),
        start: U64::new(conflict.start),
        end: U64::new(conflict.end),
    })
}

/// Nobody waits any more for the lock with that ticket: when this is answered it is not held, unless it
/// was announced and accepted before.
pub(super) fn cancel(ctx: &Context<'_>, ticket: u64) -> Result<Answer> {
    ctx.client.waits.cancel(ticket);
    Ok(done())
}
