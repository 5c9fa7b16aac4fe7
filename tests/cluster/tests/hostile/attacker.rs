// SPDX-License-Identifier: GPL-2.0
//! The attacker, the victim, and what has to be so after an attack.

use std::{
    cell::Cell,
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    panic::{catch_unwind, resume_unwind, AssertUnwindSafe},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use mosix_cluster::{
    mosix::{self, status, wait_for, Config, Counters, LogMark, Status},
    spec,
    testing::on_cluster,
    Cluster, Node,
};
use mosix_core::peer::{kind, CallError, Frame, Link, Player};
use socket2::{Domain, Socket, Type};

/// Patience of the attacker with the victim: more than the victim's with him.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The node that the harness plays when it knows the key.
pub const INSIDER: u16 = 3;

/// A lease of the default length.
const LEASE_NS: u64 = 2_000_000_000;

/// A field of the counters.
pub type Count = fn(&Counters) -> u64;

/// The two honest nodes, and what they were before.
pub struct Scene<'c> {
    pub c: &'c Cluster,
    honest: Cell<[(u64, Option<u64>); 2]>,
    addresses: Cell<u8>,
    epoch: Cell<u64>,
}

/// Runs a test with a victim and another honest node that are up.
pub fn on_scene(integrity: &str, test: impl FnOnce(&Scene<'_>) -> Result<()>) {
    on_cluster(2, |c| {
        let config = config(c).set("integrity", format!("\"{integrity}\""));
        mosix::on(c, &config, || {
            let scene = Scene::new(c)?;
            test(&scene)?;
            scene.check_honest()
        })
    });
}

/// The real nodes, and the harness as a third.
pub fn config(c: &Cluster) -> Config {
    Config::of(c).node(INSIDER, spec::host_addresses().0)
}

impl<'c> Scene<'c> {
    fn new(c: &'c Cluster) -> Result<Self> {
        wait_for(&c.node(1), "node 2 is alive", |s| s.state(2) == "alive")?;
        wait_for(&c.node(2), "node 1 is alive", |s| s.state(1) == "alive")?;
        Ok(Self {
            c,
            honest: Cell::new(honest(c)?),
            addresses: Cell::new(100),
            epoch: Cell::new(0),
        })
    }

    /// The node that is attacked.
    pub fn victim(&self) -> Node {
        self.c.node(1)
    }

    /// Its number.
    pub fn to(&self) -> u16 {
        1
    }

    /// The insider.
    pub fn insider(&self) -> Player {
        Player::new(mosix::NAME, mosix::KEY, INSIDER)
    }

    /// The link of the honest nodes is what it was.
    pub fn check_honest(&self) -> Result<()> {
        let now = honest(self.c)?;
        let was = self.honest.get();
        ensure!(now == was, "the honest link: {was:?}, then {now:?}");
        Ok(())
    }

    /// The honest nodes have a new link, which has to stay what it is from now on.
    pub fn renew_honest(&self) -> Result<()> {
        self.honest.set(honest(self.c)?);
        Ok(())
    }

    /// A connection to the victim from an address that was never used, so that nobody else's failures
    /// count against it.
    pub fn connect(&self) -> Result<TcpStream> {
        let last = self.addresses.get();
        ensure!(last < 250, "the attacker has used up his addresses");
        self.addresses.set(last + 1);
        let address = Ipv4Addr::new(10, 77, 0, last);
        self.c.in_network(|| {
            // From an earlier test it is there already.
            Command::new("ip")
                .args(["addr", "replace", &format!("{address}/24"), "dev", "br0"])
                .status()
                .context("cannot run ip")?;
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&SocketAddr::new(address.into(), 0).into())?;
            let victim = SocketAddr::new(spec::ipv4(1).into(), mosix::PORT);
            socket.connect_timeout(&victim.into(), PATIENCE)?;
            let stream = TcpStream::from(socket);
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        })
    }

    /// A connection of the insider that the victim has let in.
    pub fn link(&self) -> Result<Link<TcpStream>> {
        self.link_of(&self.insider())
    }

    /// As [`Self::link`], for an insider that is not as the others.
    pub fn link_of(&self, player: &Player) -> Result<Link<TcpStream>> {
        let end = Instant::now() + PATIENCE;
        loop {
            let stream = self.connect_from_host()?;
            match player.call(self.to(), self.epoch.get(), stream) {
                Ok(link) => return Ok(link),
                Err(CallError::Again(epoch)) => self.epoch.set(self.epoch.get().max(epoch)),
                Err(error) => bail!("node {} is not let in: {error}", player.number),
            }
            ensure!(
                Instant::now() < end,
                "node {} is not let in in time",
                player.number
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets the victim find node 3 alive, played as `player`, while it is attacked.
    pub fn while_answering(&self, player: &Player, f: impl FnOnce() -> Result<()>) -> Result<()> {
        let listener = self.c.tcp_listen(mosix::PORT)?;
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    // That the victim ends a connection is part of the game.
                    let _ = answer(&listener, player, &done);
                }
            });
            let result = catch_unwind(AssertUnwindSafe(f));
            done.store(true, Ordering::Relaxed);
            result.unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// A connection from the harness's own address.
    pub fn connect_from_host(&self) -> Result<TcpStream> {
        let stream = self.c.tcp_connect(1, mosix::PORT)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// Attacks: the victim has to log exactly one line with `line` in it and to count one more of
    /// what `count` picks and nothing else.
    pub fn attack(
        &self,
        what: &str,
        line: &str,
        count: Count,
        attack: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        self.attack_and_look(line, count, attack)
            .with_context(|| format!("attack: {what}"))
    }

    fn attack_and_look(
        &self,
        line: &str,
        count: Count,
        attack: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let victim = self.victim();
        let before = status(&victim)?.counters;
        let mark = LogMark::now(&victim);
        attack()?;
        let lines = mark.wait(line)?;
        ensure!(lines.len() == 1, "more than one line: {lines:#?}");
        let after = status(&victim)?;
        let now = count(&after.counters);
        ensure!(
            now == count(&before) + 1,
            "counted {before:?}, then {:?}",
            after.counters
        );
        let failures = |c: &Counters| c.auth_failures + c.bad_frames + c.timed_out + c.limited;
        ensure!(
            failures(&after.counters) == failures(&before) + 1,
            "counted {before:?}, then {:?}",
            after.counters
        );
        self.check_honest()
    }
}

/// The victim's next attempt to reach node 3.
pub fn accept(listener: &TcpListener) -> Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let end = Instant::now() + PATIENCE;
    loop {
        match listener.accept() {
            Ok((stream, from)) if from.ip() == spec::ipv4(1) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            // The other honest node tries, too.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ensure!(Instant::now() < end, "the victim does not dial node 3");
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Answers the victim's heartbeats as long as the connection lasts.
fn answer(listener: &TcpListener, player: &Player, done: &AtomicBool) -> Result<()> {
    let stream = accept(listener)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut link = player.answer(stream)?;
    while !done.load(Ordering::Relaxed) {
        let frame = link.receive()?;
        if frame.kind == kind::PING {
            link.send(&Frame::pong(frame.id, LEASE_NS))?;
        }
    }
    Ok(())
}

/// Waits until the other side has closed.
pub fn wait_closed(stream: &mut TcpStream) -> Result<()> {
    let mut rest = [0; 4096];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(e) => return Err(e).context("the victim does not close the connection"),
        }
    }
}

/// What has to stay as it is between the honest nodes: number of reconnects, and life of the other.
fn honest(c: &Cluster) -> Result<[(u64, Option<u64>); 2]> {
    let seen = |from: u8, to: u16| -> Result<_> {
        let alive = |s: &Status| s.state(to) == "alive";
        let status = wait_for(&c.node(from), &format!("node {to} is alive"), alive)?;
        let peer = status.peer(to);
        Ok((peer.reconnects, peer.incarnation))
    };
    Ok([seen(1, 2)?, seen(2, 1)?])
}
