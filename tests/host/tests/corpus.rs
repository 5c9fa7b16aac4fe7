// SPDX-License-Identifier: GPL-2.0

//! Runs the fuzz targets over their corpus, so that what was found once stays found, and over a few
//! random inputs, so that a plain test run notices a broken target.

use crate::fuzz_api::TARGETS;
use proptest::prelude::*;
use std::{
    fs,
    path::Path, //
};

#[test]
fn every_target_has_a_corpus_that_reaches_both_outcomes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, target) in TARGETS {
        let mut outcomes = [0; 2];
        let inputs =
            fs::read_dir(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for input in inputs {
            let path = input.expect("readable").path();
            let bytes = fs::read(&path).expect("readable");
            outcomes[usize::from(target(&bytes))] += 1;
        }
        let [rejected, accepted] = outcomes;
        assert!(
            rejected > 0 && accepted > 0,
            "{name}: {accepted} accepted, {rejected} rejected"
        );
    }
}

proptest! {
    #[test]
    fn any_input_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
    }
}
