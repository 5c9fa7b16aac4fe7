// SPDX-License-Identifier: GPL-2.0
//! The status blob: the cluster as one node sees it.
//!
//! A [`Header`], then one [`NodeRecord`] per node in ascending order of the node number, nothing
//! behind them. The module writes it with a [`Writer`]; the command reads it with
//! [`Status::decode`]. While a node is not up the blob is the header alone, with [`Header::up`] 0.

use core::fmt;

use zerocopy::{
    little_endian::{
        U16,
        U32,
        U64, //
    },
    FromBytes as _,
    IntoBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    BuildId,
    Endpoint,
    Integrity,
    Name,
    Reason,
    VersionText,
    ABI_VERSION,
    BUILD_ID_LEN,
    MAX_NODES, //
};

/// First bytes of the blob.
pub const MAGIC: [u8; 8] = *b"MOSIXsta";

/// Bytes of the longest blob.
pub const MAX_LEN: usize = size_of::<Header>() + MAX_NODES * size_of::<NodeRecord>();

/// What a node is to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// It is this one.
    Own = 0,
    /// Not reached since it was configured, or a dead one is being tried again for the first time.
    Connecting = 1,
    /// Linked and heard of.
    Alive = 2,
    /// Silent for the suspect time: what runs on its behalf pauses.
    Suspect = 3,
    /// Silent for the dead time: its processes are given up.
    Dead = 4,
    /// Linked, but of another kernel or protocol: good for MFS only. The reason says what differs.
    Incompatible = 5,
    /// Reached, but one end refused the other (key, number, address). The reason says why.
    Refused = 6,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Own,
        Self::Connecting,
        Self::Alive,
        Self::Suspect,
        Self::Dead,
        Self::Incompatible,
        Self::Refused,
    ];

    /// The state of a raw byte.
    pub fn from_raw(raw: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as u8 == raw)
    }

    /// The word for it in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Connecting => "connecting",
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Dead => "dead",
            Self::Incompatible => "incompatible",
            Self::Refused => "refused",
        }
    }
}

/// What the node counted since it joined, over all peers and strangers.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    KnownLayout,
    Immutable,
    Unaligned,
)]
#[repr(C)]
pub struct Counters {
    /// Connections accepted by the listening socket.
    pub accepted: U64,
    /// Connections that are accepted and not yet authenticated, right now.
    pub half_open: U64,
    /// Connections closed at once because there were too many, or too many failures.
    pub limited: U64,
    /// Connections closed because authentication took too long.
    pub timed_out: U64,
    /// Failed authentications.
    pub auth_failures: U64,
    /// Links closed because of a frame that was malformed, altered or out of order.
    pub bad_frames: U64,
    /// Frames received.
    pub frames_in: U64,
    /// Frames sent.
    pub frames_out: U64,
    /// Bytes received, headers included.
    pub bytes_in: U64,
    /// Bytes sent, headers included.
    pub bytes_out: U64,
}

/// First part of the blob; 256 bytes. All zero but for the first four fields when not up.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
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
    /// 1 when the node has joined a cluster.
    pub up: u8,
    /// An [`Integrity`].
    pub integrity: u8,
    /// Number of the node this is.
    pub own: U16,
    /// Name of the cluster.
    pub cluster: Name,
    /// Incarnation of this node: greater each time it joins.
    pub incarnation: U64,
    /// When it joined, in milliseconds since 1970.
    pub since_unix_ms: U64,
    /// For how long it has been up, in milliseconds of the monotonic clock.
    pub uptime_ms: U64,
    /// Heartbeat, suspect and dead time in milliseconds.
    pub heartbeat_ms: U32,
    /// See [`Self::heartbeat_ms`].
    pub suspect_ms: U32,
    /// See [`Self::heartbeat_ms`].
    pub dead_ms: U32,
    /// TCP port it listens on.
    pub listen_port: U16,
    /// Zero.
    pub reserved: [u8; 50],
    /// What it counted.
    pub counters: Counters,
}

impl Header {
    /// The header of a node that is not up; the writer fills in lengths.
    pub fn down() -> Self {
        Self {
            magic: MAGIC,
            abi: U32::new(ABI_VERSION),
            total_len: U32::new(0),
            node_count: U32::new(0),
            up: 0,
            integrity: 0,
            own: U16::new(0),
            cluster: Name::EMPTY,
            incarnation: U64::new(0),
            since_unix_ms: U64::new(0),
            uptime_ms: U64::new(0),
            heartbeat_ms: U32::new(0),
            suspect_ms: U32::new(0),
            dead_ms: U32::new(0),
            listen_port: U16::new(0),
            reserved: [0; 50],
            counters: Counters::default(),
        }
    }
}

/// Second part of the blob, once per node; 368 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct NodeRecord {
    /// Node number.
    pub number: U16,
    /// A [`State`].
    pub state: u8,
    /// An [`Integrity`]: how frames between it and the reporting node are protected; its own mode for
    /// that node itself.
    pub integrity: u8,
    /// Zero.
    pub reserved: [u8; 4],
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Its name.
    pub name: Name,
    /// Why it is in this state, or empty.
    pub reason: Reason,
    /// Its module's version; empty until known.
    pub module: VersionText,
    /// Its kernel's build id; zeros until known.
    pub build_id: BuildId,
    /// Version of the protocol it speaks; 0 until known.
    pub protocol: U32,
    /// Its incarnation; 0 until known.
    pub incarnation: U64,
    /// Since when it is in this state, in milliseconds since 1970.
    pub since_unix_ms: U64,
    /// Last round trip in nanoseconds; 0 until measured.
    pub rtt_last_ns: U64,
    /// Shortest round trip of this link in nanoseconds; 0 until measured.
    pub rtt_min_ns: U64,
    /// Smoothed round trip in nanoseconds; 0 until measured.
    pub rtt_smooth_ns: U64,
    /// Links that were made after the first one.
    pub reconnects: U64,
    /// Frames received.
    pub frames_in: U64,
    /// Frames sent.
    pub frames_out: U64,
    /// Bytes received, headers included.
    pub bytes_in: U64,
    /// Bytes sent, headers included.
    pub bytes_out: U64,
    /// Failed authentications in this node's name.
    pub auth_failures: U64,
}

impl NodeRecord {
    /// A record of which only number, name, address and state are known.
    pub fn new(number: u16, name: Name, endpoint: Endpoint, state: State) -> Self {
        Self {
            number: U16::new(number),
            state: state as u8,
            integrity: 0,
            reserved: [0; 4],
            endpoint,
            name,
            reason: Reason::EMPTY,
            module: VersionText::EMPTY,
            build_id: [0; BUILD_ID_LEN],
            protocol: U32::new(0),
            incarnation: U64::new(0),
            since_unix_ms: U64::new(0),
            rtt_last_ns: U64::new(0),
            rtt_min_ns: U64::new(0),
            rtt_smooth_ns: U64::new(0),
            reconnects: U64::new(0),
            frames_in: U64::new(0),
            frames_out: U64::new(0),
            bytes_in: U64::new(0),
            bytes_out: U64::new(0),
            auth_failures: U64::new(0),
        }
    }

    /// What the node is to this one.
    pub fn state(&self) -> Option<State> {
        State::from_raw(self.state)
    }
}

/// Bytes of the blob of `nodes` nodes.
pub const fn encoded_len(nodes: usize) -> usize {
    size_of::<Header>().saturating_add(nodes.saturating_mul(size_of::<NodeRecord>()))
}

/// Writes a blob into a buffer that may turn out to be too small.
///
/// Like snprintf it goes on counting when the room has run out, so that one pass over the nodes
/// gives either the blob or its size.
pub struct Writer<'a> {
    out: &'a mut [u8],
    nodes: usize,
}

impl<'a> Writer<'a> {
    /// Starts a blob at the beginning of `out`.
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, nodes: 0 }
    }

    /// Adds a node; the caller adds them in ascending order of their numbers.
    pub fn node(&mut self, record: &NodeRecord) {
        let start = encoded_len(self.nodes);
        self.nodes = self.nodes.saturating_add(1);
        let end = encoded_len(self.nodes);
        if let Some(slot) = self.out.get_mut(start..end) {
            slot.copy_from_slice(record.as_bytes());
        }
    }

    /// Writes the header and returns the bytes of the whole blob. The blob is there only if that is
    /// not more than the buffer has.
    pub fn finish(self, mut header: Header) -> usize {
        let total = encoded_len(self.nodes);
        header.magic = MAGIC;
        header.abi = U32::new(ABI_VERSION);
        header.total_len = U32::new(u32::try_from(total).unwrap_or(u32::MAX));
        header.node_count = U32::new(u32::try_from(self.nodes).unwrap_or(u32::MAX));
        if let Some(slot) = self.out.get_mut(..size_of::<Header>()) {
            slot.copy_from_slice(header.as_bytes());
        }
        total
    }
}

/// Why a status blob cannot be read; its `Display` is one line without a newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusError {
    /// The blob has not the length that its header says.
    Length,
    /// The blob is something else.
    Magic,
    /// The blob is of another version.
    Version,
    /// A field has a value that it cannot have.
    Field,
    /// The nodes are not sorted or are there twice.
    Order,
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "the status has another length than it says",
            Self::Magic => "this is no status",
            Self::Version => "the status is of another version",
            Self::Field => "a field of the status has an impossible value",
            Self::Order => "the nodes of the status are not in ascending order",
        })
    }
}

impl core::error::Error for StatusError {}

/// A status that was checked; borrows the blob.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// The first part. Its texts and its integrity mode are valid.
    pub header: &'a Header,
    /// The nodes. Their texts and states are valid.
    pub nodes: &'a [NodeRecord],
}

impl<'a> Status<'a> {
    /// Checks a blob.
    pub fn decode(blob: &'a [u8]) -> Result<Self, StatusError> {
        let (header, rest) = Header::ref_from_prefix(blob).map_err(|_| StatusError::Length)?;
        if header.magic != MAGIC {
            return Err(StatusError::Magic);
        }
        if header.abi.get() != ABI_VERSION {
            return Err(StatusError::Version);
        }
        let count = header.node_count.get() as usize;
        if count > MAX_NODES {
            return Err(StatusError::Field);
        }
        let (nodes, rest) = <[NodeRecord]>::ref_from_prefix_with_elems(rest, count)
            .map_err(|_| StatusError::Length)?;
        if !rest.is_empty() || header.total_len.get() as usize != blob.len() {
            return Err(StatusError::Length);
        }
        let sane = header.up <= 1
            && (header.up == 1 || count == 0)
            && Integrity::from_raw(header.integrity).is_some()
            && header.cluster.get().is_some()
            && header.reserved.iter().all(|byte| *byte == 0);
        if !sane {
            return Err(StatusError::Field);
        }
        let mut previous = 0;
        for node in nodes {
            let sane = node.state().is_some()
                && Integrity::from_raw(node.integrity).is_some()
                && node.name.get().is_some()
                && node.reason.get().is_some()
                && node.module.get().is_some()
                && node.endpoint.socket().is_some()
                && node.reserved.iter().all(|byte| *byte == 0);
            if !sane {
                return Err(StatusError::Field);
            }
            if node.number.get() <= previous {
                return Err(StatusError::Order);
            }
            previous = node.number.get();
        }
        Ok(Self { header, nodes })
    }
}

// The layout is the interface: these must never change without a new ABI_VERSION.
const _: () = assert!(size_of::<Counters>() == 80);
const _: () = assert!(size_of::<Header>() == 256);
const _: () = assert!(size_of::<NodeRecord>() == 368);
