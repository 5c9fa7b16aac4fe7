// SPDX-License-Identifier: GPL-2.0

//! Tests of the handshake: both state machines against each other.

use crate::control::abi::Integrity;
use crate::crypto::HostCrypto;
use crate::rpc::handshake::*;
use crate::rpc::initiator::*;
use crate::rpc::responder::*;
use crate::rpc::transcript::PACKET_MAX;
use crate::rpc::wire::*;

mod attacks;

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

impl Outcome {
    /// What both sides have; panics if one has failed.
    fn established(self) -> (Established, Established) {
        match (self.client, self.server) {
            (Ok(client), Ok(server)) => (client, server),
            (client, server) => panic!("client {:?}, server {:?}", client.err(), server.err()),
        }
    }

    /// The errors on both sides; panics if one has succeeded.
    fn errors(self) -> (HandshakeError, HandshakeError) {
        match (self.client, self.server) {
            (Err(client), Err(server)) => (client, server),
            _ => panic!("one side has succeeded"),
        }
    }
}

/// What somebody learns to whom the server closes without saying why.
const CLOSED: HandshakeError = HandshakeError::ClosedByPeer(Closing::Refused);

#[test]
fn both_sides_agree() {
    let (client, server) = plain(client(), server()).established();
    assert_eq!((client.peer.node, server.peer.node), (2, 1));
    assert_eq!(
        (client.peer.incarnation, server.peer.incarnation),
        (1002, 1001)
    );
    assert_eq!((client.peer.epoch, server.peer.epoch), (3, 3));
    assert_eq!((client.session, server.session), (77, 77));
    assert_eq!((client.resumed, server.resumed), (false, false));
    assert_eq!((client.credits, server.credits), (64, 64));
    assert_eq!((client.compat, server.compat), (Compat::Full, Compat::Full));
    assert_eq!(
        (client.mode, server.mode),
        (Integrity::Header, Integrity::Header)
    );
    assert_eq!(client.send.head, server.receive.head);
    assert_eq!(client.send.message, server.receive.message);
    assert_eq!(client.receive.chunk, server.send.chunk);
    assert_eq!(client.receive.chain, server.send.chain);
    assert_eq!(client.receive.aead, server.send.aead);
}

#[test]
fn no_two_keys_are_the_same() {
    let (first, _) = plain(client(), server()).established();
    let other = Initiator::new(identity(1), dial(2), [0xc2; 32]);
    let (second, _) = plain(other, server()).established();
    let mut keys = Vec::new();
    for side in [&first.send, &first.receive, &second.send, &second.receive] {
        keys.extend([side.head, side.message, side.chunk, side.chain]);
        let aead: [u64; 4] = zerocopy::transmute!(side.aead);
        keys.extend([[aead[0], aead[1]], [aead[2], aead[3]]]);
    }
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn a_session_is_resumed() {
    let wanted = Dial {
        session: 77,
        ..dial(2)
    };
    let accept = |claim: &Claim| {
        Ok(Grant {
            resumed: claim.session == 77,
            ..GRANT
        })
    };
    let client = Initiator::new(identity(1), wanted, CLIENT_NONCE);
    let outcome = run(client, server(), [&KEY, &KEY], accept, |_, _| ());
    let (client, server) = outcome.established();
    assert_eq!((client.resumed, server.resumed), (true, true));
}

#[test]
fn frame_lengths_are_known_before_the_body_is_received() {
    let outcome = plain(client(), server());
    let (mut server, client) = (server(), client());
    let head = |frame: &[u8]| *frame.first_chunk::<HEADER_LEN>().expect("a whole header");
    let (hello, challenge) = (&outcome.frames[0], &outcome.frames[1]);
    assert_eq!(server.body_len(&head(hello)), Ok(hello.len() - HEADER_LEN));
    assert_eq!(
        client.body_len(&head(challenge)),
        Ok(challenge.len() - HEADER_LEN)
    );
    assert!(outcome.frames.iter().all(|frame| frame.len() <= PACKET_MAX));
}

#[test]
fn other_frame_version() {
    let mut server = server();
    let mut hello = client().hello().to_vec();
    hello[4] = 2;
    let version = HandshakeError::Frame(FrameError::BadVersion(2));
    let result = server.receive(&HostCrypto, &KEY, &hello).err();
    assert_eq!(result, Some(version));
    let result = client().receive(&HostCrypto, &KEY, server.farewell()).err();
    assert_eq!(result, Some(HandshakeError::ClosedByPeer(Closing::Version)));
}

#[test]
fn busy_server() {
    let (mut client, answer) = (client(), Responder::busy());
    let result = client.receive(&HostCrypto, &KEY, answer.as_bytes()).err();
    let busy = HandshakeError::ClosedByPeer(Closing::Busy);
    assert_eq!(result, Some(busy));
}

#[test]
fn wrong_cluster() {
    let stranger = Identity {
        cluster: cluster_id(&HostCrypto, "another"),
        ..identity(1)
    };
    let client = Initiator::new(stranger, dial(2), CLIENT_NONCE);
    let errors = plain(client, server()).errors();
    assert_eq!(errors, (CLOSED, HandshakeError::WrongCluster));
}

#[test]
fn wrong_number_answers() {
    let client = Initiator::new(identity(1), dial(3), CLIENT_NONCE);
    let wrong = HandshakeError::WrongNumber {
        dialed: 3,
        answered: 2,
    };
    let denied = HandshakeError::Denied(Refusal::WrongNumber);
    assert_eq!(plain(client, server()).errors(), (wrong, denied));
}

#[test]
fn own_address_dialed() {
    let client = Initiator::new(identity(2), dial(2), CLIENT_NONCE);
    let (client, server) = plain(client, server()).errors();
    assert_eq!(server, HandshakeError::Denied(Refusal::Myself));
    assert!(matches!(client, HandshakeError::DeniedByPeer(denial)
        if denial.refusal == Refusal::Myself && denial.server.incarnation == 1002));
}

#[test]
fn another_node_with_our_number() {
    let twin = Identity {
        incarnation: 5,
        ..identity(2)
    };
    let client = Initiator::new(twin, dial(2), CLIENT_NONCE);
    let (_, server) = plain(client, server()).errors();
    assert_eq!(server, HandshakeError::Denied(Refusal::DuplicateNumber));
}

#[test]
fn modes_that_differ() {
    let server = Responder::new(identity(2), Integrity::Encrypt, SERVER_NONCE);
    let (client, server) = plain(client(), server).errors();
    assert_eq!(server, HandshakeError::Denied(Refusal::ModeMismatch));
    assert!(client.to_string().contains("encrypt"), "{client}");
}

#[test]
fn a_link_with_a_mode_of_its_own() {
    let mut server = server();
    assert_eq!(server.claimed(), None);
    let client = client_again(Integrity::Encrypt);
    assert!(server.receive(&HostCrypto, &KEY, client.hello()).is_ok());
    assert_eq!(server.claimed(), Some(1));
    // What a server expects of the node it hears from can be set until the proof is there.
    for (expected, good) in [(Integrity::Encrypt, true), (Integrity::Full, false)] {
        let mut client = client_again(Integrity::Encrypt);
        let mut server = self::server();
        let challenge = match server.receive(&HostCrypto, &KEY, client.hello()) {
            Ok(ServerStep::Send(bytes)) => bytes.to_vec(),
            _ => panic!("a good hello is answered by a challenge"),
        };
        server.expect_mode(expected);
        let proof = match client.receive(&HostCrypto, &KEY, &challenge) {
            Ok(ClientStep::Send(bytes)) => bytes.to_vec(),
            _ => panic!("a challenge is answered by a proof"),
        };
        match server.receive(&HostCrypto, &KEY, &proof) {
            Ok(ServerStep::Decide(_)) => assert!(good),
            Ok(ServerStep::Send(_)) => panic!("a proof is the last word of a client"),
            Err(error) => {
                assert!(!good);
                assert_eq!(error, HandshakeError::Denied(Refusal::ModeMismatch));
            }
        }
    }
}

/// A client that wants `mode`.
fn client_again(mode: Integrity) -> Initiator {
    Initiator::new(identity(1), Dial { mode, ..dial(2) }, CLIENT_NONCE)
}

#[test]
fn the_servers_decision_arrives() {
    for refusal in [
        Refusal::UnknownNode,
        Refusal::DeclaredDead,
        Refusal::NotReady,
    ] {
        let outcome = run(
            client(),
            server(),
            [&KEY, &KEY],
            |_| Err(refusal),
            |_, _| (),
        );
        let (client, server) = outcome.errors();
        assert_eq!(server, HandshakeError::Denied(refusal));
        assert!(matches!(client, HandshakeError::DeniedByPeer(denial)
            if denial.refusal == refusal && denial.server.epoch == 9));
    }
}

#[test]
fn only_a_genuine_claim_is_shown_and_it_is_complete() {
    let look = |claim: &Claim| {
        assert_eq!(
            claim.peer,
            Peer {
                node: 1,
                incarnation: 1001,
                epoch: 3,
                build_id: [0xb1; 20],
                version: Version([0, 1, 7]),
                protocol: PROTOCOL,
            }
        );
        Ok(GRANT)
    };
    run(client(), server(), [&KEY, &KEY], look, |_, _| ()).established();
}

#[test]
fn other_kernel_and_other_protocol_are_good_for_files_only() {
    let other_kernel = Identity {
        build_id: [1; 20],
        ..identity(1)
    };
    let other_protocol = Identity {
        protocol: PROTOCOL + 1,
        ..other_kernel
    };
    for (identity, ours, theirs) in [
        (other_kernel, Compat::OtherKernel, Compat::OtherKernel),
        (
            other_protocol,
            Compat::OtherProtocol { ours: 1, theirs: 2 },
            Compat::OtherProtocol { ours: 2, theirs: 1 },
        ),
    ] {
        let client = Initiator::new(identity, dial(2), CLIENT_NONCE);
        let (client, server) = plain(client, server()).established();
        assert_eq!((server.compat, client.compat), (ours, theirs));
    }
    assert!(Compat::OtherKernel.to_string().contains("files only"));
}

#[test]
fn reasons_are_worth_logging() {
    let denial = Denial {
        refusal: Refusal::DuplicateNumber,
        server: Peer {
            node: 17,
            incarnation: 1,
            epoch: 0,
            build_id: [0; 20],
            version: Version([1, 2, 3]),
            protocol: 1,
        },
        mode: Integrity::Header,
    };
    let wrong = HandshakeError::WrongNumber {
        dialed: 2,
        answered: 3,
    };
    let reasons = [
        (HandshakeError::Frame(FrameError::BadTag), "tag"),
        (HandshakeError::Malformed(Kind::PROOF), "proof"),
        (HandshakeError::WrongCluster, "another cluster"),
        (HandshakeError::BadProof, "does not know our key"),
        (wrong, "node 3 answered where node 2"),
        (
            HandshakeError::Denied(Refusal::UnknownNode),
            "no node with that number",
        ),
        (HandshakeError::Denied(Refusal::Myself), "reached itself"),
        (
            HandshakeError::Denied(Refusal::DeclaredDead),
            "declared dead",
        ),
        (HandshakeError::Denied(Refusal::NotReady), "try again"),
        (
            HandshakeError::DeniedByPeer(denial),
            "node 17 says no: another node",
        ),
        (CLOSED, "its log says why"),
        (HandshakeError::ClosedByPeer(Closing::Busy), "too many"),
        (HandshakeError::Over, "over"),
    ];
    for (error, part) in reasons {
        let reason = error.to_string();
        assert!(reason.contains(part), "{reason:?} does not say {part:?}");
    }
    assert_eq!(denial.server.version.to_string(), "1.2.3");
    for code in 1..=7 {
        assert_eq!(Refusal::from_code(code).map(Refusal::code), Some(code));
    }
    assert_eq!((Refusal::from_code(0), Refusal::from_code(8)), (None, None));
}
