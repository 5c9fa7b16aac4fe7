// SPDX-License-Identifier: GPL-2.0
//! Faults and their ends, and clusters that leave nothing behind.

use std::fs;

use mosix_cluster::{node::Power, state, testing::on_cluster, Cluster, Fault, Node};

use crate::{eventually, pings};

#[test]
fn cut_and_silenced_nodes_are_unreachable_until_healed() {
    on_cluster(2, |c| {
        for (fault, carrier) in [(Fault::Cut, "0"), (Fault::Silence, "1")] {
            c.node(2).fault(fault)?;
            eventually("the carrier is as it should be", || {
                Ok(c.node(2).sh("cat /sys/class/net/eth0/carrier")? == carrier)
            })?;
            assert!(!pings(&c.node(1), "10.77.0.2")?, "{fault:?} has no effect");
            c.node(2).fault(Fault::Heal)?;
            eventually("it is reachable again", || pings(&c.node(1), "10.77.0.2"))?;
        }
        Ok(())
    });
}

#[test]
fn frozen_node_stands_still_until_thawed() {
    on_cluster(2, |c| {
        let node = c.node(2);
        node.sh("nohup bash -c 'while :; do echo tick >>/tmp/ticks; sleep 0.05; done' >/dev/null 2>&1 & echo $! >/tmp/pid")?;
        node.fault(Fault::Freeze)?;
        assert_eq!(node.power(), Power::Frozen);
        let error = node.exec("true").unwrap_err().to_string();
        assert!(error.contains("frozen"), "{error}");
        assert!(!pings(&c.node(1), "10.77.0.2")?);
        node.fault(Fault::Thaw)?;
        assert_eq!(node.power(), Power::On);
        let ticks = node.sh("wc -l </tmp/ticks")?;
        eventually("its programs go on", || {
            Ok(node.sh("wc -l </tmp/ticks")? != ticks)
        })?;
        node.sh("kill $(cat /tmp/pid); rm /tmp/ticks /tmp/pid")?;
        Ok(())
    });
}

#[test]
fn killed_node_starts_again_with_its_disks() {
    on_cluster(2, |c| {
        let node = c.node(2);
        let boots = |node: &Node| node.log_from(0).matches("Linux version ").count();
        let before = boots(&node);
        node.sh("echo kept >/data/kept; echo kept >/root/kept; sync")?;
        let waiting = node.spawn("sleep 600")?;
        node.fault(Fault::Kill)?;
        assert_eq!(node.power(), Power::Off);
        for error in [
            node.exec("true").unwrap_err(),
            waiting.wait().map(drop).unwrap_err(),
        ] {
            assert!(error.to_string().contains("node 2 is off"), "{error:#}");
        }
        assert!(node.fault(Fault::Kill).is_err(), "it is off already");
        assert!(!pings(&c.node(1), "10.77.0.2")?);
        node.start()?;
        assert_eq!(
            node.sh("cat /data/kept /root/kept; rm /data/kept /root/kept")?,
            "kept\nkept"
        );
        eventually("it is reachable again", || pings(&c.node(1), "10.77.0.2"))?;
        node.fault(Fault::Reboot)?;
        assert_eq!(boots(&node), before + 2, "the log holds all boots");
        Ok(())
    });
}

#[test]
fn clusters_run_side_by_side_and_leave_nothing() {
    let first = Cluster::builder().nodes(1).up().unwrap();
    let second = Cluster::builder().nodes(1).up().unwrap();
    // Same addresses, separate networks.
    for (cluster, word) in [(&first, "first"), (&second, "second")] {
        cluster
            .node(1)
            .put_bytes(word.as_bytes(), 0o644, "/tmp/name")
            .unwrap();
    }
    assert_eq!(first.node(1).get_bytes("/tmp/name").unwrap(), b"first");
    let same = Cluster::builder().name(first.name()).nodes(1).up();
    assert!(same.unwrap_err().to_string().contains("already"));

    let (name, pids) = (first.name().to_owned(), processes_of(first.name()));
    assert!(pids.len() >= 2, "machine and keeper: {pids:?}");
    let node = first.node(1);
    first.down().unwrap();
    assert_eq!(processes_of(&name), Vec::<i32>::new());
    assert!(!mosix_cluster::layout::clusters().join(&name).exists());
    assert!(node.exec("true").is_err());
    assert_eq!(second.node(1).get_bytes("/tmp/name").unwrap(), b"second");

    let name = second.name().to_owned();
    drop(second);
    assert_eq!(processes_of(&name), Vec::<i32>::new());
    assert!(state::list().iter().all(|(other, _)| *other != name));
}

/// Processes that have a cluster's name on their command line.
fn processes_of(cluster: &str) -> Vec<i32> {
    let own = std::process::id() as i32;
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| contains(&line, cluster.as_bytes()))
        })
        .collect()
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
