// SPDX-License-Identifier: GPL-2.0
//! Requests that try a link: which can be made, and how long their report is.

use mosix_core::{
    control::abi::{
        ping::{encoded_len, Report, Request, FLAG_ONCE, MAX_BYTES, MAX_COUNT, MAX_TIMEOUT_MS},
        Op,
    },
    exercise,
};
use proptest::prelude::*;
use zerocopy::IntoBytes as _;

fn good() -> Request {
    Request {
        node: 2.into(),
        count: 1.into(),
        timeout_ms: 1.into(),
        ..Request::default()
    }
}

fn is_valid(change: impl FnOnce(&mut Request)) -> bool {
    let mut request = good();
    change(&mut request);
    assert_eq!(exercise::ping(request.as_bytes()), request.is_valid());
    request.is_valid()
}

#[test]
fn what_is_within_the_limits_is_valid() {
    assert!(is_valid(|_| ()));
    assert!(is_valid(|r| r.count.set(MAX_COUNT)));
    assert!(is_valid(|r| r.bytes.set(MAX_BYTES)));
    assert!(is_valid(|r| r.timeout_ms.set(MAX_TIMEOUT_MS)));
    assert!(is_valid(|r| {
        r.flags.set(FLAG_ONCE);
        r.run.set(u64::MAX);
    }));
}

#[test]
fn what_is_beyond_them_is_not() {
    assert!(!is_valid(|r| r.count.set(0)));
    assert!(!is_valid(|r| r.count.set(MAX_COUNT + 1)));
    assert!(!is_valid(|r| r.bytes.set(MAX_BYTES + 1)));
    assert!(!is_valid(|r| r.timeout_ms.set(0)));
    assert!(!is_valid(|r| r.timeout_ms.set(MAX_TIMEOUT_MS + 1)));
    assert!(!is_valid(|r| r.reserved.set(1)));
    for flags in [2, FLAG_ONCE | 2, u16::MAX] {
        assert!(!is_valid(|r| r.flags.set(flags)));
    }
    // What is counted carries no data.
    assert!(!is_valid(|r| {
        r.flags.set(FLAG_ONCE);
        r.bytes.set(1);
    }));
}

#[test]
fn records_have_the_lengths_of_the_interface() {
    assert_eq!(Op::Ping.max_in(), size_of::<Request>());
    assert!(Op::Ping.needs_admin());
    assert_eq!(encoded_len(0), size_of::<Report>());
    assert_eq!(encoded_len(3), size_of::<Report>() + 24);
    assert_eq!(encoded_len(usize::MAX), usize::MAX);
}

proptest! {
    #[test]
    fn any_bytes_never_ask_for_more_than_the_limits(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        at in 0..size_of::<Request>(),
        byte in any::<u8>(),
    ) {
        exercise::ping(&bytes);
        let mut request = good();
        request.as_mut_bytes()[at] = byte;
        exercise::ping(request.as_bytes());
    }
}
