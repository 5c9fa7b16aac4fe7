// SPDX-License-Identifier: GPL-2.0
//! The generated man pages and completions.

use assert_cmd::Command;
use std::{collections::BTreeSet, fs, path::Path};

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn every_command_has_a_page_and_every_shell_a_script() {
    let out = tempfile::tempdir().unwrap();
    Command::cargo_bin("mosix-gen")
        .unwrap()
        .arg(out.path())
        .env("SOURCE_DATE_EPOCH", "86400")
        .assert()
        .success();
    let man = out.path().join("man");
    let mut expected: BTreeSet<String> = [
        "init",
        "up",
        "down",
        "status",
        "version",
        "migrate",
        "ping",
        "ps",
        "selftest",
        "config",
        "config-check",
    ]
    .map(|name| format!("mosix-{name}.8"))
    .into();
    expected.extend(["mosix.8", "cluster.toml.5", "mfs.5"].map(str::to_owned));
    assert_eq!(names(&man), expected);

    for name in expected.iter().filter(|name| name.ends_with(".8")) {
        let page = fs::read_to_string(man.join(name)).unwrap();
        assert!(page.contains("1970-01-02"), "{name} has no date");
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "FILES",
            "\"EXIT STATUS\"",
        ] {
            assert!(
                page.contains(&format!("\n.SH {section}\n")),
                "{name} lacks {section}"
            );
        }
        for code in 0..=6 {
            assert!(
                page.contains(&format!("\n.TP\n\\fB{code}\\fR\n")),
                "{name} lacks {code}"
            );
        }
        assert!(!page.contains("\\-\\-device"), "{name} has a hidden option");
    }
    let status = fs::read_to_string(man.join("mosix-status.8")).unwrap();
    for state in mosix_core::control::abi::status::State::ALL {
        assert!(
            status.contains(&format!("\\fB{}\\fR", state.name())),
            "{state:?}"
        );
    }

    let completions = out.path().join("completions");
    let expected = ["_mosix", "mosix.bash", "mosix.fish"].map(String::from);
    assert_eq!(names(&completions), expected.into());
}

#[test]
fn the_hand_written_page_tells_of_every_key() {
    let page = include_str!("../../../docs/man/cluster.toml.5");
    for key in [
        "name",
        "key_file",
        "integrity",
        "suspect_ms",
        "dead_ms",
        "heartbeat_ms",
        "port",
        "self",
        "number",
        "address",
    ] {
        assert!(page.contains(&format!("\n.It Cm {key} No = ")), "{key}");
    }
}

#[test]
fn a_wrong_call_says_how() {
    let mut command = Command::cargo_bin("mosix-gen").unwrap();
    command.assert().code(2).stderr("usage: mosix-gen OUTDIR\n");
}
