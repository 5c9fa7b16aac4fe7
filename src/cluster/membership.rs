// SPDX-License-Identifier: GPL-2.0

//! Being a member: from `mosix up` to `mosix down`.

use core::mem::take;

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    beat::Beat,
    detector::Limits,
    door::Door,
    local::Local,
    peer::{
        version_text,
        Common,
        Peer, //
    },
    roster::Roster,
    seat::Refusal, //
};
use crate::{
    control::abi::{
        config::{
            Config,
            Fixed,
            Node, //
        },
        status::{
            self,
            Header,
            NodeRecord,
            State,
            Writer, //
        },
        times::Times, //
    },
    linux::{
        bytes,
        clock,
        errno::*,
        kthread::KThread, //
    },
    rpc::{
        service::Service,
        workers::Workers, //
    }, //
};

/// This node as a member of a cluster.
#[pin_data]
pub(crate) struct Membership {
    roster: Arc<Roster>,
    door: Arc<Door>,
    beat: Arc<Beat>,
    #[pin]
    running: Mutex<Running>,
}

/// The threads, and what can change.
struct Running {
    config: Configuration,
    /// One per peer, with its number.
    dialers: KVec<(u16, KThread)>,
    accepting: Option<KThread>,
    beating: Option<KThread>,
}

/// What of a configuration may change while the node is up.
#[derive(Clone, Copy)]
struct Configuration {
    times: Times,
}

impl Membership {
    /// A member of the cluster of `config` that listens, and has no thread yet.
    pub(super) fn new(
        config: &Config<'_>,
        service: Arc<dyn Service>,
    ) -> Result<Arc<Self>, Refusal> {
        let common = Common {
            local: Arc::new(Local::new(config)?, GFP_KERNEL).map_err(Error::from)?,
            service,
            workers: Workers::new()?,
        };
        let roster = Roster::new(common)?;
        let door = Door::open(roster.clone()).map_err(|error| cannot_listen(error, config))?;
        let times = config.times();
        let beat = Beat::new(times.heartbeat)?;
        Ok(Arc::pin_init(
            pin_init!(Self {
                roster,
                door,
                beat,
                running <- new_mutex!(Running {
                    config: Configuration { times },
                    dialers: KVec::new(),
                    accepting: None,
                    beating: None,
                }, "mosix::Membership::running"),
            }),
            GFP_KERNEL,
        )?)
    }

    /// Goes to work. [`Self::end`] has to follow, also after an error.
    pub(super) fn begin(&self, config: &Config<'_>) -> Result {
        self.start(config)?;
        pr_info!(
            "node {} of cluster {} is up\n",
            config.own().number,
            config.cluster()
        );
        Ok(())
    }

    /// The nodes.
    pub(super) fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    fn start(&self, config: &Config<'_>) -> Result {
        let mut running = self.running.lock();
        let door = self.door.clone();
        running.accepting = Some(KThread::spawn(fmt!("mosix_door"), move || door.run())?);
        running.beating = Some(self.beat.start(self.roster.clone(), self.door.clone())?);
        for node in config.nodes() {
            self.add(&mut running, &node)?;
        }
        Ok(())
    }

    /// Number of this node.
    pub(super) fn own_number(&self) -> u16 {
        self.roster.local().identity.node
    }

    /// The peer with that number.
    pub(super) fn find(&self, number: u16) -> Option<Arc<Peer>> {
        self.roster.find(number)
    }

    /// Takes in a node, unless it is this one.
    fn add(&self, running: &mut Running, node: &Node<'_>) -> Result {
        if node.number == self.roster.local().identity.node {
            return Ok(());
        }
        running.dialers.reserve(1, GFP_KERNEL)?;
        let limits = Limits::from(running.config.times);
        let peer = Peer::new(node, limits, self.roster.common().clone())?;
        self.roster.add(peer.clone())?;
        match peer.start_dialing() {
            Ok(thread) => {
                running.dialers.push((peer.number, thread), GFP_KERNEL)?;
                Ok(())
            }
            Err(error) => {
                self.roster.remove(peer.number);
                peer.stop();
                Err(error)
            }
        }
    }

    /// Lets a node go.
    fn remove(&self, running: &mut Running, number: u16) {
        let session = self.roster.remove(number).and_then(|peer| peer.stop());
        let at = running.dialers.iter().position(|(n, _)| *n == number);
        if let Some(dialer) = at.and_then(|at| running.dialers.remove(at).ok()) {
            // Waits for the thread.
            drop(dialer);
        }
        if let Some(session) = session {
            // The node may come back at once under another address: its old session ends first.
            session.wait_settled();
        }
    }

    /// Takes a new configuration: nodes may come and go, and times change. The links with nodes that
    /// stay as they are are not touched.
    pub(super) fn reconfigure(&self, config: &Config<'_>) -> Result<(), Refusal> {
        self.check_successor(config)?;
        let mut running = self.running.lock();
        let peers = self.roster.peers()?;
        running.config.times = config.times();
        self.beat.set_heartbeat(config.times().heartbeat);
        let limits = Limits::from(config.times());
        for peer in &peers {
            match config.node(peer.number) {
                Some(node) if peer.is(&node) => peer.set_limits(limits),
                _ => {
                    pr_info!("node {} leaves the configuration\n", peer.number);
                    self.remove(&mut running, peer.number);
                }
            }
        }
        for node in config.nodes() {
            if self.roster.find(node.number).is_none() {
                self.add(&mut running, &node)?;
            }
        }
        Ok(())
    }

    /// Whether what cannot change is what it was.
    fn check_successor(&self, config: &Config<'_>) -> Result<(), Refusal> {
        let local = self.roster.local();
        let own = Node {
            number: local.identity.node,
            name: local.name.get().unwrap_or_default(),
            address: local.endpoint.socket().ok_or(EINVAL)?,
            integrity: local.mode,
        };
        let fixed = Fixed {
            cluster: local.cluster.get().unwrap_or_default(),
            own,
            listen_port: local.port,
            build_id: &local.identity.build_id,
            key: &local.key,
        };
        fixed
            .check(&config.fixed())
            .map_err(|error| Refusal::new(EINVAL, &error))
    }

    /// Leaves the cluster; returns when nothing of the membership runs any more.
    ///
    /// The order: nobody comes in, time stands still, nothing goes out, who is in leaves, what is
    /// being executed comes to its end.
    pub(super) fn end(&self) {
        let mut running = self.running.lock();
        self.door.close();
        drop(running.accepting.take());
        self.beat.stop();
        drop(running.beating.take());
        self.roster.for_each(|peer| drop(peer.stop()));
        drop(take(&mut running.dialers));
        self.door.clear();
        self.roster.common().workers.end();
        drop(running);
        pr_info!("node {} is down\n", self.roster.local().identity.node);
    }

    /// The status blob and its length; cut short if that is more than `room`.
    pub(super) fn status(&self, room: usize) -> Result<(KVVec<u8>, usize)> {
        let peers = self.roster.peers()?;
        let nodes = peers.len().saturating_add(1);
        let len = status::encoded_len(nodes);
        let mut blob = bytes::zeroed(len.min(room))?;
        let mut writer = Writer::new(&mut blob);
        let own = self.own_record();
        let mut own = Some(own);
        for peer in &peers {
            if peer.number > self.roster.local().identity.node {
                if let Some(own) = own.take() {
                    writer.node(&own);
                }
            }
            writer.node(&peer.record());
        }
        if let Some(own) = own {
            writer.node(&own);
        }
        let len = writer.finish(self.header(&peers));
        Ok((blob, len))
    }

    fn own_record(&self) -> NodeRecord {
        let local = self.roster.local();
        let identity = &local.identity;
        let mut own = NodeRecord::new(identity.node, local.name, local.endpoint, State::Own);
        own.integrity = local.mode as u8;
        own.module = version_text(identity.version);
        own.build_id = identity.build_id;
        own.protocol = u32::from(identity.protocol).into();
        own.incarnation = identity.incarnation.into();
        own.since_unix_ms = local.since_unix_ms.into();
        own
    }

    fn header(&self, peers: &[Arc<Peer>]) -> Header {
        let local = self.roster.local();
        let times = self.running.lock().config.times;
        let sum = |pick: fn(&Peer) -> u64| peers.iter().map(|peer| pick(peer)).sum::<u64>();
        let mut header = Header::down();
        header.up = 1;
        header.integrity = local.mode as u8;
        header.own = local.identity.node.into();
        header.cluster = local.cluster;
        header.incarnation = local.identity.incarnation.into();
        header.since_unix_ms = local.since_unix_ms.into();
        let uptime = clock::boottime_ns().saturating_sub(local.since_ns);
        header.uptime_ms = (uptime / 1_000_000).into();
        header.heartbeat_ms = times.heartbeat.into();
        header.suspect_ms = times.suspect.into();
        header.dead_ms = times.dead.into();
        header.listen_port = local.port.into();
        let doorway = &local.doorway;
        let counters = &mut header.counters;
        counters.accepted = doorway.accepted.get().into();
        counters.half_open = (self.door.half_open() as u64).into();
        counters.limited = doorway.limited.get().into();
        counters.timed_out = doorway.timed_out.get().into();
        counters.auth_failures = doorway.auth_failures.get().into();
        counters.bad_frames = doorway.bad_frames.get().into();
        counters.frames_in = sum(|peer| peer.traffic.frames_in.get()).into();
        counters.frames_out = sum(|peer| peer.traffic.frames_out.get()).into();
        counters.bytes_in = sum(|peer| peer.traffic.bytes_in.get()).into();
        counters.bytes_out = sum(|peer| peer.traffic.bytes_out.get()).into();
        header
    }
}

/// Why there can be no door.
fn cannot_listen(error: Error, config: &Config<'_>) -> Refusal {
    if error == errno(EADDRINUSE) {
        let port = config.listen_port();
        return Refusal::new(
            error,
            &fmt!("something else listens on port {port}: stop it or choose another port"),
        );
    }
    Refusal::new(error, &"cannot listen on the configured port")
}
