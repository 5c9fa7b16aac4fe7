// SPDX-License-Identifier: GPL-2.0

//! Tests of lives and epochs: single judgements, and pairs of nodes that have to find together.

use crate::cluster::epoch::*;
use crate::rpc::handshake::{
    Peer,
    Refusal,
    Version, //
};
use proptest::prelude::*;

fn peer(incarnation: u64, epoch: u64) -> Peer {
    Peer {
        node: 1,
        incarnation,
        epoch,
        build_id: [0; 20],
        version: Version([0, 1, 0]),
        protocol: 1,
    }
}

#[test]
fn the_first_life_is_welcome_in_any_epoch() {
    let mut past = Past::new();
    assert_eq!(past.judge(&peer(10, 4), true), Verdict::Welcome);
    assert_eq!((past.epoch(), past.incarnation()), (4, Some(10)));
    assert_eq!(
        past.judge(&peer(10, 4), true),
        Verdict::Welcome,
        "and again"
    );
}

#[test]
fn who_was_declared_dead_has_to_begin_anew() {
    let mut past = Past::new();
    past.judge(&peer(10, 0), true);
    past.declare_dead();
    assert_eq!(past.judge(&peer(10, 0), true), Verdict::Behind);
    assert_eq!(past.judge(&peer(10, 1), true), Verdict::Welcome);
}

#[test]
fn who_was_given_up_by_the_peer_ends_its_part_first() {
    let mut past = Past::new();
    past.judge(&peer(10, 0), true);
    assert_eq!(past.judge(&peer(10, 1), true), Verdict::EndOld);
    assert_eq!(past.judge(&peer(10, 1), true), Verdict::Welcome);
    assert!(past.catch_up(5));
    assert!(!past.catch_up(5) && !past.catch_up(3));
    assert_eq!(past.epoch(), 5);
}

#[test]
fn a_new_life_is_not_the_old_one() {
    let mut past = Past::new();
    past.judge(&peer(10, 7), true);
    assert_eq!(past.judge(&peer(11, 0), true), Verdict::EndOld);
    assert_eq!(past.epoch(), 8, "beyond both numbers");
    assert_eq!(past.judge(&peer(11, 0), true), Verdict::Behind);
    assert_eq!(past.judge(&peer(11, 8), true), Verdict::Welcome);
}

#[test]
fn a_twin_elsewhere_is_refused_and_changes_nothing() {
    let mut past = Past::new();
    past.judge(&peer(10, 7), true);
    let before = past;
    assert_eq!(past.judge(&peer(11, 9), false), Verdict::Duplicate);
    assert_eq!(past, before);
    assert_eq!(past.judge(&peer(10, 7), false), Verdict::Welcome);
}

#[test]
fn what_a_server_answers() {
    let answers = [
        (Verdict::Welcome, None),
        (Verdict::EndOld, Some(Refusal::NotReady)),
        (Verdict::Behind, Some(Refusal::DeclaredDead)),
        (Verdict::Duplicate, Some(Refusal::DuplicateNumber)),
    ];
    for (verdict, refusal) in answers {
        assert_eq!(verdict.refusal(), refusal);
    }
}

/// One of two nodes.
struct Node {
    past: Past,
    incarnation: u64,
    /// What it runs with or for the other: the epoch and the two incarnations that it belongs to.
    work: Option<(u64, u64, u64)>,
}

impl Node {
    fn new(incarnation: u64) -> Self {
        Self {
            past: Past::new(),
            incarnation,
            work: None,
        }
    }

    fn as_peer(&self) -> Peer {
        peer(self.incarnation, self.past.epoch())
    }
}

/// Dials from one node to the other as initiator and responder do it, with its consequences.
fn dial(client: &mut Node, server: &mut Node) -> bool {
    let verdict = server.past.judge(&client.as_peer(), true);
    if verdict == Verdict::EndOld {
        server.work = None;
    }
    if verdict != Verdict::Welcome {
        // The refusal tells the epoch.
        if client.past.catch_up(server.past.epoch()) {
            client.work = None;
        }
        return false;
    }
    if client.past.judge(&server.as_peer(), true) != Verdict::Welcome {
        client.work = None;
        return false;
    }
    let epoch = client.past.epoch();
    server.work = Some((epoch, client.incarnation, server.incarnation));
    client.work = server.work;
    true
}

#[derive(Clone, Debug)]
enum Event {
    DeclareDead(usize),
    Reboot(usize),
    Dial(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..2_usize).prop_map(Event::DeclareDead),
        (0..2_usize).prop_map(Event::Reboot),
        (0..2_usize).prop_map(Event::Dial),
    ]
}

/// The node that acts, and the other.
fn pair(nodes: &mut [Node; 2], first: usize) -> (&mut Node, &mut Node) {
    let [a, b] = nodes;
    if first == 0 {
        (a, b)
    } else {
        (b, a)
    }
}

proptest! {
    /// Deaths, reboots and dials in any order: nobody ever goes on with work that the other side
    /// has given up once they have met again, and a few dials always bring them together.
    #[test]
    fn two_nodes_always_find_together(events in prop::collection::vec(event(), 0..30)) {
        let mut nodes = [Node::new(1), Node::new(2)];
        let mut lives = 2;
        for event in &events {
            match *event {
                Event::DeclareDead(who) => {
                    nodes[who].past.declare_dead();
                    nodes[who].work = None;
                }
                Event::Reboot(who) => {
                    lives += 1;
                    nodes[who] = Node::new(lives);
                }
                Event::Dial(who) => {
                    let (client, server) = pair(&mut nodes, who);
                    if dial(client, server) {
                        prop_assert_eq!(client.past.epoch(), server.past.epoch());
                    }
                }
            }
            // Work of both sides in one epoch is the same work.
            if let [Some(a), Some(b)] = [nodes[0].work, nodes[1].work] {
                prop_assert!(a == b || a.0 != b.0, "{a:?} {b:?}");
            }
        }
        for _ in 0..3 {
            for who in 0..2 {
                let (client, server) = pair(&mut nodes, who);
                dial(client, server);
            }
        }
        for who in 0..2 {
            let (client, server) = pair(&mut nodes, who);
            prop_assert!(dial(client, server));
        }
        prop_assert!(nodes[0].work.is_some());
        prop_assert_eq!(nodes[0].work, nodes[1].work);
    }
}
