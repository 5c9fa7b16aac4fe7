// SPDX-License-Identifier: GPL-2.0
//! The status blob.

use crate::nodes;
use mosix_core::{
    control::abi::{
        status::{self, NodeRecord, State, Status, StatusError},
        Integrity, Name, Reason,
    },
    exercise,
};

/// A status with all states and texts of full length.
pub fn report() -> Vec<u8> {
    let mut header = status::Header::down();
    header.up = 1;
    header.own.set(1);
    header.integrity = Integrity::Encrypt as u8;
    header.cluster = Name::new("demo").unwrap();
    header.counters.bytes_in.set(u64::MAX);
    let records: Vec<NodeRecord> = nodes(1..=7)
        .into_iter()
        .zip(State::ALL)
        .map(|((number, name, address), state)| {
            let name = Name::new(&name).unwrap();
            let mut record = NodeRecord::new(number, name, address.into(), state);
            record.reason = Reason::cut(&"é".repeat(100));
            record.rtt_smooth_ns.set(1);
            record
        })
        .collect();
    let mut blob = vec![0xff; status::encoded_len(records.len())];
    let mut writer = status::Writer::new(&mut blob);
    for record in &records {
        writer.node(record);
    }
    assert_eq!(writer.finish(header), blob.len());
    blob
}

#[test]
fn a_status_arrives_whole() {
    let blob = report();
    let status = Status::decode(&blob).unwrap();
    assert_eq!(status.header.cluster.get(), Some("demo"));
    let states: Vec<_> = status.nodes.iter().filter_map(NodeRecord::state).collect();
    assert_eq!(states, State::ALL);
    assert_eq!(status.nodes[0].reason.get().unwrap(), "é".repeat(63));
    assert!(exercise::status(&blob));
}

#[test]
fn a_status_of_a_node_that_is_not_up_is_a_header() {
    let mut blob = vec![0xff; status::encoded_len(0)];
    assert_eq!(
        status::Writer::new(&mut blob).finish(status::Header::down()),
        256
    );
    let status = Status::decode(&blob).unwrap();
    assert_eq!((status.header.up, status.nodes.len()), (0, 0));
}

#[test]
fn a_status_writer_without_room_tells_how_much_it_needs() {
    let whole = report();
    let status = Status::decode(&whole).unwrap();
    for room in [0, 1, 255, 256, 257, 623, 624, whole.len() - 1] {
        let mut blob = vec![0xee; room];
        let mut writer = status::Writer::new(&mut blob);
        for record in status.nodes {
            writer.node(record);
        }
        assert_eq!(
            writer.finish(*status.header),
            whole.len(),
            "room for {room}"
        );
        assert!(Status::decode(&blob).is_err());
    }
}

#[test]
fn a_status_that_is_none_is_refused() {
    let whole = report();
    for len in 0..whole.len() {
        assert!(Status::decode(&whole[..len]).is_err(), "{len} bytes");
    }
    let node = |number: usize| 256 + number * 368;
    for (at, byte, expected) in [
        (0, 0, StatusError::Magic),
        (8, 9, StatusError::Version),
        (12, 1, StatusError::Length),
        (16, 6, StatusError::Length),
        (16, 8, StatusError::Length),
        (17, 5, StatusError::Field),
        (20, 2, StatusError::Field),
        (20, 0, StatusError::Field),
        (21, 3, StatusError::Field),
        (24, 0xff, StatusError::Field),
        (170, 1, StatusError::Field),
        (node(2) + 2, 7, StatusError::Field),
        (node(2) + 3, 3, StatusError::Field),
        (node(2) + 4, 1, StatusError::Field),
        (node(2) + 8, 5, StatusError::Field),
        (node(2) + 32, 0xff, StatusError::Field),
        (node(2) + 96, 0xff, StatusError::Field),
        (node(2) + 224, 0xff, StatusError::Field),
        (node(2), 2, StatusError::Order),
        (node(2), 1, StatusError::Order),
    ] {
        let mut blob = whole.clone();
        assert_ne!(blob[at], byte);
        blob[at] = byte;
        assert_eq!(
            Status::decode(&blob).unwrap_err(),
            expected,
            "{byte} at {at}"
        );
    }
}
