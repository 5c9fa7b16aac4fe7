// SPDX-License-Identifier: GPL-2.0

//! Locks, which the node that has the file keeps.
//!
//! It is told of every lock, for all nodes; this node notes its own, so that the VFS gives them back when
//! the file or the process goes, and that `fcntl(F_GETLK)` knows the process. A lock is noted after it was
//! taken, and its note goes before it is given back: what is noted is never more than what is held.
//!
//! Who has to wait has a *ticket*. The request is answered at once, and the server announces the lock when
//! it is there. A signal ends the waiting; if the lock comes at that moment it is the caller's after all.
//!
//! Lock order: [`Locks::waiting`], then a waiter's `outcome`. None is held over a request.

use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        CondVar,
        CondVarTimeoutResult,
        Mutex, //
    },
    time::msecs_to_jiffies, //
};

use super::{
    attr,
    open::Open,
    Client, //
};
use crate::{
    linux::{
        crypto,
        errno::*,
        fs::{
            file::File,
            lock::{
                Class,
                Command,
                FileLock,
                Kind, //
            }, //
        }, //
    },
    mfs::wire::{
        lock::{
            class,
            command,
            kind,
            state,
            Lock,
            LockCancel,
            LockGranted,
            LockReply, //
        },
        op,
        reply, //
    }, //
};

/// How long somebody waits before he looks whether the server still knows of him, in milliseconds.
const LOOK_MS: u32 = 5_000;

/// What this node wants of the locks of others.
#[pin_data]
pub(crate) struct Locks {
    /// Makes numbers of owners, which are addresses, that do not tell the address.
    key: [u64; 2],
    tickets: Atomic<u64>,
    /// Who waits for a lock: as many as there are tasks that do.
    #[pin]
    waiting: Mutex<KVec<Arc<Waiter>>>,
}

/// Somebody who waits for a lock.
#[pin_data]
struct Waiter {
    node: u16,
    ticket: u64,
    #[pin]
    outcome: Mutex<Option<Result>>,
    #[pin]
    ready: CondVar,
}

impl Waiter {
    fn end(&self, outcome: Result) {
        *self.outcome.lock() = Some(outcome);
        self.ready.notify_all();
    }
}

impl Locks {
    /// Nobody waits.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            key: [crypto::random_u64(), crypto::random_u64()],
            tickets: Atomic::new(0),
            waiting <- new_mutex!(KVec::new(), "mosix::Locks::waiting"),
        })
    }

    /// A new ticket for a lock of `node`.
    fn queue(&self, node: u16) -> Result<Queued<'_>> {
        let ticket = self.tickets.fetch_add(1, Relaxed).wrapping_add(1);
        let waiter = Arc::pin_init(
            pin_init!(Waiter {
                node,
                ticket,
                outcome <- new_mutex!(None, "mosix::Waiter::outcome"),
                ready <- new_condvar!("mosix::Waiter::ready"),
            }),
            GFP_KERNEL,
        )?;
        self.waiting.lock().push(waiter.clone(), GFP_KERNEL)?;
        Ok(Queued {
            locks: self,
            waiter,
        })
    }

    fn remove(&self, found: impl Fn(&Waiter) -> bool) -> Option<Arc<Waiter>> {
        let mut waiting = self.waiting.lock();
        let at = waiting.iter().position(|waiter| found(waiter))?;
        waiting.remove(at).ok()
    }

    /// Node `from` announces that a lock is there.
    ///
    /// # Errors
    ///
    /// `ENOENT` if nobody waits for it: the server gives it back then.
    pub(crate) fn granted(&self, from: u16, granted: &LockGranted) -> Result {
        let ticket = granted.ticket.get();
        let waiter = self
            .remove(|waiter| waiter.node == from && waiter.ticket == ticket)
            .ok_or(ENOENT)?;
        waiter.end(match granted.status.get() {
            0 => Ok(()),
            error => Err(errno(error)),
        });
        Ok(())
    }

    /// Everything that node `from` knew of this one is gone.
    pub(crate) fn ended(&self, from: u16) {
        while let Some(waiter) = self.remove(|waiter| waiter.node == from) {
            waiter.end(Err(errno(EHOSTDOWN)));
        }
    }
}

/// A place among those who wait, until it is dropped.
struct Queued<'a> {
    locks: &'a Locks,
    waiter: Arc<Waiter>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        drop(
            self.locks
                .remove(|waiter| core::ptr::eq(waiter, &*self.waiter)),
        );
    }
}

/// How a wait went.
enum Waited {
    Over(Result),
    /// Nothing has happened for a while.
    Long,
    Signal,
}

impl Queued<'_> {
    fn wait(&self) -> Waited {
        let mut left = msecs_to_jiffies(LOOK_MS);
        let mut outcome = self.waiter.outcome.lock();
        loop {
            if let Some(outcome) = outcome.take() {
                return Waited::Over(outcome);
            }
            match self
                .waiter
                .ready
                .wait_interruptible_timeout(&mut outcome, left)
            {
                CondVarTimeoutResult::Woken { jiffies } => left = jiffies,
                CondVarTimeoutResult::Timeout => return Waited::Long,
                CondVarTimeoutResult::Signal { .. } if outcome.is_none() => return Waited::Signal,
                CondVarTimeoutResult::Signal { jiffies } => left = jiffies,
            }
        }
    }

    /// The outcome, if it has come.
    fn outcome(&self) -> Option<Result> {
        self.waiter.outcome.lock().take()
    }
}

/// Takes, tests or gives back a lock: `lock` and `flock` of open files.
///
/// # Errors
///
/// Those of `fcntl(2)` and `flock(2)`, and of [`Open::call`].
pub(super) fn lock(file: &File<Client>, command: Command, lock: &mut FileLock) -> Result {
    let open = Open::of(file)?;
    match (command, lock.kind()) {
        (Command::Test, _) => test(file, open, lock),
        (_, Kind::Unlock) => unlock(file, open, lock),
        (Command::Set, _) => {
            let what = request(open, lock, command::SET, 0);
            ask(open, &what)?;
            record(file, open, lock)
        }
        (Command::Wait, _) => {
            wait(open, lock)?;
            record(file, open, lock)
        }
    }
}

fn request(open: &Open, lock: &FileLock, command: u8, ticket: u64) -> Lock {
    let (start, end) = lock.range();
    let class = lock.class();
    let owner = match class {
        Class::Posix => lock.owner(&open.client().locks.key),
        Class::Ofd | Class::Flock => 0,
    };
    Lock {
        open: open.id(),
        owner: owner.into(),
        start: start.into(),
        end: end.into(),
        ticket: ticket.into(),
        pid: lock.pid().into(),
        class: match class {
            Class::Posix => class::POSIX,
            Class::Ofd => class::OFD,
            Class::Flock => class::FLOCK,
        },
        kind: match lock.kind() {
            Kind::Read => kind::READ,
            Kind::Write => kind::WRITE,
            Kind::Unlock => kind::UNLOCK,
        },
        command,
        reserved: 0,
    }
}

/// Asks the server; whatever signals come, so that both know the same of the lock.
fn ask(open: &Open, what: &Lock) -> Result<LockReply> {
    let body = open.call_through(op::LOCK, what.as_bytes())?;
    let reply: &LockReply = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
    Ok(*reply)
}

fn test(file: &File<Client>, open: &Open, lock: &mut FileLock) -> Result {
    if lock.posix_test(file) || lock.kind() == Kind::Unlock {
        return Ok(());
    }
    let reply = ask(open, &request(open, lock, command::TEST, 0))?;
    let found = match reply.kind {
        kind::READ => Kind::Read,
        kind::WRITE => Kind::Write,
        _ => Kind::Unlock,
    };
    lock.set_conflict(found, reply.start.get(), reply.end.get(), reply.pid.get());
    Ok(())
}

fn unlock(file: &File<Client>, open: &Open, lock: &mut FileLock) -> Result {
    let what = request(open, lock, command::SET, 0);
    let noted = lock.record_unlock(file)?;
    if !noted && lock.is_close() {
        // The process has none; it only closes a file in which somebody has one.
        return Ok(());
    }
    ask(open, &what).map(drop)
}

/// Notes a lock that was taken; gives it back if that fails.
fn record(file: &File<Client>, open: &Open, lock: &mut FileLock) -> Result {
    let what = request(open, lock, command::SET, 0);
    lock.record(file).inspect_err(|_| give_back(open, &what))
}

fn give_back(open: &Open, what: &Lock) {
    let unlock = Lock {
        kind: kind::UNLOCK,
        command: command::SET,
        ticket: 0.into(),
        ..*what
    };
    // If it fails the session is over, and the lock with it.
    let _ = ask(open, &unlock);
}

fn wait(open: &Open, lock: &FileLock) -> Result {
    let locks = &open.client().locks;
    // Before the request: the lock may be there before its answer is.
    let queued = locks.queue(open.node())?;
    let ticket = queued.waiter.ticket;
    let what = request(open, lock, command::WAIT, ticket);
    if ask(open, &what)?.state == state::DONE {
        return Ok(());
    }
    loop {
        match queued.wait() {
            Waited::Over(outcome) => return outcome,
            // The server may have lost its memory of this node.
            Waited::Long => {
                let still_open = open.getattr();
                if let Some(outcome) = queued.outcome() {
                    return outcome;
                }
                still_open?;
            }
            Waited::Signal => {
                let cancel = LockCancel {
                    ticket: ticket.into(),
                };
                let cancelled = open.call_through(op::LOCK_CANCEL, cancel.as_bytes());
                drop(locks.remove(|waiter| core::ptr::eq(waiter, &*queued.waiter)));
                return match queued.outcome() {
                    Some(outcome) => outcome,
                    None => Err(cancelled.err().unwrap_or(ERESTARTSYS)),
                };
            }
        }
    }
}
