// SPDX-License-Identifier: GPL-2.0

//! Tests of the client's table of requests.

use crate::rpc::requests::*;
use crate::rpc::wire::*;

type Table = Requests<&'static str, Vec<Slot<&'static str>>>;

/// A table with `slots` slots, all of them granted.
fn table(slots: u16) -> Table {
    let slots_memory = (0..slots).map(|_| Slot::new()).collect();
    let mut table = Requests::new(slots_memory);
    table.grant(slots);
    table
}

fn start(table: &mut Table, payload: &'static str) -> RequestId {
    table.start(payload, NO_DEADLINE).expect("a free slot")
}

/// Takes everything out of the send queue: (payload or "cancel", retry flag).
fn sent(table: &mut Table) -> Vec<(&'static str, bool)> {
    let mut sent = Vec::new();
    while let Some(frame) = table.next() {
        sent.push(match frame {
            Outgoing::Request { payload, retry, .. } => (*payload, retry),
            Outgoing::Cancel { .. } => ("cancel", true),
        });
    }
    assert!(!table.has_next());
    sent
}

#[test]
fn a_request_is_sent_and_answered_once() {
    let mut table = table(2);
    let id = start(&mut table, "a");
    assert_eq!((id.slot(), id.round()), (0, 1));
    let early = Err(FrameError::UnexpectedReply(id.raw()));
    assert_eq!(table.reply(id.raw()), early, "not sent yet");
    assert_eq!(sent(&mut table), [("a", false)]);
    assert_eq!(table.waiting(id.raw()), Ok(Some(&"a")));
    assert_eq!(table.reply(id.raw()), Ok(Some("a")));
    assert_eq!(table.reply(id.raw()), early, "answered already");
    assert_eq!(table.in_flight(), 0);
}

#[test]
fn a_request_is_found_by_its_payload_until_it_is_answered() {
    let mut table = table(2);
    let ids = ["a", "b"].map(|name| start(&mut table, name));
    assert_eq!(table.find(|payload| *payload == "b"), Some(ids[1]));
    sent(&mut table);
    assert_eq!(table.find(|payload| *payload == "a"), Some(ids[0]));
    assert_eq!(table.reply(ids[0].raw()), Ok(Some("a")));
    assert_eq!(table.find(|payload| *payload == "a"), None);
    let again = start(&mut table, "c");
    assert_eq!(table.find(|payload| *payload == "c"), Some(again));
}

#[test]
fn replies_to_what_was_never_asked() {
    let mut table = table(2);
    let id = start(&mut table, "a");
    sent(&mut table);
    for raw in [
        0,
        1,
        u64::MAX,
        id.raw() + 1,
        RequestId::new(0, 2).expect("valid").raw(),
    ] {
        let unexpected = Err(FrameError::UnexpectedReply(raw));
        assert_eq!(table.reply(raw), unexpected);
        assert_eq!(table.waiting(raw).map(|_| None), unexpected);
    }
    assert_eq!(table.reply(id.raw()), Ok(Some("a")));
}

#[test]
fn requests_are_sent_in_the_order_in_which_they_were_started() {
    let mut table = table(3);
    let first = start(&mut table, "a");
    sent(&mut table);
    assert_eq!(table.reply(first.raw()), Ok(Some("a")));
    for name in ["b", "c", "d"] {
        start(&mut table, name);
    }
    assert_eq!(sent(&mut table), [("b", false), ("c", false), ("d", false)]);
}

#[test]
fn credits_bound_the_table() {
    let mut table = table(4);
    table.grant(2);
    let first = start(&mut table, "a");
    start(&mut table, "b");
    assert_eq!(table.start("c", NO_DEADLINE), Err("c"));
    table.grant(3);
    start(&mut table, "c");
    assert_eq!(table.start("d", NO_DEADLINE), Err("d"));
    // Fewer credits: what is under way ends, nothing new begins above them.
    table.grant(1);
    sent(&mut table);
    assert_eq!(table.reply(first.raw()), Ok(Some("a")));
    assert_eq!(start(&mut table, "e").slot(), 0);
    assert_eq!(table.start("f", NO_DEADLINE), Err("f"));
    // More credits than there are slots are of no use, and do no harm.
    table.grant(u16::MAX);
    assert_eq!(start(&mut table, "g").slot(), 3);
    assert_eq!(table.start("h", NO_DEADLINE), Err("h"));
    table.grant(0);
    assert_eq!(table.in_flight(), 4);
}

#[test]
fn one_long_request_holds_up_nothing_else() {
    let mut table = table(2);
    let long = start(&mut table, "long");
    for _ in 0..1000 {
        let id = start(&mut table, "short");
        sent(&mut table);
        assert_eq!(table.reply(id.raw()), Ok(Some("short")));
    }
    assert_eq!(table.reply(long.raw()), Ok(Some("long")));
}

#[test]
fn a_new_connection_gets_everything_unanswered_in_order() {
    let mut table = table(4);
    let ids = ["a", "b", "c"].map(|name| start(&mut table, name));
    sent(&mut table);
    assert_eq!(table.reply(ids[0].raw()), Ok(Some("a")));
    start(&mut table, "d");
    table.resume();
    let late = Err(FrameError::UnexpectedReply(ids[1].raw()));
    assert_eq!(
        table.reply(ids[1].raw()),
        late,
        "not sent on this connection"
    );
    assert_eq!(sent(&mut table), [("b", true), ("c", true), ("d", false)]);
    assert_eq!(table.reply(ids[2].raw()), Ok(Some("c")));
    table.resume();
    assert_eq!(sent(&mut table), [("b", true), ("d", true)]);
}

#[test]
fn what_was_never_sent_can_be_withdrawn() {
    let mut table = table(3);
    let ids = ["a", "b", "c"].map(|name| start(&mut table, name));
    for (id, name) in [(ids[1], "b"), (ids[2], "c"), (ids[0], "a")] {
        assert_eq!(table.abandon(id), Some(name));
        assert_eq!(table.abandon(id), None);
    }
    assert_eq!(table.in_flight(), 0);
    assert_eq!(table.next(), None);
    assert_eq!(
        start(&mut table, "d"),
        ids[0],
        "the server has not seen the id"
    );
    assert_eq!(sent(&mut table), [("d", false)]);
}

#[test]
fn withdrawing_from_any_place_keeps_the_queue_whole() {
    for victim in 0..3 {
        let mut table = table(4);
        let ids = ["a", "b", "c"].map(|name| start(&mut table, name));
        assert!(table.abandon(ids[victim]).is_some());
        start(&mut table, "d");
        let mut expected = vec![("a", false), ("b", false), ("c", false), ("d", false)];
        expected.remove(victim);
        assert_eq!(sent(&mut table), expected);
    }
}

#[test]
fn what_was_sent_is_cancelled_and_keeps_its_slot() {
    let mut table = table(1);
    let id = start(&mut table, "a");
    sent(&mut table);
    assert_eq!(table.abandon(id), Some("a"));
    assert_eq!(table.abandon(id), None);
    assert_eq!(table.start("b", NO_DEADLINE), Err("b"));
    assert_eq!(table.next(), Some(Outgoing::Cancel { id }));
    assert_eq!(table.next(), None);
    assert_eq!(table.waiting(id.raw()), Ok(None), "the body is thrown away");
    assert_eq!(table.reply(id.raw()), Ok(None));
    assert_eq!(start(&mut table, "b").round(), 2);
}

#[test]
fn a_reply_that_overtakes_the_cancel_takes_it_back() {
    let mut table = table(3);
    let ids = ["a", "b"].map(|name| start(&mut table, name));
    sent(&mut table);
    assert_eq!(table.abandon(ids[0]), Some("a"));
    assert_eq!(table.reply(ids[0].raw()), Ok(None));
    assert_eq!(table.next(), None);
    start(&mut table, "c");
    assert_eq!(sent(&mut table), [("c", false)]);
}

#[test]
fn a_new_connection_gets_cancels_for_what_was_abandoned() {
    let mut table = table(2);
    let ids = ["a", "b"].map(|name| start(&mut table, name));
    sent(&mut table);
    table.resume();
    assert_eq!(table.abandon(ids[0]), Some("a"));
    assert_eq!(sent(&mut table), [("cancel", true), ("b", true)]);
    table.resume();
    assert_eq!(sent(&mut table), [("cancel", true), ("b", true)]);
    assert_eq!(table.reply(ids[0].raw()), Ok(None));
    assert_eq!(table.reply(ids[1].raw()), Ok(Some("b")));
}

#[test]
fn deadlines() {
    let mut table = table(3);
    assert_eq!(table.next_deadline(), NO_DEADLINE);
    let late = table.start("late", 200).expect("free");
    let soon = table.start("soon", 100).expect("free");
    start(&mut table, "never");
    sent(&mut table);
    assert_eq!(table.next_deadline(), 100);
    assert_eq!(table.expire(99), None);
    assert_eq!(table.expire(100), Some((soon, "soon")));
    assert_eq!(table.expire(100), None);
    assert_eq!(table.next_deadline(), 200);
    assert_eq!(table.reply(late.raw()), Ok(Some("late")));
    assert_eq!(table.next_deadline(), NO_DEADLINE);
    assert_eq!(table.expire(u64::MAX - 1), None);
    assert_eq!(table.next(), Some(Outgoing::Cancel { id: soon }));
}

#[test]
fn acknowledgements_are_given_once_or_implied() {
    let mut table = table(3);
    let ids = ["a", "b", "c"].map(|name| start(&mut table, name));
    sent(&mut table);
    assert_eq!(table.take_ack(), 0);
    for id in ids {
        assert!(table.reply(id.raw()).is_ok());
    }
    // Slot 0 is used again, which says that its reply is there.
    start(&mut table, "d");
    assert_eq!(table.take_ack(), ids[1].raw());
    assert_eq!(table.take_ack(), ids[2].raw());
    assert_eq!(table.take_ack(), 0);
    // They may have been lost with the connection.
    table.resume();
    assert_eq!(table.take_ack(), ids[1].raw());
    assert_eq!(table.take_ack(), ids[2].raw());
    assert_eq!(table.take_ack(), 0);
}

#[test]
fn a_session_that_ends_gives_everything_back() {
    let mut table = table(3);
    let ids = ["a", "b", "c"].map(|name| start(&mut table, name));
    sent(&mut table);
    table.abandon(ids[1]);
    assert_eq!(table.take(), Some("a"));
    assert_eq!(table.take(), Some("c"));
    assert_eq!(table.take(), None);
    table.reset();
    assert_eq!(table.in_flight(), 0);
    assert_eq!((table.take_ack(), table.next()), (0, None));
    assert_eq!(
        table.start("d", NO_DEADLINE),
        Err("d"),
        "nothing is granted"
    );
    table.grant(3);
    assert_eq!(start(&mut table, "d").round(), 1);
}
