// SPDX-License-Identifier: GPL-2.0

//! The frame: what travels on every link, and the checks that come before anything else.
//!
//! A frame is a fixed 64-byte header, then a typed message of `msg_len` bytes, then bulk data of
//! `data_len` bytes. There is no trailer: the authentication tag sits in the header, so that a
//! receiver knows all lengths and where to put the bytes before it reads them. All integers are
//! little-endian.
//!
//! The first eight bytes (magic, version, kind) never change their place or meaning: that is how
//! two nodes with different versions can still tell each other so.
//!
//! [`Header::decode`] looks only at the 64 bytes and allocates nothing. A header that it returns
//! has a known kind, known flags, lengths within the limits of its kind, and fields that make
//! sense for its direction. A frame that it rejects ends the connection, with the [`FrameError`]
//! as the logged reason; no answer is sent.

pub(crate) use super::frame_error::FrameError;
pub(crate) use super::kind::{
    Kind,
    RequestId,
    Sender,
    Service, //
};
use zerocopy::little_endian::{
    I32,
    U16,
    U32,
    U64, //
};
use zerocopy::IntoBytes as _;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// First four bytes of each frame: "MOSX".
pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"MOSX");

/// Version of the framing and of the handshake. Other versions are refused.
pub(crate) const VERSION: u16 = 1;

/// Size of the header in bytes.
pub(crate) const HEADER_LEN: usize = 64;

/// Largest message in bytes.
pub(crate) const MSG_MAX: u32 = 64 * 1024;

/// Largest bulk data in bytes.
pub(crate) const DATA_MAX: u32 = 1024 * 1024;

/// Lowest status that a reply may carry: the negated highest errno.
const STATUS_MIN: i32 = -4095;

/// Header flags.
pub(crate) mod flags {
    /// The frame answers the request with the same id.
    pub(crate) const REPLY: u16 = 1 << 0;
    /// The request was perhaps sent before, on an earlier connection of this session.
    pub(crate) const RETRY: u16 = 1 << 1;
    /// All flags of this version.
    pub(crate) const KNOWN: u16 = REPLY | RETRY;
}

/// The 64 bytes as they travel.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawHeader {
    magic: U32,
    version: U16,
    kind: U16,
    flags: U16,
    credits: U16,
    status: I32,
    msg_len: U32,
    data_len: U32,
    id: U64,
    acked: U64,
    seq: U64,
    tag: [u8; 16],
}

/// A header whose fields have been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What the frame is about.
    pub(crate) kind: Kind,
    /// See [`flags`].
    pub(crate) flags: u16,
    /// Server to client: how many request slots the client may use from now on.
    pub(crate) credits: u16,
    /// Replies: 0, or a negated errno. A refusal: its code. Else 0.
    pub(crate) status: i32,
    /// Bytes of message behind the header.
    pub(crate) msg_len: u32,
    /// Bytes of data behind the message.
    pub(crate) data_len: u32,
    /// The request's id; a ping's number; 0 where neither makes sense.
    pub(crate) id: u64,
    /// Client to server: a request whose reply has arrived and need not be kept; 0 for none. In the
    /// answer to a ping: the length of the lease that it grants, in nanoseconds.
    pub(crate) acked: u64,
    /// Number of this frame among those of its connection and direction, from 0.
    pub(crate) seq: u64,
    /// Authentication tag; see [`crate::rpc::integrity`].
    pub(crate) tag: [u8; 16],
}

impl Header {
    /// A header with the given kind and lengths and nothing else set.
    pub(crate) const fn new(kind: Kind, msg_len: u32, data_len: u32) -> Self {
        Self {
            kind,
            flags: 0,
            credits: 0,
            status: 0,
            msg_len,
            data_len,
            id: 0,
            acked: 0,
            seq: 0,
            tag: [0; 16],
        }
    }

    /// The header of a request; `retry` if an earlier connection may have carried it already.
    pub(crate) const fn request(
        kind: Kind,
        id: RequestId,
        retry: bool,
        msg_len: u32,
        data_len: u32,
    ) -> Self {
        let mut header = Self::new(kind, msg_len, data_len);
        header.id = id.raw();
        header.flags = if retry { flags::RETRY } else { 0 };
        header
    }

    /// The header of the reply to a request (or to a ping: its number is the id).
    pub(crate) const fn reply(
        kind: Kind,
        id: u64,
        status: i32,
        msg_len: u32,
        data_len: u32,
    ) -> Self {
        let mut header = Self::new(kind, msg_len, data_len);
        header.id = id;
        header.status = status;
        header.flags = flags::REPLY;
        header
    }

    /// The header of a ping.
    pub(crate) const fn ping(number: u64) -> Self {
        let mut header = Self::new(Kind::PING, 0, 0);
        header.id = number;
        header
    }

    /// The header of the answer to a ping: grants a lease of so many nanoseconds.
    pub(crate) const fn pong(number: u64, lease: u64) -> Self {
        let mut header = Self::reply(Kind::PING, number, 0, 0, 0);
        header.acked = lease;
        header
    }

    /// The length of the lease that the answer to a ping grants, in nanoseconds; 0 for none.
    pub(crate) const fn lease(&self) -> u64 {
        self.acked
    }

    /// Whether the frame is a reply.
    pub(crate) const fn is_reply(&self) -> bool {
        self.flags & flags::REPLY != 0
    }

    /// Whether the frame is a request that may have been sent before.
    pub(crate) const fn is_retry(&self) -> bool {
        self.flags & flags::RETRY != 0
    }

    /// The request that this frame carries, cancels or answers.
    ///
    /// # Errors
    ///
    /// [`FrameError::BadId`] if the field names no request.
    pub(crate) fn request_id(&self) -> Result<RequestId, FrameError> {
        RequestId::from_wire(self.id).ok_or(FrameError::BadId(self.id))
    }

    /// Bytes behind the header; at most [`MSG_MAX`] + [`DATA_MAX`] in a decoded header.
    pub(crate) const fn body_len(&self) -> u32 {
        self.msg_len.saturating_add(self.data_len)
    }

    /// The header as it travels.
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let raw = RawHeader {
            magic: U32::new(MAGIC),
            version: U16::new(VERSION),
            kind: U16::new(self.kind.0),
            flags: U16::new(self.flags),
            credits: U16::new(self.credits),
            status: I32::new(self.status),
            msg_len: U32::new(self.msg_len),
            data_len: U32::new(self.data_len),
            id: U64::new(self.id),
            acked: U64::new(self.acked),
            seq: U64::new(self.seq),
            tag: self.tag,
        };
        let mut bytes = [0; HEADER_LEN];
        // Same length, which the compiler knows: RawHeader is 64 bytes without padding.
        bytes.copy_from_slice(raw.as_bytes());
        bytes
    }

    /// Checks the 64 bytes of a frame that `sender` sent.
    ///
    /// # Errors
    ///
    /// Everything in [`FrameError`] that a header alone can show. What is checked later: the
    /// sequence number and the tag ([`crate::rpc::integrity`]), and whether the id is one that
    /// may be used ([`crate::rpc::requests`], [`crate::rpc::replies`]).
    pub(crate) fn decode(bytes: &[u8; HEADER_LEN], sender: Sender) -> Result<Self, FrameError> {
        let raw: RawHeader = zerocopy::transmute!(*bytes);
        if raw.magic.get() != MAGIC {
            return Err(FrameError::BadMagic(raw.magic.get()));
        }
        if raw.version.get() != VERSION {
            return Err(FrameError::BadVersion(raw.version.get()));
        }
        let header = Self {
            kind: Kind(raw.kind.get()),
            flags: raw.flags.get(),
            credits: raw.credits.get(),
            status: raw.status.get(),
            msg_len: raw.msg_len.get(),
            data_len: raw.data_len.get(),
            id: raw.id.get(),
            acked: raw.acked.get(),
            seq: raw.seq.get(),
            tag: raw.tag,
        };
        header.check(sender)?;
        Ok(header)
    }

    /// The checks on single fields and on their combinations.
    fn check(&self, sender: Sender) -> Result<(), FrameError> {
        let Some(service) = self.kind.service() else {
            return Err(FrameError::UnknownKind(self.kind.0));
        };
        if self.flags & !flags::KNOWN != 0 {
            return Err(FrameError::UnknownFlags(self.flags & !flags::KNOWN));
        }
        if self.msg_len > MSG_MAX {
            return Err(FrameError::MessageTooLong(self.msg_len));
        }
        if self.data_len > DATA_MAX {
            return Err(FrameError::DataTooLong(self.data_len));
        }
        match service {
            Service::Handshake => self.check_handshake(sender),
            Service::Link if self.kind == Kind::GOODBYE => self.check_goodbye(),
            _ => self.check_exchange(sender),
        }
    }

    /// Handshake frames use nothing but the kind, the message and, in a refusal, the status.
    fn check_handshake(&self, sender: Sender) -> Result<(), FrameError> {
        let right_way = match self.kind {
            Kind::HELLO | Kind::PROOF => sender == Sender::Client,
            Kind::CHALLENGE | Kind::WELCOME => sender == Sender::Server,
            _ => true,
        };
        if !right_way {
            return Err(FrameError::WrongDirection(self.kind));
        }
        let mut plain = Self::new(self.kind, self.msg_len, 0);
        if self.kind == Kind::REFUSE {
            plain.msg_len = 0;
            plain.status = self.status;
        }
        if *self != plain {
            return Err(FrameError::StrayField(self.kind));
        }
        Ok(())
    }

    /// A goodbye is a header alone, from either side.
    fn check_goodbye(&self) -> Result<(), FrameError> {
        let mut plain = Self::new(self.kind, 0, 0);
        plain.seq = self.seq;
        plain.tag = self.tag;
        if *self != plain {
            return Err(FrameError::StrayField(self.kind));
        }
        Ok(())
    }

    /// Requests go from client to server, replies the other way.
    fn check_exchange(&self, sender: Sender) -> Result<(), FrameError> {
        if self.is_reply() != (sender == Sender::Server) {
            return Err(FrameError::WrongDirection(self.kind));
        }
        let stray = if self.is_reply() {
            self.is_retry() || (self.acked != 0 && self.kind != Kind::PING)
        } else {
            self.status != 0 || self.credits != 0
        };
        if stray {
            return Err(FrameError::StrayField(self.kind));
        }
        if !(STATUS_MIN..=0).contains(&self.status) {
            return Err(FrameError::BadStatus(self.status));
        }
        match self.kind {
            Kind::PING => self.check_bodyless(),
            // A request that is cancelled before it was seen is answered with no body; one
            // that ran to its end is answered by its real reply, under its own kind.
            Kind::CANCEL => self.check_bodyless().and(self.request_id().map(|_| ())),
            _ => self.request_id().map(|_| ()),
        }
    }

    /// For kinds that have neither message nor data.
    fn check_bodyless(&self) -> Result<(), FrameError> {
        if self.body_len() != 0 {
            return Err(FrameError::StrayField(self.kind));
        }
        Ok(())
    }
}
