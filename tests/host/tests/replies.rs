// SPDX-License-Identifier: GPL-2.0

//! Tests of the server's table of replies.

use crate::rpc::replies::*;
use crate::rpc::wire::*;

type Table = Replies<&'static str, Vec<Slot<&'static str>>>;

/// A connected table with four slots, of which three are granted.
fn table() -> Table {
    let mut table = Replies::new((0..4).map(|_| Slot::new()).collect::<Vec<_>>());
    assert_eq!(table.grant(3), 3);
    table.connect();
    table
}

fn id(slot: u16, round: u64) -> RequestId {
    RequestId::new(slot, round).expect("valid")
}

/// Admits a request that has to be new.
fn execute(table: &mut Table, id: RequestId) {
    assert!(matches!(table.admit(id, false), Ok(Admission::Execute(_))));
}

#[test]
fn a_grant_is_not_more_than_the_table_has() {
    let mut table = table();
    assert_eq!(table.grant(100), 4);
    assert!(table.admit(id(3, 1), false).is_ok());
}

#[test]
fn using_the_slot_again_drops_the_reply() {
    let mut table = table();
    assert_eq!(table.admit(id(0, 1), false), Ok(Admission::Execute(None)));
    assert_eq!(table.done(id(0, 1), Some("first")), Ok(true));
    assert_eq!((table.busy(), table.kept()), (0, 1));
    assert_eq!(
        table.admit(id(0, 2), false),
        Ok(Admission::Execute(Some("first")))
    );
    assert_eq!((table.busy(), table.kept()), (1, 0));
}

#[test]
fn an_acknowledgement_drops_the_reply() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    assert_eq!(table.done(id(0, 1), Some("first")), Ok(true));
    assert_eq!(table.acked(0), Ok(None));
    assert_eq!(table.acked(id(0, 1).raw()), Ok(Some("first")));
    assert_eq!(table.acked(id(0, 1).raw()), Ok(None), "again, does no harm");
    table.connect();
    assert_eq!(
        table.admit(id(0, 1), true),
        Err(FrameError::StaleRequest(id(0, 1)))
    );
    execute(&mut table, id(0, 2));
    assert_eq!(
        table.acked(id(0, 1).raw()),
        Ok(None),
        "overtaken, does no harm"
    );
}

#[test]
fn acknowledgements_of_nothing() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    for raw in [id(0, 1).raw(), id(0, 2).raw(), id(1, 1).raw(), 7] {
        assert_eq!(table.acked(raw), Err(FrameError::BadAck(raw)));
    }
    let beyond = FrameError::CreditExceeded {
        slot: 3,
        granted: 3,
    };
    assert_eq!(table.acked(id(3, 1).raw()), Err(beyond));
}

#[test]
fn a_lost_reply_is_sent_again_and_nothing_executed_again() {
    let mut table = table();
    execute(&mut table, id(1, 1));
    assert_eq!(table.done(id(1, 1), Some("reply")), Ok(true));
    for _ in 0..3 {
        table.connect();
        assert_eq!(table.admit(id(1, 1), true), Ok(Admission::Answer(&"reply")));
    }
}

#[test]
fn what_is_still_executed_is_answered_on_the_connection_that_asked_last() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    execute(&mut table, id(1, 1));
    table.connect();
    assert_eq!(table.admit(id(0, 1), true), Ok(Admission::InProgress));
    assert_eq!(table.done(id(0, 1), Some("asked for")), Ok(true));
    // Done before the client has asked on the new connection: it will, and gets it then.
    assert_eq!(table.done(id(1, 1), Some("not yet")), Ok(false));
    assert_eq!(
        table.admit(id(1, 1), true),
        Ok(Admission::Answer(&"not yet"))
    );
}

#[test]
fn what_changes_nothing_is_executed_again() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    assert_eq!(table.done(id(0, 1), None), Ok(true));
    assert_eq!(table.kept(), 0);
    table.connect();
    assert_eq!(table.admit(id(0, 1), true), Ok(Admission::Execute(None)));
    assert_eq!(table.done(id(0, 1), None), Ok(true));
}

#[test]
fn a_request_that_got_lost_is_new_although_it_is_a_retry() {
    let mut table = table();
    assert_eq!(table.admit(id(2, 1), true), Ok(Admission::Execute(None)));
}

#[test]
fn clients_that_break_the_rules() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    let duplicate = Err(FrameError::DuplicateRequest(id(0, 1)));
    assert_eq!(table.admit(id(0, 1), false), duplicate, "same id");
    assert_eq!(
        table.admit(id(0, 1), true),
        duplicate,
        "twice on one connection"
    );
    let early = Err(FrameError::OutOfOrder(id(0, 2)));
    assert_eq!(table.admit(id(0, 2), false), early, "slot is busy");
    assert!(table.done(id(0, 1), Some("reply")).is_ok());
    let skipped = Err(FrameError::OutOfOrder(id(0, 3)));
    assert_eq!(table.admit(id(0, 3), false), skipped, "leaves out a round");
    execute(&mut table, id(0, 2));
    let stale = Err(FrameError::StaleRequest(id(0, 1)));
    assert_eq!(table.admit(id(0, 1), true), stale, "goes back");
    let beyond = |slot| Err(FrameError::CreditExceeded { slot, granted: 3 });
    assert_eq!(table.admit(id(3, 1), false), beyond(3));
    assert_eq!(table.admit(id(u16::MAX, 1), false), beyond(u16::MAX));
    table.connect();
    let unmarked = Err(FrameError::DuplicateRequest(id(0, 2)));
    assert_eq!(table.admit(id(0, 2), false), unmarked, "retry not marked");
}

#[test]
fn a_smaller_grant_does_not_hit_what_is_under_way() {
    let mut table = table();
    assert_eq!(table.grant(1), 1);
    execute(&mut table, id(2, 1));
}

#[test]
fn done_only_once_and_only_what_is_executed() {
    let mut table = table();
    assert_eq!(table.done(id(0, 1), Some("x")), Err(Some("x")));
    execute(&mut table, id(0, 1));
    assert_eq!(table.done(id(0, 2), Some("x")), Err(Some("x")));
    assert_eq!(table.done(id(9, 1), None), Err(None));
    assert!(table.done(id(0, 1), Some("reply")).is_ok());
    assert_eq!(table.done(id(0, 1), Some("x")), Err(Some("x")));
}

#[test]
fn cancel_of_what_was_never_seen() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    assert!(table.done(id(0, 1), Some("old")).is_ok());
    table.connect();
    assert_eq!(
        table.cancel(id(0, 2)),
        Ok(Cancellation::Confirm(Some("old")))
    );
    assert_eq!(table.cancel(id(0, 2)), Ok(Cancellation::Answered));
    table.connect();
    assert_eq!(table.cancel(id(0, 2)), Ok(Cancellation::Confirm(None)));
    execute(&mut table, id(0, 3));
}

#[test]
fn cancel_of_what_is_executed_or_done() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    assert_eq!(table.cancel(id(0, 1)), Ok(Cancellation::Interrupt));
    assert_eq!(table.done(id(0, 1), Some("reply")), Ok(true));
    assert_eq!(table.cancel(id(0, 1)), Ok(Cancellation::Answered));
    table.connect();
    assert_eq!(table.cancel(id(0, 1)), Ok(Cancellation::Answer(&"reply")));
    assert!(table.acked(id(0, 1).raw()).is_ok());
    assert_eq!(
        table.cancel(id(0, 1)),
        Err(FrameError::StaleRequest(id(0, 1)))
    );
}

#[test]
fn a_cancel_asks_on_its_connection() {
    let mut table = table();
    execute(&mut table, id(0, 1));
    table.connect();
    assert_eq!(table.cancel(id(0, 1)), Ok(Cancellation::Interrupt));
    assert_eq!(table.done(id(0, 1), Some("reply")), Ok(true));
}
