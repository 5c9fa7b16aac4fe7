// SPDX-License-Identifier: GPL-2.0

//! All fuzz targets in one program, which saves building the fuzzer and the decoders for each: the
//! environment variable `MOSIX_FUZZ_TARGET` names the one to run.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mosix_core::fuzz_api::TARGETS;
use std::sync::LazyLock;

static TARGET: LazyLock<fn(&[u8]) -> bool> = LazyLock::new(|| {
    let wanted = std::env::var("MOSIX_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    let names = || TARGETS.map(|(name, _)| name).join(" ");
    found
        .unwrap_or_else(|| panic!("MOSIX_FUZZ_TARGET has to be one of: {}", names()))
        .1
});

fuzz_target!(|bytes: &[u8]| {
    TARGET(bytes);
});
