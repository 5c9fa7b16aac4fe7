// SPDX-License-Identifier: GPL-2.0
//! Trying a link: requests that are sent to a node and come back, one after the other.

use zerocopy::little_endian::{
    U16,
    U32,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// Most requests of one operation.
pub const MAX_COUNT: u32 = 4096;

/// Most bytes of data in a request.
pub const MAX_BYTES: u32 = 1024 * 1024;

/// Longest time that one request may take, in milliseconds.
pub const MAX_TIMEOUT_MS: u32 = 600_000;

/// [`Request::flags`]: each request counts itself at the other node, where it must be executed exactly
/// once; it has no data then.
pub const FLAG_ONCE: u16 = 1 << 0;

/// Input of [`super::Op::Ping`].
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Request {
    /// The node to try.
    pub node: U16,
    /// `FLAG_*` bits.
    pub flags: U16,
    /// How many requests: 1 to [`MAX_COUNT`].
    pub count: U32,
    /// Bytes of data that go there and back with each: up to [`MAX_BYTES`].
    pub bytes: U32,
    /// Time for each request in milliseconds: 1 to [`MAX_TIMEOUT_MS`].
    pub timeout_ms: U32,
    /// With [`FLAG_ONCE`]: names the run, whose number at the other node goes on while it is the same.
    pub run: U64,
    /// Zero.
    pub reserved: U64,
}

impl Request {
    /// Whether the request is one that can be made.
    pub fn is_valid(&self) -> bool {
        let once = self.flags.get() == FLAG_ONCE;
        (once || self.flags.get() == 0)
            && (1..=MAX_COUNT).contains(&self.count.get())
            && self.bytes.get() <= MAX_BYTES
            && !(once && self.bytes.get() != 0)
            && (1..=MAX_TIMEOUT_MS).contains(&self.timeout_ms.get())
            && self.reserved.get() == 0
    }
}

/// First part of the output of [`super::Op::Ping`]; behind it follows the round trip of each request
/// that was answered, in nanoseconds, as one [`U64`] each.
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
pub struct Report {
    /// How many were answered, and rightly: what came back was what had been sent.
    pub answered: U32,
    /// The negated errno of the request that ended the operation early, else 0.
    pub error: U32,
    /// How many requests of the run the other node had executed when it answered the last one.
    pub executed: U64,
}

/// Bytes of the output for `answered` answers.
pub const fn encoded_len(answered: usize) -> usize {
    size_of::<Report>().saturating_add(answered.saturating_mul(size_of::<U64>()))
}

// The layout is the interface: these must never change without a new ABI_VERSION.
const _: () = assert!(size_of::<Request>() == 32);
const _: () = assert!(size_of::<Report>() == 16);
