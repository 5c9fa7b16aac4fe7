// SPDX-License-Identifier: GPL-2.0

//! Tests of the handshake against those who do not know the key, or lie.

use super::*;
use crate::rpc::transcript::*;
use proptest::prelude::*;

#[test]
fn wrong_key_on_either_side() {
    for keys in [[&[1; 32], &KEY], [&KEY, &[1; 32]]] {
        let outcome = run(client(), server(), keys, |_| Ok(GRANT), |_, _| ());
        assert_eq!(outcome.frames.len(), 4, "hello, challenge, proof, refuse");
        assert_eq!(outcome.errors(), (CLOSED, HandshakeError::BadProof));
    }
}

#[test]
fn a_server_without_the_key_convinces_nobody() {
    let mut forger = Transcript::EMPTY;
    let mut victim = client();
    forger.hello = Packet::received(victim.hello(), Sender::Client, Kind::HELLO)
        .expect("hello")
        .1;
    forger.challenge = Packet::new(Kind::CHALLENGE, &Challenge { nonce: [1; 32] });
    let challenge = forger.challenge.as_bytes();
    let Ok(ClientStep::Send(proof)) = victim.receive(&HostCrypto, &KEY, challenge) else {
        panic!("a challenge is always answered");
    };
    forger.proof = Packet::received(proof, Sender::Client, Kind::PROOF)
        .expect("proof")
        .1;
    // The best that it can do: everything right but the key.
    let mut genuine = Responder::new(identity(2), Integrity::Header, [1; 32]);
    let _ = genuine.receive(&HostCrypto, &KEY, forger.hello.as_bytes());
    let _ = genuine.receive(&HostCrypto, &KEY, forger.proof.as_bytes());
    let (welcome, _) = genuine.accept(&HostCrypto, &KEY, GRANT).expect("accepts");
    let welcome: Welcome = welcome.message().expect("a welcome");
    forger.sign_welcome(&HostCrypto, &[1; 32], welcome);
    let result = victim.receive(&HostCrypto, &KEY, forger.welcome.as_bytes());
    assert_eq!(result.err(), Some(HandshakeError::BadProof));
}

#[test]
fn replayed_handshake_is_worth_nothing() {
    let recorded = plain(client(), server()).frames;
    let mut server = Responder::new(identity(2), Integrity::Header, [0x77; 32]);
    assert!(matches!(
        server.receive(&HostCrypto, &KEY, &recorded[0]),
        Ok(ServerStep::Send(_))
    ));
    let result = server.receive(&HostCrypto, &KEY, &recorded[2]);
    assert_eq!(result.err(), Some(HandshakeError::BadProof));
    // The same for a recorded server.
    let mut client = Initiator::new(identity(1), dial(2), [0x66; 32]);
    assert!(client.receive(&HostCrypto, &KEY, &recorded[1]).is_ok());
    let result = client.receive(&HostCrypto, &KEY, &recorded[3]);
    assert_eq!(result.err(), Some(HandshakeError::BadProof));
}

#[test]
fn reflected_messages_are_worth_nothing() {
    let mut victim = client();
    let hello = victim.hello().to_vec();
    let result = victim.receive(&HostCrypto, &KEY, &hello);
    let wrong_way = FrameError::WrongDirection(Kind::HELLO);
    assert_eq!(result.err(), Some(HandshakeError::Frame(wrong_way)));
    // A client's proof as a server's: same transcript, same key, another label.
    let mut transcript = Transcript::EMPTY;
    transcript.hello = Packet::received(&hello, Sender::Client, Kind::HELLO)
        .expect("hello")
        .1;
    transcript.challenge = Packet::new(Kind::CHALLENGE, &Challenge { nonce: [1; 32] });
    let client_mac = transcript.client_mac(&HostCrypto, &KEY);
    assert_ne!(client_mac, transcript.server_mac(&HostCrypto, &KEY));
}

#[test]
fn every_altered_bit_of_every_frame_is_noticed() {
    let frames = plain(client(), server()).frames;
    assert_eq!(frames.len(), 4);
    for (victim, frame) in frames.iter().enumerate() {
        for bit in 0..frame.len() * 8 {
            let flip = |n: usize, frame: &mut Vec<u8>| {
                if n == victim {
                    frame[bit / 8] ^= 1 << (bit % 8);
                }
            };
            let outcome = run(client(), server(), [&KEY, &KEY], |_| Ok(GRANT), flip);
            assert!(outcome.client.is_err(), "frame {victim} bit {bit}");
            // The server has finished before its last frame travels.
            assert_eq!(
                outcome.server.is_err(),
                victim != 3,
                "frame {victim} bit {bit}"
            );
        }
    }
}

#[test]
fn truncated_and_overlong_frames() {
    for (victim, len) in [108, 32, 32, 96].into_iter().enumerate() {
        for cut in [
            0,
            1,
            HEADER_LEN - 1,
            HEADER_LEN,
            HEADER_LEN + len - 1,
            HEADER_LEN + len + 1,
        ] {
            let resize = |n: usize, frame: &mut Vec<u8>| {
                if n == victim {
                    frame.resize(cut, 0);
                }
            };
            let outcome = run(client(), server(), [&KEY, &KEY], |_| Ok(GRANT), resize);
            assert!(outcome.client.is_err(), "frame {victim} with {cut} bytes");
        }
    }
    let mut header = Header::new(Kind::HELLO, 109, 0);
    let malformed = Err(HandshakeError::Malformed(Kind::HELLO));
    assert_eq!(server().body_len(&header.encode()), malformed);
    header.msg_len = MSG_MAX;
    assert_eq!(server().body_len(&header.encode()), malformed);
}

#[test]
fn session_frames_have_no_place_in_a_handshake() {
    let mut server = server();
    let ping = Header::new(Kind::PING, 0, 0).encode();
    let unexpected = HandshakeError::Frame(FrameError::UnexpectedKind(Kind::PING));
    assert_eq!(server.body_len(&ping), Err(unexpected));
    assert_eq!(server.body_len(&ping), Err(HandshakeError::Over));
}

#[test]
fn messages_out_of_order() {
    let frames = plain(client(), server()).frames;
    let unexpected = |kind| HandshakeError::Frame(FrameError::UnexpectedKind(kind));
    let result = server().receive(&HostCrypto, &KEY, &frames[2]).err();
    assert_eq!(result, Some(unexpected(Kind::PROOF)));
    let result = client().receive(&HostCrypto, &KEY, &frames[3]).err();
    assert_eq!(result, Some(unexpected(Kind::WELCOME)));
    let mut server = server();
    assert!(server.receive(&HostCrypto, &KEY, &frames[0]).is_ok());
    let result = server.receive(&HostCrypto, &KEY, &frames[0]).err();
    assert_eq!(result, Some(unexpected(Kind::HELLO)));
}

#[test]
fn nothing_is_accepted_after_an_error() {
    let frames = plain(client(), server()).frames;
    let mut server = server();
    assert!(server.receive(&HostCrypto, &KEY, b"garbage").is_err());
    let result = server.receive(&HostCrypto, &KEY, &frames[0]).err();
    assert_eq!(result, Some(HandshakeError::Over));
    assert!(server.accept(&HostCrypto, &KEY, GRANT).is_err());
    let mut client = client();
    assert!(client.receive(&HostCrypto, &KEY, b"garbage").is_err());
    let result = client.receive(&HostCrypto, &KEY, &frames[1]).err();
    assert_eq!(result, Some(HandshakeError::Over));
}

#[test]
fn accepting_needs_a_genuine_client() {
    let mut server = server();
    let over = Some(HandshakeError::Over);
    assert_eq!(server.accept(&HostCrypto, &KEY, GRANT).err(), over);
    let refused = server.refuse(&HostCrypto, &KEY, Refusal::UnknownNode, 0);
    assert_eq!((Some(refused), server.farewell()), (over, &[][..]));
    let _ = server.receive(&HostCrypto, &KEY, client().hello());
    assert_eq!(server.accept(&HostCrypto, &KEY, GRANT).err(), over);
}

#[test]
fn strangers_learn_nothing() {
    // Not our protocol: not a single byte.
    let mut listener = server();
    let get = b"GET / HTTP/1.1\r\nHost: example\r\nUser-Agent: something else\r\n\r\n....";
    let header = get.first_chunk().expect("long enough");
    assert!(matches!(
        listener.body_len(header),
        Err(HandshakeError::Frame(FrameError::BadMagic(_)))
    ));
    assert_eq!(listener.farewell(), b"");
    // Our protocol, garbage in it: a header with a code that is the same for all.
    let mut listener = server();
    let mut hello = client().hello().to_vec();
    hello[HEADER_LEN] ^= 1;
    let result = listener.receive(&HostCrypto, &KEY, &hello).err();
    assert_eq!(result, Some(HandshakeError::WrongCluster));
    let other_cluster = listener.farewell().to_vec();
    let wrong_key = run(
        client(),
        server(),
        [&[1; 32], &KEY],
        |_| Ok(GRANT),
        |_, _| (),
    );
    assert_eq!(wrong_key.frames[3], other_cluster);
    // The challenge does not depend on who the server is, or whether it knows the client.
    let challenge = |node, client: Initiator| {
        let mut server = Responder::new(identity(node), Integrity::Full, SERVER_NONCE);
        match server.receive(&HostCrypto, &KEY, client.hello()) {
            Ok(ServerStep::Send(bytes)) => bytes.to_vec(),
            _ => panic!("a hello is always answered"),
        }
    };
    let unknown = Initiator::new(identity(999), dial(2), CLIENT_NONCE);
    assert_eq!(challenge(2, client()), challenge(3, unknown));
}

#[test]
fn a_hello_that_no_node_sends_is_malformed() {
    let changes: [fn(&mut Hello); 5] = [
        |hello| hello.from = 0.into(),
        |hello| hello.incarnation = 0.into(),
        |hello| hello.mode = 3,
        |hello| hello.reserved = 1,
        |hello| hello.reserved_tail = [0, 1],
    ];
    for change in changes {
        let (_, packet) =
            Packet::received(client().hello(), Sender::Client, Kind::HELLO).expect("valid");
        let mut hello: Hello = packet.message().expect("a hello");
        change(&mut hello);
        let packet = Packet::new(Kind::HELLO, &hello);
        let result = server().receive(&HostCrypto, &KEY, packet.as_bytes()).err();
        assert_eq!(result, Some(HandshakeError::Malformed(Kind::HELLO)));
    }
}

#[test]
fn a_yes_that_was_not_asked_for_is_malformed() {
    let unasked = [
        Grant {
            session: 0,
            ..GRANT
        },
        Grant { epoch: 4, ..GRANT },
        Grant {
            resumed: true,
            ..GRANT
        },
    ];
    for grant in unasked {
        let outcome = run(client(), server(), [&KEY, &KEY], |_| Ok(grant), |_, _| ());
        let malformed = HandshakeError::Malformed(Kind::WELCOME);
        assert_eq!(outcome.client.err(), Some(malformed), "{grant:?}");
    }
}

proptest! {
    /// No bytes make a state machine panic or succeed.
    #[test]
    fn garbage_never_succeeds(frames in prop::collection::vec(
        prop::collection::vec(any::<u8>(), 0..200), 1..4)
    ) {
        let (mut client, mut server) = (client(), server());
        for frame in frames {
            prop_assert!(client.receive(&HostCrypto, &KEY, &frame).is_err());
            prop_assert!(server.receive(&HostCrypto, &KEY, &frame).is_err());
        }
    }
}
