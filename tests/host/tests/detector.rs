// SPDX-License-Identifier: GPL-2.0

//! Tests of the failure detector, one peer at a time. For two nodes that watch each other see
//! `fence.rs`.

use crate::cluster::detector::*;
use crate::control::abi::times::Times;

const S: u64 = 1_000_000_000;
const HALF: u64 = S / 2;

/// A detector with the default times, in an epoch that began at second 100.
fn detector() -> Detector {
    let mut detector = Detector::new(Times::DEFAULT.into());
    detector.begin_epoch(100 * S);
    detector
}

/// Sends a ping at `sent` that the peer answers with "granted" at `answered`.
fn exchange(detector: &mut Detector, sent: u64, answered: u64) -> Option<Change> {
    let number = detector.ping(sent);
    detector.pong(answered, number, 2 * S)
}

#[test]
fn default_times() {
    let limits = Limits::from(Times::DEFAULT);
    assert_eq!(
        (limits.heartbeat, limits.suspect, limits.dead),
        (HALF, 2 * S, 6 * S)
    );
}

#[test]
fn a_peer_that_was_never_seen_stays_connecting() {
    let mut detector = Detector::new(Times::DEFAULT.into());
    assert_eq!(detector.tick(1_000_000 * S), None);
    assert_eq!(detector.state(), State::Connecting);
    assert_eq!(detector.next_tick(), u64::MAX);
    assert!(!detector.may_act(0) && !detector.may_act(S));
    assert_eq!(detector.answer_ping(S), 0);
}

#[test]
fn the_first_granted_ping_makes_it_alive() {
    let mut detector = detector();
    assert!(!detector.may_act(100 * S));
    let number = detector.ping(100 * S);
    assert_eq!(detector.pong(100 * S + 1, number, 0), None);
    assert_eq!(detector.state(), State::Connecting);
    let change = exchange(&mut detector, 101 * S, 101 * S + 5);
    assert_eq!(change, Some(Change::Alive));
    assert!(detector.may_act(101 * S + 5));
    assert_eq!(
        detector.lease_end(),
        103 * S,
        "counts from when the ping was sent"
    );
}

#[test]
fn silence_makes_it_suspect_then_dead_at_the_exact_times() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 101 * S);
    // Heard at 101, but the lease is from 100.
    assert_eq!(detector.next_tick(), 102 * S);
    assert_eq!(detector.tick(102 * S - 1), None);
    assert!(detector.may_act(102 * S - 1));
    assert!(!detector.may_act(102 * S));
    assert_eq!(detector.tick(102 * S), Some(Change::Suspect));
    assert_eq!(detector.tick(103 * S), None);
    assert_eq!(detector.next_tick(), 106 * S);
    assert_eq!(detector.tick(107 * S - 1), None);
    assert_eq!(
        detector.tick(107 * S),
        Some(Change::Dead(Death::Silent(6 * S)))
    );
    assert_eq!(detector.tick(200 * S), None, "reported once");
    assert_eq!(detector.next_tick(), u64::MAX);
}

#[test]
fn a_suspect_comes_back() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    assert_eq!(detector.tick(103 * S), Some(Change::Suspect));
    let change = exchange(&mut detector, 104 * S, 104 * S + 1);
    assert_eq!(change, Some(Change::Alive));
    assert!(detector.may_act(105 * S));
}

#[test]
fn the_dead_get_nothing_and_may_do_nothing() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    let number = detector.ping(105 * S);
    assert!(matches!(detector.tick(106 * S), Some(Change::Dead(_))));
    assert_eq!(detector.answer_ping(107 * S), 0);
    assert_eq!(detector.pong(107 * S, number, 2 * S), None);
    assert_eq!(detector.state(), State::Dead);
    assert!(!detector.may_act(105 * S) && !detector.may_act(107 * S));
}

#[test]
fn a_new_epoch_begins_from_nothing() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    let old = detector.ping(105 * S);
    assert!(matches!(detector.tick(106 * S), Some(Change::Dead(_))));
    detector.begin_epoch(200 * S);
    assert_eq!(detector.state(), State::Connecting);
    assert_eq!(detector.pong(200 * S, old, 2 * S), None, "an old answer");
    assert!(!detector.may_act(200 * S));
    assert_eq!(detector.answer_ping(200 * S), 2 * S);
    let change = exchange(&mut detector, 201 * S, 201 * S);
    assert_eq!(change, Some(Change::Alive));
}

#[test]
fn an_epoch_in_which_nothing_comes_ends_too() {
    let mut detector = detector();
    assert_eq!(detector.tick(101 * S), None);
    assert_eq!(detector.tick(102 * S), Some(Change::Suspect));
    assert!(matches!(detector.tick(106 * S), Some(Change::Dead(_))));
}

#[test]
fn other_frames_keep_it_from_dying_but_not_from_being_suspect() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    for second in 101..106 {
        detector.heard(second * S);
        detector.tick(second * S);
    }
    assert_eq!(detector.state(), State::Suspect);
    assert!(!detector.may_act(103 * S));
    assert_ne!(detector.answer_ping(105 * S), 0);
}

#[test]
fn a_peer_that_is_heard_but_never_answers_is_given_up_after_it_was_granted_nothing() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    let mut died = None;
    for second in 101..120 {
        assert_eq!(
            detector.answer_ping(second * S) != 0,
            second <= 106,
            "at {second}"
        );
        if let Some(Change::Dead(death)) = detector.tick(second * S) {
            died = Some((second, death));
            break;
        }
    }
    assert_eq!(died, Some((112, Death::Mute(12 * S))));
}

#[test]
fn a_condemned_peer_that_answers_again_is_pardoned() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    for second in 101..108 {
        detector.heard(second * S);
        detector.tick(second * S);
    }
    assert_eq!(detector.answer_ping(107 * S), 0);
    let change = exchange(&mut detector, 108 * S, 108 * S);
    assert_eq!(change, Some(Change::Alive));
    assert_ne!(detector.answer_ping(108 * S), 0);
    // And the time begins anew if it falls mute again.
    for second in 109..120 {
        detector.heard(second * S);
        assert!(
            !matches!(detector.tick(second * S), Some(Change::Dead(_))),
            "at {second}"
        );
    }
    detector.heard(120 * S);
    assert!(matches!(
        detector.tick(120 * S),
        Some(Change::Dead(Death::Mute(_)))
    ));
}

#[test]
fn answers_to_pings_that_were_never_sent_grant_nothing() {
    let mut detector = detector();
    for number in [0, 1, 2, u64::MAX] {
        assert_eq!(detector.pong(100 * S, number, 2 * S), None);
    }
    assert!(!detector.may_act(100 * S));
    assert_eq!(detector.round_trip(), None);
}

#[test]
fn a_late_answer_to_an_early_ping_does_not_shorten_the_lease() {
    let mut detector = detector();
    let early = detector.ping(100 * S);
    let late = detector.ping(101 * S);
    detector.pong(101 * S, late, 2 * S);
    detector.pong(101 * S + 1, early, 2 * S);
    assert_eq!(detector.lease_end(), 103 * S);
}

#[test]
fn only_the_newest_pings_are_remembered() {
    let mut detector = detector();
    let first = detector.ping(100 * S);
    for _ in 0..16 {
        detector.ping(100 * S);
    }
    assert_eq!(detector.pong(100 * S, first, 2 * S), None);
    assert!(!detector.may_act(100 * S));
}

#[test]
fn pings_are_due_once_per_heartbeat() {
    let mut detector = detector();
    assert!(detector.ping_due(100 * S));
    detector.ping(100 * S);
    assert!(!detector.ping_due(100 * S + HALF - 1));
    assert!(detector.ping_due(100 * S + HALF));
    detector.begin_epoch(100 * S + 1);
    assert!(detector.ping_due(100 * S + 1), "a new epoch pings at once");
}

#[test]
fn the_round_trip_is_smoothed() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S + 800);
    assert_eq!(detector.round_trip(), Some(800));
    exchange(&mut detector, 101 * S, 101 * S + 1600);
    assert_eq!(detector.round_trip(), Some(900));
    assert_eq!(detector.last_round_trip(), Some(1600));
}

#[test]
fn a_clock_that_is_read_in_another_order_does_no_harm() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 101 * S);
    detector.heard(102 * S);
    assert_eq!(detector.tick(99 * S), None, "read before the frame came");
    assert_eq!(detector.state(), State::Alive);
}

#[test]
fn new_limits_hold_from_the_next_tick_on() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    let half = Limits {
        heartbeat: HALF / 2,
        suspect: S,
        dead: 3 * S,
    };
    detector.set_limits(half);
    assert_eq!(detector.lease_end(), 101 * S);
    assert_eq!(detector.tick(101 * S), Some(Change::Suspect));
    assert!(matches!(detector.tick(103 * S), Some(Change::Dead(_))));
}

#[test]
fn the_shorter_of_lease_and_own_time_counts() {
    for (length, end) in [(S, 101 * S), (9 * S, 102 * S), (u64::MAX, 102 * S)] {
        let mut detector = detector();
        let number = detector.ping(100 * S);
        detector.pong(100 * S, number, length);
        assert_eq!(detector.lease_end(), end);
        assert_eq!(detector.next_tick(), end);
        assert_eq!(detector.tick(end), Some(Change::Suspect));
    }
}

#[test]
fn a_lease_that_was_granted_is_kept_whatever_the_times_are_later() {
    let mut detector = detector();
    exchange(&mut detector, 100 * S, 100 * S);
    assert_eq!(detector.answer_ping(100 * S), 2 * S);
    detector.set_limits(Limits {
        heartbeat: S / 10,
        suspect: S / 2,
        dead: S,
    });
    assert_eq!(detector.tick(103 * S), Some(Change::Suspect));
    assert_eq!(detector.next_tick(), 104 * S);
    assert!(matches!(detector.tick(104 * S), Some(Change::Dead(_))));
}
