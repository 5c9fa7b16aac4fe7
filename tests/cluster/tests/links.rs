// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of the links themselves: requests and replies, whatever the network does to them.
//!
//! `mosix ping` makes real requests. With `--once` the other node counts what it executes, so that
//! at the end of a run it is known whether each request was executed exactly once.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context, Result};
use mosix_cluster::{
    mosix::{self, status, wait_state, Config, LogMark},
    stream::Process,
    testing::{self, on_cluster, Shape},
    Cluster, Fault, Node, Output,
};
use serde::Deserialize;

/// What `mosix ping --json` says, as far as these tests look at it.
#[derive(Debug, Deserialize)]
struct Ping {
    integrity: String,
    sent: u64,
    answered: u64,
    errors: BTreeMap<String, u64>,
    rtt_ns: Option<RoundTrips>,
    requests_per_s: f64,
    executed: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct RoundTrips {
    min: u64,
}

impl Ping {
    fn of(out: &Output) -> Result<Self> {
        serde_json::from_str(&out.stdout).with_context(|| format!("{out:?}"))
    }

    /// All of `count` requests were answered and, if that was counted, executed once each.
    fn check_all(&self, count: u64) -> Result<()> {
        let counts = [self.sent, self.answered, self.executed.unwrap_or(count)];
        ensure!(
            counts == [count; 3] && self.errors.is_empty(),
            "of {count}: {self:?}"
        );
        Ok(())
    }
}

fn limit() -> Duration {
    Duration::from_secs(150) * testing::kernel().slowness()
}

/// Starts a run; a request may take a minute.
fn start(node: &Node, arguments: &str) -> Result<Process> {
    let line = format!("exec mosix ping --json --timeout 60 {arguments}");
    node.command(["bash", "-c", &line]).limit(limit()).spawn()
}

fn ping(node: &Node, arguments: &str) -> Result<Ping> {
    Ping::of(&start(node, arguments)?.wait()?)
}

/// So many requests that `threads` threads have work for some seconds.
fn count_for(node: &Node, threads: u32, seconds: f64) -> Result<u64> {
    let sample = ping(node, &format!("2 --once -c 200 -j {threads}"))?;
    sample.check_all(200)?;
    Ok((sample.requests_per_s * seconds) as u64 + 100)
}

/// Runs a test on two nodes that see each other, with a setting or two of their own.
fn on_two(shape: Shape, config: fn(Config) -> Config, test: fn(&Cluster) -> Result<()>) {
    shape.run(|c| {
        mosix::on(c, &config(Config::of(c)), || {
            mosix::wait_alive(c)?;
            test(c)
        })
    });
}

/// Nobody is declared dead while a test disturbs the network for a moment, also on slow machines.
fn patient(config: Config) -> Config {
    config.set("dead_ms", 60_000)
}

#[test]
fn data_comes_back_as_it_was_in_every_integrity_mode() {
    for mode in ["header", "full", "encrypt"] {
        on_cluster(2, |c| {
            let config = Config::of(c).set("integrity", format!("\"{mode}\""));
            mosix::on(c, &config, || {
                mosix::wait_alive(c)?;
                for (bytes, count, threads) in [
                    (0, 50, 1),
                    (1, 10, 2),
                    (4096, 50, 4),
                    (65_537, 20, 4),
                    (1 << 20, 8, 2),
                ] {
                    let run = ping(&c.node(1), &format!("2 -s {bytes} -c {count} -j {threads}"))?;
                    run.check_all(count)?;
                    assert_eq!(run.integrity, mode);
                }
                // More threads than a link has credits, in both directions at once.
                let back = start(&c.node(2), "1 -s 4096 -c 400 -j 100")?;
                ping(&c.node(1), "2 -s 4096 -c 400 -j 100")?.check_all(400)?;
                Ping::of(&back.wait()?)?.check_all(400)?;
                ping(&c.node(1), "2 --once -c 400 -j 100")?.check_all(400)?;
                let before = status(&c.node(1))?.peer(2).reconnects;
                assert_eq!(before, 0, "one connection has carried it all");
                Ok(())
            })
        });
    }
}

#[test]
fn requests_outlive_a_cut_that_is_shorter_than_the_time_to_die() {
    on_two(Shape::nodes(2), patient, |c| {
        let node = c.node(1);
        let count = count_for(&node, 8, 6.0)?;
        let mark = LogMark::now(&node);
        let run = start(&node, &format!("2 --once -c {count} -j 8"))?;
        thread::sleep(Duration::from_secs(1));
        c.node(2).fault(Fault::Silence)?;
        wait_state(&node, 2, "suspect")?;
        c.node(2).fault(Fault::Heal)?;
        Ping::of(&run.wait()?)?.check_all(count)?;
        mosix::wait_alive(c)?;
        let dead = mark
            .lines()
            .into_iter()
            .find(|line| line.contains("is dead"));
        ensure!(dead.is_none(), "{dead:?}");
        Ok(())
    });
}

#[test]
fn requests_outlive_their_connections() {
    on_two(Shape::nodes(2), patient, |c| {
        let node = c.node(1);
        node.put_bytes(include_bytes!("reset.py"), 0o644, "/root/reset.py")?;
        let count = count_for(&node, 8, 12.0)?;
        let run = start(&node, &format!("2 --once -c {count} -j 8"))?;
        reset_until_reconnected(&node, 3)?;
        Ping::of(&run.wait()?)?.check_all(count)?;
        mosix::wait_alive(c)
    });
}

/// Breaks the connections of node 1 with node 2 until there were so many new ones.
fn reset_until_reconnected(node: &Node, times: u64) -> Result<()> {
    let end = Instant::now() + limit();
    loop {
        node.sh(&format!(
            "python3 /root/reset.py 10.77.0.2 {} 2",
            mosix::PORT
        ))?;
        if status(node)?.peer(2).reconnects >= times {
            return Ok(());
        }
        ensure!(Instant::now() < end, "the connections do not break");
    }
}

#[test]
fn requests_fail_clearly_when_the_peer_is_declared_dead() {
    on_two(
        Shape::nodes(2),
        |config| config,
        |c| {
            let node = c.node(1);
            let count = count_for(&node, 8, 4.0)?;
            let run = start(&node, &format!("2 --once -c {count} -j 8"))?;
            thread::sleep(Duration::from_secs(1));
            c.node(2).fault(Fault::Silence)?;
            wait_state(&node, 2, "dead")?;
            let alone = ping(&node, "2 --once -c 1")?;
            ensure!(
                alone.answered == 0 && alone.errors.contains_key("EHOSTDOWN"),
                "{alone:?}"
            );
            // Not before the other has given up, too: then nothing of the run can be executed any more.
            wait_state(&c.node(2), 1, "dead")?;
            c.node(2).fault(Fault::Heal)?;
            let run = Ping::of(&run.wait()?)?;
            let failed: u64 = run.errors.values().sum();
            ensure!(
                failed > 0 && run.errors.contains_key("EHOSTDOWN"),
                "{run:?}"
            );
            assert_eq!(run.sent, run.answered + failed, "{run:?}");
            // What failed may have been executed, but nothing twice.
            let executed = run.executed.unwrap_or_default();
            ensure!((run.answered..=run.sent).contains(&executed), "{run:?}");
            ensure!(
                executed - run.answered <= 8,
                "one per thread was under way: {run:?}"
            );
            mosix::wait_alive(c)?;
            // The new epoch works like the first.
            ping(&node, "2 --once -c 200 -j 8")?.check_all(200)
        },
    );
}

#[test]
fn requests_get_through_a_bad_network() {
    let shape = Shape::nodes(2).with(|b| b.delay_ms(20).loss_pct(5.0));
    on_two(shape, patient, |c| {
        let node = c.node(1);
        let run = ping(&node, "2 --once -c 300 -j 32")?;
        run.check_all(300)?;
        let min = run.rtt_ns.map_or(0, |rtt| rtt.min);
        ensure!(
            min >= 39_000_000,
            "20 ms each way, but a round trip of {min} ns"
        );
        ping(&node, "2 -s 65536 -c 16 -j 4")?.check_all(16)?;
        let rtt = status(&node)?
            .peer(2)
            .rtt_ns
            .clone()
            .context("no round trip")?;
        ensure!(rtt.min >= 39_000_000, "heartbeats take {rtt:?}");
        mosix::wait_alive(c)
    });
}
