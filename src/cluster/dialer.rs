// SPDX-License-Identifier: GPL-2.0

//! The dialing thread of a peer: connects, authenticates, receives replies, and does it all again.

use kernel::{
    prelude::*,
    sync::Arc,
    time::{
        msecs_to_jiffies,
        Msecs, //
    }, //
};

use super::{
    backoff::Backoff,
    epoch::Verdict,
    peer::Peer, //
};
use crate::{
    linux::{
        crypto,
        kthread::KThread,
        net::Socket, //
    },
    rpc::{
        conn::Conn,
        greet::{
            self,
            PATIENCE_MS, //
        },
        handshake::{
            Established,
            HandshakeError,
            Refusal, //
        },
        inbox::Inbox,
        initiator::Dial,
        integrity::{
            Opener,
            Sealer, //
        },
        link_error::LinkError,
        receive::Receiver,
        wire::Sender, //
    }, //
};

/// How long a connection attempt may take, in milliseconds.
const CONNECT_MS: Msecs = 1_000;

/// How an attempt ended.
enum Ended {
    /// There was a connection, and it broke.
    Connected(LinkError),
    /// There was none.
    Failed(LinkError),
    /// Something of an earlier epoch had to be ended first; dial again.
    Again,
    /// The peer is not to be dialed any more.
    Stopped,
}

impl Peer {
    /// Starts the dialing thread.
    pub(super) fn start_dialing(self: &Arc<Self>) -> Result<KThread> {
        let peer = self.clone();
        KThread::spawn(fmt!("mosix_out/{}", self.number), move || peer.dial_on())
    }

    fn dial_on(self: &Arc<Self>) {
        let mut backoff = Backoff::new();
        loop {
            match self.dial() {
                Ended::Stopped => return,
                Ended::Again => {}
                Ended::Connected(error) => {
                    backoff.reset();
                    self.lost(&error);
                }
                Ended::Failed(error) => self.not_reached(&error),
            }
            let ms = backoff.delay(crypto::random_u64()) / 1_000_000;
            if self.sleep(ms as Msecs) {
                return;
            }
        }
    }

    /// Sleeps; returns whether the thread has to end.
    fn sleep(&self, ms: Msecs) -> bool {
        let mut dialing = self.dialing.lock();
        if !dialing.stop {
            let _ = self
                .wake
                .wait_interruptible_timeout(&mut dialing, msecs_to_jiffies(ms));
        }
        dialing.stop
    }

    fn dial(self: &Arc<Self>) -> Ended {
        let socket = match Socket::connect(&self.address, CONNECT_MS)
            .and_then(|socket| Ok(Arc::new(socket, GFP_KERNEL)?))
        {
            Ok(socket) => socket,
            Err(e) => return Ended::Failed(e.into()),
        };
        {
            let mut dialing = self.dialing.lock();
            if dialing.stop {
                return Ended::Stopped;
            }
            dialing.socket = Some(socket.clone());
        }
        let (session, attempt) = self.client.attempt();
        let ended = match self.authenticate(&socket, session) {
            Ok(established) => self.accepted(socket, established, attempt),
            Err(error) => self.denied(error),
        };
        let mut dialing = self.dialing.lock();
        dialing.socket = None;
        dialing.conn = None;
        if dialing.stop {
            return Ended::Stopped;
        }
        ended
    }

    fn authenticate(&self, socket: &Socket, session: u64) -> Result<Established, LinkError> {
        socket.set_recv_timeout(PATIENCE_MS);
        socket.set_send_timeout(PATIENCE_MS);
        let local = &self.common.local;
        let epoch = self.watch.lock().past.epoch();
        let dial = Dial {
            peer: self.number,
            epoch,
            mode: self.mode,
            session,
        };
        greet::as_client(socket, &local.identity, &local.key, dial)
    }

    /// The peer has not let this node in.
    fn denied(&self, error: LinkError) -> Ended {
        if let LinkError::Handshake(HandshakeError::DeniedByPeer(denial)) = &error {
            match denial.refusal {
                Refusal::DeclaredDead => {
                    self.catch_up(denial.server.epoch);
                    return Ended::Again;
                }
                Refusal::NotReady => return Ended::Again,
                _ => {}
            }
        }
        Ended::Failed(error)
    }

    /// Both sides know each other: exchanges frames until the connection ends.
    fn accepted(
        self: &Arc<Self>,
        socket: Arc<Socket>,
        established: Established,
        attempt: u64,
    ) -> Ended {
        if self.judge_dialed(&established) != Verdict::Welcome {
            return Ended::Again;
        }
        socket.set_recv_timeout(0);
        socket.set_send_timeout(0);
        let Established {
            mode,
            session,
            resumed,
            credits,
            send,
            receive,
            ..
        } = established;
        let sealer = Sealer::new(mode, send);
        let conn = match Conn::new(socket, sealer, self.traffic.clone()) {
            Ok(conn) => conn,
            Err(e) => return Ended::Failed(e.into()),
        };
        let own = conn.clone();
        let sender =
            match KThread::spawn(fmt!("mosix_tx/{}", self.number), move || own.run_sender()) {
                Ok(sender) => sender,
                Err(e) => return Ended::Failed(e.into()),
            };
        let opener = Opener::new(mode, receive);
        let inbox = Receiver::new(opener, Sender::Server, self.traffic.clone())
            .and_then(|receiver| Inbox::new(conn.socket.clone(), receiver, self.clone()));
        let inbox = match inbox {
            Ok(inbox) => inbox,
            Err(e) => {
                conn.close();
                return Ended::Failed(e.into());
            }
        };
        let admitted = {
            let mut dialing = self.dialing.lock();
            dialing.conn = Some(conn.clone());
            !dialing.stop
        };
        let admitted = admitted
            && self.client.connected(
                attempt,
                conn.clone(),
                inbox.clone(),
                session,
                resumed,
                credits,
            );
        let error = if admitted {
            self.watch.lock().connections += 1;
            inbox.run()
        } else {
            LinkError::Closed
        };
        self.client.disconnected();
        conn.close();
        drop(sender);
        Ended::Connected(error)
    }

    /// A connection broke.
    fn lost(&self, error: &LinkError) {
        match error {
            LinkError::Goodbye => self.said_goodbye(),
            LinkError::Frame(reason) => {
                self.common.local.doorway.bad_frames.bump();
                pr_warn!(
                    "link to node {} closed: {}\n",
                    self.number,
                    format_args!("{reason}")
                );
                self.dial_failed(error, false);
            }
            _ => {
                self.dial_failed(error, false);
            }
        }
    }

    /// An attempt failed.
    fn not_reached(&self, error: &LinkError) {
        let refused = matches!(error, LinkError::Handshake(_));
        if refused {
            self.watch.lock().auth_failures += 1;
        }
        if self.dial_failed(error, refused) {
            pr_warn!(
                "node {}: {}\n",
                self.number,
                format_args!("{}: {error}", self.address)
            );
        }
    }
}
