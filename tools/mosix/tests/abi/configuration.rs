// SPDX-License-Identifier: GPL-2.0
//! The configuration blob.

use crate::{encode, good, nodes};
use mosix_core::{
    control::abi::{
        config::{self, Config, ConfigError, Parameters},
        export, Endpoint, Integrity,
    },
    exercise,
};
use std::{collections::HashSet, net::SocketAddr};
use zerocopy::IntoBytes as _;

/// The error of a good blob after a change; `at` is an offset that the ABI fixes for ever.
#[track_caller]
fn patched(at: usize, bytes: &[u8], expected: ConfigError) {
    let mut blob = good();
    blob[at..at + bytes.len()].copy_from_slice(bytes);
    assert_eq!(Config::decode(&blob).unwrap_err(), expected, "at {at}");
    assert!(!expected.to_string().contains('\n'));
}

/// Offset of a node record in a configuration, and its parts.
const NODE: usize = 192;
const NODE_LEN: usize = 96;
const NODE_ADDRESS: usize = 8;
const NODE_NAME: usize = 32;

#[test]
fn a_configuration_of_every_size() {
    for count in [1, 2, 1023, 1024] {
        let nodes = nodes(1..=count);
        let blob = encode(&nodes, |parameters| parameters.own = count).unwrap();
        let config = Config::decode(&blob).unwrap();
        assert_eq!(config.own().number, count);
        let names: HashSet<&str> = config.nodes().map(|node| node.name).collect();
        assert_eq!(names.len(), usize::from(count));
        assert!(exercise::config(&blob));
    }
    assert_eq!(
        config::MAX_LEN,
        config::encoded_len(1024, &[]) + export::MAX_PATHS_LEN
    );
    assert_eq!(
        encode(&nodes(1..=1025), |_| {}),
        Err(ConfigError::NodeCount)
    );
}

#[test]
fn a_configuration_cut_or_longer_is_refused() {
    let blob = good();
    for len in 0..blob.len() {
        assert!(Config::decode(&blob[..len]).is_err(), "{len} bytes");
        assert!(!exercise::config(&blob[..len]));
    }
    let longer = [blob, vec![0]].concat();
    assert_eq!(Config::decode(&longer).unwrap_err(), ConfigError::Length);
}

#[test]
fn every_bad_field_has_its_own_error() {
    use ConfigError::*;
    let node = |number| NODE + number * NODE_LEN;
    patched(0, b"x", Magic);
    patched(8, &[9], Version { found: 9 });
    patched(12, &[0], Length);
    patched(16, &0_u32.to_le_bytes(), NodeCount);
    patched(16, &1025_u32.to_le_bytes(), NodeCount);
    patched(16, &u32::MAX.to_le_bytes(), NodeCount);
    patched(16, &4_u32.to_le_bytes(), Truncated);
    patched(16, &2_u32.to_le_bytes(), Length);
    patched(20, &[3], OwnMissing { number: 3 });
    patched(22, &[0, 0], ListenPort);
    patched(24, &0_u32.to_le_bytes(), HeartbeatTime);
    patched(24, &667_u32.to_le_bytes(), HeartbeatTime);
    patched(28, &99_u32.to_le_bytes(), SuspectTime);
    patched(28, &u32::MAX.to_le_bytes(), SuspectTime);
    patched(32, &4999_u32.to_le_bytes(), DeadTime { least: 5000 });
    patched(32, &u32::MAX.to_le_bytes(), DeadTime { least: 5000 });
    patched(36, &[3], Integrity);
    patched(37, &[2], Reserved);
    patched(38, &[1, 0], Truncated);
    patched(38, &[65, 0], PathCount);
    patched(40, &[1], Reserved);
    patched(51, &[1], Reserved);
    patched(52, &[0; 64], ClusterName);
    patched(52, b"\n", ClusterName);
    patched(52, b" ", ClusterName);
    patched(52, b"\xff", ClusterName);
    patched(52, &[b'x'; 64], ClusterName);
    patched(60, b"x", ClusterName);
    patched(116, &[0; 20], BuildId);
    patched(136, &[1], Reserved);
    patched(159, &[1], Reserved);
    patched(160, &[0; 32], Key);
    patched(node(0), &[0, 0], NodeNumber);
    patched(node(0) + 2, &[3], Integrity);
    patched(node(0) + 3, &[1], Reserved);
    patched(node(0) + 7, &[1], Reserved);
    for bad in [b"\0\0", b"a ", b"a/", b"a\x80", b"a\n"] {
        patched(node(0) + NODE_NAME, bad, NodeName { number: 1 });
    }
    patched(node(1) + NODE_NAME, &[b'x'; 64], NodeName { number: 2 });
    patched(node(1), &[1, 0], DuplicateNumber { number: 1 });
    patched(node(1), &[45, 1], Order { number: 300 });
    patched(
        node(1) + NODE_NAME,
        b"n1",
        DuplicateName {
            number: 2,
            other: 1,
        },
    );
    let alpha = Endpoint::from(nodes([1])[0].2);
    let duplicate = DuplicateAddress {
        number: 300,
        other: 1,
    };
    patched(node(2) + NODE_ADDRESS, alpha.as_bytes(), duplicate);
}

#[test]
fn addresses_that_no_node_can_have_are_refused() {
    let v6 = |first: u8, last: u8| {
        let mut addr = [0; 16];
        (addr[0], addr[15]) = (first, last);
        addr
    };
    let good = Endpoint {
        family: 6,
        port: 1.into(),
        addr: v6(0xfd, 1),
        ..Endpoint::default()
    };
    assert!(good.socket().is_some());
    let mut local = good;
    (local.addr[0], local.addr[1]) = (0xfe, 0x80);
    let mut mapped = Endpoint {
        addr: v6(0, 1),
        ..good
    };
    (mapped.addr[10], mapped.addr[11]) = (0xff, 0xff);
    let v4 = Endpoint {
        family: 4,
        addr: v6(10, 0),
        ..good
    };
    assert!(v4.socket().is_some());
    for bad in [
        Endpoint { family: 0, ..good },
        Endpoint { family: 5, ..good },
        Endpoint {
            reserved: 1,
            ..good
        },
        Endpoint {
            port: 0.into(),
            ..good
        },
        Endpoint {
            scope: 1.into(),
            ..good
        },
        Endpoint {
            addr: v6(0xff, 1),
            ..good
        },
        Endpoint {
            addr: v6(0, 0),
            ..good
        },
        local,
        mapped,
        Endpoint {
            scope: 1.into(),
            ..v4
        },
        Endpoint {
            addr: v6(10, 1),
            ..v4
        },
        Endpoint {
            addr: v6(224, 0),
            ..v4
        },
        Endpoint {
            addr: v6(0, 0),
            ..v4
        },
    ] {
        assert_eq!(bad.socket(), None, "{bad:?}");
        patched(
            NODE + NODE_ADDRESS,
            bad.as_bytes(),
            ConfigError::Address { number: 1 },
        );
    }
    local.scope.set(2);
    assert_eq!(Endpoint::from(local.socket().unwrap()), local);
}

#[test]
fn a_change_that_needs_a_restart_is_told_from_one_that_does_not() {
    let two = nodes([1, 2]);
    let before = encode(&two, |_| {}).unwrap();
    let before = Config::decode(&before).unwrap();
    let check = |nodes: &[(u16, String, SocketAddr)], change: fn(&mut Parameters<'_>)| {
        let next = encode(nodes, change).unwrap();
        let next = Config::decode(&next).unwrap();
        before
            .check_successor(&next)
            .map_err(|error| error.to_string())
    };
    assert_eq!(check(&nodes([1]), |_| {}), Ok(()));
    assert_eq!(check(&nodes([1, 2, 3]), |_| {}), Ok(()));
    assert_eq!(check(&two, |new| new.times.dead = 7000), Ok(()));
    let mut moved = two.clone();
    moved[1].2.set_port(1);
    assert_eq!(check(&moved, |_| {}), Ok(()));
    moved[0].2.set_port(1);
    let says = |result: Result<(), String>, word| assert!(result.unwrap_err().contains(word));
    says(
        check(&moved, |_| {}),
        "address or integrity mode of this node",
    );
    says(check(&two, |new| new.own = 2), "number");
    says(
        check(&two, |new| new.cluster = "other"),
        "name of the cluster",
    );
    says(check(&two, |new| new.listen_port = 1), "port");
    assert_eq!(check(&two, |new| new.integrity = Integrity::Header), Ok(()));
    says(check(&two, |new| new.build_id = [8; 20]), "build id");
    says(check(&two, |new| new.key = &[8; 32]), "key");
}

#[test]
fn nothing_shows_the_key() {
    let blob = encode(&nodes([1]), |new| new.key = &[0xab; 32]).unwrap();
    let shown = format!("{:?}", Config::decode(&blob).unwrap());
    assert!(
        !shown.contains("171") && !shown.to_lowercase().contains("ab, "),
        "{shown}"
    );
}
