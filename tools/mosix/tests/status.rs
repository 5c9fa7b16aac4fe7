// SPDX-License-Identifier: GPL-2.0
//! What `mosix status` shows of a status blob.

use mosix_core::control::abi::{
    status::{self, Header, NodeRecord, State, Status},
    Integrity, Name, Reason, VersionText,
};
use mosix_tool::commands::status::{json::Report, table};
use std::net::SocketAddr;

fn record(number: u16, name: &str, address: &str, state: State) -> NodeRecord {
    let address: SocketAddr = address.parse().unwrap();
    NodeRecord::new(number, Name::new(name).unwrap(), address.into(), state)
}

fn blob(header: Header, nodes: &[NodeRecord]) -> Vec<u8> {
    let mut blob = vec![0; status::encoded_len(nodes.len())];
    let mut writer = status::Writer::new(&mut blob);
    for node in nodes {
        writer.node(node);
    }
    writer.finish(header);
    blob
}

fn cluster() -> Vec<u8> {
    let mut header = Header::down();
    header.up = 1;
    header.own.set(1);
    header.integrity = Integrity::Full as u8;
    header.cluster = Name::new("demo").unwrap();
    header.incarnation.set(7);
    header.since_unix_ms.set(1_000);
    header.dead_ms.set(6_000);
    header.counters.half_open.set(3);

    let mut own = record(1, "alpha", "10.0.0.1:4660", State::Own);
    own.module = VersionText::new("0.1.0").unwrap();
    own.build_id = [0xab; 20];
    let mut alive = record(2, "beta", "[fd77::2]:7000", State::Alive);
    alive.rtt_last_ns.set(500_000);
    alive.rtt_min_ns.set(400_000);
    alive.rtt_smooth_ns.set(450_000);
    alive.incarnation.set(9);
    let mut refused = record(65535, "gamma", "10.0.0.3:4660", State::Refused);
    refused.reason = Reason::new("it has another key").unwrap();
    blob(header, &[own, alive, refused])
}

#[test]
fn the_table() {
    // The time zone of whoever runs the test must not matter: no time but that of the heading.
    let blob = cluster();
    let text = table(&Status::decode(&blob).unwrap());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("cluster \"demo\", node 1, integrity full, up since 19"));
    assert_eq!(
        lines[1..],
        [
            "",
            "NODE   NAME   ADDRESS         STATE    RTT     KERNEL        MODULE  SINCE",
            "1      alpha  10.0.0.1:4660   self     -       abababababab  0.1.0   -",
            "2      beta   [fd77::2]:7000  alive    450 us  -             -       -",
            "65535  gamma  10.0.0.3:4660   refused  -       -             -       -",
            "      it has another key",
        ]
    );
}

#[test]
fn the_json() {
    let blob = cluster();
    let report = Report::from(&Status::decode(&blob).unwrap());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["up"], true);
    assert_eq!(
        (&json["cluster"], &json["node"]),
        (&"demo".into(), &1.into())
    );
    assert_eq!(
        (&json["incarnation"], &json["integrity"]),
        (&7.into(), &"full".into())
    );
    assert_eq!(json["since"], "1970-01-01T00:00:01Z");
    assert_eq!(json["times_ms"]["dead"], 6000);
    assert_eq!(json["counters"]["half_open"], 3);
    let nodes = json["nodes"].as_array().unwrap();
    let states: Vec<_> = nodes
        .iter()
        .map(|node| node["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["self", "alive", "refused"]);
    assert_eq!(nodes[0]["kernel_build_id"], "ab".repeat(20));
    assert!(nodes[0]["rtt_ns"].is_null() && nodes[1]["kernel_build_id"].is_null());
    assert_eq!(nodes[1]["address"], "[fd77::2]:7000");
    assert_eq!(nodes[1]["rtt_ns"]["min"], 400_000);
    assert_eq!(nodes[2]["reason"], "it has another key");
    assert!(nodes[1]["reason"].is_null());
}

#[test]
fn a_node_that_is_not_up() {
    let blob = blob(Header::down(), &[]);
    let status = Status::decode(&blob).unwrap();
    assert_eq!(table(&status), "this node is not up\n");
    let json = serde_json::to_value(Report::from(&status)).unwrap();
    assert_eq!(json["up"], false);
    assert_eq!(json["nodes"], serde_json::json!([]));
    for (key, value) in json.as_object().unwrap() {
        assert!(
            value.is_null() || ["up", "nodes"].contains(&key.as_str()),
            "{key}"
        );
    }
}
