// SPDX-License-Identifier: GPL-2.0

//! What C programs repeat of the control interface.

use crate::control::abi::ABI_VERSION;

#[test]
fn the_selftests_speak_this_version_of_the_interface() {
    let header = include_str!("../../selftests/selftest.h");
    let line = format!("#define MOSIX_ABI_VERSION {ABI_VERSION}\n");
    assert!(header.contains(&line), "selftest.h lacks: {line}");
}
