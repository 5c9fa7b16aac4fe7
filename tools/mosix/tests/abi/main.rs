// SPDX-License-Identifier: GPL-2.0
//! The records of `/dev/mosix`: what is encoded is decoded, what is hostile is refused.

use mosix_core::control::abi::{
    config::{self, ConfigError, Node, Parameters, Times},
    export::PathRule,
    Integrity,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

mod args;
mod configuration;
mod export;
mod ping;
mod properties;
mod status;

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
    encode_with(nodes, &[], change)
}

fn encode_with(
    nodes: &[(u16, String, SocketAddr)],
    rules: &[PathRule<'_>],
    change: impl FnOnce(&mut Parameters<'_>),
) -> Result<Vec<u8>, ConfigError> {
    let nodes: Vec<Node<'_>> = nodes
        .iter()
        .map(|(number, name, address)| Node {
            number: *number,
            name,
            address: *address,
            integrity: Integrity::Full,
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
        root_squash: false,
        rules,
    };
    change(&mut parameters);
    let mut blob = vec![0xff; config::encoded_len(nodes.len(), parameters.rules)];
    config::encode(&mut blob, &parameters, &nodes).map(drop)?;
    Ok(blob)
}

fn good() -> Vec<u8> {
    encode(&nodes([1, 2, 300]), |_| {}).unwrap()
}
