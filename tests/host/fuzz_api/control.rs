// SPDX-License-Identifier: GPL-2.0

//! The records of the control device.

use super::{
    altered,
    Input, //
};
use crate::control::abi::{
    config::{
        self,
        Config,
        Node,
        Parameters,
        Times, //
    },
    export::{
        is_path,
        is_within,
        PathRule,
        Rule, //
    },
    ping,
    status::{
        self,
        NodeRecord,
        State,
        Status, //
    },
    Args,
    Integrity,
    Name,
    Op, //
};
use std::net::SocketAddr;

const PING_LEN: usize = size_of::<ping::Request>();

/// One to four nodes, as the input says.
fn nodes(input: &mut Input<'_>) -> Vec<Node<'static>> {
    let node = |(number, name)| Node {
        number,
        name,
        address: SocketAddr::from(([10, 77, 0, 1], number)),
        integrity: Integrity::Header,
    };
    let count = 1 + usize::from(input.byte() % 4);
    let names = ["a", "node-two", "c.example", "x"];
    (1..).zip(names).map(node).take(count).collect()
}

/// Up to four paths, as the input says.
fn rules(input: &mut Input<'_>) -> Vec<PathRule<'static>> {
    let rule = |(path, rule): (&'static str, _)| PathRule {
        path: path.as_bytes(),
        rule,
    };
    let count = usize::from(input.byte() % 5);
    [
        ("/", Rule::Write),
        ("/data/in", Rule::Read),
        ("/data/in/side", Rule::Write),
        ("/root", Rule::Hide),
    ]
    .map(rule)
    .into_iter()
    .take(count)
    .collect()
}

/// The configuration that `up` hands to the module.
pub fn config(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let nodes = nodes(&mut input);
    let rules = rules(&mut input);
    let mut valid = vec![0; config::encoded_len(nodes.len(), &rules)];
    let parameters = Parameters {
        cluster: "fuzz",
        own: 1,
        listen_port: 1,
        integrity: Integrity::Full,
        times: Times::DEFAULT,
        build_id: [0xb1; 20],
        key: &[0x42; 32],
        root_squash: input.byte() & 1 != 0,
        rules: &rules,
    };
    config::encode(&mut valid, &parameters, &nodes).expect("a valid configuration");
    let blob = altered(&mut input, valid);
    let config = match Config::decode(&blob) {
        Ok(config) => config,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    assert!(config.times().check().is_ok());
    assert!(!config.cluster().is_empty());
    assert_eq!(config.nodes().count(), config.node_count());
    assert_eq!(config.node(config.own().number), Some(config.own()));
    let mut last = 0;
    for node in config.nodes() {
        assert!(node.number > last && !node.name.is_empty() && node.address.port() != 0);
        last = node.number;
    }
    let mut last: &[u8] = b"";
    let hidden = |rule: &PathRule<'_>| rule.rule == Rule::Hide;
    for rule in config.policy().rules() {
        assert!(rule.path > last && is_path(rule.path));
        last = rule.path;
        let mut above = config.policy().rules().filter(hidden);
        assert!(hidden(&rule) || !above.any(|above| is_within(rule.path, above.path)));
    }
    assert_eq!(config.check_successor(&config), Ok(()));
    assert!(
        format!("{config:?}").ends_with(".. }"),
        "the key is not shown"
    );
    true
}

/// The status that the command gets from the module.
pub fn status(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let nodes = nodes(&mut input);
    let mut valid = vec![0; status::encoded_len(nodes.len())];
    let mut writer = status::Writer::new(&mut valid);
    for node in &nodes {
        let name = Name::new(node.name).expect("short");
        let record = NodeRecord::new(node.number, name, node.address.into(), State::Alive);
        writer.node(&record);
    }
    let header = status::Header {
        up: 1,
        ..status::Header::down()
    };
    writer.finish(header);
    let blob = altered(&mut input, valid);
    let status = match Status::decode(&blob) {
        Ok(status) => status,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    for node in status.nodes {
        assert!(node.state().is_some());
        assert!(node.name.get().is_some() && node.reason.get().is_some());
    }
    true
}

/// The arguments of an ioctl.
pub fn ioctl(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let op = Op::ALL[usize::from(input.byte()) % Op::ALL.len()];
    assert_eq!(Op::from_request(op.request()), Some(op));
    let valid: [u8; Args::LEN] = zerocopy::transmute!(Args::new());
    let args: Args = zerocopy::transmute!(input.altered(valid));
    if let Err(error) = args.check(op) {
        assert!(!error.to_string().is_empty());
        return false;
    }
    assert!(args.in_len.get() as usize <= op.max_in());
    if op == Op::Ping {
        let request: ping::Request = zerocopy::transmute!(input.array::<PING_LEN>());
        return request.is_valid();
    }
    true
}
