// SPDX-License-Identifier: GPL-2.0

//! The door: accepts connections, and bounds what strangers can cost.
//!
//! Every connection gets a thread, which authenticates it and then receives its requests. At most
//! [`HALF_OPEN_MAX`] connections may be unauthenticated at once: one more, and the oldest of them is
//! closed, so that whoever floods the door displaces himself first and an honest node, which needs
//! milliseconds, still gets in. A connection that takes longer than [`HANDSHAKE_MAX_NS`] to
//! authenticate is closed as well.

use core::{
    mem::take,
    net::{
        IpAddr,
        Ipv6Addr,
        SocketAddr, //
    }, //
};

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use super::{
    reception,
    roster::Roster, //
};
use crate::linux::{
    clock,
    kthread::KThread,
    net::Socket, //
};

/// Connections that may wait for authentication.
const HALF_OPEN_MAX: usize = 64;
/// Connections not yet accepted that the kernel keeps.
const BACKLOG: u16 = 128;
/// How long an authentication may take as a whole, in nanoseconds.
const HANDSHAKE_MAX_NS: u64 = 5_000_000_000;
/// Pause after an accept that failed for want of something, in milliseconds.
const SHORTAGE_PAUSE_MS: i64 = 50;

/// Where a connection's thread is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Stage {
    /// It is not known who that is.
    HalfOpen,
    /// It is a node.
    Established,
    /// It did not say in time who it is: closed here.
    TimedOut,
    /// It had to make room before it had said who it is: closed here.
    Displaced,
    /// Its thread is at its end.
    Over,
}

/// A connection that came in, as its own thread and the door share it.
pub(crate) struct Visit {
    pub(crate) socket: Arc<Socket>,
    since_ns: u64,
    stage: Atomic<u32>,
}

impl Visit {
    /// Notes that the other side has proved to be a node.
    pub(crate) fn established(&self) {
        self.leave_half_open(Stage::Established);
    }

    /// Whether it is there.
    pub(crate) fn is(&self, stage: Stage) -> bool {
        self.stage.load(Relaxed) == stage as u32
    }

    /// Goes on from half-open, if nobody was faster.
    fn leave_half_open(&self, to: Stage) -> bool {
        self.stage
            .cmpxchg(Stage::HalfOpen as u32, to as u32, Full)
            .is_ok()
    }

    /// Its thread is at its end.
    fn over(&self) {
        self.stage.store(Stage::Over as u32, Relaxed);
    }

    /// Closes a connection if it is not known who that is; its thread ends then, and says why.
    fn turn_out(&self, why: Stage) -> bool {
        let out = self.leave_half_open(why);
        if out {
            self.socket.shutdown();
        }
        out
    }
}

struct Visitor {
    visit: Arc<Visit>,
    // Dropped last: waits for the thread.
    _thread: KThread,
}

/// The listening socket and all connections that came through it.
#[pin_data]
pub(crate) struct Door {
    roster: Arc<Roster>,
    listener: Socket,
    #[pin]
    visitors: Mutex<KVec<Visitor>>,
    closing: Atomic<bool>,
}

impl Door {
    /// Listens on the node's port, on all its addresses.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when somebody else listens there.
    pub(crate) fn open(roster: Arc<Roster>) -> Result<Arc<Self>> {
        let local = roster.local();
        // One IPv6 socket takes IPv4 too; the own address is only needed where IPv6 is off.
        let any = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), local.port);
        let listener = match Socket::listen(&any, BACKLOG) {
            Ok(listener) => listener,
            Err(e) => {
                let own = local
                    .endpoint
                    .socket()
                    .filter(SocketAddr::is_ipv4)
                    .ok_or(e)?;
                Socket::listen(&SocketAddr::new(own.ip(), local.port), BACKLOG)?
            }
        };
        Arc::pin_init(
            pin_init!(Self {
                roster,
                listener,
                visitors <- new_mutex!(KVec::new(), "mosix::Door::visitors"),
                closing: Atomic::new(false),
            }),
            GFP_KERNEL,
        )
    }

    /// The accepting thread; returns after [`Self::close`].
    pub(crate) fn run(self: &Arc<Self>) {
        loop {
            let socket = self.listener.accept();
            if self.closing.load(Relaxed) {
                return;
            }
            match socket {
                Ok(socket) => self.admit(socket),
                Err(_) => fsleep(Delta::from_millis(SHORTAGE_PAUSE_MS)),
            }
        }
    }

    fn admit(&self, socket: Socket) {
        let doorway = &self.roster.local().doorway;
        doorway.accepted.bump();
        let now = clock::boottime_ns();
        let Some(addr) = socket.peer_addr() else {
            return;
        };
        if !self.roster.throttle().lock().admit(addr.ip(), now) {
            doorway.limited.bump();
            reception::turn_away(&socket);
            return;
        }
        self.make_room();
        let entered = Arc::new(
            Visit {
                socket: match Arc::new(socket, GFP_KERNEL) {
                    Ok(socket) => socket,
                    Err(_) => return,
                },
                since_ns: now,
                stage: Atomic::new(Stage::HalfOpen as u32),
            },
            GFP_KERNEL,
        );
        if entered
            .map_err(Error::from)
            .and_then(|visit| self.receive(visit, addr))
            .is_err()
        {
            doorway.limited.bump();
        }
    }

    /// Gives a connection its thread.
    fn receive(&self, visit: Arc<Visit>, addr: SocketAddr) -> Result {
        let mut visitors = self.visitors.lock();
        visitors.reserve(1, GFP_KERNEL)?;
        let roster = self.roster.clone();
        let own = visit.clone();
        let thread = KThread::spawn(fmt!("mosix_in"), move || {
            reception::receive(&roster, &own, addr);
            own.socket.shutdown();
            own.over();
        })?;
        visitors.push(
            Visitor {
                visit,
                _thread: thread,
            },
            GFP_KERNEL,
        )?;
        Ok(())
    }

    /// Forgets who is gone, and closes the oldest half-open connection when there are too many.
    fn make_room(&self) {
        let mut visitors = self.visitors.lock();
        let gone = take_if(&mut visitors, |v| v.visit.is(Stage::Over));
        let mut waiting = 0usize;
        let mut oldest = u64::MAX;
        for visitor in visitors.iter().filter(|v| v.visit.is(Stage::HalfOpen)) {
            waiting = waiting.saturating_add(1);
            oldest = oldest.min(visitor.visit.since_ns);
        }
        let displaced = if waiting >= HALF_OPEN_MAX {
            take_if(&mut visitors, |v| {
                v.visit.since_ns == oldest && v.visit.turn_out(Stage::Displaced)
            })
        } else {
            KVec::new()
        };
        drop(visitors);
        for _ in &displaced {
            self.roster.local().doorway.limited.bump();
        }
        // Waits for threads that are at their end: not under the lock.
        drop((gone, displaced));
    }

    /// Connections that are accepted and not yet authenticated.
    pub(crate) fn half_open(&self) -> usize {
        let visitors = self.visitors.lock();
        visitors
            .iter()
            .filter(|v| v.visit.is(Stage::HalfOpen))
            .count()
    }

    /// Closes connections whose authentication takes too long, and forgets who is gone.
    pub(crate) fn expire(&self, now_ns: u64) {
        let mut visitors = self.visitors.lock();
        for visitor in visitors.iter().filter(|v| v.visit.is(Stage::HalfOpen)) {
            if now_ns.saturating_sub(visitor.visit.since_ns) > HANDSHAKE_MAX_NS {
                visitor.visit.turn_out(Stage::TimedOut);
            }
        }
        let gone = take_if(&mut visitors, |visitor| visitor.visit.is(Stage::Over));
        drop(visitors);
        drop(gone);
    }

    /// Ends the accepting thread and all connections; returns when their threads have ended.
    ///
    /// The accepting thread has to be waited for between the two calls that this needs: first this
    /// with the thread still running, then, after it has ended, [`Self::clear`].
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
        self.listener.shutdown();
    }

    /// Ends all connections; no new one can come any more.
    pub(crate) fn clear(&self) {
        let visitors = take(&mut *self.visitors.lock());
        for visitor in &visitors {
            visitor.visit.socket.shutdown();
        }
        drop(visitors);
    }
}

/// Moves those that `which` names out of `from`. What there is no memory to move stays.
fn take_if(from: &mut KVec<Visitor>, which: impl Fn(&Visitor) -> bool) -> KVec<Visitor> {
    let mut taken = KVec::new();
    let mut at = 0;
    while let Some(visitor) = from.get(at) {
        if taken.reserve(1, GFP_KERNEL).is_ok() && which(visitor) {
            if let Ok(visitor) = from.remove(at) {
                let _ = taken.push(visitor, GFP_KERNEL);
                continue;
            }
        }
        at = at.saturating_add(1);
    }
    taken
}
