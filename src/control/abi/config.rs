// SPDX-License-Identifier: GPL-2.0
//! The configuration blob: what `mosix up` hands to the module.
//!
//! A [`Header`], then one [`NodeRecord`] per node in ascending order of the node number, then the paths
//! of what this node exports and hides (see [`export`]), nothing behind them. [`Config::decode`] checks everything once and borrows the blob; what it hands out
//! afterwards needs no further checks.
//!
//! The header carries the cluster key: neither it nor the blob may be logged or copied to a caller.

use core::{
    fmt,
    net::SocketAddr, //
};

use zerocopy::{
    little_endian::{
        U16,
        U32, //
    },
    FromBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    export::{
        self,
        Policy, //
    },
    BuildId,
    Endpoint,
    Integrity,
    Name,
    ABI_VERSION,
    BUILD_ID_LEN,
    KEY_LEN,
    MAX_NODES, //
};

pub use super::{
    encode::{
        encode,
        encoded_len,
        Parameters, //
    },
    error::ConfigError,
    times::Times, //
};

/// First bytes of the blob.
pub const MAGIC: [u8; 8] = *b"MOSIXcfg";

/// Bytes of the longest blob.
pub const MAX_LEN: usize =
    size_of::<Header>() + MAX_NODES * size_of::<NodeRecord>() + export::MAX_PATHS_LEN;

/// First part of the blob; 192 bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`ABI_VERSION`].
    pub abi: U32,
    /// Bytes of the whole blob.
    pub total_len: U32,
    /// Number of [`NodeRecord`]s that follow.
    pub node_count: U32,
    /// Number of the node this is.
    pub own: U16,
    /// TCP port to listen on.
    pub listen_port: U16,
    /// [`Times::heartbeat`].
    pub heartbeat_ms: U32,
    /// [`Times::suspect`].
    pub suspect_ms: U32,
    /// [`Times::dead`].
    pub dead_ms: U32,
    /// An [`Integrity`].
    pub integrity: u8,
    /// 1 if user and group 0 of other nodes are nobody on this one, else 0.
    pub root_squash: u8,
    /// Number of [`export::PathRecord`]s behind the nodes.
    pub path_count: U16,
    /// Zero.
    pub reserved: [u8; 12],
    /// Name of the cluster.
    pub cluster: Name,
    /// Build id of the running kernel.
    pub build_id: BuildId,
    /// Zero.
    pub reserved_tail: [u8; 24],
    /// The cluster key.
    pub key: [u8; KEY_LEN],
}

/// Second part of the blob, once per node; 96 bytes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct NodeRecord {
    /// Node number, 1 to 65535.
    pub number: U16,
    /// An [`Integrity`].
    pub integrity: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// Where the node listens.
    pub endpoint: Endpoint,
    /// Name of the node.
    pub name: Name,
}

/// A node of a checked configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// Node number, 1 to 65535.
    pub number: u16,
    /// Name, made of `A-Z a-z 0-9 . _ -`.
    pub name: &'a str,
    /// Where it listens.
    pub address: SocketAddr,
    /// How its links are protected at least: a link has the stronger mode of its two nodes.
    pub integrity: Integrity,
}

impl NodeRecord {
    /// The record of a node; `None` when the name does not fit.
    pub fn new(node: &Node<'_>) -> Option<Self> {
        Some(Self {
            number: U16::new(node.number),
            integrity: node.integrity as u8,
            reserved: [0; 5],
            endpoint: node.address.into(),
            name: Name::new(node.name)?,
        })
    }

    /// Checks what can be checked on one record alone.
    pub fn node(&self) -> Result<Node<'_>, ConfigError> {
        let number = self.number.get();
        if number == 0 {
            return Err(ConfigError::NodeNumber);
        }
        if self.reserved.iter().any(|byte| *byte != 0) {
            return Err(ConfigError::Reserved);
        }
        let name = self.name.get().filter(|name| is_node_name(name));
        Ok(Node {
            number,
            name: name.ok_or(ConfigError::NodeName { number })?,
            address: self
                .endpoint
                .socket()
                .ok_or(ConfigError::Address { number })?,
            integrity: Integrity::from_raw(self.integrity).ok_or(ConfigError::Integrity)?,
        })
    }
}

/// Whether `name` can name a node: 1 to 63 bytes of `A-Z a-z 0-9 . _ -`.
pub fn is_node_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.len() < size_of::<Name>() && name.bytes().all(allowed)
}

/// Whether `name` can name a cluster: 1 to 63 bytes of UTF-8 without control characters and
/// without white space at either end.
pub fn is_cluster_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() < size_of::<Name>()
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

/// A configuration that was checked; borrows the blob.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    header: &'a Header,
    records: &'a [NodeRecord],
    own: Node<'a>,
    cluster: &'a str,
    integrity: Integrity,
    policy: Policy<'a>,
}

impl<'a> Config<'a> {
    /// Checks a blob.
    ///
    /// Takes time in the square of the number of nodes, which is bounded by [`MAX_NODES`].
    pub fn decode(blob: &'a [u8]) -> Result<Self, ConfigError> {
        let (header, rest) = Header::ref_from_prefix(blob).map_err(|_| ConfigError::Truncated)?;
        if header.magic != MAGIC {
            return Err(ConfigError::Magic);
        }
        if header.abi.get() != ABI_VERSION {
            return Err(ConfigError::Version {
                found: header.abi.get(),
            });
        }
        let count = header.node_count.get() as usize;
        if count == 0 || count > MAX_NODES {
            return Err(ConfigError::NodeCount);
        }
        let (records, rest) = <[NodeRecord]>::ref_from_prefix_with_elems(rest, count)
            .map_err(|_| ConfigError::Truncated)?;
        if header.total_len.get() as usize != blob.len() {
            return Err(ConfigError::Length);
        }
        let (cluster, integrity) = check_header(header)?;
        check_records(records)?;
        let root_squash = match header.root_squash {
            0 => false,
            1 => true,
            _ => return Err(ConfigError::Reserved),
        };
        let policy = Policy::decode(root_squash, header.path_count.get().into(), rest)?;
        let own = find(records, header.own.get()).ok_or(ConfigError::OwnMissing {
            number: header.own.get(),
        })?;
        Ok(Self {
            header,
            records,
            own,
            cluster,
            integrity,
            policy,
        })
    }

    /// Name of the cluster.
    pub fn cluster(&self) -> &'a str {
        self.cluster
    }

    /// The node this is.
    pub fn own(&self) -> Node<'a> {
        self.own
    }

    /// TCP port to listen on.
    pub fn listen_port(&self) -> u16 {
        self.header.listen_port.get()
    }

    /// How frames are protected unless a node's own table says otherwise.
    pub fn integrity(&self) -> Integrity {
        self.integrity
    }

    /// Times of the failure detector.
    pub fn times(&self) -> Times {
        times(self.header)
    }

    /// What other nodes may do with this node's files.
    pub fn policy(&self) -> Policy<'a> {
        self.policy
    }

    /// Build id of the running kernel.
    pub fn build_id(&self) -> &'a BuildId {
        &self.header.build_id
    }

    /// The cluster key: a secret.
    pub fn key(&self) -> &'a [u8; KEY_LEN] {
        &self.header.key
    }

    /// All nodes, this one included, in ascending order of their numbers.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'a>> + Clone + 'a {
        // Nothing is left out here: `decode` has seen every record succeed.
        self.records.iter().filter_map(|record| record.node().ok())
    }

    /// Number of nodes, this one included.
    pub fn node_count(&self) -> usize {
        self.records.len()
    }

    /// The node of that number.
    pub fn node(&self, number: u16) -> Option<Node<'a>> {
        find(self.records, number)
    }

    /// What of this configuration cannot change while the node is up.
    pub fn fixed(&self) -> Fixed<'a> {
        Fixed {
            cluster: self.cluster,
            own: self.own,
            listen_port: self.listen_port(),
            build_id: self.build_id(),
            key: self.key(),
        }
    }

    /// Whether `next` can replace this configuration while the node is up; see [`Fixed`].
    pub fn check_successor(&self, next: &Config<'_>) -> Result<(), ConfigError> {
        self.fixed().check(&next.fixed())
    }
}

/// What cannot change while a node is up, because its links and its listening socket were made from
/// it. Everything else can.
#[derive(Clone, Copy)]
pub struct Fixed<'a> {
    /// Name of the cluster.
    pub cluster: &'a str,
    /// The node this is.
    pub own: Node<'a>,
    /// TCP port to listen on.
    pub listen_port: u16,
    /// Build id of the running kernel.
    pub build_id: &'a BuildId,
    /// The cluster key.
    pub key: &'a [u8; KEY_LEN],
}

impl Fixed<'_> {
    /// Whether `next` is the same.
    pub fn check(&self, next: &Fixed<'_>) -> Result<(), ConfigError> {
        let what = if self.cluster != next.cluster {
            "the name of the cluster"
        } else if self.own != next.own {
            "the number, name, address or integrity mode of this node"
        } else if self.listen_port != next.listen_port {
            "the port this node listens on"
        } else if self.build_id != next.build_id {
            "the kernel's build id"
        } else if self.key != next.key {
            "the cluster key"
        } else {
            return Ok(());
        };
        Err(ConfigError::NeedsRestart { what })
    }
}

impl fmt::Debug for Config<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("cluster", &self.cluster)
            .field("own", &self.own)
            .field("nodes", &self.records.len())
            .field("integrity", &self.integrity)
            .field("times", &self.times())
            .finish_non_exhaustive()
    }
}

/// The times in a header, not yet checked.
fn times(header: &Header) -> Times {
    Times {
        heartbeat: header.heartbeat_ms.get(),
        suspect: header.suspect_ms.get(),
        dead: header.dead_ms.get(),
    }
}

/// Checks the fields of the header that do not depend on the nodes.
fn check_header(header: &Header) -> Result<(&str, Integrity), ConfigError> {
    let reserved = header.reserved.iter().chain(&header.reserved_tail);
    if reserved.into_iter().any(|byte| *byte != 0) {
        return Err(ConfigError::Reserved);
    }
    let cluster = header.cluster.get().filter(|name| is_cluster_name(name));
    let cluster = cluster.ok_or(ConfigError::ClusterName)?;
    let integrity = Integrity::from_raw(header.integrity).ok_or(ConfigError::Integrity)?;
    if header.listen_port.get() == 0 {
        return Err(ConfigError::ListenPort);
    }
    times(header).check()?;
    if header.build_id == [0; BUILD_ID_LEN] {
        return Err(ConfigError::BuildId);
    }
    if header.key == [0; KEY_LEN] {
        return Err(ConfigError::Key);
    }
    Ok((cluster, integrity))
}

/// Checks every record, their order, and that no name or address is there twice.
fn check_records(records: &[NodeRecord]) -> Result<(), ConfigError> {
    let mut previous = 0;
    for (at, record) in records.iter().enumerate() {
        let node = record.node()?;
        let number = node.number;
        if number == previous {
            return Err(ConfigError::DuplicateNumber { number });
        }
        if number < previous {
            return Err(ConfigError::Order { number });
        }
        previous = number;
        for earlier in records.iter().take(at) {
            let other = earlier.number.get();
            if earlier.name == record.name {
                return Err(ConfigError::DuplicateName { number, other });
            }
            if earlier.endpoint == record.endpoint {
                return Err(ConfigError::DuplicateAddress { number, other });
            }
        }
    }
    Ok(())
}

/// The node of that number in sorted records.
fn find(records: &[NodeRecord], number: u16) -> Option<Node<'_>> {
    let at = records
        .binary_search_by_key(&number, |record| record.number.get())
        .ok()?;
    records.get(at)?.node().ok()
}

// The layout is the interface: these must never change without a new ABI_VERSION.
const _: () = assert!(size_of::<Header>() == 192);
const _: () = assert!(size_of::<NodeRecord>() == 96);
