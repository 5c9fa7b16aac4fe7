// SPDX-License-Identifier: GPL-2.0

//! Both state machines of the handshake: against anybody, and against somebody with the key.

use super::Input;
use crate::control::abi::Integrity;
use crate::crypto::HostCrypto;
use crate::rpc::handshake::{
    Compat,
    Grant,
    HandshakeError,
    Identity,
    Refusal,
    Version,
    PROTOCOL, //
};
use crate::rpc::initiator::{
    ClientStep,
    Dial,
    Initiator, //
};
use crate::rpc::responder::{
    Responder,
    ServerStep, //
};
use crate::rpc::transcript::{
    Hello,
    Packet,
    Proof,
    Transcript,
    Welcome,
    PACKET_MAX, //
};
use crate::rpc::wire::{
    Kind,
    Sender,
    HEADER_LEN, //
};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 32] = [0x17; 32];
const HELLO_LEN: usize = size_of::<Hello>();
const WELCOME_LEN: usize = size_of::<Welcome>();

const SERVER: Identity = Identity {
    cluster: [0xc1; 16],
    node: 2,
    incarnation: 9,
    build_id: [0xb1; 20],
    version: Version([0, 1, 0]),
    protocol: PROTOCOL,
};

const CLIENT: Identity = Identity {
    node: 1,
    incarnation: 8,
    ..SERVER
};

fn server() -> Responder {
    Responder::new(SERVER, Integrity::Header, NONCE)
}

fn client() -> Initiator {
    let dial = Dial {
        peer: 2,
        epoch: 3,
        mode: Integrity::Header,
        session: 7,
    };
    Initiator::new(CLIENT, dial, NONCE)
}

/// A packet as the input changes it; the first byte of the input says how long it is.
fn altered(input: &mut Input<'_>, valid: &Packet) -> Vec<u8> {
    let cut = usize::from(input.byte());
    let mut bytes = input.altered(padded(valid)).to_vec();
    bytes.truncate(valid.as_bytes().len() ^ cut);
    bytes
}

/// The bytes of a packet, and zeroes.
fn padded(packet: &Packet) -> [u8; PACKET_MAX] {
    let mut bytes = [0; PACKET_MAX];
    let used = packet.as_bytes();
    bytes[..used.len()].copy_from_slice(used);
    bytes
}

/// What the server gets from somebody without the key: any frames.
pub fn hello_and_proof(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let mut server = server();
    let (_, hello) = Packet::received(client().hello(), Sender::Client, Kind::HELLO)
        .expect("what the client sends is well formed");
    let proof = Packet::new(Kind::PROOF, &Proof { mac: [0; 32] });
    let mut challenged = false;
    for valid in [hello, proof] {
        let frame = altered(&mut input, &valid);
        if let Some(Ok(len)) = frame.first_chunk().map(|head| server.body_len(head)) {
            assert!(len <= size_of::<Hello>());
        }
        match server.receive(&HostCrypto, &KEY, &frame) {
            Ok(ServerStep::Send(reply)) => {
                assert_eq!(reply.len(), HEADER_LEN + 32);
                challenged = true;
            }
            Ok(ServerStep::Decide(_)) => panic!("accepted a proof without the key"),
            Err(_) => assert!(server.farewell().len() <= HEADER_LEN),
        }
    }
    challenged
}

/// What the client gets from somebody without the key: any frames.
pub fn challenge_and_welcome(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let mut client = client();
    let mut answered = false;
    let challenge = Packet::new(Kind::CHALLENGE, &NONCE);
    for valid in [challenge, Packet::new(Kind::WELCOME, &[0_u8; WELCOME_LEN])] {
        let frame = altered(&mut input, &valid);
        if let Some(Ok(len)) = frame.first_chunk().map(|head| client.body_len(head)) {
            assert!(len <= WELCOME_LEN);
        }
        match client.receive(&HostCrypto, &KEY, &frame) {
            Ok(ClientStep::Send(reply)) => {
                assert_eq!(reply.len(), HEADER_LEN + 32);
                answered = true;
            }
            Ok(ClientStep::Done(_)) => panic!("accepted a welcome without the key"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    answered
}

/// What the server gets from somebody who knows the key: any hello, with the right proof.
pub fn genuine_hello(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let hello = client().hello().to_vec();
    let valid: [u8; HELLO_LEN] = *hello.last_chunk().expect("a hello ends with its message");
    let hello: Hello = zerocopy::transmute!(input.altered(valid));
    let mut server = server();
    let mut transcript = Transcript::EMPTY;
    transcript.hello = Packet::new(Kind::HELLO, &hello);
    let challenge = match server.receive(&HostCrypto, &KEY, transcript.hello.as_bytes()) {
        Ok(ServerStep::Send(challenge)) => challenge.to_vec(),
        Ok(ServerStep::Decide(_)) => panic!("nothing was proved"),
        Err(_) => return false,
    };
    let (_, challenge) = Packet::received(&challenge, Sender::Server, Kind::CHALLENGE)
        .expect("what the server sends is well formed");
    transcript.challenge = challenge;
    let mac = transcript.client_mac(&HostCrypto, &KEY);
    let proof = Packet::new(Kind::PROOF, &Proof { mac });
    let claim = match server.receive(&HostCrypto, &KEY, proof.as_bytes()) {
        Ok(ServerStep::Decide(claim)) => claim,
        Ok(ServerStep::Send(_)) => panic!("the handshake has no more frames"),
        Err(error) => {
            assert!(matches!(error, HandshakeError::Denied(_)), "{error}");
            assert_eq!(server.farewell().len(), HEADER_LEN + WELCOME_LEN);
            return false;
        }
    };
    assert!(claim.peer.node != 0 && claim.peer.node != SERVER.node);
    assert!(claim.peer.incarnation != 0);
    assert_eq!(
        (hello.to.get(), hello.cluster),
        (SERVER.node, SERVER.cluster)
    );
    if input.byte() % 2 == 0 {
        server.refuse(&HostCrypto, &KEY, Refusal::UnknownNode, 0);
        assert!(!server.farewell().is_empty());
        return true;
    }
    let grant = Grant {
        epoch: claim.peer.epoch,
        session: 1,
        resumed: false,
        credits: 1,
    };
    let (_, established) = server
        .accept(&HostCrypto, &KEY, grant)
        .expect("a genuine client can be accepted");
    let same = hello.build_id == SERVER.build_id && hello.protocol.get() == PROTOCOL;
    assert_eq!(established.compat == Compat::Full, same);
    true
}

/// What the client gets from somebody who knows the key: any welcome, with the right proof.
pub fn genuine_welcome(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let mut valid = [0; WELCOME_LEN];
    // Accepted by node 2, incarnation 1, epoch 3, session 1.
    (valid[2], valid[8], valid[16], valid[24]) = (2, 1, 3, 1);
    let welcome: Welcome = zerocopy::transmute!(input.altered(valid));
    let mut client = client();
    let mut transcript = Transcript::EMPTY;
    let hello = Packet::received(client.hello(), Sender::Client, Kind::HELLO);
    transcript.hello = hello.expect("what the client sends is well formed").1;
    transcript.challenge = Packet::new(Kind::CHALLENGE, &NONCE);
    let proof = match client.receive(&HostCrypto, &KEY, transcript.challenge.as_bytes()) {
        Ok(ClientStep::Send(proof)) => Packet::received(proof, Sender::Client, Kind::PROOF),
        _ => panic!("every challenge is answered"),
    };
    transcript.proof = proof.expect("what the client sends is well formed").1;
    transcript.sign_welcome(&HostCrypto, &KEY, welcome);
    match client.receive(&HostCrypto, &KEY, transcript.welcome.as_bytes()) {
        Ok(ClientStep::Send(_)) => panic!("the handshake has no more frames"),
        Ok(ClientStep::Done(established)) => {
            assert_eq!((established.peer.node, established.peer.epoch), (2, 3));
            assert_eq!(established.mode, Integrity::Header);
            assert!(established.session != 0 && established.peer.incarnation != 0);
            true
        }
        Err(error) => {
            assert_ne!(error, HandshakeError::BadProof);
            false
        }
    }
}
