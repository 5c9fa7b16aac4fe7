// SPDX-License-Identifier: GPL-2.0

//! Locks that have to wait: each has a thread, which takes the lock when it can and announces it to the
//! client that wants it. If the client does not want it any more, the thread gives it back.
//!
//! Lock: `table` is held alone; no thread is waited for under it.

use core::mem::take;

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};
use zerocopy::little_endian::{
    U32,
    U64, //
};

use super::{
    client::Client,
    context::Context,
    lock::Wanted, //
};
use crate::{
    cluster::Seat,
    linux::{
        bytes,
        errno::*,
        kthread::{
            self,
            KThread, //
        }, //
    },
    mfs::wire::{
        caller::Caller,
        lock::LockGranted,
        op, //
    },
    rpc::{
        call::Patience,
        frame::Body, //
    }, //
};

/// Most locks that a client can wait for at once.
const WAITS_MAX: usize = 256;

/// How far a wait is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The lock is not there.
    Waiting,
    /// Nobody wants it any more.
    Cancelled,
    /// It is there, or there was an error, and the client is told.
    Announcing,
    /// The thread is about to end.
    Over,
}

/// One that waits.
struct Wait {
    /// Tells it from all others that this client had.
    number: u64,
    ticket: u64,
    state: State,
    /// `None` until it has begun, and when somebody else waits for its end.
    thread: Option<KThread>,
}

#[derive(Default)]
struct Table {
    waits: KVec<Wait>,
    last: u64,
}

impl Table {
    fn find(&mut self, number: u64) -> Option<&mut Wait> {
        self.waits.iter_mut().find(|wait| wait.number == number)
    }

    /// Takes out one that is over, and that nobody waits for.
    fn reap(&mut self) -> Option<Wait> {
        let over = |wait: &Wait| wait.state == State::Over && wait.thread.is_some();
        let at = self.waits.iter().position(over)?;
        self.waits.remove(at).ok()
    }
}

/// The waits of a client.
#[pin_data]
pub(super) struct Waits {
    #[pin]
    table: Mutex<Table>,
}

impl Waits {
    /// None.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            table <- new_mutex!(Table::default(), "mosix::Waits::table"),
        })
    }

    /// A place for a new one; gives its number.
    fn add(&self, ticket: u64) -> Result<u64> {
        loop {
            let mut table = self.table.lock();
            let over = table.reap();
            if over.is_some() {
                drop(table);
                // Its thread has nothing more to do.
                drop(over);
                continue;
            }
            if table.waits.len() >= WAITS_MAX {
                return Err(errno(ENOLCK));
            }
            if table.waits.iter().any(|wait| wait.ticket == ticket) {
                return Err(EEXIST);
            }
            table.last = table.last.wrapping_add(1);
            let number = table.last;
            let wait = Wait {
                number,
                ticket,
                state: State::Waiting,
                thread: None,
            };
            table.waits.push(wait, GFP_KERNEL)?;
            return Ok(number);
        }
    }

    /// Takes one out that has no thread.
    fn remove(&self, number: u64) {
        let mut table = self.table.lock();
        table.waits.retain(|wait| wait.number != number);
    }

    fn begun(&self, number: u64, thread: KThread) {
        let mut table = self.table.lock();
        let Some(wait) = table.find(number) else {
            // It needs the table to end, so it is not waited for under its lock.
            drop(table);
            drop(thread);
            return;
        };
        if wait.state == State::Cancelled {
            thread.interrupt();
        }
        wait.thread = Some(thread);
    }

    /// Goes on to `next` from [`State::Waiting`]; whether that was its state.
    fn advance(&self, number: u64, next: State) -> bool {
        let mut table = self.table.lock();
        match table.find(number) {
            Some(wait) if wait.state == State::Waiting => {
                wait.state = next;
                true
            }
            _ => false,
        }
    }

    fn is_cancelled(&self, number: u64) -> bool {
        let mut table = self.table.lock();
        !matches!(table.find(number), Some(wait) if wait.state == State::Waiting)
    }

    fn over(&self, number: u64) {
        let mut table = self.table.lock();
        if let Some(wait) = table.find(number) {
            wait.state = State::Over;
        }
    }

    /// Ends the wait with that ticket, and returns when it has ended.
    pub(super) fn cancel(&self, ticket: u64) {
        let mut table = self.table.lock();
        let found = table.waits.iter_mut().find(|wait| wait.ticket == ticket);
        let Some(wait) = found else {
            return;
        };
        if wait.state == State::Waiting {
            wait.state = State::Cancelled;
            if let Some(thread) = &wait.thread {
                thread.interrupt();
            }
        }
        let (number, thread) = (wait.number, wait.thread.take());
        drop(table);
        if thread.is_some() {
            // Waits for it.
            drop(thread);
            self.remove(number);
        }
    }

    /// Ends all, whatever they do. No new one may begin meanwhile.
    pub(super) fn end(&self) {
        let mut table = self.table.lock();
        for wait in table.waits.iter_mut() {
            if wait.state == State::Waiting {
                wait.state = State::Cancelled;
            }
            if let Some(thread) = &wait.thread {
                thread.interrupt();
            }
        }
        let waits = take(&mut table.waits);
        drop(table);
        // Waits for them.
        drop(waits);
    }
}

/// Lets `wanted` wait; its coming will be announced by `ticket`.
///
/// # Errors
///
/// `ENOLCK` if the client waits for too many, `EEXIST` for a ticket that is in use; `ENOMEM`.
pub(super) fn start(ctx: &Context<'_>, ticket: u64, wanted: Wanted) -> Result {
    let number = ctx.client.waits.add(ticket)?;
    let waiter = Waiter {
        client: ctx.client.clone(),
        seat: ctx.export.seat.clone(),
        number,
        ticket,
        wanted,
    };
    match KThread::spawn(fmt!("mosix_lock/{}", ctx.client.node), || waiter.run()) {
        Ok(thread) => {
            ctx.client.waits.begun(number, thread);
            Ok(())
        }
        Err(error) => {
            ctx.client.waits.remove(number);
            Err(error)
        }
    }
}

/// What the thread knows.
struct Waiter {
    client: Arc<Client>,
    seat: Arc<Seat>,
    number: u64,
    ticket: u64,
    wanted: Wanted,
}

impl Waiter {
    fn run(mut self) {
        kthread::allow_interrupts();
        let waits = &self.client.waits;
        // From here on a cancel interrupts; one that came before is seen.
        if !waits.is_cancelled(self.number) {
            let result = self.wanted.take(true);
            let wanted = waits.advance(self.number, State::Announcing);
            let accepted = wanted && self.announce(result).is_ok();
            if result.is_ok() && !accepted {
                self.wanted.give_back();
            }
        }
        let Self {
            client,
            wanted,
            number,
            ..
        } = self;
        // Before it is known to be over: the file may be closed by this.
        drop(wanted);
        client.waits.over(number);
    }

    /// Tells the client.
    ///
    /// # Errors
    ///
    /// It does not want the lock any more, or is gone.
    fn announce(&self, result: Result) -> Result {
        let status = result
            .err()
            .map_or(0, |error| error.to_errno().unsigned_abs());
        let granted = LockGranted {
            ticket: U64::new(self.ticket),
            status: U32::new(status),
        };
        let [head, groups] = Caller::NOBODY.parts();
        let body = Body {
            msg: bytes::concat(&[head, groups, granted.as_bytes()], 0)?,
            ..Body::default()
        };
        let peer = self.seat.peer(self.client.node)?;
        peer.client
            .call(op::GRANTED, body, Patience::Killable)?
            .check()?;
        Ok(())
    }
}
