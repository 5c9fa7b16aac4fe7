// SPDX-License-Identifier: GPL-2.0
//! Writing of a configuration blob; what it means is in [`config`](super::config).

use zerocopy::{
    little_endian::{
        U16,
        U32, //
    },
    IntoBytes as _, //
};

use super::{
    config::{
        Config,
        Header,
        Node,
        NodeRecord,
        MAGIC, //
    },
    error::ConfigError,
    export::{
        self,
        PathRule, //
    },
    times::Times,
    BuildId,
    Integrity,
    Name,
    ABI_VERSION,
    KEY_LEN,
    MAX_NODES, //
};

/// What [`encode`] puts into the header.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    /// Name of the cluster.
    pub cluster: &'a str,
    /// Number of the node this is.
    pub own: u16,
    /// TCP port to listen on.
    pub listen_port: u16,
    /// How frames are protected unless a node's own table says otherwise.
    pub integrity: Integrity,
    /// Times of the failure detector.
    pub times: Times,
    /// Build id of the running kernel.
    pub build_id: BuildId,
    /// The cluster key.
    pub key: &'a [u8; KEY_LEN],
    /// Whether user and group 0 of other nodes are nobody on this one.
    pub root_squash: bool,
    /// What this node exports and hides, sorted by path.
    pub rules: &'a [PathRule<'a>],
}

/// Bytes of the blob of `nodes` nodes, one of which exports and hides what `rules` say.
pub fn encoded_len(nodes: usize, rules: &[PathRule<'_>]) -> usize {
    size_of::<Header>()
        .saturating_add(nodes.saturating_mul(size_of::<NodeRecord>()))
        .saturating_add(export::encoded_len(rules))
}

/// Writes a blob into `out`, which must have [`encoded_len`] bytes exactly, and checks it as
/// [`Config::decode`] does. The nodes must be sorted by number.
pub fn encode<'a>(
    out: &'a mut [u8],
    parameters: &Parameters<'_>,
    nodes: &[Node<'_>],
) -> Result<Config<'a>, ConfigError> {
    if nodes.len() > MAX_NODES {
        return Err(ConfigError::NodeCount);
    }
    let len = encoded_len(nodes.len(), parameters.rules);
    if out.len() != len {
        return Err(ConfigError::Length);
    }
    let path_count = u16::try_from(parameters.rules.len()).map_err(|_| ConfigError::PathCount)?;
    let header = Header {
        magic: MAGIC,
        abi: U32::new(ABI_VERSION),
        total_len: U32::new(len as u32),
        node_count: U32::new(nodes.len() as u32),
        own: U16::new(parameters.own),
        listen_port: U16::new(parameters.listen_port),
        heartbeat_ms: U32::new(parameters.times.heartbeat),
        suspect_ms: U32::new(parameters.times.suspect),
        dead_ms: U32::new(parameters.times.dead),
        integrity: parameters.integrity as u8,
        root_squash: parameters.root_squash.into(),
        path_count: U16::new(path_count),
        reserved: [0; 12],
        cluster: Name::new(parameters.cluster).ok_or(ConfigError::ClusterName)?,
        build_id: parameters.build_id,
        reserved_tail: [0; 24],
        key: *parameters.key,
    };
    let (head, tail) = out
        .split_at_mut_checked(size_of::<Header>())
        .ok_or(ConfigError::Length)?;
    head.copy_from_slice(header.as_bytes());
    let (tail, paths) = tail
        .split_at_mut_checked(nodes.len().saturating_mul(size_of::<NodeRecord>()))
        .ok_or(ConfigError::Length)?;
    export::encode(paths, parameters.rules)?;
    let slots = tail.chunks_exact_mut(size_of::<NodeRecord>());
    for (slot, node) in slots.zip(nodes) {
        let number = node.number;
        let record = NodeRecord::new(node).ok_or(ConfigError::NodeName { number })?;
        slot.copy_from_slice(record.as_bytes());
    }
    Config::decode(out)
}
