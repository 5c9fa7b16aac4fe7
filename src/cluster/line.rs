// SPDX-License-Identifier: GPL-2.0

//! An authenticated connection that came in, and the two threads that serve it.
//!
//! One of them receives. When it has got a request it executes it itself, and leaves what comes next
//! to the other: so one request after the other costs one thread's waking each, and no request waits
//! for another. While the other is still executing requests go to the workers. One of the two is
//! always there to receive, or will be when something comes; so heartbeats are answered whatever is
//! being executed.
//!
//! Lock order: `receiver` is the first, and held only while bytes are taken out of the socket.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            AtomicFlag,
            Release, //
        },
        Arc,
        Mutex, //
    }, //
};

use super::peer::Peer;
use crate::{
    linux::{
        kthread::{
            self,
            KThread, //
        },
        memalloc::NofsScope,
        net::{
            ArrivalHook,
            Socket, //
        }, //
    },
    rpc::{
        conn::Conn,
        gate::{
            Gate,
            Side, //
        },
        handshake::Established,
        inbox::Listener as _,
        integrity::{
            Opener,
            Sealer, //
        },
        link_error::LinkError,
        receive::Receiver,
        session::{
            Job,
            Session, //
        },
        wire::{
            Kind,
            Sender, //
        }, //
    }, //
};

/// What the two threads share.
#[pin_data]
struct Line {
    // First: nothing is told to the gate any more when the rest goes.
    _hook: ArrivalHook<Gate>,
    gate: Arc<Gate>,
    conn: Arc<Conn>,
    peer: Arc<Peer>,
    session: Arc<Session>,
    #[pin]
    receiver: Mutex<Receiver>,
    /// Which of the two wait for the gate.
    first_waits: AtomicFlag,
    second_waits: AtomicFlag,
    /// Why the connection has to be closed, once it has.
    #[pin]
    ended: Mutex<Option<LinkError>>,
    over: AtomicFlag,
}

/// Takes in and executes requests until the connection ends; returns why it did.
pub(super) fn serve(
    socket: Arc<Socket>,
    peer: &Arc<Peer>,
    session: &Arc<Session>,
    established: Established,
) -> LinkError {
    socket.set_recv_timeout(0);
    socket.set_send_timeout(0);
    Line::open(socket, peer, session, established).unwrap_or_else(LinkError::from)
}

impl Line {
    fn open(
        socket: Arc<Socket>,
        peer: &Arc<Peer>,
        session: &Arc<Session>,
        established: Established,
    ) -> Result<LinkError> {
        let Established {
            mode,
            send,
            receive,
            ..
        } = established;
        // Else a request's umask would be everybody's.
        kthread::unshare_fs_struct()?;
        let traffic = peer.traffic.clone();
        let conn = Conn::new(socket.clone(), Sealer::new(mode, send), traffic.clone())?;
        let receiver = Receiver::new(Opener::new(mode, receive), Sender::Client, traffic)?;
        let gate = Gate::new()?;
        let hook = ArrivalHook::new(socket, gate.clone())?;
        let (peer, session) = (peer.clone(), session.clone());
        let line = Arc::pin_init(
            pin_init!(Self {
                _hook: hook,
                gate,
                conn,
                peer,
                session,
                receiver <- new_mutex!(receiver, "mosix::Line::receiver"),
                first_waits: AtomicFlag::new(false),
                second_waits: AtomicFlag::new(false),
                ended <- new_mutex!(None, "mosix::Line::ended"),
                over: AtomicFlag::new(false),
            }),
            GFP_KERNEL,
        )?;
        line.session.attach(line.conn.clone())?;
        let threads = line.start();
        if threads.is_ok() {
            line.run(Side::First);
        } else {
            line.end(LinkError::Closed);
        }
        // Waits for them; the other may still be executing something.
        drop(threads?);
        let ended = line.ended.lock().take();
        Ok(ended.unwrap_or(LinkError::Closed))
    }

    /// Starts the sender thread and the other one that receives.
    fn start(self: &Arc<Self>) -> Result<[KThread; 2]> {
        let number = self.peer.number;
        let conn = self.conn.clone();
        let sender = KThread::spawn(fmt!("mosix_tx/{number}"), move || conn.run_sender());
        let sender = sender.inspect_err(|_| self.conn.close())?;
        let line = self.clone();
        let second = KThread::spawn(fmt!("mosix_in/{number}"), move || {
            if kthread::unshare_fs_struct().is_ok() {
                line.run(Side::Second);
            }
        });
        // The sender ends, too.
        let second = second.inspect_err(|_| self.conn.close())?;
        Ok([sender, second])
    }

    fn waits(&self, side: Side) -> &AtomicFlag {
        match side {
            Side::First => &self.first_waits,
            Side::Second => &self.second_waits,
        }
    }

    /// One of the two threads; returns when the connection has ended.
    fn run(&self, side: Side) {
        let _nofs = NofsScope::enter();
        let mut has_gate = side == Side::First;
        loop {
            if !has_gate {
                self.wait(side);
            }
            if self.over.load(Acquire) {
                return;
            }
            match self.turn(side) {
                Ok(keeps) => has_gate = keeps,
                Err(error) => return self.end(error),
            }
        }
    }

    /// Waits for the gate, or for the end.
    fn wait(&self, side: Side) {
        self.waits(side).store(true, Release);
        // A thread of the kernel's gets no signals.
        while self.gate.bell(side).wait_interruptible().is_err() {}
        self.waits(side).store(false, Release);
        if side == Side::Second {
            // Nobody takes the gate from it on the way here.
            self.gate.confirm();
        }
    }

    /// Does what there is to do for who has the gate; returns whether it still has it.
    fn turn(&self, side: Side) -> Result<bool, LinkError> {
        let frame = self.receiver.lock().poll(&self.conn.socket)?;
        let Some((header, body)) = frame else {
            self.gate.leave_to(side);
            return Ok(self.conn.socket.is_readable() && self.gate.take_from(side));
        };
        self.peer.heard();
        match header.kind {
            Kind::PING => self.conn.post_first(self.peer.answer_ping(&header)),
            Kind::GOODBYE => return Err(LinkError::Goodbye),
            _ => {
                if let Some(job) = self.session.receive(&self.conn, &header, body)? {
                    return Ok(self.execute(side, job));
                }
            }
        }
        Ok(true)
    }

    /// Executes a request, here if the other thread can receive meanwhile; returns whether this one
    /// still has the gate.
    fn execute(&self, side: Side, job: Job) -> bool {
        let other = side.other();
        if self.waits(other).load(Acquire) && !self.receiver.lock().has_more() {
            self.gate.leave_to(other);
            // What has just come is received first.
            let take_back = self.conn.socket.is_readable() && self.gate.take_from(other);
            if !take_back {
                job.run();
                return self.gate.take_from(other);
            }
        }
        job.submit();
        true
    }

    /// Ends the connection, for who has the gate.
    fn end(&self, error: LinkError) {
        *self.ended.lock() = Some(error);
        self.over.store(true, Release);
        self.session.detach();
        self.conn.close();
        // Whoever waits, or will.
        self.gate.bell(Side::First).complete();
        self.gate.bell(Side::Second).complete();
    }
}
