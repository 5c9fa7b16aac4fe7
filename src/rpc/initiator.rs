// SPDX-License-Identifier: GPL-2.0

//! The dialing side of a handshake. Protocol and reasons: [`crate::rpc::handshake`].

use super::handshake::{
    Closing,
    Compat,
    Denial,
    Established,
    HandshakeError,
    Identity,
    Peer,
    Refusal,
    Version, //
};
use super::keys::{
    Crypto,
    KEY_LEN, //
};
use super::transcript::{
    Hello,
    Packet,
    Proof,
    Transcript,
    Welcome,
    NONCE_LEN, //
};
use super::wire::{
    Header,
    Kind,
    Sender,
    HEADER_LEN, //
};
use crate::control::abi::Integrity;
use zerocopy::little_endian::{
    U16,
    U64, //
};

/// What the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dial {
    /// Number of the node that is meant.
    pub(crate) peer: u16,
    /// Own epoch towards it.
    pub(crate) epoch: u64,
    /// Configured integrity mode of the link.
    pub(crate) mode: Integrity,
    /// The session to go on with; 0 for none.
    pub(crate) session: u64,
}

/// What to do after a frame was received.
#[expect(
    clippy::large_enum_variant,
    reason = "exists for a moment on the stack of a handshake"
)]
pub(crate) enum ClientStep<'a> {
    /// Send these bytes, then receive the next frame.
    Send(&'a [u8]),
    /// Both sides are authenticated; the session begins with the next frame.
    Done(Established),
}

/// State machine of the client.
pub(crate) struct Initiator {
    identity: Identity,
    dial: Dial,
    transcript: Transcript,
    /// The frame that has to come next; `None` when the handshake is over.
    expected: Option<Kind>,
}

impl Initiator {
    /// Begins a handshake; [`Self::hello`] is to be sent first. `nonce` must be fresh.
    pub(crate) fn new(identity: Identity, dial: Dial, nonce: [u8; NONCE_LEN]) -> Self {
        let hello = Hello {
            cluster: identity.cluster,
            nonce,
            from: U16::new(identity.node),
            to: U16::new(dial.peer),
            protocol: U16::new(identity.protocol),
            mode: dial.mode as u8,
            reserved: 0,
            incarnation: U64::new(identity.incarnation),
            epoch: U64::new(dial.epoch),
            session: U64::new(dial.session),
            build_id: identity.build_id,
            version: identity.version.0.map(U16::new),
            reserved_tail: [0; 2],
        };
        let mut transcript = Transcript::EMPTY;
        transcript.hello = Packet::new(Kind::HELLO, &hello);
        Self {
            identity,
            dial,
            transcript,
            expected: Some(Kind::CHALLENGE),
        }
    }

    /// The first frame.
    pub(crate) fn hello(&self) -> &[u8] {
        self.transcript.hello.as_bytes()
    }

    /// Checks a header that arrived; gives the number of bytes to receive behind it.
    ///
    /// # Errors
    ///
    /// If it is not the header that has to come; the handshake has failed.
    pub(crate) fn body_len(&self, header: &[u8; HEADER_LEN]) -> Result<usize, HandshakeError> {
        let expected = self.expected.ok_or(HandshakeError::Over)?;
        Packet::check_header(header, Sender::Server, expected).map(|(_, len)| len)
    }

    /// Takes one whole frame that arrived, header and body.
    ///
    /// # Errors
    ///
    /// Any [`HandshakeError`]; the connection is to be closed.
    pub(crate) fn receive(
        &mut self,
        crypto: &impl Crypto,
        key: &[u8; KEY_LEN],
        frame: &[u8],
    ) -> Result<ClientStep<'_>, HandshakeError> {
        // Taken, so that after an error nothing is accepted any more.
        let expected = self.expected.take().ok_or(HandshakeError::Over)?;
        let (header, packet) = Packet::received(frame, Sender::Server, expected)?;
        match (expected, header.kind) {
            (_, Kind::REFUSE) => Err(closed(&header)),
            (Kind::CHALLENGE, _) => {
                self.transcript.challenge = packet;
                let mac = self.transcript.client_mac(crypto, key);
                self.transcript.proof = Packet::new(Kind::PROOF, &Proof { mac });
                self.expected = Some(Kind::WELCOME);
                Ok(ClientStep::Send(self.transcript.proof.as_bytes()))
            }
            _ => {
                self.transcript.welcome = packet;
                self.welcome(crypto, key).map(ClientStep::Done)
            }
        }
    }

    /// Takes the server's answer, if it is the server's.
    fn welcome(
        &self,
        crypto: &impl Crypto,
        key: &[u8; KEY_LEN],
    ) -> Result<Established, HandshakeError> {
        if !self.transcript.server_is_genuine(crypto, key) {
            return Err(HandshakeError::BadProof);
        }
        let malformed = HandshakeError::Malformed(Kind::WELCOME);
        let welcome: Welcome = self.transcript.welcome.message().ok_or(malformed)?;
        let mode = Integrity::from_raw(welcome.mode).ok_or(malformed)?;
        let peer = Peer {
            node: welcome.from.get(),
            incarnation: welcome.incarnation.get(),
            epoch: welcome.epoch.get(),
            build_id: welcome.build_id,
            version: Version(welcome.version.map(|part| part.get())),
            protocol: welcome.protocol.get(),
        };
        let refusal = match welcome.result.get() {
            0 => None,
            code => Some(Refusal::from_code(code).ok_or(malformed)?),
        };
        if refusal == Some(Refusal::WrongNumber) {
            return Err(HandshakeError::WrongNumber {
                dialed: self.dial.peer,
                answered: peer.node,
            });
        }
        if let Some(refusal) = refusal {
            return Err(HandshakeError::DeniedByPeer(Denial {
                refusal,
                server: peer,
                mode,
            }));
        }
        let resumed = match welcome.resumed {
            0 => false,
            1 => true,
            _ => return Err(malformed),
        };
        // A server that says yes has agreed to all of this: that it has not is a bug or a lie.
        let agreed = peer.node == self.dial.peer
            && peer.incarnation != 0
            && peer.epoch == self.dial.epoch
            && mode == self.dial.mode
            && welcome.session.get() != 0
            && (!resumed || welcome.session.get() == self.dial.session)
            && welcome.reserved == [0; 4];
        if !agreed {
            return Err(malformed);
        }
        let keys = self.transcript.keys(crypto, key);
        Ok(Established {
            peer,
            compat: Compat::of(&self.identity, &peer),
            mode,
            session: welcome.session.get(),
            resumed,
            credits: welcome.credits.get(),
            send: keys.client,
            receive: keys.server,
        })
    }
}

/// What a refusal in the clear means.
fn closed(header: &Header) -> HandshakeError {
    HandshakeError::ClosedByPeer(Closing::from_code(header.status))
}
