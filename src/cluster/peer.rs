// SPDX-License-Identifier: GPL-2.0

//! One other node: the two links with it, and what follows from how it is.
//!
//! Lock order: `serving`, then a session's or the client's table; `watch` is a spinlock and is taken
//! last, with nothing called under it.

use core::{
    fmt,
    net::SocketAddr, //
};

use kernel::{
    new_condvar,
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        Mutex,
        SpinLock, //
    }, //
};

use super::{
    counters::Traffic,
    detector::{
        self,
        Change,
        Limits, //
    },
    epoch::Verdict,
    local::Local,
    watch::{
        Turn,
        Watch, //
    }, //
};
use crate::{
    control::abi::{
        config,
        status::{
            NodeRecord,
            State, //
        },
        Endpoint,
        Integrity,
        Name,
        VersionText, //
    },
    linux::{
        clock,
        crypto,
        errno::*,
        net::Socket, //
    },
    rpc::{
        client::Client,
        conn::Conn,
        frame::Frame,
        greet::Decision,
        handshake::{
            self,
            Claim,
            Compat,
            Established,
            Grant,
            Refusal, //
        },
        inbox::Listener,
        service::Service,
        session::{
            Fence,
            Session,
            Terms,
            CREDITS, //
        },
        wire::{
            Header,
            Kind, //
        },
        workers::Workers, //
    }, //
};

/// What all peers share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) local: Arc<Local>,
    pub(crate) service: Arc<dyn Service>,
    pub(crate) workers: Arc<Workers>,
}

/// Another node.
#[pin_data]
pub(crate) struct Peer {
    pub(crate) number: u16,
    pub(crate) name: Name,
    pub(crate) endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    /// How frames between it and this node are protected.
    pub(crate) mode: Integrity,
    pub(crate) common: Common,
    pub(crate) traffic: Arc<Traffic>,
    /// This node's requests to it.
    #[pin]
    pub(crate) client: Client,
    /// Its requests to this node.
    #[pin]
    serving: Mutex<Serving>,
    #[pin]
    pub(crate) watch: SpinLock<Watch>,
    #[pin]
    pub(super) dialing: Mutex<Dialing>,
    /// Wakes the dialing thread.
    #[pin]
    pub(super) wake: CondVar,
}

/// What goes on for the peer as a client of this node.
struct Serving {
    /// Nothing more is begun for it.
    stopped: bool,
    session: Option<Arc<Session>>,
}

/// What the dialing thread shares with those who end it.
pub(super) struct Dialing {
    pub(super) stop: bool,
    /// The socket that it waits in.
    pub(super) socket: Option<Arc<Socket>>,
    /// The connection that it made.
    pub(super) conn: Option<Arc<Conn>>,
}

impl Peer {
    /// A peer that is not dialed yet.
    pub(crate) fn new(
        node: &config::Node<'_>,
        limits: Limits,
        common: Common,
    ) -> Result<Arc<Self>> {
        let client = Client::new()?;
        let traffic = Arc::new(Traffic::default(), GFP_KERNEL)?;
        let watch = Watch::new(limits);
        Arc::pin_init(
            pin_init!(Self {
                number: node.number,
                name: Name::cut(node.name),
                endpoint: node.address.into(),
                address: node.address,
                mode: node.integrity.max(common.local.mode),
                common,
                traffic,
                client <- client,
                serving <- new_mutex!(Serving {
                    stopped: false,
                    session: None,
                }, "mosix::Peer::serving"),
                watch <- new_spinlock!(watch, "mosix::Peer::watch"),
                dialing <- new_mutex!(Dialing {
                    stop: false,
                    socket: None,
                    conn: None,
                }, "mosix::Peer::dialing"),
                wake <- new_condvar!("mosix::Peer::wake"),
            }),
            GFP_KERNEL,
        )
    }

    /// Whether `node` of a new configuration is this one, unchanged.
    pub(crate) fn is(&self, node: &config::Node<'_>) -> bool {
        self.number == node.number
            && self.address == node.address
            && self.mode == node.integrity.max(self.common.local.mode)
            && self.name == Name::cut(node.name)
    }

    /// Decides about an authenticated client that says it is this peer, connected from `from`.
    /// Returns the session for it. May sleep for a moment.
    pub(super) fn decide(
        self: &Arc<Self>,
        claim: &Claim,
        from: SocketAddr,
    ) -> (Decision, Option<Arc<Session>>) {
        let compat = Compat::of(&self.common.local.identity, &claim.peer);
        let now = clock::boottime_ns();
        let (verdict, epoch) = {
            let mut watch = self.watch.lock();
            // A node with addresses of both families may dial from the one it is not known by.
            let same_place = from.ip() == self.address.ip()
                || from.is_ipv4() != self.address.is_ipv4()
                || watch.left
                || watch.detector.state() != detector::State::Alive;
            let verdict = watch.judge(&claim.peer, compat, same_place, now);
            (verdict, watch.past.epoch())
        };
        if verdict == Verdict::EndOld {
            self.end_epoch(ECONNRESET);
        }
        if let Some(refusal) = verdict.refusal() {
            return (Decision::Refuse(refusal, epoch), None);
        }
        self.turned();
        match self.session_for(claim, epoch) {
            Some((session, resumed)) => {
                let grant = Grant {
                    epoch,
                    session: session.id,
                    resumed,
                    credits: CREDITS,
                };
                (Decision::Accept(grant), Some(session))
            }
            None => (Decision::Refuse(Refusal::NotReady, epoch), None),
        }
    }

    /// The session to go on with, or a new one if nothing of the old one is left.
    fn session_for(self: &Arc<Self>, claim: &Claim, epoch: u64) -> Option<(Arc<Session>, bool)> {
        let serving = self.serving.lock();
        if serving.stopped {
            return None;
        }
        let old = serving.session.clone();
        drop(serving);
        if let Some(session) = &old {
            let goes_on = session.id == claim.session
                && session.incarnation == claim.peer.incarnation
                && session.epoch == epoch;
            if goes_on {
                return session.vacate().then(|| (session.clone(), true));
            }
            session.end();
            if !session.is_settled() {
                return None;
            }
        }
        let session = Session::new(Terms {
            id: crypto::random_u64().max(1),
            from: self.number,
            incarnation: claim.peer.incarnation,
            epoch,
            service: self.common.service.clone(),
            fence: self.clone(),
            workers: self.common.workers.clone(),
        })
        .ok()?;
        self.install(&old, &session).then_some(())?;
        if self.watch.lock().past.epoch() != epoch {
            // The epoch has ended meanwhile, and with it whatever was there then.
            session.end();
            return None;
        }
        Some((session, false))
    }

    /// Puts a session in the place of `old`, unless somebody was faster or the peer was stopped.
    fn install(&self, old: &Option<Arc<Session>>, session: &Arc<Session>) -> bool {
        let mut serving = self.serving.lock();
        let unchanged = match (&serving.session, old) {
            (None, None) => true,
            (Some(now), Some(old)) => Arc::ptr_eq(now, old),
            _ => false,
        };
        if unchanged && !serving.stopped {
            serving.session = Some(session.clone());
        }
        unchanged && !serving.stopped
    }

    /// Judges a server that this node dialed and that has proved to be this peer.
    pub(super) fn judge_dialed(&self, established: &Established) -> Verdict {
        let now = clock::boottime_ns();
        let (peer, compat) = (&established.peer, established.compat);
        let verdict = self.watch.lock().judge(peer, compat, true, now);
        if verdict == Verdict::EndOld {
            self.end_epoch(ECONNRESET);
        }
        self.turned();
        verdict
    }

    /// The peer is in a later epoch than this node thought.
    pub(super) fn catch_up(&self, epoch: u64) {
        if self.watch.lock().past.catch_up(epoch) {
            self.end_epoch(ECONNRESET);
        }
    }

    /// Ends everything that belongs to the epoch before: waiting calls fail with `why`, nothing more is
    /// executed for the peer, connections are closed.
    fn end_epoch(&self, why: u32) {
        self.client.shut(why);
        let conn = self.dialing.lock().conn.clone();
        if let Some(conn) = conn {
            conn.close();
        }
        let session = self.serving.lock().session.clone();
        if let Some(session) = session {
            session.end();
        }
    }

    /// The peer's heartbeat has come: gives the answer to send.
    pub(super) fn answer_ping(&self, header: &Header) -> Frame {
        let now = clock::boottime_ns();
        let lease = self.watch.lock().detector.answer_ping(now);
        Frame::bare(Header::pong(header.id, lease))
    }

    /// The peer said goodbye.
    pub(super) fn said_goodbye(&self) {
        self.watch.lock().leave();
        self.end_epoch(ENOTCONN);
        self.turned();
    }

    /// An attempt to connect failed; returns whether the reason is a new one, worth a line in the log.
    pub(super) fn dial_failed(&self, why: &dyn fmt::Display, refused: bool) -> bool {
        let mut watch = self.watch.lock();
        let before = watch.reason;
        watch.failed(why, refused);
        let news = refused && watch.reason != before;
        drop(watch);
        self.turned();
        news
    }

    /// Looks at the time: once per heartbeat and more often.
    pub(super) fn beat(&self, now_ns: u64) {
        let conn = self.dialing.lock().conn.clone();
        let mut watch = self.watch.lock();
        let change = watch.detector.tick(now_ns);
        if let Some(change) = change {
            watch.changed(change);
        }
        let ping = match conn {
            Some(conn) if watch.detector.ping_due(now_ns) => {
                Some((watch.detector.ping(now_ns), conn))
            }
            _ => None,
        };
        drop(watch);
        self.follow(change);
        if let Some((number, conn)) = ping {
            conn.post_first(Frame::bare(Header::ping(number)));
        }
        self.client.beat(now_ns);
    }

    /// Does what follows from a change that the detector found and `watch` knows.
    fn follow(&self, change: Option<Change>) {
        let Some(change) = change else {
            return;
        };
        if let Change::Dead(_) = change {
            self.end_epoch(EHOSTDOWN);
        }
        self.turned();
    }

    /// Logs the state if it is another than before.
    fn turned(&self) {
        let turn = self.watch.lock().turn();
        let Some(Turn { state, reason }) = turn else {
            return;
        };
        if state == State::Connecting {
            // What comes of it is worth a line.
            return;
        }
        let name = self.name.get().unwrap_or_default();
        match reason.get() {
            Some(why) if !why.is_empty() => {
                pr_info!("node {} ({name}) is {}: {why}\n", self.number, state.name());
            }
            _ => pr_info!("node {} ({name}) is {}\n", self.number, state.name()),
        }
    }

    /// New times of the failure detector.
    pub(super) fn set_limits(&self, limits: Limits) {
        self.watch.lock().detector.set_limits(limits);
    }

    /// Ends all dealings with the peer, with a goodbye if it can be said. The dialing thread is on its
    /// way out then. Gives the session that was ended, which is settled only later.
    pub(super) fn stop(&self) -> Option<Arc<Session>> {
        let mut dialing = self.dialing.lock();
        dialing.stop = true;
        let socket = dialing.socket.take();
        let conn = dialing.conn.take();
        drop(dialing);
        self.client.shut(ESHUTDOWN);
        if let Some(conn) = conn {
            conn.post(Frame::bare(Header::new(Kind::GOODBYE, 0, 0)));
            conn.close();
        }
        if let Some(socket) = socket {
            socket.shutdown();
        }
        let mut serving = self.serving.lock();
        serving.stopped = true;
        let session = serving.session.take();
        drop(serving);
        if let Some(session) = &session {
            session.end();
        }
        self.wake.notify_all();
        session
    }

    /// What `mosix status` shows of it.
    pub(crate) fn record(&self) -> NodeRecord {
        let mut record = NodeRecord::new(self.number, self.name, self.endpoint, State::Connecting);
        record.integrity = self.mode as u8;
        let watch = self.watch.lock();
        record.state = watch.state() as u8;
        record.reason = watch.reason;
        record.since_unix_ms = watch.since_unix_ms.into();
        record.rtt_last_ns = watch.round_trips.last.into();
        record.rtt_min_ns = watch.round_trips.min.into();
        record.rtt_smooth_ns = watch.detector.round_trip().unwrap_or(0).into();
        record.reconnects = watch.connections.saturating_sub(1).into();
        record.auth_failures = watch.auth_failures.into();
        let said = watch.peer;
        drop(watch);
        if let Some((peer, _)) = said {
            record.module = version_text(peer.version);
            record.build_id = peer.build_id;
            record.protocol = u32::from(peer.protocol).into();
            record.incarnation = peer.incarnation.into();
        }
        record.frames_in = self.traffic.frames_in.get().into();
        record.frames_out = self.traffic.frames_out.get().into();
        record.bytes_in = self.traffic.bytes_in.get().into();
        record.bytes_out = self.traffic.bytes_out.get().into();
        record
    }
}

/// A module version as text.
pub(crate) fn version_text(version: handshake::Version) -> VersionText {
    use fmt::Write as _;
    let mut text = VersionText::EMPTY;
    // Three numbers of five digits fit.
    let _ = write!(text, "{version}");
    text
}

impl Fence for Peer {
    fn may_act(&self) -> bool {
        let now = clock::boottime_ns();
        self.watch.lock().detector.may_act(now)
    }
}

impl Listener for Peer {
    fn heard(&self) {
        let now = clock::boottime_ns();
        self.watch.lock().detector.heard(now);
    }

    fn pong(&self, header: &Header) {
        let now = clock::boottime_ns();
        let mut watch = self.watch.lock();
        let change = watch.pong(now, header.id, header.lease());
        let may_act = watch.detector.may_act(now);
        drop(watch);
        self.follow(change);
        if may_act {
            let session = self.serving.lock().session.clone();
            if let Some(session) = session {
                session.resume();
            }
        }
    }

    fn client(&self) -> &Client {
        &self.client
    }
}
