// SPDX-License-Identifier: GPL-2.0

//! The handshake over a socket: runs the state machines of [`super::initiator`] and
//! [`super::responder`], which know no sockets.

use kernel::prelude::*;

use super::{
    handshake::{
        Claim,
        Established,
        Grant,
        HandshakeError,
        Identity,
        Refusal, //
    },
    initiator::{
        ClientStep,
        Dial,
        Initiator, //
    },
    keys::{
        Crypto,
        KEY_LEN, //
    },
    link_error::LinkError,
    responder::{
        Responder,
        ServerStep, //
    },
    transcript::{
        NONCE_LEN,
        PACKET_MAX, //
    },
    wire::HEADER_LEN, //
};
use crate::{
    control::abi::Integrity,
    linux::{
        crypto,
        net::{
            Received,
            Socket,
            Wait, //
        }, //
    }, //
};

/// How long either side waits for the other's next word, in milliseconds.
pub(crate) const PATIENCE_MS: u32 = 3_000;

/// The kernel's primitives for the pure code.
pub(crate) struct KernelCrypto;

impl Crypto for KernelCrypto {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        crypto::hmac_sha256(key, parts)
    }

    fn siphash(&self, key: [u64; 2], data: &[u8]) -> u64 {
        crypto::siphash(key, data)
    }
}

fn nonce() -> Result<[u8; NONCE_LEN]> {
    let mut nonce = [0; NONCE_LEN];
    crypto::random(&mut nonce)?;
    Ok(nonce)
}

/// Sends all of `bytes`; each wait is bounded by the socket's timeout.
fn send_all(socket: &Socket, mut bytes: &[u8]) -> Result {
    while !bytes.is_empty() {
        let sent = socket.send(&[bytes], Wait::Yes)?;
        bytes = bytes.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Receives one handshake frame into `buf`; `body_len` judges its header.
fn receive<'a>(
    socket: &Socket,
    buf: &'a mut [u8; PACKET_MAX],
    body_len: impl FnOnce(&[u8; HEADER_LEN]) -> Result<usize, HandshakeError>,
) -> Result<&'a [u8], LinkError> {
    let (head, rest) = buf.split_first_chunk_mut::<HEADER_LEN>().ok_or(EMSGSIZE)?;
    if socket.recv_exact(head)? == Received::Closed {
        return Err(LinkError::Closed);
    }
    let len = body_len(head)?;
    let body = rest.get_mut(..len).ok_or(EMSGSIZE)?;
    if !body.is_empty() && socket.recv_exact(body)? == Received::Closed {
        return Err(LinkError::Closed);
    }
    let total = HEADER_LEN.saturating_add(len);
    Ok(buf.get(..total).ok_or(EMSGSIZE)?)
}

/// Authenticates the connection that this node made.
///
/// Sleeps. The caller has set the socket's timeouts to [`PATIENCE_MS`].
pub(crate) fn as_client(
    socket: &Socket,
    identity: &Identity,
    key: &[u8; KEY_LEN],
    dial: Dial,
) -> Result<Established, LinkError> {
    let mut machine = Initiator::new(*identity, dial, nonce()?);
    let mut buf = [0; PACKET_MAX];
    send_all(socket, machine.hello())?;
    loop {
        let frame = receive(socket, &mut buf, |header| machine.body_len(header))?;
        match machine.receive(&KernelCrypto, key, frame)? {
            ClientStep::Send(bytes) => send_all(socket, bytes)?,
            ClientStep::Done(established) => return Ok(established),
        }
    }
}

/// What the owner of the cluster's state says to an authenticated client.
pub(crate) enum Decision {
    /// Yes.
    Accept(Grant),
    /// No; with this node's epoch towards the client.
    Refuse(Refusal, u64),
}

/// Authenticates a connection that somebody made to this node. `decide` is asked once, and only about
/// a client that has proved to know the key.
///
/// `mode_of` says what the link with a node is configured for.
///
/// Sleeps. The caller has set the socket's timeouts to [`PATIENCE_MS`].
pub(crate) fn as_server(
    socket: &Socket,
    identity: &Identity,
    key: &[u8; KEY_LEN],
    mode_of: impl Fn(Option<u16>) -> Integrity,
    decide: impl FnOnce(&Claim) -> Decision,
) -> Result<Established, LinkError> {
    let mut machine = Responder::new(*identity, mode_of(None), nonce()?);
    let claim = prove(socket, &mut machine, key, mode_of)
        .inspect_err(|_| say_farewell(socket, &machine))?;
    match decide(&claim) {
        Decision::Accept(grant) => {
            let (welcome, established) = machine.accept(&KernelCrypto, key, grant)?;
            send_all(socket, welcome.as_bytes())?;
            Ok(established)
        }
        Decision::Refuse(refusal, epoch) => {
            let error = machine.refuse(&KernelCrypto, key, refusal, epoch);
            say_farewell(socket, &machine);
            Err(error.into())
        }
    }
}

fn prove(
    socket: &Socket,
    machine: &mut Responder,
    key: &[u8; KEY_LEN],
    mode_of: impl Fn(Option<u16>) -> Integrity,
) -> Result<Claim, LinkError> {
    let mut buf = [0; PACKET_MAX];
    loop {
        let frame = receive(socket, &mut buf, |header| machine.body_len(header))?;
        match machine.receive(&KernelCrypto, key, frame)? {
            ServerStep::Send(bytes) => {
                send_all(socket, bytes)?;
                machine.expect_mode(mode_of(machine.claimed()));
            }
            ServerStep::Decide(claim) => return Ok(claim),
        }
    }
}

/// The last word to a refused client; nothing follows from its failing to arrive.
fn say_farewell(socket: &Socket, machine: &Responder) {
    let farewell = machine.farewell();
    if !farewell.is_empty() {
        let _ = send_all(socket, farewell);
    }
}
