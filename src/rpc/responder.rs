// SPDX-License-Identifier: GPL-2.0

//! The accepting side of a handshake. Protocol and reasons: [`crate::rpc::handshake`].

use super::handshake::{
    Claim,
    Closing,
    Compat,
    Established,
    Grant,
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
    Challenge,
    Hello,
    Packet,
    Transcript,
    Welcome,
    NONCE_LEN, //
};
use super::wire::{
    FrameError,
    Kind,
    Sender,
    HEADER_LEN, //
};
use crate::control::abi::Integrity;
use zerocopy::little_endian::{
    U16,
    U64, //
};

/// What to do after a frame was received.
pub(crate) enum ServerStep<'a> {
    /// Send these bytes, then receive the next frame.
    Send(&'a [u8]),
    /// The client is genuine: [`Responder::accept`] or [`Responder::refuse`] it.
    Decide(Claim),
}

/// State machine of the server.
pub(crate) struct Responder {
    identity: Identity,
    /// Configured integrity mode.
    mode: Integrity,
    nonce: [u8; NONCE_LEN],
    transcript: Transcript,
    /// The frame that has to come next; `None` when nothing is to be received any more.
    expected: Option<Kind>,
    /// The genuine client that waits for a decision.
    claim: Option<Claim>,
    farewell: Packet,
}

impl Responder {
    /// Begins a handshake with whoever has connected. `nonce` must be fresh; `mode` is the one for
    /// links that are not configured otherwise.
    pub(crate) fn new(identity: Identity, mode: Integrity, nonce: [u8; NONCE_LEN]) -> Self {
        Self {
            identity,
            mode,
            nonce,
            transcript: Transcript::EMPTY,
            expected: Some(Kind::HELLO),
            claim: None,
            farewell: Packet::EMPTY,
        }
    }

    /// The node that the client says it is, once it has; nobody has proved that yet. Good for looking
    /// up what its link is configured for ([`Self::expect_mode`]), and for nothing else.
    pub(crate) fn claimed(&self) -> Option<u16> {
        let hello: Hello = self.transcript.hello.message()?;
        Some(hello.from.get())
    }

    /// The mode that the link with the client is configured for.
    pub(crate) fn expect_mode(&mut self, mode: Integrity) {
        self.mode = mode;
    }

    /// The whole answer to a client that there is no room for; no state machine is needed.
    pub(crate) fn busy() -> Packet {
        Packet::refuse(Closing::Busy as i32)
    }

    /// What to send before the connection is closed after an error; empty for nothing.
    pub(crate) fn farewell(&self) -> &[u8] {
        self.farewell.as_bytes()
    }

    /// Checks a header that arrived; gives the number of bytes to receive behind it.
    ///
    /// # Errors
    ///
    /// If it is not the header that has to come; the handshake has failed.
    pub(crate) fn body_len(&mut self, header: &[u8; HEADER_LEN]) -> Result<usize, HandshakeError> {
        let expected = self.expected.ok_or(HandshakeError::Over)?;
        match Packet::check_header(header, Sender::Client, expected) {
            Ok((_, len)) => Ok(len),
            Err(error) => Err(self.close(error)),
        }
    }

    /// Takes one whole frame that arrived, header and body.
    ///
    /// # Errors
    ///
    /// Any [`HandshakeError`]; [`Self::farewell`] is to be sent and the connection to be closed.
    pub(crate) fn receive(
        &mut self,
        crypto: &impl Crypto,
        key: &[u8; KEY_LEN],
        frame: &[u8],
    ) -> Result<ServerStep<'_>, HandshakeError> {
        // Taken, so that after an error nothing is accepted any more.
        let expected = self.expected.take().ok_or(HandshakeError::Over)?;
        let packet = match Packet::received(frame, Sender::Client, expected) {
            Ok((header, _)) if header.kind == Kind::REFUSE => {
                let closing = Closing::from_code(header.status);
                return Err(HandshakeError::ClosedByPeer(closing));
            }
            Ok((_, packet)) => packet,
            Err(error) => return Err(self.close(error)),
        };
        if expected == Kind::HELLO {
            self.transcript.hello = packet;
            self.hello()?;
            self.expected = Some(Kind::PROOF);
            return Ok(ServerStep::Send(self.transcript.challenge.as_bytes()));
        }
        self.transcript.proof = packet;
        if !self.transcript.client_is_genuine(crypto, key) {
            return Err(self.close(HandshakeError::BadProof));
        }
        self.judge(crypto, key).map(ServerStep::Decide)
    }

    /// Checks the form of a hello; has no effect but the challenge.
    fn hello(&mut self) -> Result<(), HandshakeError> {
        let hello: Option<Hello> = self.transcript.hello.message();
        let Some(hello) = hello.filter(well_formed) else {
            return Err(self.close(HandshakeError::Malformed(Kind::HELLO)));
        };
        if hello.cluster != self.identity.cluster {
            return Err(self.close(HandshakeError::WrongCluster));
        }
        let nonce = self.nonce;
        self.transcript.challenge = Packet::new(Kind::CHALLENGE, &Challenge { nonce });
        Ok(())
    }

    /// Checks what a genuine client said, as far as this needs no knowledge of the cluster.
    fn judge(
        &mut self,
        crypto: &impl Crypto,
        key: &[u8; KEY_LEN],
    ) -> Result<Claim, HandshakeError> {
        let hello: Option<Hello> = self.transcript.hello.message();
        let Some(hello) = hello.filter(well_formed) else {
            return Err(self.close(HandshakeError::Malformed(Kind::HELLO)));
        };
        let peer = Peer {
            node: hello.from.get(),
            incarnation: hello.incarnation.get(),
            epoch: hello.epoch.get(),
            build_id: hello.build_id,
            version: Version(hello.version.map(|part| part.get())),
            protocol: hello.protocol.get(),
        };
        let claim = Claim {
            peer,
            session: hello.session.get(),
        };
        self.claim = Some(claim);
        let own = &self.identity;
        let refusal = if peer.node == own.node && peer.incarnation == own.incarnation {
            Refusal::Myself
        } else if peer.node == own.node {
            Refusal::DuplicateNumber
        } else if hello.to.get() != own.node {
            Refusal::WrongNumber
        } else if hello.mode != self.mode as u8 {
            Refusal::ModeMismatch
        } else {
            return Ok(claim);
        };
        Err(self.refuse(crypto, key, refusal, 0))
    }

    /// Says yes to the client; the packet is to be sent, then the session begins.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Over`] if no client waits for a decision.
    pub(crate) fn accept(
        &mut self,
        crypto: &impl Crypto,
        key: &[u8; KEY_LEN],
        grant: Grant,
    ) -> Result<(Packet, Established), HandshakeError> {
        let claim = self.claim.take().ok_or(HandshakeError::Over)?;
        let mut welcome = self.draft(grant.epoch);
        welcome.resumed = u8::from(grant.resumed);
        welcome.session = U64::new(grant.session);
        welcome.credits = U16::new(grant.credits);
        self.transcript.sign_welcome(crypto, key, welcome);
        let keys = self.transcript.keys(crypto, key);
        let established = Established {
            peer: claim.peer,
            compat: Compat::of(&self.identity, &claim.peer),
            mode: self.mode,
            session: grant.session,
            resumed: grant.resumed,
            credits: grant.credits,
            send: keys.server,
            receive: keys.client,
        };
        Ok((self.transcript.welcome.clone(), established))
    }

    /// Says no to a genuine client and why, as its [`Self::farewell`]. `epoch` is this node's
    /// epoch towards the client. Returns the error to log.
    pub(crate) fn refuse(
        &mut self,
        crypto: &impl Crypto,
        key: &[u8; KEY_LEN],
        refusal: Refusal,
        epoch: u64,
    ) -> HandshakeError {
        if self.claim.take().is_none() {
            return HandshakeError::Over;
        }
        let mut welcome = self.draft(epoch);
        welcome.result = U16::new(refusal.code());
        self.transcript.sign_welcome(crypto, key, welcome);
        self.farewell = self.transcript.welcome.clone();
        HandshakeError::Denied(refusal)
    }

    /// A welcome with what this node says about itself.
    fn draft(&self, epoch: u64) -> Welcome {
        Welcome {
            result: U16::new(0),
            from: U16::new(self.identity.node),
            protocol: U16::new(self.identity.protocol),
            mode: self.mode as u8,
            resumed: 0,
            incarnation: U64::new(self.identity.incarnation),
            epoch: U64::new(epoch),
            session: U64::new(0),
            build_id: self.identity.build_id,
            version: self.identity.version.0.map(U16::new),
            credits: U16::new(0),
            reserved: [0; 4],
            mac: [0; 32],
        }
    }

    /// Ends the handshake with somebody who has not proved anything.
    fn close(&mut self, error: HandshakeError) -> HandshakeError {
        self.expected = None;
        self.farewell = match error {
            // Not one of ours: it would not understand, and need not learn what listens here.
            HandshakeError::Frame(FrameError::BadMagic(_)) => Packet::EMPTY,
            HandshakeError::Frame(FrameError::BadVersion(_)) => {
                Packet::refuse(Closing::Version as i32)
            }
            _ => Packet::refuse(Closing::Refused as i32),
        };
        error
    }
}

/// Whether the fields of a hello can be what a node of this version sends.
fn well_formed(hello: &Hello) -> bool {
    hello.from.get() != 0
        && hello.incarnation.get() != 0
        && Integrity::from_raw(hello.mode).is_some()
        && hello.reserved == 0
        && hello.reserved_tail == [0; 2]
}
