// SPDX-License-Identifier: GPL-2.0

//! What the fuzz targets and the tests do with bytes that claim to be records of `/dev/mosix`:
//! decode them, use all that comes out, and check that it says the same as the bytes.

use zerocopy::FromBytes as _;

use crate::control::abi::{
    config::{self, Config, Node, Parameters},
    export::{is_path, PathRule, MAX_PATHS},
    ping::{Request, FLAG_ONCE, MAX_BYTES, MAX_COUNT, MAX_TIMEOUT_MS},
    status::{self, Status},
    Args, Op,
};

/// Any bytes as a configuration. Whether they are one.
///
/// # Panics
///
/// When the decoder accepted what its own encoder would not have written.
pub fn config(bytes: &[u8]) -> bool {
    let Ok(config) = Config::decode(bytes) else {
        return false;
    };
    assert_eq!(config.check_successor(&config), Ok(()));
    assert_eq!(config.times().check(), Ok(()));
    assert_eq!(config.node(config.own().number), Some(config.own()));
    assert!(!format!("{config:?}").contains("key"));

    let nodes: Vec<Node<'_>> = config.nodes().collect();
    assert_eq!(nodes.len(), config.node_count());
    for node in &nodes {
        assert!(config::is_node_name(node.name));
        assert_eq!(config.node(node.number).as_ref(), Some(node));
    }
    let policy = config.policy();
    let rules: Vec<PathRule<'_>> = policy.rules().collect();
    assert!(rules.len() <= MAX_PATHS);
    assert!(rules.iter().all(|rule| is_path(rule.path)));
    let parameters = Parameters {
        cluster: config.cluster(),
        own: config.own().number,
        listen_port: config.listen_port(),
        integrity: config.integrity(),
        times: config.times(),
        build_id: *config.build_id(),
        key: config.key(),
        root_squash: policy.root_squash,
        rules: &rules,
    };
    let mut again = vec![0; config::encoded_len(nodes.len(), &rules)];
    config::encode(&mut again, &parameters, &nodes).expect("what was decoded can be encoded");
    assert!(again == bytes, "two blobs mean the same");
    true
}

/// Any bytes as a status. Whether they are one.
///
/// # Panics
///
/// When the decoder accepted what its own encoder would not have written.
pub fn status(bytes: &[u8]) -> bool {
    let Ok(status) = Status::decode(bytes) else {
        return false;
    };
    assert!(!format!("{status:?}").contains("(malformed)"));
    let mut again = vec![0; status::encoded_len(status.nodes.len())];
    let mut writer = status::Writer::new(&mut again);
    for node in status.nodes {
        assert!(node.state().is_some() && node.endpoint.socket().is_some());
        writer.node(node);
    }
    assert_eq!(writer.finish(*status.header), bytes.len());
    assert!(again == bytes, "two blobs mean the same");
    true
}

/// Any bytes as the argument of any ioctl. Whether they are good for one.
pub fn args(bytes: &[u8]) -> bool {
    let Ok((request, rest)) = u32::read_from_prefix(bytes) else {
        return false;
    };
    let Ok(args) = Args::read_from_bytes(rest) else {
        return false;
    };
    // The same bytes for the operation they name and for every other one.
    let named = Op::from_request(request);
    let good = Op::ALL.map(|op| args.check(op).is_ok());
    named.is_some() && good.contains(&true)
}

/// Any bytes as what tries a link. Whether they are a request that can be made.
///
/// # Panics
///
/// When a request was accepted that asks for more than the module does.
pub fn ping(bytes: &[u8]) -> bool {
    let Ok(request) = Request::ref_from_bytes(bytes) else {
        return false;
    };
    if !request.is_valid() {
        return false;
    }
    let once = request.flags.get() & FLAG_ONCE != 0;
    assert!((1..=MAX_COUNT).contains(&request.count.get()));
    assert!((1..=MAX_TIMEOUT_MS).contains(&request.timeout_ms.get()));
    assert!(request.bytes.get() <= if once { 0 } else { MAX_BYTES });
    true
}
