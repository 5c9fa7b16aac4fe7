// SPDX-License-Identifier: GPL-2.0
//! What holds for any configuration, any damage and any bytes.

use crate::{good, status::report};
use mosix_core::{
    control::abi::{
        config::{self, Config, Node, Parameters, Times},
        Integrity,
    },
    exercise,
};
use proptest::{collection::btree_map, prelude::*};
use std::net::SocketAddr;

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
            root_squash: true,
            rules: &[],
        };
        parameters.times.dead = 6_500;
        let list: Vec<Node<'_>> = nodes
            .iter()
            .map(|(number, name, address)| Node {
                number: *number,
                name,
                address: *address,
                integrity: Integrity::Encrypt,
            })
            .collect();
        let mut blob = vec![0; config::encoded_len(list.len(), &[])];
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
