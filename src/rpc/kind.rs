// SPDX-License-Identifier: GPL-2.0

//! Names on a link: who sends, what a frame is about, and which request it belongs to.

use core::fmt;

/// Who sent a frame. The side that dialed is the client: it sends requests and gets replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The side that dialed.
    Client,
    /// The side that accepted.
    Server,
}

/// A group of frame kinds: the part of the module that they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Authentication; allowed only before a session is there.
    Handshake,
    /// Control of the link itself.
    Link,
    /// Membership and load.
    Cluster,
    /// The cluster file system.
    Mfs,
    /// Deputies and bodies.
    Migration,
}

/// What a frame is about.
///
/// Each service has a range of numbers and defines its own kinds in it; the kinds of the link
/// and of the handshake are defined here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind(pub(crate) u16);

impl Kind {
    /// Heartbeat; the id is its number, and the answer grants a lease.
    pub(crate) const PING: Kind = Kind(0x01);
    /// The sender leaves the cluster in good order; nothing comes after it.
    pub(crate) const GOODBYE: Kind = Kind(0x02);
    /// Nobody waits for the request with this id any more: interrupt it, and answer it.
    pub(crate) const CANCEL: Kind = Kind(0x03);
    /// Client: who I am and whom I mean.
    pub(crate) const HELLO: Kind = Kind(0x08);
    /// Server: a fresh nonce.
    pub(crate) const CHALLENGE: Kind = Kind(0x09);
    /// Client: proof that it knows the key.
    pub(crate) const PROOF: Kind = Kind(0x0a);
    /// Server: proof that it knows the key, and the answer.
    pub(crate) const WELCOME: Kind = Kind(0x0b);
    /// Either side ends the handshake without saying why to a stranger.
    pub(crate) const REFUSE: Kind = Kind(0x0c);
    /// Sends its message and data back; for tests and measurements.
    pub(crate) const ECHO: Kind = Kind(0x10);
    /// Counts how often it is executed; for tests of the links.
    pub(crate) const TALLY: Kind = Kind(0x11);

    /// The service that this kind belongs to; `None` for a number that has no meaning.
    pub(crate) const fn service(self) -> Option<Service> {
        match self.0 {
            0x01..=0x03 => Some(Service::Link),
            0x08..=0x0c => Some(Service::Handshake),
            0x10..=0x1f => Some(Service::Cluster),
            0x20..=0x5f => Some(Service::Mfs),
            0x60..=0x8f => Some(Service::Migration),
            _ => None,
        }
    }
}

/// Names of the requests about files, from `0x20` on, as the file system defines them.
const MFS: [&str; 28] = [
    "root",
    "lookup",
    "getattr",
    "setattr",
    "access",
    "readlink",
    "open",
    "release",
    "read",
    "write",
    "fsync",
    "fallocate",
    "seek",
    "copy range",
    "readdir",
    "make",
    "symlink",
    "link",
    "unlink",
    "rename",
    "statfs",
    "getxattr",
    "setxattr",
    "listxattr",
    "removexattr",
    "lock",
    "lock cancel",
    "forget",
];

/// Names of the messages of a body, from `0x60` on, and of a deputy, from `0x70` on, as migration defines them.
const BODY: [&str; 7] = [
    "call",
    "interrupt",
    "action",
    "mask",
    "fork",
    "exit",
    "return",
];
const DEPUTY: [&str; 5] = ["reply", "signal", "stop", "continue", "recall"];

impl Kind {
    fn migration_name(self) -> Option<&'static str> {
        let (names, from) = match self.0 {
            0x80 => return Some("image"),
            0x70.. => (DEPUTY.as_slice(), 0x70),
            _ => (BODY.as_slice(), 0x60),
        };
        names.get(usize::from(self.0.checked_sub(from)?)).copied()
    }

    fn mfs_name(self) -> Option<&'static str> {
        match self.0 {
            0x50 => Some("granted"),
            other => MFS.get(usize::from(other.checked_sub(0x20)?)).copied(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::PING => "ping",
            Self::GOODBYE => "goodbye",
            Self::CANCEL => "cancel",
            Self::HELLO => "hello",
            Self::CHALLENGE => "challenge",
            Self::PROOF => "proof",
            Self::WELCOME => "welcome",
            Self::REFUSE => "refuse",
            Self::ECHO => "echo",
            Self::TALLY => "tally",
            Kind(other) => match self.mfs_name().or_else(|| self.migration_name()) {
                Some(name) => name,
                None => return write!(f, "{other:#04x}"),
            },
        };
        f.write_str(name)
    }
}

/// Name of one request within a session: a slot of the client's table, and how often that slot
/// has been used. It outlives connections; see [`crate::rpc::requests`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RequestId(u64);

impl RequestId {
    /// Number of bits that hold the slot.
    const SLOT_BITS: u32 = 16;

    /// Highest use count that an id can hold; no machine lives long enough to reach it.
    pub(crate) const ROUND_MAX: u64 = u64::MAX >> Self::SLOT_BITS;

    /// The id of the `round`th use of `slot`, or `None` if the count is 0 or too high.
    pub(crate) const fn new(slot: u16, round: u64) -> Option<Self> {
        if round == 0 || round > Self::ROUND_MAX {
            return None;
        }
        // Cannot lose bits: `round` is at most ROUND_MAX. `as` because From is not const.
        Some(Self((round << Self::SLOT_BITS) | slot as u64))
    }

    /// The id in a header's field; `None` if it names no request.
    pub(crate) const fn from_wire(raw: u64) -> Option<Self> {
        if raw >> Self::SLOT_BITS == 0 {
            return None;
        }
        Some(Self(raw))
    }

    /// The value that travels.
    pub(crate) const fn raw(self) -> u64 {
        self.0
    }

    /// The slot in the client's table.
    pub(crate) const fn slot(self) -> u16 {
        // Keeps the low 16 bits on purpose.
        self.0 as u16
    }

    /// How often the slot has been used, this time included; never 0.
    pub(crate) const fn round(self) -> u64 {
        self.0 >> Self::SLOT_BITS
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot(), self.round())
    }
}
