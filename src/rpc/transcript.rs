// SPDX-License-Identifier: GPL-2.0

//! The four messages of the handshake as they travel, and the MACs over them.
//!
//! Every MAC is over all bytes that both sides have sent so far, headers included, so that no bit
//! of any of them can be changed on the way. For how they are used see [`crate::rpc::handshake`].

use super::handshake::HandshakeError;
use super::keys::{
    equal_constant_time,
    ConnectionKeys,
    Crypto,
    Label,
    KEY_LEN, //
};
use super::wire::{
    FrameError,
    Header,
    Kind,
    Sender,
    HEADER_LEN, //
};
use zerocopy::little_endian::{
    U16,
    U64, //
};
use zerocopy::{
    FromBytes,
    Immutable,
    IntoBytes, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// Bytes of a nonce.
pub(crate) const NONCE_LEN: usize = 32;

/// Bytes of a proof.
pub(crate) const PROOF_LEN: usize = 32;

/// Bytes of the kernel build id.
pub(crate) const BUILD_ID_LEN: usize = 20;

/// Bytes of a cluster's id.
pub(crate) const CLUSTER_ID_LEN: usize = 16;

/// First message, from the client: who I am, whom I mean and what I want. 108 bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Hello {
    pub(crate) cluster: [u8; CLUSTER_ID_LEN],
    pub(crate) nonce: [u8; NONCE_LEN],
    pub(crate) from: U16,
    pub(crate) to: U16,
    pub(crate) protocol: U16,
    pub(crate) mode: u8,
    pub(crate) reserved: u8,
    pub(crate) incarnation: U64,
    pub(crate) epoch: U64,
    /// The session to go on with; 0 for none.
    pub(crate) session: U64,
    pub(crate) build_id: [u8; BUILD_ID_LEN],
    pub(crate) version: [U16; 3],
    pub(crate) reserved_tail: [u8; 2],
}

/// Second message, from the server: nothing but freshness.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Challenge {
    pub(crate) nonce: [u8; NONCE_LEN],
}

/// Third message, from the client: it knows the key.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Proof {
    pub(crate) mac: [u8; PROOF_LEN],
}

/// Fourth message, from the server: who it is, its answer, and that it knows the key.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Welcome {
    /// 0 for yes, else the code of a [`crate::rpc::handshake::Refusal`].
    pub(crate) result: U16,
    pub(crate) from: U16,
    pub(crate) protocol: U16,
    pub(crate) mode: u8,
    /// 1 if the session that the client asked for goes on, 0 if it is a new one.
    pub(crate) resumed: u8,
    pub(crate) incarnation: U64,
    pub(crate) epoch: U64,
    pub(crate) session: U64,
    pub(crate) build_id: [u8; BUILD_ID_LEN],
    pub(crate) version: [U16; 3],
    pub(crate) credits: U16,
    pub(crate) reserved: [u8; 4],
    /// Last, so that "all bytes before it" is what it covers.
    pub(crate) mac: [u8; PROOF_LEN],
}

/// Bytes of the longest handshake frame.
pub(crate) const PACKET_MAX: usize = HEADER_LEN + size_of::<Hello>();

/// The message length that a handshake frame of `kind` must have.
const fn message_len(kind: Kind) -> usize {
    match kind {
        Kind::HELLO => size_of::<Hello>(),
        Kind::CHALLENGE => size_of::<Challenge>(),
        Kind::PROOF => size_of::<Proof>(),
        Kind::WELCOME => size_of::<Welcome>(),
        _ => 0,
    }
}

/// One whole handshake frame, header and message.
#[derive(Clone)]
pub(crate) struct Packet {
    bytes: [u8; PACKET_MAX],
    len: usize,
}

impl Packet {
    /// Nothing yet.
    pub(crate) const EMPTY: Packet = Packet {
        bytes: [0; PACKET_MAX],
        len: 0,
    };

    /// The frame for `header` and its `message`, which has to fit.
    fn assemble(header: &Header, message: &[u8]) -> Self {
        let mut packet = Self::EMPTY;
        let bytes = header.encode();
        for (to, from) in packet.bytes.iter_mut().zip(bytes.iter().chain(message)) {
            *to = *from;
            packet.len = packet.len.saturating_add(1);
        }
        packet
    }

    /// The frame that carries `message`.
    pub(crate) fn new<M: IntoBytes + Immutable>(kind: Kind, message: &M) -> Self {
        let message = message.as_bytes();
        // All messages are some hundred bytes at most.
        let header = Header::new(kind, message.len() as u32, 0);
        Self::assemble(&header, message)
    }

    /// A refusal that says no more than `code`.
    pub(crate) fn refuse(code: i32) -> Self {
        let mut header = Header::new(Kind::REFUSE, 0, 0);
        header.status = code;
        Self::assemble(&header, &[])
    }

    /// Checks the header of a frame that just arrived and says how many bytes follow it.
    ///
    /// # Errors
    ///
    /// If the frame is neither of kind `expected` nor a refusal, or not of exactly its length.
    pub(crate) fn check_header(
        header: &[u8; HEADER_LEN],
        sender: Sender,
        expected: Kind,
    ) -> Result<(Header, usize), HandshakeError> {
        let header = Header::decode(header, sender).map_err(HandshakeError::Frame)?;
        if header.kind != expected && header.kind != Kind::REFUSE {
            let error = FrameError::UnexpectedKind(header.kind);
            return Err(HandshakeError::Frame(error));
        }
        let len = message_len(header.kind);
        if usize::try_from(header.msg_len) != Ok(len) {
            return Err(HandshakeError::Malformed(header.kind));
        }
        Ok((header, len))
    }

    /// Takes a whole frame that arrived.
    ///
    /// # Errors
    ///
    /// As [`Self::check_header`], or if `bytes` is not exactly one frame.
    pub(crate) fn received(
        bytes: &[u8],
        sender: Sender,
        expected: Kind,
    ) -> Result<(Header, Self), HandshakeError> {
        let malformed = HandshakeError::Malformed(expected);
        let (head, message) = bytes.split_first_chunk().ok_or(malformed)?;
        let (header, len) = Self::check_header(head, sender, expected)?;
        if message.len() != len {
            return Err(malformed);
        }
        Ok((header, Self::assemble(&header, message)))
    }

    /// The frame's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// The message in the frame, read as an `M`; `None` if it is not of that length.
    pub(crate) fn message<M: FromBytes>(&self) -> Option<M> {
        M::read_from_bytes(self.as_bytes().get(HEADER_LEN..)?).ok()
    }
}

/// All that both sides have said in one handshake.
pub(crate) struct Transcript {
    pub(crate) hello: Packet,
    pub(crate) challenge: Packet,
    pub(crate) proof: Packet,
    pub(crate) welcome: Packet,
}

impl Transcript {
    /// Nothing was said yet.
    pub(crate) const EMPTY: Transcript = Transcript {
        hello: Packet::EMPTY,
        challenge: Packet::EMPTY,
        proof: Packet::EMPTY,
        welcome: Packet::EMPTY,
    };

    /// What the client has to prove with after hello and challenge.
    pub(crate) fn client_mac(&self, crypto: &impl Crypto, key: &[u8; KEY_LEN]) -> [u8; PROOF_LEN] {
        crypto.hmac_sha256(
            key,
            &[
                Label::CLIENT_PROOF.bytes(),
                self.hello.as_bytes(),
                self.challenge.as_bytes(),
            ],
        )
    }

    /// What the server has to prove with; covers the welcome up to its MAC.
    pub(crate) fn server_mac(&self, crypto: &impl Crypto, key: &[u8; KEY_LEN]) -> [u8; PROOF_LEN] {
        let welcome = self.welcome.as_bytes();
        let covered = welcome
            .get(..welcome.len().saturating_sub(PROOF_LEN))
            .unwrap_or(&[]);
        crypto.hmac_sha256(
            key,
            &[
                Label::SERVER_PROOF.bytes(),
                self.hello.as_bytes(),
                self.challenge.as_bytes(),
                self.proof.as_bytes(),
                covered,
            ],
        )
    }

    /// Whether the client's proof is right.
    pub(crate) fn client_is_genuine(&self, crypto: &impl Crypto, key: &[u8; KEY_LEN]) -> bool {
        self.proof
            .message::<Proof>()
            .is_some_and(|proof| equal_constant_time(&proof.mac, &self.client_mac(crypto, key)))
    }

    /// Whether the server's proof is right.
    pub(crate) fn server_is_genuine(&self, crypto: &impl Crypto, key: &[u8; KEY_LEN]) -> bool {
        self.welcome
            .message::<Welcome>()
            .is_some_and(|welcome| equal_constant_time(&welcome.mac, &self.server_mac(crypto, key)))
    }

    /// Writes the server's proof into its welcome.
    pub(crate) fn sign_welcome(
        &mut self,
        crypto: &impl Crypto,
        key: &[u8; KEY_LEN],
        mut welcome: Welcome,
    ) {
        self.welcome = Packet::new(Kind::WELCOME, &welcome);
        welcome.mac = self.server_mac(crypto, key);
        self.welcome = Packet::new(Kind::WELCOME, &welcome);
    }

    /// The keys of the connection.
    pub(crate) fn keys(&self, crypto: &impl Crypto, key: &[u8; KEY_LEN]) -> ConnectionKeys {
        ConnectionKeys::derive(
            crypto,
            key,
            [
                self.hello.as_bytes(),
                self.challenge.as_bytes(),
                self.proof.as_bytes(),
                self.welcome.as_bytes(),
            ],
        )
    }
}
