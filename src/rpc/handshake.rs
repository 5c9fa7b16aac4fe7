// SPDX-License-Identifier: GPL-2.0

//! Mutual authentication: the words that both sides of a handshake share.
//!
//! ```text
//! client                                                                   server
//!   HELLO     cluster, from, to, incarnation, epoch, mode, build, nonce   ->
//!          <- CHALLENGE nonce
//!   PROOF     HMAC(key, "client", HELLO CHALLENGE)                        ->
//!          <- WELCOME   answer, incarnation, epoch, session, credits, build,
//!                       HMAC(key, "server", HELLO CHALLENGE PROOF WELCOME)
//! ```
//!
//! * Until the client has proved that it knows the cluster key, the server has told it nothing but
//!   a random number and, at the end, one of three closing codes ([`Closing`]); nothing that the
//!   client said has had any effect. This is in the types: a [`Claim`] exists only after the proof.
//! * Until the server has proved the same, the client believes nothing: whatever the server says,
//!   also why it says no, is inside the welcome that its proof covers.
//! * Both nonces are in every MAC, so recorded proofs are worth nothing; role and purpose are in
//!   the labels and both node numbers in the hello, so a proof cannot be reflected or passed on.
//! * The keys of the connection come from the whole transcript: see [`crate::rpc::keys`].
//!
//! The two state machines ([`crate::rpc::initiator`], [`crate::rpc::responder`]) do no I/O: they
//! are given the bytes that arrived and give back the bytes to send.

use super::keys::{
    Crypto,
    DirectionKeys,
    Label, //
};
use super::transcript::{
    BUILD_ID_LEN,
    CLUSTER_ID_LEN, //
};
use super::wire::{
    FrameError,
    Kind, //
};
use crate::control::abi::Integrity;
use core::fmt;

/// Version of the services behind a link. Nodes that differ in it use each other for MFS only.
pub(crate) const PROTOCOL: u16 = 1;

/// The three numbers of a module version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) [u16; 3]);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Sixteen bytes that stand for a cluster's name.
pub(crate) fn cluster_id(crypto: &impl Crypto, name: &str) -> [u8; CLUSTER_ID_LEN] {
    let hash = crypto.hmac_sha256(Label::CLUSTER_ID.bytes(), &[name.as_bytes()]);
    let mut id = [0; CLUSTER_ID_LEN];
    for (to, from) in id.iter_mut().zip(hash) {
        *to = from;
    }
    id
}

/// What this node says about itself in every handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// From [`cluster_id`].
    pub(crate) cluster: [u8; CLUSTER_ID_LEN],
    /// Own node number; not 0.
    pub(crate) node: u16,
    /// Which life of this node it is; not 0, and never used twice by one node.
    pub(crate) incarnation: u64,
    /// Build id of the running kernel.
    pub(crate) build_id: [u8; BUILD_ID_LEN],
    /// Version of the module.
    pub(crate) version: Version,
    /// [`PROTOCOL`], but for tests.
    pub(crate) protocol: u16,
}

/// What a peer, which has proved to be one, says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its node number.
    pub(crate) node: u16,
    /// Which life of that node it is.
    pub(crate) incarnation: u64,
    /// Its epoch towards this node: see [`crate::cluster::epoch`].
    pub(crate) epoch: u64,
    /// Build id of its kernel.
    pub(crate) build_id: [u8; BUILD_ID_LEN],
    /// Version of its module.
    pub(crate) version: Version,
    /// Version of its services.
    pub(crate) protocol: u16,
}

/// What an authenticated client wants; the server has to accept or refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Who it is.
    pub(crate) peer: Peer,
    /// The session that it wants to go on with; 0 for none.
    pub(crate) session: u64,
}

/// What the server gives to a client that it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The server's epoch towards the client; equal to the client's.
    pub(crate) epoch: u64,
    /// Number of the session; not 0.
    pub(crate) session: u64,
    /// Whether it is the session that the client asked for.
    pub(crate) resumed: bool,
    /// How many request slots the client may use.
    pub(crate) credits: u16,
}

/// What two nodes can be to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compat {
    /// Everything.
    Full,
    /// Files only: processes cannot go from one kernel build to another.
    OtherKernel,
    /// Files only: the services have other versions.
    OtherProtocol {
        /// This node's.
        ours: u16,
        /// The peer's.
        theirs: u16,
    },
}

impl Compat {
    /// Compares the two sides.
    pub(crate) fn of(own: &Identity, peer: &Peer) -> Self {
        if own.protocol != peer.protocol {
            Self::OtherProtocol {
                ours: own.protocol,
                theirs: peer.protocol,
            }
        } else if own.build_id != peer.build_id {
            Self::OtherKernel
        } else {
            Self::Full
        }
    }
}

impl fmt::Display for Compat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Full => f.write_str("compatible"),
            Self::OtherKernel => f.write_str("runs another kernel build: files only"),
            Self::OtherProtocol { ours, theirs } => {
                write!(f, "speaks protocol {theirs}, this node {ours}: files only")
            }
        }
    }
}

/// A connection that both sides have authenticated.
pub(crate) struct Established {
    /// The other side.
    pub(crate) peer: Peer,
    /// What it can be used for.
    pub(crate) compat: Compat,
    /// How frames are protected.
    pub(crate) mode: Integrity,
    /// The session that this connection carries.
    pub(crate) session: u64,
    /// Whether the session was there before. If not, everything that the client was still waiting
    /// for in another session has failed.
    pub(crate) resumed: bool,
    /// How many request slots the client may use.
    pub(crate) credits: u16,
    /// Keys for what this side sends.
    pub(crate) send: DirectionKeys,
    /// Keys for what the other side sends.
    pub(crate) receive: DirectionKeys,
}

/// Why an authenticated server says no to an authenticated client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Refusal {
    /// The server's configuration has no node with the client's number.
    UnknownNode = 1,
    /// The server is not the node that the client meant.
    WrongNumber = 2,
    /// The client has reached itself.
    Myself = 3,
    /// The two sides are configured for different integrity modes.
    ModeMismatch = 4,
    /// Another node with the client's number is there and alive.
    DuplicateNumber = 5,
    /// The server has declared the client's epoch dead.
    DeclaredDead = 6,
    /// The server is still ending what belonged to the client's earlier life: try again.
    NotReady = 7,
}

impl Refusal {
    const ALL: [Refusal; 7] = [
        Self::UnknownNode,
        Self::WrongNumber,
        Self::Myself,
        Self::ModeMismatch,
        Self::DuplicateNumber,
        Self::DeclaredDead,
        Self::NotReady,
    ];

    /// The refusal with this code, if there is one.
    pub(crate) fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The code in the welcome.
    pub(crate) const fn code(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownNode => "no node with that number is configured here",
            Self::WrongNumber => "another node than the one meant was reached",
            Self::Myself => "the node has reached itself",
            Self::ModeMismatch => "the integrity modes of the two nodes differ",
            Self::DuplicateNumber => "another node with that number is alive",
            Self::DeclaredDead => "the node was declared dead and has to begin a new epoch",
            Self::NotReady => "the node's earlier life is still being ended, try again",
        })
    }
}

/// A server's authenticated no, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    /// Why.
    pub(crate) refusal: Refusal,
    /// Which node says it.
    pub(crate) server: Peer,
    /// The integrity mode that it is configured for.
    pub(crate) mode: Integrity,
}

/// All that is ever said to somebody who has not proved anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Closing {
    /// No.
    Refused = 1,
    /// This node speaks another version of the framing.
    Version = 2,
    /// Not now: too many handshakes or too many failures.
    Busy = 3,
}

impl Closing {
    /// The closing code in a refusal; unknown ones mean no more than the first.
    pub(crate) fn from_code(code: i32) -> Self {
        match code {
            2 => Self::Version,
            3 => Self::Busy,
            _ => Self::Refused,
        }
    }
}

impl fmt::Display for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused (another key or cluster? its log says why)",
            Self::Version => "refused: it speaks another frame version",
            Self::Busy => "refused for now: too many connections or failures",
        })
    }
}

/// Why a handshake failed, as it is logged on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeError {
    /// Something came that is not a frame, or not the one that had to come.
    Frame(FrameError),
    /// A message whose length or content is not of its kind's form.
    Malformed(Kind),
    /// The client belongs to another cluster.
    WrongCluster,
    /// The other side does not know the key, or what was said was changed on the way.
    BadProof,
    /// Another node answered than the one that was dialed.
    WrongNumber {
        /// The node that was meant.
        dialed: u16,
        /// The node that answered.
        answered: u16,
    },
    /// This node accepted the other's key, but not the other: the client was told why.
    Denied(Refusal),
    /// The server accepted this node's key, but not this node.
    DeniedByPeer(Denial),
    /// The other side closed without saying more.
    ClosedByPeer(Closing),
    /// The handshake had already ended.
    Over,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => write!(f, "{error}"),
            Self::Malformed(kind) => write!(f, "malformed {kind} message"),
            Self::WrongCluster => f.write_str("belongs to another cluster"),
            Self::BadProof => f.write_str("authentication failed: it does not know our key"),
            Self::WrongNumber { dialed, answered } => {
                write!(f, "node {answered} answered where node {dialed} was meant")
            }
            Self::Denied(refusal) => write!(f, "denied: {refusal}"),
            Self::DeniedByPeer(denial) => match denial.refusal {
                Refusal::ModeMismatch => write!(
                    f,
                    "node {} is configured for integrity mode \"{}\"",
                    denial.server.node,
                    denial.mode.name()
                ),
                refusal => write!(f, "node {} says no: {refusal}", denial.server.node),
            },
            Self::ClosedByPeer(closing) => write!(f, "{closing}"),
            Self::Over => f.write_str("handshake already over"),
        }
    }
}
