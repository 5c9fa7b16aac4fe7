// SPDX-License-Identifier: GPL-2.0
//! Attacks by mass and by slowness: the node goes on, and gives back what they cost.

use std::{
    collections::VecDeque,
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context, Result};
use mosix_cluster::{
    mosix::{self, status, wait_for, wait_state, LogMark},
    testing, Cluster, Kernel, Node,
};

use crate::attacker::{on_scene, wait_closed, Scene};

/// Connections of the flood at once.
const FLOOD: usize = 1_000;

#[test]
fn a_flood_of_silent_connections_keeps_nobody_out() {
    on_scene("header", |scene| {
        let victim = scene.victim();
        let before = Cost::of(&victim)?;
        let mark = LogMark::now(&victim);
        let accepted = status(&victim)?.counters.accepted;

        let (stop, made) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            let c = scene.c;
            scope.spawn(|| flood(c, &stop, &made));
            let seen = meanwhile(scene, &made);
            stop.store(true, Ordering::Relaxed);
            seen
        })?;

        let after = wait_for(&victim, "nobody is at the door any more", |status| {
            status.counters.half_open == 0
        })?;
        let counters = &after.counters;
        ensure!(counters.accepted - accepted >= FLOOD as u64, "{counters:?}");
        ensure!(
            counters.limited > 0 && counters.bad_frames == 0,
            "{counters:?}"
        );
        let refusals = mark.wait("refused: ")?.len() as u64;
        let limit = 20 + (counters.accepted - accepted) / 4;
        ensure!(
            refusals < limit,
            "{refusals} lines in the log: {counters:?}"
        );
        before.is_back(&victim)
    });
}

/// Keeps so many connections open, the newest ones, on which nothing is ever said.
fn flood(c: &Cluster, stop: &AtomicBool, made: &AtomicU64) {
    let mut open: VecDeque<TcpStream> = VecDeque::new();
    while !stop.load(Ordering::Relaxed) {
        if open.len() == FLOOD {
            open.pop_front();
        }
        // A full backlog is what it is about.
        if let Ok(stream) = c.tcp_connect(1, mosix::PORT) {
            open.push_back(stream);
            made.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What has to work while the flood goes on, from its beginning until the last connection is made.
fn meanwhile(scene: &Scene<'_>, made: &AtomicU64) -> Result<()> {
    let victim = scene.victim();
    let end = Instant::now() + Duration::from_secs(90) * testing::kernel().slowness();
    let mut answers = 0;
    while made.load(Ordering::Relaxed) < FLOOD as u64 {
        ensure!(Instant::now() < end, "the flood is too slow");
        status(&victim).context("the status during the flood")?;
        answers += 1;
    }
    ensure!(answers > 0);
    // The link that was there is there, and one that was not can be made.
    scene.check_honest()?;
    let other = scene.c.node(2);
    mosix::down(&other)?;
    mosix::up(&other)?;
    wait_state(&other, 1, "alive")?;
    wait_state(&victim, 2, "alive")?;
    scene.renew_honest()
}

#[test]
fn who_is_too_slow_is_shown_the_door() {
    on_scene("header", |scene| {
        let hello = scene.insider().hello(scene.to());
        let mut mute = scene.connect()?;
        let line = format!(
            "connection from {} refused: no answer in time",
            mute.local_addr()?
        );
        scene.attack(
            "says nothing",
            &line,
            |c| c.timed_out,
            || wait_closed(&mut mute),
        )?;

        let mut slow = scene.connect()?;
        let begun = Instant::now();
        let line = format!(
            "connection from {} refused: took too long",
            slow.local_addr()?
        );
        scene.attack(
            "drips",
            &line,
            |c| c.timed_out,
            || {
                slow.set_nodelay(true)?;
                for byte in &hello {
                    if slow.write_all(&[*byte]).is_err() {
                        break;
                    }
                    thread::sleep(Duration::from_millis(250));
                }
                wait_closed(&mut slow)
            },
        )?;
        let limit = Duration::from_millis(250) * hello.len() as u32;
        ensure!(begun.elapsed() < limit, "it could have gone on for ever");
        Ok(())
    });
}

/// What the module costs a node.
#[derive(Debug)]
struct Cost {
    threads: u64,
    slab_kb: u64,
    available_kb: u64,
}

impl Cost {
    /// As of now. Threads that execute requests do not count: some stay for the next request.
    fn of(node: &Node) -> Result<Self> {
        let text = node.sh(
            "sync; echo 3 >/proc/sys/vm/drop_caches; sleep 1
             ps -eo comm | grep -v '^mosix_work' | grep -c '^mosix_'
             sed -n 's/^SUnreclaim: *\\([0-9]*\\) kB/\\1/p; s/^MemAvailable: *\\([0-9]*\\) kB/\\1/p' \
                 /proc/meminfo | sort -n",
        )?;
        let numbers: Vec<u64> = text.split_whitespace().flat_map(str::parse).collect();
        match numbers[..] {
            [threads, slab_kb, available_kb] => Ok(Self {
                threads,
                slab_kb,
                available_kb,
            }),
            _ => anyhow::bail!("no numbers in {text:?}"),
        }
    }

    /// Whether a node has come back to this, but for what the kernel keeps for its own ends.
    fn is_back(&self, node: &Node) -> Result<()> {
        // 1,000 connections with a thread each would be 30 MB and more.
        let slack_kb = match testing::kernel() {
            Kernel::Stock => 14 << 10,
            // KASAN keeps freed memory for a while, kmemleak its records.
            Kernel::Debug => 96 << 10,
        };
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let now = Self::of(node)?;
            let back = now.threads == self.threads
                && now.slab_kb <= self.slab_kb + slack_kb
                && now.available_kb + slack_kb >= self.available_kb;
            if back {
                return Ok(());
            }
            ensure!(
                Instant::now() < end,
                "not given back: {self:?}, then {now:?}"
            );
            thread::sleep(Duration::from_secs(1));
        }
    }
}
