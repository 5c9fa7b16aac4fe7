// SPDX-License-Identifier: GPL-2.0

//! Messages between body and deputy.

use crate::fuzz_api::migration::samples::{
    self,
    Message, //
};
use crate::migration::wire::{
    life::Usage,
    message::{
        FromBody,
        FromDeputy, //
    },
    once::{
        Admit,
        Asked,
        Served, //
    },
    op,
    reply::flag, //
};
use crate::rpc::wire::{
    Kind,
    Service, //
};
use proptest::prelude::*;
use zerocopy::{
    little_endian::{
        I64,
        U32,
        U64, //
    },
    FromZeros,
    IntoBytes, //
};

fn is_accepted(message: &Message, body: bool) -> bool {
    let Message { kind, msg, data } = message;
    if body {
        FromBody::decode(*kind, msg, data).is_ok()
    } else {
        FromDeputy::decode(*kind, msg, data).is_ok()
    }
}

#[test]
fn sound_messages_are_accepted_from_the_side_that_sends_them() {
    let sides = [
        (true, samples::from_body()),
        (false, samples::from_deputy()),
    ];
    for (body, messages) in sides {
        for message in messages {
            assert_eq!(message.kind.service(), Some(Service::Migration));
            assert!(is_accepted(&message, body), "{}", message.kind);
            let both = message.kind == op::IMAGE;
            assert_eq!(is_accepted(&message, !body), both, "{}", message.kind);
        }
    }
}

#[test]
fn messages_have_the_names_of_their_kinds() {
    let mut names: Vec<_> = [samples::from_body(), samples::from_deputy()]
        .concat()
        .iter()
        .map(|message| message.kind.to_string())
        .collect();
    names.dedup();
    let expected = "call interrupt action mask fork exit return image \
                    reply signal stop continue recall image";
    assert_eq!(names.join(" "), expected);
    assert_eq!(Kind(0x67).to_string(), "0x67");
    assert_eq!(Kind(0x75).to_string(), "0x75");
    assert_eq!(Kind(0x81).to_string(), "0x81");
}

#[test]
fn no_shorter_and_no_longer_message_is_accepted() {
    let sides = [
        (true, samples::from_body()),
        (false, samples::from_deputy()),
    ];
    for (body, messages) in sides {
        for message in messages
            .into_iter()
            .filter(|message| message.kind != op::IMAGE)
        {
            for len in 0..message.msg.len() {
                let mut cut = message.clone();
                cut.msg.truncate(len);
                assert!(!is_accepted(&cut, body), "{} of {len} bytes", message.kind);
            }
            let mut longer = message.clone();
            longer.msg.push(0);
            assert!(
                !is_accepted(&longer, body),
                "{} with a byte more",
                message.kind
            );
            if message.data.is_empty() && message.kind != op::REPLY {
                let mut with_data = message.clone();
                with_data.data.push(0);
                assert!(!is_accepted(&with_data, body), "{} with data", message.kind);
            }
        }
    }
}

#[test]
fn only_calls_of_deputies_are_asked_for() {
    let accepted = |number: u32, args: [u64; 6]| {
        let mut head = samples::call();
        head.number = U32::new(number);
        head.args = args.map(U64::new);
        FromBody::decode(op::CALL, head.as_bytes(), b"").is_ok()
    };
    assert!(accepted(1, [0; 6]) && accepted(128, [0; 6]));
    // mprotect, getpid, exit, ptrace, rt_sigaction, mmap, an unknown one, one of x32.
    for number in [10, 39, 60, 101, 13, 9, 400, 0x4000_0001] {
        assert!(!accepted(number, [0; 6]), "{number}");
    }
    // ioctl: TCGETS and one without a row.
    assert!(accepted(16, [0, 0x5401, 0, 0, 0, 0]));
    assert!(!accepted(16, [0, 0x1234, 0, 0, 0, 0]));
}

#[test]
fn impossible_calls_are_refused() {
    let refused = |change: fn(&mut crate::migration::wire::call::Head)| {
        let mut head = samples::call();
        change(&mut head);
        assert!(FromBody::decode(op::CALL, head.as_bytes(), b"").is_err());
    };
    refused(|head| head.id = U64::ZERO);
    refused(|head| head.flags = U32::new(2));
    refused(|head| head.mask = U64::new(1 << 8));
    refused(|head| head.usage.stime = U64::new(u64::MAX));
}

/// The message of this kind with a number in its struct changed.
fn changed(kind: Kind, at: usize, value: u32) -> bool {
    let mut messages = samples::from_body();
    messages.extend(samples::from_deputy());
    let mut message = messages
        .into_iter()
        .find(|message| message.kind == kind)
        .expect("in the samples");
    message.msg[at..at + 4].copy_from_slice(&value.to_le_bytes());
    is_accepted(&message, kind < op::REPLY)
}

#[test]
fn impossible_ends_children_and_signals_are_refused() {
    for status in [0, 3 << 8, 255 << 8, 1, 15, 64] {
        assert!(changed(op::EXIT, 0, status), "{status:#x}");
    }
    for status in [256 << 8, 65, 0x8b, (3 << 8) | 15, 0x1_0000] {
        assert!(!changed(op::EXIT, 0, status), "{status:#x}");
    }
    // Of clone: a thread, a namespace, an unknown signal, a file descriptor for the child.
    for flags in [0x1_0011, 0x2000_0011, 65, 0x1011] {
        assert!(!changed(op::FORK, 8, flags), "{flags:#x}");
    }
    assert!(changed(op::FORK, 8, 0x4011) && changed(op::FORK, 8, 0));
    assert!(!changed(op::RETURN, 0, 5) && !changed(op::RETURN, 0, 0));
    assert!(!changed(op::RETURN, 4, u32::MAX) && !changed(op::RETURN, 0, 1));
    assert!(!changed(op::RECALL, 0, 0) && !changed(op::RECALL, 0, 4));
    assert!(!changed(op::ACTION, 0, 9) && !changed(op::ACTION, 0, 65));
    assert!(!changed(op::ACTION, 4, 3) && !changed(op::ACTION, 8, 0x80_0000));
    assert!(!changed(op::MASK, 0, 1 << 8) && changed(op::MASK, 4, u32::MAX));
    assert!(!changed(op::SIGNAL, 0, 9) && changed(op::SIGNAL, 0, 64));
    assert!(!changed(op::INTERRUPT, 0, 0));
}

#[test]
fn replies_say_what_they_can() {
    let decode = |change: fn(&mut crate::migration::wire::reply::Head), data: &[u8]| {
        let mut head = samples::reply();
        change(&mut head);
        let msg = [head.as_bytes(), samples::pending().as_bytes()].concat();
        FromDeputy::decode(op::REPLY, &msg, data).is_ok()
    };
    assert!(decode(|head| head.result = I64::new(-512), b""));
    assert!(decode(|head| head.result = I64::new(i64::MIN), b""));
    assert!(!decode(|head| head.id = U64::ZERO, b""));
    assert!(!decode(|head| head.signals = U32::ZERO, b""));
    assert!(!decode(|head| head.signals = U32::new(u32::MAX), b""));
    assert!(!decode(|head| head.flags = U32::new(1 << 4), b""));
    assert!(!decode(
        |head| head.flags = U32::new(flag::CREDENTIALS),
        b""
    ));
    // A call that was not made.
    let home = |head: &mut crate::migration::wire::reply::Head| {
        head.flags = U32::new(flag::HOME);
        head.result = I64::ZERO;
    };
    assert!(decode(home, b"") && !decode(home, b"data"));
    assert!(!decode(|head| head.flags = U32::new(flag::HOME), b""));
}

#[test]
fn a_usage_of_nothing_is_sound() {
    assert!(Usage::new_zeroed().is_sound());
}

#[test]
fn a_deputy_is_asked_one_thing_at_a_time() {
    let mut served = Served::new();
    assert!(served.admit(0).is_err() && served.admit(2).is_err());
    assert_eq!(served.admit(1), Ok(Admit::Make));
    assert!(served.is_making(1) && !served.is_making(2));
    assert_eq!(served.admit(1), Ok(Admit::Wait));
    assert!(served.admit(2).is_err());
    served.answered();
    assert!(!served.is_making(1));
    assert_eq!(served.admit(1), Ok(Admit::Again));
    assert_eq!(served.admit(2), Ok(Admit::Make));
    assert!(served.admit(1).is_err());
}

#[test]
fn a_body_goes_on_with_what_it_asked() {
    let mut asked = Asked::new();
    assert!(asked.answered(1).is_err() && asked.open().is_none());
    assert_eq!(asked.start(), Some(1));
    assert_eq!((asked.start(), asked.open()), (None, Some(1)));
    assert!(asked.answered(0).is_err() && asked.answered(2).is_err());
    assert_eq!(asked.answered(1), Ok(true));
    assert_eq!(asked.answered(1), Ok(false));
    assert_eq!(asked.start(), Some(2));
    assert_eq!(asked.answered(1), Ok(false));
    assert_eq!(asked.answered(2), Ok(true));
}

proptest! {
    /// Requests and replies are lost at random, and the body asks again.
    #[test]
    fn every_call_is_made_just_once(lost: Vec<bool>, delays in prop::collection::vec(0_u8..3, 60)) {
        let mut lost = lost.into_iter();
        let mut delays = delays.into_iter();
        let (mut asked, mut served) = (Asked::new(), Served::new());
        let mut made = Vec::new();
        for call in 1..=12_u64 {
            let id = asked.start().expect("none is open");
            while asked.open() == Some(id) {
                if lost.next().unwrap_or(false) {
                    continue;
                }
                match served.admit(id).expect("in order") {
                    Admit::Make => made.push(call),
                    Admit::Wait | Admit::Again => (),
                }
                if delays.next().unwrap_or(0) == 0 {
                    served.answered();
                }
                if !served.is_making(id) && !lost.next().unwrap_or(false) {
                    prop_assert_eq!(asked.answered(id), Ok(true));
                }
            }
        }
        prop_assert!(made.into_iter().eq(1..=12));
    }
}
