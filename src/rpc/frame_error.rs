// SPDX-License-Identifier: GPL-2.0

//! Why a frame is rejected.

use super::kind::{
    Kind,
    RequestId, //
};
use super::wire::{
    DATA_MAX,
    MSG_MAX,
    VERSION, //
};
use core::fmt;

/// Why a frame was rejected. Each of these ends its connection, and is the logged reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// The first bytes are not ours.
    BadMagic(u32),
    /// Another version of the framing.
    BadVersion(u16),
    /// A kind that this version, or the service it belongs to, does not know.
    UnknownKind(u16),
    /// A kind that is known but has no place now: a handshake in a session, or the reverse.
    UnexpectedKind(Kind),
    /// Flag bits that this version does not know.
    UnknownFlags(u16),
    /// A message longer than the limit, in bytes.
    MessageTooLong(u32),
    /// Data longer than the limit, in bytes.
    DataTooLong(u32),
    /// A request from a server, or a reply from a client.
    WrongDirection(Kind),
    /// A field is set that has no meaning in a frame of this kind.
    StrayField(Kind),
    /// A status that is no errno.
    BadStatus(i32),
    /// An id that names no request.
    BadId(u64),
    /// A frame that is not the next one of its connection.
    WrongSequence {
        /// The number that had to come.
        expected: u64,
        /// The number that came.
        got: u64,
    },
    /// The tag does not belong to these bytes.
    BadTag,
    /// A reply to something that was not asked, or a second reply.
    UnexpectedReply(u64),
    /// An acknowledgement of a reply that was never sent.
    BadAck(u64),
    /// The same request twice on one connection.
    DuplicateRequest(RequestId),
    /// A request that was already answered, and the answer acknowledged.
    StaleRequest(RequestId),
    /// A request in a slot whose earlier request is not finished, or one that skips a round.
    OutOfOrder(RequestId),
    /// A request in a slot that was never granted.
    CreditExceeded {
        /// The slot that was used.
        slot: u16,
        /// How many slots were granted.
        granted: u16,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BadMagic(got) => write!(f, "not a mosix frame (starts with {got:#010x})"),
            Self::BadVersion(got) => {
                write!(f, "frame version {got}, this node speaks {VERSION}")
            }
            Self::UnknownKind(kind) => write!(f, "unknown frame type {kind:#06x}"),
            Self::UnexpectedKind(kind) => write!(f, "{kind} frame has no place here"),
            Self::UnknownFlags(bits) => write!(f, "unknown flags {bits:#06x}"),
            Self::MessageTooLong(len) => {
                write!(f, "message of {len} bytes, the limit is {MSG_MAX}")
            }
            Self::DataTooLong(len) => write!(f, "data of {len} bytes, the limit is {DATA_MAX}"),
            Self::WrongDirection(kind) => write!(f, "{kind} frame from the wrong side"),
            Self::StrayField(kind) => write!(f, "{kind} frame with a field set that it has not"),
            Self::BadStatus(status) => write!(f, "status {status} is no errno"),
            Self::BadId(id) => write!(f, "id {id:#x} names no request"),
            Self::WrongSequence { expected, got } => {
                write!(f, "frame number {got} where {expected} had to come")
            }
            Self::BadTag => f.write_str("authentication tag does not match"),
            Self::UnexpectedReply(id) => write!(f, "reply to {id:#x}, which waits for none"),
            Self::BadAck(id) => write!(f, "acknowledges {id:#x}, which was not answered"),
            Self::DuplicateRequest(id) => write!(f, "request {id} twice on one connection"),
            Self::StaleRequest(id) => write!(f, "request {id} was answered and acknowledged"),
            Self::OutOfOrder(id) => write!(f, "request {id} does not follow in its slot"),
            Self::CreditExceeded { slot, granted } => {
                write!(f, "request in slot {slot}, only {granted} are granted")
            }
        }
    }
}
