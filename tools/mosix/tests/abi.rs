// SPDX-License-Identifier: GPL-2.0
//! The records of `/dev/mosix`: what is encoded is decoded, what is hostile is refused.

use mosix_core::{
    control::abi::{
        config::{self, Config, ConfigError, Node, Parameters, Times},
        status::{self, NodeRecord, State, Status, StatusError},
        text::Text,
        Args, ArgsError, Endpoint, HookOp, Integrity, Name, Op, Reason, ABI_VERSION,
    },
    exercise,
};
use proptest::{collection::btree_map, prelude::*};
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};
use zerocopy::IntoBytes as _;

/// Nodes with the given numbers, all different.
fn nodes(numbers: impl IntoIterator<Item = u16>) -> Vec<(u16, String, SocketAddr)> {
    numbers
        .into_iter()
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            let ip = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
            (number, format!("n{number}"), SocketAddr::new(ip, 4660))
        })
        .collect()
}

fn encode(
    nodes: &[(u16, String, SocketAddr)],
    change: impl FnOnce(&mut Parameters<'_>),
) -> Result<Vec<u8>, ConfigError> {
    let nodes: Vec<Node<'_>> = nodes
        .iter()
        .map(|(number, name, address)| Node {
            number: *number,
            name,
            address: *address,
        })
        .collect();
    let mut parameters = Parameters {
        cluster: "demo",
        own: 1,
        listen_port: 4660,
        integrity: Integrity::Full,
        times: Times::DEFAULT,
        build_id: [7; 20],
        key: &[9; 32],
    };
    change(&mut parameters);
    let mut blob = vec![0xff; config::encoded_len(nodes.len())];
    config::encode(&mut blob, &parameters, &nodes).map(drop)?;
    Ok(blob)
}

fn good() -> Vec<u8> {
    encode(&nodes([1, 2, 300]), |_| {}).unwrap()
}

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
fn request_numbers_are_those_of_the_kernel_macro() {
    // _IOWR(0xBB, nr, 64 bytes)
    let requests: Vec<u32> = Op::ALL.iter().map(|op| op.request()).collect();
    let expected: Vec<u32> = (1..=6).map(|nr| 0xc040_bb00 | nr).collect();
    assert_eq!(requests, expected);
    for op in Op::ALL {
        assert_eq!(Op::from_request(op.request()), Some(op));
    }
    for request in [
        0,
        0xc040_bb00,
        0xc040_bb07,
        0xc041_bb01,
        0x8040_bb01,
        0xc040_bc01,
    ] {
        assert_eq!(Op::from_request(request), None);
    }
    assert_eq!(
        nix::request_code_readwrite!(0xBB, 1, 64),
        Op::Up.request().into()
    );
}

#[test]
fn arguments_are_checked() {
    for op in Op::ALL {
        let mut args = Args::new();
        if op == Op::HookTry {
            assert_eq!(
                args.check(op),
                Err(ArgsError::Reserved),
                "there is no operation 0"
            );
            args.op.set(HookOp::Start as u32);
            args.arg.set(110);
        }
        assert_eq!(args.check(op), Ok(()));

        let other = Args {
            version: (ABI_VERSION + 1).into(),
            ..args
        };
        let expected = if op == Op::Version {
            Ok(())
        } else {
            Err(ArgsError::Version)
        };
        assert_eq!(other.check(op), expected);

        args.in_len.set(op.max_in() as u32);
        assert_eq!(args.check(op), Ok(()));
        let long = Args {
            in_len: (op.max_in() as u32 + 1).into(),
            ..args
        };
        assert_eq!(long.check(op), Err(ArgsError::TooLong));

        for reserved in [
            Args {
                flags: 1.into(),
                ..args
            },
            Args {
                op: 4.into(),
                ..args
            },
            Args {
                reserved: [0.into(), 1.into()],
                ..args
            },
            Args {
                op: (HookOp::Read as u32).into(),
                arg: 1.into(),
                ..args
            },
        ] {
            assert_eq!(reserved.check(op), Err(ArgsError::Reserved));
        }
    }
}

#[test]
fn only_status_and_version_are_for_all() {
    let open: Vec<Op> = Op::ALL.into_iter().filter(|op| !op.needs_admin()).collect();
    assert_eq!(open, [Op::Status, Op::Version]);
}

#[test]
fn texts() {
    assert_eq!(Text::<4>::new("abc").unwrap().get(), Some("abc"));
    assert_eq!(Text::<4>::new("abcd"), None);
    assert_eq!(Text::<4>::new("a\0"), None);
    assert_eq!(Text::<4>::cut("abcd").get(), Some("abc"));
    assert_eq!(
        Text::<4>::cut("abü").get(),
        Some("ab"),
        "a character is not cut in two"
    );
    assert_eq!(Text::<4>::cut("a\0b").get(), Some("a"));
    let mut text = Text::<8>::EMPTY;
    use std::fmt::Write as _;
    assert!(write!(text, "{}-{}", 12, 34).is_ok());
    assert!(
        write!(text, "{}", 5678).is_err(),
        "what does not fit is an error"
    );
    assert_eq!(text.get(), Some("12-3456"), "what fits is kept");
}

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
    assert_eq!(config::MAX_LEN, config::encoded_len(1024));
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
    patched(37, &[1], Reserved);
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
    patched(node(0) + 2, &[1], Reserved);
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
    says(check(&moved, |_| {}), "address of this node");
    says(check(&two, |new| new.own = 2), "number");
    says(
        check(&two, |new| new.cluster = "other"),
        "name of the cluster",
    );
    says(check(&two, |new| new.listen_port = 1), "port");
    says(
        check(&two, |new| new.integrity = Integrity::Header),
        "integrity",
    );
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

/// A status with all states and texts of full length.
fn report() -> Vec<u8> {
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
        (node(2) + 3, 1, StatusError::Field),
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

prop_compose! {
    fn any_nodes()(
        map in btree_map(1..=u16::MAX, (any::<bool>(), 1..=u16::MAX), 1..40)
    ) -> Vec<(u16, String, SocketAddr)> {
        map.into_iter()
            .map(|(number, (v6, port))| {
                let ip = if v6 { format!("fd77::{number:x}") } else {
                    format!("10.1.{}.{}", number >> 8, number & 0xff)
                };
                (number, format!("node-{number}"), SocketAddr::new(ip.parse().unwrap(), port))
            })
            .collect()
    }
}

proptest! {
    #[test]
    fn any_configuration_survives(nodes in any_nodes(), pick: prop::sample::Index, key in 1_u8.., port in 1_u16..) {
        let own = nodes[pick.index(nodes.len())].clone();
        let key = [key; 32];
        let mut parameters = Parameters {
            cluster: "ü",
            own: own.0,
            listen_port: port,
            integrity: Integrity::Header,
            times: Times::DEFAULT,
            build_id: [1; 20],
            key: &key,
        };
        parameters.times.dead = 6_500;
        let list: Vec<Node<'_>> = nodes
            .iter()
            .map(|(number, name, address)| Node { number: *number, name, address: *address })
            .collect();
        let mut blob = vec![0; config::encoded_len(list.len())];
        config::encode(&mut blob, &parameters, &list).unwrap();
        let config = Config::decode(&blob).unwrap();
        prop_assert_eq!(config.nodes().collect::<Vec<_>>(), list);
        prop_assert_eq!(config.own().address, own.2);
        prop_assert_eq!((config.key(), config.listen_port()), (&key, port));
        prop_assert!(exercise::config(&blob));
    }

    #[test]
    fn flipped_bits_never_panic_and_never_mean_two_things(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u32), 1..6)
    ) {
        for (mut blob, exercise) in [
            (good(), exercise::config as fn(&[u8]) -> bool),
            (report(), exercise::status),
        ] {
            for (at, bit) in &flips {
                let at = at.index(blob.len());
                blob[at] ^= 1 << bit;
            }
            exercise(&blob);
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..800)) {
        prop_assert!(!exercise::config(&bytes));
        prop_assert!(!exercise::status(&bytes));
        exercise::args(&bytes);
    }
}
