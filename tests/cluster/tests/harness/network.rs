// SPDX-License-Identifier: GPL-2.0
//! The private network: reachability, delay, loss, and the harness as a peer.

use std::io::{Read, Write};

use anyhow::bail;
use mosix_cluster::testing::{on_cluster, Shape};

use crate::{eventually, pings, PATIENCE};

#[test]
fn nodes_reach_each_other_over_ipv4_and_ipv6() {
    on_cluster(2, |c| {
        for (from, to) in [
            (1, "10.77.0.2"),
            (2, "10.77.0.1"),
            (1, "fd77::2"),
            (2, "fd77::1"),
            (1, "node2"),
        ] {
            assert!(pings(&c.node(from), to)?, "node {from} does not reach {to}");
        }
        assert!(
            pings(&c.node(1), "10.77.0.254")? && pings(&c.node(1), "fd77::fe")?,
            "the host's end of the switch"
        );
        Ok(())
    });
}

#[test]
fn harness_talks_to_the_nodes_itself() {
    on_cluster(2, |c| {
        let serve =
            "import socket; s = socket.create_server(('', 7000)); print('up', flush=True); \
                     c = s.accept()[0]; c.sendall(c.recv(100).upper())";
        let mut server = c.node(2).command(["python3", "-c", serve]).spawn()?;
        eventually("the server listens", || {
            Ok(server.output_so_far()?.stdout == "up\n")
        })?;
        let mut stream = c.tcp_connect(2, 7000)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"hello")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        assert_eq!(answer, "HELLO");
        assert!(c.tcp_connect(1, 7000).is_err(), "nobody listens there");

        let listener = c.tcp_listen(7001)?;
        let client = c
            .node(1)
            .spawn("echo from the guest >/dev/tcp/10.77.0.254/7001")?;
        let mut text = String::new();
        listener.accept()?.0.read_to_string(&mut text)?;
        assert_eq!(text, "from the guest\n");
        assert!(client.wait()?.success());
        Ok(())
    });
}

#[test]
fn delay_shows_in_the_round_trip() {
    Shape::nodes(2)
        .with(|b| b.delay_ms(200).no_nfs_export(2))
        .run(|c| {
            let out = c.node(1).sh("ping -c 3 -W 20 10.77.0.2")?;
            // rtt min/avg/max/mdev = 400.5/401.2/402.3/0.1 ms
            let Some(min) = out
                .split("= ")
                .nth(1)
                .and_then(|tail| tail.split('/').next()?.parse::<f64>().ok())
            else {
                bail!("ping printed no times: {out}");
            };
            assert!(
                min >= 399.0,
                "200 ms each way, but a round trip of {min} ms"
            );
            let mounts = |n| c.node(n).sh("cat /proc/mounts");
            assert!(mounts(1)?.contains("nfs_export=on"));
            assert!(
                !mounts(2)?.contains("nfs_export=on"),
                "node 2 was to do without"
            );
            Ok(())
        });
}

#[test]
fn loss_loses_packets() {
    Shape::nodes(2).with(|b| b.loss_pct(50.0)).run(|c| {
        // Known beforehand, so that no lost address resolution loses a second's packets at a time.
        for (at, other) in [(1, 2), (2, 1)] {
            let mac = c.node(other).sh("cat /sys/class/net/eth0/address")?;
            c.node(at).sh(&format!(
                "ip neigh replace 10.77.0.{other} lladdr {} nud permanent dev eth0",
                mac.trim()
            ))?;
        }
        // Both directions lose half: the chance that none or all of 60 come back is negligible.
        let out = c.node(1).exec("ping -c 60 -i 0.02 -W 1 10.77.0.2")?;
        let received = out
            .stdout
            .split(", ")
            .find_map(|part| part.strip_suffix(" received")?.parse::<u32>().ok());
        assert!(matches!(received, Some(1..=59)), "{}", out.stdout);
        Ok(())
    });
}
