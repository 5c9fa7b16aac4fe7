// SPDX-License-Identifier: GPL-2.0

//! Tests of the handshake: both state machines against each other and against liars.

use crate::control::abi::Integrity;
use crate::crypto::HostCrypto;
use crate::rpc::handshake::*;
use crate::rpc::initiator::*;
use crate::rpc::responder::*;
use crate::rpc::wire::*;
use proptest::prelude::*;

const KEY: [u8; 32] = [0x42; 32];
const CLIENT_NONCE: [u8; 32] = [0xc1; 32];
const SERVER_NONCE: [u8; 32] = [0x5e; 32];

fn identity(node: u16) -> Identity {
    Identity {
        cluster: cluster_id(&HostCrypto, "test"),
        node,
        incarnation: 1000 + u64::from(node),
        build_id: [0xb1; 20],
        version: Version([0, 1, 7]),
        protocol: PROTOCOL,
    }
}

fn dial(peer: u16) -> Dial {
    Dial {
        peer,
        epoch: 3,
        mode: Integrity::Header,
        session: 0,
    }
}

const GRANT: Grant = Grant {
    epoch: 3,
    session: 77,
    resumed: false,
    credits: 64,
};

fn client() -> Initiator {
    Initiator::new(identity(1), dial(2), CLIENT_NONCE)
}

fn server() -> Responder {
    Responder::new(identity(2), Integrity::Header, SERVER_NONCE)
}

/// What came of a handshake, on both sides.
struct Outcome {
    client: Result<Established, HandshakeError>,
    server: Result<Established, HandshakeError>,
    /// The frames in the order in which they were sent.
    frames: Vec<Vec<u8>>,
}

/// Runs one handshake; `tamper(n, frame)` sees and may change the nth frame on its way.
fn run(
    mut client: Initiator,
    mut server: Responder,
    keys: [&[u8; 32]; 2],
    decide: impl Fn(&Claim) -> Result<Grant, Refusal>,
    mut tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Outcome {
    let [client_key, server_key] = keys;
    let mut frames = Vec::new();
    let mut travel = |frame: &[u8]| {
        let mut frame = frame.to_vec();
        tamper(frames.len(), &mut frame);
        frames.push(frame.clone());
        frame
    };
    let mut to_server = travel(client.hello());
    let mut server_result = Err(HandshakeError::Over);
    let client_result = loop {
        let reply = match server.receive(&HostCrypto, server_key, &to_server) {
            Ok(ServerStep::Send(bytes)) => bytes.to_vec(),
            Ok(ServerStep::Decide(claim)) => match decide(&claim) {
                Ok(grant) => {
                    let (packet, done) = server.accept(&HostCrypto, server_key, grant).unwrap();
                    server_result = Ok(done);
                    packet.as_bytes().to_vec()
                }
                Err(refusal) => {
                    let error = server.refuse(&HostCrypto, server_key, refusal, 9);
                    server_result = Err(error);
                    server.farewell().to_vec()
                }
            },
            Err(error) => {
                server_result = Err(error);
                server.farewell().to_vec()
            }
        };
        if reply.is_empty() {
            break Err(HandshakeError::Over);
        }
        let reply = travel(&reply);
        match client.receive(&HostCrypto, client_key, &reply) {
            Ok(ClientStep::Send(bytes)) => to_server = travel(bytes),
            Ok(ClientStep::Done(done)) => break Ok(done),
            Err(error) => break Err(error),
        }
    };
    Outcome {
        client: client_result,
        server: server_result,
        frames,
    }
}

/// Runs a handshake in which nobody interferes and the server accepts all genuine clients.
fn plain(client: Initiator, server: Responder) -> Outcome {
    run(client, server, [&KEY, &KEY], |_| Ok(GRANT), |_, _| ())
}

/// The error on either side; panics if that side succeeded.
fn error(result: Result<Established, HandshakeError>) -> HandshakeError {
    result.err().expect("the handshake must fail")
}

#[test]
fn both_sides_agree() {
    let outcome = plain(client(), server());
    let (client, server) = (outcome.client.unwrap_or_else(|e| panic!("{e}")), outcome.server.unwrap_or_else(|e| panic!("{e}")));
    assert_eq!((client.peer.node, server.peer.node), (2, 1));
    assert_eq!((client.peer.incarnation, server.peer.incarnation), (1002, 1001));
    assert_eq!((client.session, server.session), (77, 77));
    assert_eq!((client.credits, server.credits), (64, 64));
    assert_eq!((client.compat, server.compat), (Compat::Full, Compat::Full));
    assert_eq!(client.send.head, server.receive.head);
    assert_eq!(client.receive.aead, server.send.aead);
    assert_ne!(client.send.head, client.receive.head);
    assert_ne!(client.send.aead, client.receive.aead);
}
