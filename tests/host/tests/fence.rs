// SPDX-License-Identifier: GPL-2.0

//! Two nodes that watch each other over a network that delays, loses and reorders frames and cuts
//! one direction or both, with clocks of different rates: dead is declared only after the other
//! side has paused, and every node that is really cut off is declared dead in time.

use crate::cluster::detector::*;
use proptest::prelude::*;

const MS: u64 = 1_000_000;

/// Default times but for a `dead` as short as the configuration allows.
const LIMITS: Limits = Limits {
    heartbeat: 500 * MS,
    suspect: 2000 * MS,
    dead: 5000 * MS,
};

/// A node looks at its lease, and pauses, at least so often, in real milliseconds.
const CHECK: u64 = 500;

/// A period of the network's life.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// In milliseconds.
    length: u64,
    /// Frames lost per direction, in percent.
    loss: [u64; 2],
    /// Longest delay per direction, in milliseconds.
    delay: [u64; 2],
}

const FAIR: Weather = Weather {
    length: 10_000,
    loss: [0, 0],
    delay: [2, 2],
};

fn weather() -> impl Strategy<Value = Weather> {
    let loss = prop_oneof![Just(0), Just(100), 0..100_u64];
    let delay = prop_oneof![Just(1), 1..8000_u64];
    (100..9000_u64, [loss.clone(), loss], [delay.clone(), delay]).prop_map(
        |(length, loss, delay)| Weather {
            length,
            loss,
            delay,
        },
    )
}

/// Times that the configuration accepts.
fn limits() -> impl Strategy<Value = Limits> {
    (800..4000_u64, 0..4000_u64).prop_map(|(suspect, more)| Limits {
        heartbeat: suspect / 4 * MS,
        suspect: suspect * MS,
        dead: (suspect * 5 / 2 + more) * MS,
    })
}

#[derive(Clone, Copy)]
enum Frame {
    Ping(u64),
    Pong(u64, u64),
    Other,
}

/// A node with its clock.
struct Node {
    detector: Detector,
    /// Its clock runs at this rate, in percent.
    rate: u64,
    /// Whether it acts on behalf of the other: it looks now and then.
    acting: bool,
    died: Option<u64>,
}

impl Node {
    fn new(limits: Limits, rate: u64) -> Self {
        let mut detector = Detector::new(limits);
        detector.begin_epoch(0);
        Self {
            detector,
            rate,
            acting: false,
            died: None,
        }
    }

    /// The node's clock at a real time in milliseconds.
    fn clock(&self, real: u64) -> u64 {
        real * MS / 100 * self.rate
    }
}

/// Both nodes, and what is under way: (arrival, receiver, frame).
struct World {
    nodes: [Node; 2],
    network: Vec<(u64, usize, Frame)>,
    random: u64,
    /// How often the nodes look whether they may act, in real milliseconds.
    check: u64,
}

impl World {
    fn new(limits: [Limits; 2], rates: [u64; 2], seed: u64) -> Self {
        let [first, second] = limits;
        Self {
            nodes: [Node::new(first, rates[0]), Node::new(second, rates[1])],
            network: Vec::new(),
            random: seed | 1,
            check: CHECK,
        }
    }

    /// A random number below `bound` (xorshift).
    fn random(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    fn send(&mut self, real: u64, from: usize, frame: Frame, weather: &Weather) {
        let delay = 1 + self.random(weather.delay[from]);
        if self.random(100) >= weather.loss[from] {
            self.network.push((real + delay, 1 - from, frame));
        }
    }

    fn receive(&mut self, real: u64, to: usize, frame: Frame, weather: &Weather) {
        let now = self.nodes[to].clock(real);
        let detector = &mut self.nodes[to].detector;
        match frame {
            Frame::Ping(number) => {
                let lease = detector.answer_ping(now);
                self.send(real, to, Frame::Pong(number, lease), weather);
            }
            Frame::Pong(number, lease) => {
                let change = detector.pong(now, number, lease);
                self.note(real, to, change);
            }
            Frame::Other => detector.heard(now),
        }
    }

    fn note(&mut self, real: u64, node: usize, change: Option<Change>) {
        if matches!(change, Some(Change::Dead(_))) {
            self.nodes[node].died = Some(real);
        }
    }

    /// One millisecond. Gives whether the fence has held.
    fn step(&mut self, real: u64, weather: &Weather) -> bool {
        let (arrived, under_way) = self.network.iter().partition(|(at, _, _)| *at <= real);
        self.network = under_way;
        let arrived: Vec<(u64, usize, Frame)> = arrived;
        for (_, to, frame) in arrived {
            self.receive(real, to, frame, weather);
        }
        for node in 0..2 {
            let now = self.nodes[node].clock(real);
            if self.nodes[node].detector.ping_due(now) {
                let number = self.nodes[node].detector.ping(now);
                self.send(real, node, Frame::Ping(number), weather);
            }
            if self.random(700) == 0 {
                self.send(real, node, Frame::Other, weather);
            }
            let change = self.nodes[node].detector.tick(now);
            self.note(real, node, change);
            if real % self.check == 0 {
                self.nodes[node].acting = self.nodes[node].detector.may_act(now);
            }
        }
        (0..2).all(|node| self.nodes[node].died != Some(real) || !self.nodes[1 - node].acting)
    }

    /// Lives through some weather; gives when the fence was broken, if it was.
    fn live(&mut self, from: u64, weather: &[Weather]) -> (u64, Option<u64>) {
        let mut real = from;
        for period in weather {
            for _ in 0..period.length {
                real += 1;
                if !self.step(real, period) {
                    return (real, Some(real));
                }
            }
        }
        (real, None)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The clocks differ by up to a third, which leaves the fence just enough:
    /// 2000 ms * 1.2 + 500 ms < 5000 ms * 0.8.
    #[test]
    fn dead_is_declared_only_after_the_pause(
        weather in prop::collection::vec(weather(), 1..12),
        rates in [80..=120_u64, 80..=120_u64],
        seed: u64
    ) {
        let mut world = World::new([LIMITS; 2], rates, seed);
        let (_, broken) = world.live(0, &weather);
        prop_assert_eq!(broken, None);
    }

    /// The nodes need not be configured alike, and times may change at any moment.
    #[test]
    fn nodes_may_have_different_times(
        first in prop::collection::vec(weather(), 1..6),
        second in prop::collection::vec(weather(), 1..6),
        rates in [90..=110_u64, 90..=110_u64],
        times in [limits(), limits(), limits(), limits()],
        seed: u64
    ) {
        let [one, other, later, other_later] = times;
        let mut world = World::new([one, other], rates, seed);
        let (real, broken) = world.live(0, &first);
        prop_assert_eq!(broken, None);
        world.nodes[0].detector.set_limits(later);
        world.nodes[1].detector.set_limits(other_later);
        let (_, broken) = world.live(real, &second);
        prop_assert_eq!(broken, None);
    }

    /// Whatever happened before: who is cut off in both directions is dead for the other after
    /// `dead`, and a bit.
    #[test]
    fn a_cut_is_always_noticed(
        weather in prop::collection::vec(weather(), 0..6), rates in [80..=120_u64, 80..=120_u64],
        seed: u64
    ) {
        let mut world = World::new([LIMITS; 2], rates, seed);
        let (real, _) = world.live(0, &weather);
        world.network.clear();
        let cut = Weather { length: 6300, loss: [100, 100], delay: [1, 1] };
        world.live(real, &[cut]);
        prop_assert!(world.nodes.iter().all(|node| node.died.is_some()));
    }

    /// One direction is cut: both sides come to the same end, in bounded time.
    #[test]
    fn half_a_cut_is_a_cut(direction in 0..2_usize, seed: u64) {
        let mut world = World::new([LIMITS; 2], [100, 100], seed);
        let mut half = Weather { length: 12_000, ..FAIR };
        half.loss[direction] = 100;
        let (_, broken) = world.live(0, &[FAIR, half]);
        prop_assert_eq!(broken, None);
        prop_assert!(world.nodes.iter().all(|node| node.died.is_some()));
    }

    /// A network that is merely slow or loses some frames kills nobody.
    #[test]
    fn fair_weather_kills_nobody(seed: u64, rates in [80..=120_u64, 80..=120_u64]) {
        let mut world = World::new([LIMITS; 2], rates, seed);
        let drizzle = Weather { length: 60_000, loss: [10, 10], delay: [300, 300] };
        world.live(0, &[FAIR, drizzle, FAIR]);
        for node in &world.nodes {
            prop_assert_eq!(node.detector.state(), State::Alive);
            prop_assert!(node.acting && node.died.is_none());
        }
    }
}

/// The simulation is able to find a broken fence: if a node takes longer to pause than the times
/// leave room for, it does.
#[test]
fn a_node_that_pauses_too_late_is_found_out() {
    let cut = Weather {
        length: 9000,
        loss: [100, 100],
        delay: [1, 1],
    };
    let broken = |check| {
        (1..20).any(|seed| {
            let mut world = World::new([LIMITS; 2], [100, 100], seed);
            world.check = check;
            world.live(0, &[FAIR, cut]).1.is_some()
        })
    };
    assert!(broken(9000));
    assert!(!broken(CHECK));
}
