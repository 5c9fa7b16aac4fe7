// SPDX-License-Identifier: GPL-2.0

//! Trails of paths, as they come with requests.

use crate::fuzz_api::mfs::samples::{
    self,
    trail, //
};
use crate::mfs::wire::{
    op,
    trail::{
        Mark,
        Trail,
        TRAIL_MAX, //
    },
};

#[test]
fn trails_come_through_where_a_path_leads_to_a_name() {
    let bytes = [trail(b"a"), trail(b"long name")].concat();
    // The first has a caller without groups.
    for sample in samples::all().into_iter().skip(1) {
        if sample.trail().is_some_and(|trail| !trail.is_empty()) {
            continue;
        }
        let sample = sample.behind(&bytes);
        if !matches!(sample.kind, op::LOOKUP | op::OPEN) {
            assert!(!sample.is_accepted(), "{} with a trail", sample.kind);
            continue;
        }
        let marks: Vec<_> = sample.trail().expect("sound").marks().collect();
        let [Mark::From(first), Mark::Through(step, b"a"), Mark::From(_), Mark::Through(_, b"long name")] =
            marks[..]
        else {
            panic!("{} marks with {}", marks.len(), sample.kind);
        };
        assert!(*first == samples::dir());
        assert_eq!((step.tag.get(), step.mode.get()), (7, 0o040755));
    }
}

#[test]
fn what_leads_nowhere_is_refused() {
    let is_trail = |bytes: &[u8]| Trail::decode(bytes).is_ok();
    let good = trail(b"name");
    assert!(is_trail(b"") && is_trail(&good));
    let from_len = 1 + size_of_val(&samples::dir());
    for len in 1..good.len() {
        assert_eq!(is_trail(&good[..len]), len == from_len, "{len} bytes of it");
    }
    assert!(!is_trail(&good[from_len..]), "it has to begin somewhere");
    assert!(
        !is_trail(&[&good[..], &[2]].concat()),
        "there is no such mark"
    );
    let mode_at = from_len + 1 + 8;
    for (byte, value) in [(1, 0x81), (2, 1), (3, 1)] {
        let mut other = good.clone();
        other[mode_at + byte] = value;
        assert!(!is_trail(&other), "only directories are gone through");
    }
    for name in [&b"."[..], b"..", b"a/b", b"a\0", b""] {
        assert!(!is_trail(&trail(name)), "{name:?} is no name");
    }
    let steps = good[from_len..].repeat(TRAIL_MAX / (good.len() - from_len));
    assert!(!is_trail(&[&good[..], &steps].concat()), "it has an end");
}
