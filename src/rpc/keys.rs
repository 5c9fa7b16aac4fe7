// SPDX-License-Identifier: GPL-2.0

//! Keys: from the cluster key to the keys of one connection.
//!
//! The cluster key is used for nothing but HMAC-SHA256 over a label and a transcript. Labels all
//! have the same length and say role and purpose, so that no value that one side computes can
//! ever be the one that the other side, or another purpose, needs.
//!
//! Every connection has fresh keys, since both nonces are in the transcript; frames can therefore
//! be numbered from 0 on each connection without a nonce ever being used twice. The keys of the
//! two directions differ, so that a frame sent back to its sender is not valid.

use core::hint::black_box;

/// The primitives, which are the kernel's in the module and well-known crates' in the host tests.
pub(crate) trait Crypto {
    /// HMAC-SHA256 of the concatenation of `parts`.
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 32];

    /// SipHash-2-4 with a 64-bit result.
    fn siphash(&self, key: [u64; 2], data: &[u8]) -> u64;
}

/// Length of the cluster key in bytes.
pub(crate) const KEY_LEN: usize = 32;

/// Length of a label in bytes.
const LABEL_LEN: usize = 32;

/// What a HMAC is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label([u8; LABEL_LEN]);

impl Label {
    /// Hides a cluster's name in its id.
    pub(crate) const CLUSTER_ID: Label = Label(*b"mosix 1: name of the cluster    ");
    /// The client's proof.
    pub(crate) const CLIENT_PROOF: Label = Label(*b"mosix 1: proof of the client    ");
    /// The server's proof.
    pub(crate) const SERVER_PROOF: Label = Label(*b"mosix 1: proof of the server    ");
    /// The secret from which the keys of a connection are made.
    pub(crate) const SESSION: Label = Label(*b"mosix 1: secret of the session  ");
    const CLIENT_HEAD: Label = Label(*b"mosix 1: client, header+message ");
    const CLIENT_DATA: Label = Label(*b"mosix 1: client, data           ");
    const CLIENT_AEAD: Label = Label(*b"mosix 1: client, encryption     ");
    const SERVER_HEAD: Label = Label(*b"mosix 1: server, header+message ");
    const SERVER_DATA: Label = Label(*b"mosix 1: server, data           ");
    const SERVER_AEAD: Label = Label(*b"mosix 1: server, encryption     ");

    /// The bytes that go in front of what is authenticated.
    pub(crate) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The keys of one direction of one connection. Not printable; wiped when dropped.
pub(crate) struct DirectionKeys {
    /// SipHash key for headers.
    pub(crate) head: [u64; 2],
    /// SipHash key for messages.
    pub(crate) message: [u64; 2],
    /// SipHash key for pieces of data.
    pub(crate) chunk: [u64; 2],
    /// SipHash key that chains the pieces.
    pub(crate) chain: [u64; 2],
    /// ChaCha20-Poly1305 key.
    pub(crate) aead: [u8; 32],
}

impl DirectionKeys {
    /// Expands the connection's `secret` under the three labels of one direction.
    fn expand(crypto: &impl Crypto, secret: &[u8; 32], labels: [Label; 3]) -> Self {
        let [head, data, aead] = labels.map(|label| crypto.hmac_sha256(secret, &[label.bytes()]));
        let [head, message] = two_keys(head);
        let [chunk, chain] = two_keys(data);
        Self {
            head,
            message,
            chunk,
            chain,
            aead,
        }
    }
}

impl Drop for DirectionKeys {
    fn drop(&mut self) {
        for key in [
            &mut self.head,
            &mut self.message,
            &mut self.chunk,
            &mut self.chain,
        ] {
            *black_box(key) = [0; 2];
        }
        wipe(&mut self.aead);
    }
}

/// The keys of one connection.
pub(crate) struct ConnectionKeys {
    /// For what the client sends.
    pub(crate) client: DirectionKeys,
    /// For what the server sends.
    pub(crate) server: DirectionKeys,
}

impl ConnectionKeys {
    /// The keys that belong to the complete `transcript` of a handshake.
    pub(crate) fn derive(
        crypto: &impl Crypto,
        cluster_key: &[u8; KEY_LEN],
        transcript: [&[u8]; 4],
    ) -> Self {
        let [hello, challenge, proof, welcome] = transcript;
        let mut secret = crypto.hmac_sha256(
            cluster_key,
            &[Label::SESSION.bytes(), hello, challenge, proof, welcome],
        );
        let client = [Label::CLIENT_HEAD, Label::CLIENT_DATA, Label::CLIENT_AEAD];
        let server = [Label::SERVER_HEAD, Label::SERVER_DATA, Label::SERVER_AEAD];
        let keys = Self {
            client: DirectionKeys::expand(crypto, &secret, client),
            server: DirectionKeys::expand(crypto, &secret, server),
        };
        wipe(&mut secret);
        keys
    }
}

/// Compares in a time that does not depend on where the first difference is.
pub(crate) fn equal_constant_time(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let difference = a
        .iter()
        .zip(b)
        .fold(0, |all, (x, y)| black_box(all | (x ^ y)));
    difference == 0
}

/// Overwrites a secret. The compiler cannot leave that out: it does not know where the pointer
/// that comes back from `black_box` points.
pub(crate) fn wipe(secret: &mut [u8; 32]) {
    *black_box(secret) = [0; 32];
}

/// Splits 32 bytes into two SipHash keys.
fn two_keys(bytes: [u8; 32]) -> [[u64; 2]; 2] {
    let words: [[u8; 8]; 4] = zerocopy::transmute!(bytes);
    let [a, b, c, d] = words.map(u64::from_le_bytes);
    [[a, b], [c, d]]
}
