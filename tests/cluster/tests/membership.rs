// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of membership: who is there, who is not, and who comes back, as `mosix status` says.
//!
//! Times are those that the product promises, with a multiple for slow guests; how long a peer was
//! silent is taken from the node's own word and clock.

use std::time::Duration;

use anyhow::{ensure, Context, Result};
use mosix_cluster::{
    mosix::{self, expect_failure, status, wait_for, wait_state, Config, LogMark, Status},
    spec,
    testing::on_cluster,
    Cluster, Fault, Node,
};
use mosix_core::control::abi::ABI_VERSION;

/// Nodes 1 and 2 with IPv4 addresses, node 3 with an IPv6 address: links of both kinds.
fn config(c: &Cluster) -> Config {
    Config::of(c).node(3, spec::ipv6(3))
}

/// Runs a test on three nodes that are up and see each other alive.
fn on_three(test: impl FnOnce(&Cluster) -> Result<()>) {
    on_cluster(3, |c| {
        mosix::on(c, &config(c), || {
            mosix::wait_alive(c)?;
            test(c)
        })
    });
}

/// The connections that two nodes have had to each other, and their lives: all stays what it is while
/// they are undisturbed.
fn link(c: &Cluster, a: u8, b: u8) -> Result<[(u64, Option<u64>); 2]> {
    let seen = |from: u8, to: u8| -> Result<_> {
        // After a cut the first answers are late ones, whose leases are over soon: it may be suspect
        // once more for a moment.
        let status = wait_state(&c.node(from), to.into(), "alive")?;
        let peer = status.peer(to.into());
        Ok((peer.reconnects, peer.incarnation))
    };
    Ok([seen(a, b)?, seen(b, a)?])
}

/// The milliseconds of silence that a node gives as the reason for a death.
fn silence(status: &Status, peer: u16) -> Result<u64> {
    let reason = status.peer(peer).reason.clone().unwrap_or_default();
    let words: Vec<&str> = reason.split(' ').collect();
    let [.., "for", ms, "ms"] = words[..] else {
        anyhow::bail!("node {peer} is dead: {reason}");
    };
    Ok(ms.parse()?)
}

/// Waits for a death; checks how long it took to be declared.
fn wait_death(node: &Node, peer: u16) -> Result<Status> {
    let suspect = wait_for(node, &format!("node {peer} is suspect or dead"), |status| {
        ["suspect", "dead"].contains(&status.state(peer))
    })?;
    let dead = wait_state(node, peer, "dead")?;
    let ms = silence(&dead, peer)?;
    let late = 7_000 * u64::from(mosix_cluster::testing::kernel().slowness());
    ensure!(
        (6_000..late).contains(&ms),
        "declared dead after {ms} ms of silence"
    );
    ensure!(dead.peer(peer).since_unix_ms >= suspect.peer(peer).since_unix_ms);
    Ok(dead)
}

/// The states of a peer that a node has logged, in order.
fn logged_states(mark: &LogMark, peer: u16) -> Vec<String> {
    let start = format!("node {peer} (node{peer}) is ");
    let states = mark.lines().into_iter().filter_map(|line| {
        let (_, rest) = line.split_once(&start)?;
        rest.split([':', ' ']).next().map(str::to_owned)
    });
    states.collect()
}

#[test]
fn nodes_join_over_ipv4_and_ipv6_and_show_each_other() {
    on_three(|c| {
        let build_id = c
            .node(1)
            .sh("od -An -v -tx1 /sys/kernel/notes | tr -d ' \\n'")?;
        let version = c.node(1).sh("modinfo -F version /root/mosix.ko")?;
        for node in c.nodes() {
            let status = status(&node)?;
            let own = u16::from(node.number());
            assert_eq!((status.node, status.cluster.as_str()), (own, mosix::NAME));
            assert_eq!(status.integrity, "header");
            assert_eq!(status.peer(own).incarnation, Some(status.incarnation));
            assert_eq!(status.peer(own).state, "self");
            let numbers: Vec<u16> = status.nodes.iter().map(|peer| peer.number).collect();
            assert_eq!(numbers, [1, 2, 3]);
            for peer in &status.nodes {
                check_peer(peer, &build_id, &version)?;
                let rtt = peer.rtt_ns.as_ref();
                match rtt {
                    Some(rtt) => ensure!(0 < rtt.min && rtt.min <= rtt.last && 0 < rtt.smooth),
                    None => ensure!(peer.number == own, "{peer:?} has no round trip"),
                }
            }
            let address = status.peer(3).address.clone();
            assert_eq!(address, Some(format!("[fd77::3]:{}", mosix::PORT)));
        }
        let sockets = c.node(3).sh("ss -Htn state established")?;
        for peer in ["[fd77::1]", "[fd77::2]", "10.77.0.1", "10.77.0.2"] {
            ensure!(
                sockets.contains(peer),
                "no connection with {peer}: {sockets}"
            );
        }
        // For people it says the same.
        let table = c.node(2).sh("mosix status")?;
        assert_eq!(table.matches(" alive ").count(), 2, "{table}");
        Ok(())
    });
}

fn check_peer(peer: &mosix::Peer, notes: &str, version: &str) -> Result<()> {
    let number = peer.number;
    assert_eq!(peer.name, format!("node{number}"));
    let build_id = peer.kernel_build_id.clone().context("no build id")?;
    ensure!(
        build_id.len() == 40 && notes.contains(&build_id),
        "{build_id} is not the kernel's"
    );
    if !version.is_empty() {
        assert_eq!(peer.module.as_deref(), Some(version));
    }
    ensure!(peer.module.is_some() && peer.protocol == Some(1) && peer.incarnation.is_some());
    ensure!(peer.since_unix_ms > 1_700_000_000_000, "since {peer:?}");
    Ok(())
}

#[test]
fn a_killed_node_is_dead_in_time_and_comes_back_as_a_new_life() {
    on_three(|c| {
        let (witness, victim) = (c.node(1), c.node(3));
        let before = link(c, 1, 2)?;
        let old = status(&witness)?.peer(3).incarnation;
        let mark = LogMark::now(&witness);
        victim.fault(Fault::Kill)?;
        wait_death(&witness, 3)?;
        wait_death(&c.node(2), 3)?;
        assert_eq!(logged_states(&mark, 3), ["suspect", "dead"]);
        assert_eq!(link(c, 1, 2)?, before, "the others are undisturbed");

        victim.start()?;
        mosix::load(&victim)?;
        mosix::up(&victim)?;
        mosix::wait_alive(c)?;
        let new = status(&witness)?.peer(3).incarnation;
        ensure!(new > old, "life {new:?} after {old:?}");
        assert_eq!(new, Some(status(&victim)?.incarnation));
        assert_eq!(link(c, 1, 2)?, before, "the others are undisturbed");
        Ok(())
    });
}

/// Times under which a short fault is over long before anybody is dead, also on slow machines.
const PATIENT_MS: u32 = 60_000;

#[test]
fn a_frozen_node_goes_on_as_before_or_begins_anew() {
    on_three(|c| {
        comes_back(c, Fault::Freeze, Fault::Thaw, |_| Ok(()))?;
        // Whose clock stood still has seen nobody die.
        Ok(())
    });
}

#[test]
fn a_node_without_network_goes_on_as_before_or_begins_anew() {
    on_three(|c| {
        comes_back(c, Fault::Cut, Fault::Heal, |victim| {
            wait_death(victim, 1)?;
            wait_death(victim, 2).map(drop)
        })
    });
}

/// A fault of node 3 that ends before the others declare it dead, and one that does not; `dead` is
/// what else has to be so before the second ends.
fn comes_back(
    c: &Cluster,
    fault: Fault,
    end: Fault,
    dead: impl FnOnce(&Node) -> Result<()>,
) -> Result<()> {
    let (witness, victim) = (c.node(1), c.node(3));
    reconfigure(c, &config(c).set("dead_ms", PATIENT_MS))?;
    let (others, own) = (link(c, 1, 2)?, link(c, 1, 3)?);
    let mark = LogMark::now(&witness);
    victim.fault(fault)?;
    wait_state(&witness, 3, "suspect")?;
    victim.fault(end)?;
    mosix::wait_alive(c)?;
    assert_eq!(logged_states(&mark, 3), ["suspect", "alive"]);
    assert_eq!(link(c, 1, 3)?, own, "the links and lives are the same");

    reconfigure(c, &config(c))?;
    let mark = LogMark::now(&witness);
    victim.fault(fault)?;
    wait_death(&witness, 3)?;
    wait_death(&c.node(2), 3)?;
    dead(&victim)?;
    victim.fault(end)?;
    mosix::wait_alive(c)?;
    let states = logged_states(&mark, 3);
    ensure!(
        states.starts_with(&["suspect".into(), "dead".into()]),
        "{states:?}"
    );
    ensure!(
        states.last().is_some_and(|last| last == "alive"),
        "{states:?}"
    );
    let now = link(c, 1, 3)?;
    for (was, is) in own.iter().zip(&now) {
        assert_eq!(was.1, is.1, "it is the same life");
        ensure!(
            is.0 > was.0,
            "a new epoch has new connections: {own:?}, {now:?}"
        );
    }
    assert_eq!(link(c, 1, 2)?, others, "the others are undisturbed");
    Ok(())
}

/// Writes a configuration to all nodes and has them take it over.
fn reconfigure(c: &Cluster, config: &Config) -> Result<()> {
    c.for_each_node(|node| {
        config.write(node)?;
        mosix::up(node)
    })
}

#[test]
fn a_node_leaves_with_a_goodbye() {
    on_three(|c| {
        let before = link(c, 1, 2)?;
        let mark = LogMark::now(&c.node(1));
        mosix::down(&c.node(3))?;
        for number in [1, 2] {
            let status = wait_state(&c.node(number), 3, "dead")?;
            assert_eq!(status.peer(3).reason.as_deref(), Some("left the cluster"));
        }
        assert_eq!(logged_states(&mark, 3), ["dead"], "nobody suspected it");
        let out = c.node(3).exec("mosix status")?;
        expect_failure(&out, 5, &["not up"])?;
        expect_failure(&c.node(3).exec("mosix down")?, 5, &["not up"])?;
        assert_eq!(link(c, 1, 2)?, before, "the others are undisturbed");
        mosix::up(&c.node(3))?;
        mosix::wait_alive(c)
    });
}

#[test]
fn nodes_come_and_go_without_disturbing_the_others() {
    on_three(|c| {
        let before = link(c, 1, 2)?;
        let two = config(c).without(3);
        mosix::down(&c.node(3))?;
        for number in [1, 2] {
            let node = c.node(number);
            two.write(&node)?;
            let said = node.sh("mosix up")?;
            ensure!(said.contains("took over"), "{said}");
            let numbers: Vec<u16> = status(&node)?.nodes.iter().map(|n| n.number).collect();
            assert_eq!(numbers, [1, 2]);
        }
        // The one that was removed is not let in, and told why.
        mosix::up(&c.node(3))?;
        let refused = wait_state(&c.node(3), 1, "refused")?;
        let reason = refused.peer(1).reason.clone().unwrap_or_default();
        ensure!(reason.contains("no node with that number"), "{reason}");
        assert_eq!(link(c, 1, 2)?, before, "the link is undisturbed");

        let four = config(c).node(4, "10.77.0.4");
        reconfigure(c, &four)?;
        for node in c.nodes() {
            wait_for(&node, "all but node 4 are alive", |status| {
                (1..=3).all(|n| n == status.node || status.state(n) == "alive")
                    && status.state(4) == "connecting"
            })?;
        }
        assert_eq!(link(c, 1, 2)?, before, "the link is undisturbed");

        // What cannot change while it is up.
        for (bad, word) in [
            (config(c).set("integrity", "\"full\""), "integrity"),
            (
                config(c).node(1, "10.77.0.1:4661"),
                "address or integrity mode of this node",
            ),
        ] {
            bad.write(&c.node(1))?;
            expect_failure(&c.node(1).exec("mosix up")?, 2, &[word, "mosix down"])?;
        }
        assert_eq!(link(c, 1, 2)?, before, "the link is undisturbed");
        reconfigure(c, &config(c))
    });
}

/// Asks the module directly, as nobody but root may or as nobody may at all.
const FORBIDDEN: &str = r#"
import errno, fcntl, struct, sys
version = int(sys.argv[1])
device = open("/dev/mosix", "rb", 0)

def expect(error, number, record):
    try:
        fcntl.ioctl(device, 0xC040BB00 | number, record)
    except OSError as e:
        assert e.errno == error, (number, e)
    else:
        raise AssertionError(number)

good = struct.pack("<I60x", version)
for number in (1, 2, 3, 7):
    expect(errno.EPERM, number, good)
expect(errno.EPERM, 6, struct.pack("<I36xI20x", version, 1))
expect(errno.ENOTTY, 99, good)
expect(errno.EPROTONOSUPPORT, 4, struct.pack("<I60x", version - 1))
expect(errno.EINVAL, 4, struct.pack("<II56x", version, 1))
expect(errno.EOVERFLOW, 4, good)
"#;

#[test]
fn reading_is_for_all_and_changing_for_root() {
    on_three(|c| {
        let node = c.node(1);
        let user = |line: &str| node.command(["bash", "-c", line]).user("user").output();
        let shown = user("mosix status --json")?;
        ensure!(shown.success(), "{shown:?}");
        ensure!(user("mosix version")?.success());
        expect_failure(&user("mosix down")?, 4, &["root"])?;
        // For the key alone it would not come to asking the module.
        let up = user("mosix up")?;
        ensure!(!up.success() && up.stderr.contains("ermission"), "{up:?}");
        let refused = user(&format!("python3 -c '{FORBIDDEN}' {ABI_VERSION}"))?;
        ensure!(refused.success(), "{refused:?}");
        mosix::wait_alive(c)
    });
}

#[test]
fn the_module_goes_when_nobody_uses_it() {
    on_three(|c| {
        let node = c.node(2);
        let holder = node.spawn("exec 9</dev/mosix; echo open; sleep 300")?;
        wait_for(&node, "the device is held open", |_| {
            node.exec("fuser -s /dev/mosix")
                .is_ok_and(|out| out.success())
        })?;
        expect_failure(&node.exec("rmmod mosix")?, 1, &["in use"])?;
        ensure!(status(&node)?.all_alive(), "it goes on as if nothing was");
        drop(holder);
        wait_for(&c.node(1), "nobody holds the device", |_| {
            node.exec("fuser -s /dev/mosix")
                .is_ok_and(|out| !out.success())
        })?;
        // While it is up, as well as before and after.
        let load = mosix::LOAD;
        let cycles = format!(
            "rmmod mosix
             for i in $(seq 20); do
                 {load}
                 [ $((i % 3)) = 0 ] || mosix up >/dev/null
                 [ $((i % 3)) = 1 ] || mosix down 2>/dev/null || [ $((i % 3)) = 0 ]
                 rmmod mosix
             done
             {load}"
        );
        let limit = Duration::from_secs(120) * mosix_cluster::testing::kernel().slowness();
        let script = ["bash", "-euo", "pipefail", "-c", &cycles];
        node.command(script).limit(limit).run()?;
        let threads = node.sh("ps -eo comm | grep -c '^mosix' || true")?;
        assert_eq!(threads, "0", "threads of the module while it is not up");
        mosix::up(&node)?;
        mosix::wait_alive(c)
    });
}
