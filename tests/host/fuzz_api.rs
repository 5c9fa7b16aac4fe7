// SPDX-License-Identifier: GPL-2.0

//! One function per decoder that takes input from outside: it is given any bytes, must not panic,
//! and asserts what has to hold of whatever it accepts. It says whether it accepted something. The
//! fuzz targets call them, and so does a test that goes through the corpus.
//!
//! Input that has to be nearly right to get anywhere is given as the difference to a valid one
//! (`Input::altered`): a fuzzer cannot guess sixteen bytes, but it can leave them alone.

mod control;
mod handshake;
pub(crate) mod mfs;
pub(crate) mod migration;
mod session;

pub use control::{
    config,
    ioctl,
    status, //
};
pub use handshake::{
    challenge_and_welcome,
    genuine_hello,
    genuine_welcome,
    hello_and_proof, //
};
pub use mfs::{
    mfs_contents,
    mfs_locks,
    mfs_names,
    mfs_object,
    mfs_open,
    mfs_reply, //
};
pub use migration::{
    call,
    from_body,
    from_deputy,
    image, //
};
pub use session::{
    replies,
    sealed,
    session, //
};

use crate::rpc::wire::{
    Header,
    Kind,
    Sender,
    DATA_MAX,
    MSG_MAX, //
};

/// A fuzz target and its name, which is that of its corpus.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All of them.
pub const TARGETS: [Target; 21] = [
    ("header", header),
    ("hello_and_proof", hello_and_proof),
    ("challenge_and_welcome", challenge_and_welcome),
    ("genuine_hello", genuine_hello),
    ("genuine_welcome", genuine_welcome),
    ("sealed", sealed),
    ("replies", replies),
    ("session", session),
    ("config", config),
    ("status", status),
    ("ioctl", ioctl),
    ("mfs_object", mfs_object),
    ("mfs_open", mfs_open),
    ("mfs_contents", mfs_contents),
    ("mfs_names", mfs_names),
    ("mfs_locks", mfs_locks),
    ("mfs_reply", mfs_reply),
    ("image", image),
    ("from_body", from_body),
    ("from_deputy", from_deputy),
    ("call", call),
];

/// Takes bytes from the front of the input; zeroes once it is used up.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.bytes(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// At most `len` bytes.
    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// `valid`, changed by as many bytes of the input.
    fn altered<const N: usize>(&mut self, valid: [u8; N]) -> [u8; N] {
        let mut bytes = self.array();
        for (byte, valid) in bytes.iter_mut().zip(valid) {
            *byte ^= valid;
        }
        bytes
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A blob as the input changes it: the first byte adds to its length or takes from it.
fn altered(input: &mut Input<'_>, mut valid: Vec<u8>) -> Vec<u8> {
    match input.byte() {
        0 => (),
        more @ 1..0x80 => valid.resize(valid.len() + usize::from(more), 0),
        less => valid.truncate(valid.len().saturating_sub(less.into())),
    }
    for byte in &mut valid {
        *byte ^= input.byte();
    }
    valid
}

/// The frame header, from either side.
pub fn header(bytes: &[u8]) -> bool {
    let valid = Header::new(Kind::GOODBYE, 0, 0);
    let bytes = Input(bytes).altered(valid.encode());
    let accepts = |sender| match Header::decode(&bytes, sender) {
        Ok(header) => {
            assert!(header.msg_len <= MSG_MAX && header.data_len <= DATA_MAX);
            assert!(header.kind.service().is_some());
            assert_eq!(header.encode(), bytes);
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    };
    [Sender::Client, Sender::Server]
        .map(accepts)
        .contains(&true)
}
