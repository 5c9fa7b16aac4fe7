// SPDX-License-Identifier: GPL-2.0

//! A client's and a server's table over a network that breaks at any point.
//!
//! What has to hold whatever happens: a request that changes something is executed at most once,
//! and exactly once if its caller waits; each caller gets exactly one answer, its own; neither
//! side ever accuses the other of breaking the protocol; and the tables stay within their bounds.

use crate::rpc::replies::{
    self,
    Admission,
    Cancellation,
    Replies, //
};
use crate::rpc::requests::{
    self,
    Outgoing,
    Requests,
    NO_DEADLINE, //
};
use crate::rpc::wire::*;
use proptest::prelude::*;
use std::collections::{
    HashMap,
    VecDeque, //
};

const SLOTS: u16 = 4;

/// A number for each call, which its answer has to carry, too.
type Call = usize;

/// Calls with odd numbers change something.
fn changes_something(call: Call) -> bool {
    call % 2 == 1
}

/// What travels to the server.
enum ToServer {
    Request(RequestId, bool, Call),
    Cancel(RequestId),
    Ping,
}

/// What can happen next. The numbers choose among what is there.
#[derive(Clone, Debug)]
enum Event {
    Start,
    Send,
    Ping,
    ServerReceives,
    ServerFinishes(usize),
    ClientReceives,
    CallerGivesUp(usize),
    ConnectionBreaks,
    Grant(u16),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Start),
        6 => Just(Event::Send),
        2 => Just(Event::Ping),
        6 => Just(Event::ServerReceives),
        6 => any::<usize>().prop_map(Event::ServerFinishes),
        6 => Just(Event::ClientReceives),
        1 => any::<usize>().prop_map(Event::CallerGivesUp),
        2 => Just(Event::ConnectionBreaks),
        1 => (1..=SLOTS).prop_map(Event::Grant),
    ]
}

/// Both nodes and the connection between them.
struct World {
    client: Requests<Call, Vec<requests::Slot<Call>>>,
    server: Replies<Call, Vec<replies::Slot<Call>>>,
    /// In order, as TCP is; the second value is the frame's acknowledgement.
    to_server: VecDeque<(ToServer, u64)>,
    /// Id and answer; `None` for a confirmed cancel.
    to_client: VecDeque<(u64, Option<Call>)>,
    executing: Vec<(RequestId, Call)>,
    waiting: HashMap<Call, RequestId>,
    executed: HashMap<Call, usize>,
    answered: Vec<Call>,
    given_up: Vec<Call>,
    started: usize,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            client: Requests::new((0..SLOTS).map(|_| requests::Slot::new()).collect()),
            server: Replies::new((0..SLOTS).map(|_| replies::Slot::new()).collect()),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            executing: Vec::new(),
            waiting: HashMap::new(),
            executed: HashMap::new(),
            answered: Vec::new(),
            given_up: Vec::new(),
            started: 0,
        };
        let credits = world.server.grant(SLOTS);
        world.client.grant(credits);
        world.server.connect();
        world
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Start => self.start(),
            Event::Send => self.send(),
            Event::Ping => {
                let ack = self.client.take_ack();
                self.to_server.push_back((ToServer::Ping, ack));
            }
            Event::ServerReceives => self.server_receives(),
            Event::ServerFinishes(which) => self.server_finishes(which),
            Event::ClientReceives => self.client_receives(),
            Event::CallerGivesUp(which) => self.caller_gives_up(which),
            Event::ConnectionBreaks => {
                self.to_server.clear();
                self.to_client.clear();
                self.server.connect();
                self.client.resume();
            }
            Event::Grant(credits) => {
                let credits = self.server.grant(credits);
                self.client.grant(credits);
            }
        }
        assert!(self.server.kept() + self.server.busy() <= usize::from(SLOTS));
        assert!(self.client.in_flight() <= usize::from(SLOTS));
    }

    fn start(&mut self) {
        let call = self.started;
        if let Ok(id) = self.client.start(call, NO_DEADLINE) {
            self.started += 1;
            self.waiting.insert(call, id);
        }
    }

    fn send(&mut self) {
        let frame = match self.client.next() {
            Some(Outgoing::Request { id, retry, payload }) => {
                ToServer::Request(id, retry, *payload)
            }
            Some(Outgoing::Cancel { id }) => ToServer::Cancel(id),
            None => return,
        };
        let ack = self.client.take_ack();
        self.to_server.push_back((frame, ack));
    }

    fn server_receives(&mut self) {
        let Some((frame, ack)) = self.to_server.pop_front() else {
            return;
        };
        self.server
            .acked(ack)
            .expect("the client keeps to the protocol");
        match frame {
            ToServer::Ping => (),
            ToServer::Request(id, retry, call) => {
                match self.server.admit(id, retry).expect("keeps to the protocol") {
                    Admission::Execute(_) => self.executing.push((id, call)),
                    Admission::InProgress => (),
                    Admission::Answer(reply) => self.to_client.push_back((id.raw(), Some(*reply))),
                }
            }
            ToServer::Cancel(id) => match self.server.cancel(id).expect("keeps to the protocol") {
                Cancellation::Confirm(_) => self.to_client.push_back((id.raw(), None)),
                Cancellation::Answer(reply) => {
                    self.to_client.push_back((id.raw(), Some(*reply)));
                }
                Cancellation::Interrupt | Cancellation::Answered => (),
            },
        }
    }

    fn server_finishes(&mut self, which: usize) {
        if self.executing.is_empty() {
            return;
        }
        let (id, call) = self.executing.remove(which % self.executing.len());
        *self.executed.entry(call).or_default() += 1;
        let keep = changes_something(call).then_some(call);
        if self.server.done(id, keep).expect("it was being executed") {
            self.to_client.push_back((id.raw(), Some(call)));
        }
    }

    fn client_receives(&mut self) {
        let Some((id, answer)) = self.to_client.pop_front() else {
            return;
        };
        let waiting = self
            .client
            .reply(id)
            .expect("the server keeps to the protocol");
        if let Some(call) = waiting {
            assert_eq!(answer, Some(call), "somebody else's answer");
            assert!(self.waiting.remove(&call).is_some(), "a second answer");
            self.answered.push(call);
        }
    }

    fn caller_gives_up(&mut self, which: usize) {
        let mut calls: Vec<Call> = self.waiting.keys().copied().collect();
        calls.sort_unstable();
        if let Some(&call) = calls.get(which % calls.len().max(1)) {
            let id = self.waiting.remove(&call).expect("it waits");
            assert_eq!(self.client.abandon(id), Some(call));
            self.given_up.push(call);
        }
    }

    /// Lets everything that is under way come to its end on a connection that holds.
    fn settle(&mut self) {
        for _ in 0..200 {
            for event in [
                Event::Send,
                Event::Ping,
                Event::ServerReceives,
                Event::ServerReceives,
                Event::ServerFinishes(0),
                Event::ClientReceives,
            ] {
                self.apply(&event);
            }
        }
    }

    fn check(&self) {
        assert!(
            self.waiting.is_empty(),
            "nobody waits for ever: {:?}",
            self.waiting
        );
        assert_eq!(self.client.in_flight(), 0);
        assert_eq!(
            (self.server.busy(), self.server.kept()),
            (0, 0),
            "everything was dropped"
        );
        assert_eq!(self.answered.len() + self.given_up.len(), self.started);
        for call in 0..self.started {
            let executed = self.executed.get(&call).copied().unwrap_or(0);
            if changes_something(call) {
                assert!(executed <= 1, "call {call} was executed {executed} times");
            }
            if self.answered.contains(&call) {
                assert!(executed >= 1, "call {call} was answered but not executed");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_is_lost_or_done_twice(events in prop::collection::vec(event(), 0..300)) {
        let mut world = World::new();
        for event in &events {
            world.apply(event);
        }
        world.settle();
        world.check();
    }
}

/// The connection breaks after every single step of one exchange, and once more after each step
/// of the recovery: all cases, not a random choice of them.
#[test]
fn every_pair_of_breaks_in_one_exchange() {
    let exchange = [
        Event::Start,
        Event::Start,
        Event::Send,
        Event::Send,
        Event::ServerReceives,
        Event::ServerReceives,
        Event::ServerFinishes(1),
        Event::ServerFinishes(0),
        Event::ClientReceives,
        Event::ClientReceives,
    ];
    let recovery = &exchange[2..];
    for first in 0..=exchange.len() {
        for second in 0..=recovery.len() {
            let mut world = World::new();
            let events = exchange[..first]
                .iter()
                .chain([&Event::ConnectionBreaks])
                .chain(&recovery[..second])
                .chain([&Event::ConnectionBreaks]);
            for event in events {
                world.apply(event);
            }
            world.settle();
            world.check();
        }
    }
}
