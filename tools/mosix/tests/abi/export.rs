// SPDX-License-Identifier: GPL-2.0
//! What a configuration blob says about exports.

use crate::{encode_with, nodes};
use mosix_core::{
    control::abi::{
        config::{Config, ConfigError},
        export::{is_path, is_within, PathRule, Rule, MAX_PATHS, MAX_PATH_LEN},
    },
    exercise,
};

fn rules<'a>(paths: &[(&'a str, Rule)]) -> Vec<PathRule<'a>> {
    let rule = |(path, rule): &(&'a str, Rule)| PathRule {
        path: path.as_bytes(),
        rule: *rule,
    };
    paths.iter().map(rule).collect()
}

fn blob(rules: &[PathRule<'_>]) -> Result<Vec<u8>, ConfigError> {
    encode_with(&nodes([1, 2]), rules, |parameters| {
        parameters.root_squash = true
    })
}

#[test]
fn rules_arrive_as_they_were() {
    let long = format!("/{}", vec!["x".repeat(255); 3].join("/"));
    let rules = rules(&[
        ("/data", Rule::Write),
        ("/data/archive", Rule::Read),
        ("/data/archive/secret", Rule::Hide),
        ("/data-2", Rule::Write),
        (&long, Rule::Read),
    ]);
    let mut rules = rules;
    rules.sort_by_key(|rule| rule.path);
    let blob = blob(&rules).unwrap();
    let config = Config::decode(&blob).unwrap();
    assert!(config.policy().root_squash);
    assert_eq!(config.policy().rules().collect::<Vec<_>>(), rules);
    assert!(exercise::config(&blob));
}

#[test]
fn nothing_exported_is_a_policy_too() {
    let blob = blob(&[]).unwrap();
    let config = Config::decode(&blob).unwrap();
    assert_eq!(config.policy().rules().count(), 0);
}

#[test]
fn bad_policies_are_refused() {
    use ConfigError::{Path, PathBuried, PathCount, PathOrder};
    use Rule::{Hide, Read, Write};
    let refused = |paths: &[(&str, Rule)], error| {
        assert_eq!(blob(&rules(paths)).unwrap_err(), error, "{paths:?}");
    };
    for path in ["", "data", "/data/", "//", "/a//b", "/.", "/a/../b", "/a\0"] {
        refused(&[(path, Write)], Path);
    }
    refused(&[("/", Hide)], Path);
    refused(&[("/b", Write), ("/a", Write)], PathOrder);
    refused(&[("/a", Write), ("/a", Read)], PathOrder);
    refused(&[("/a", Hide), ("/a/b", Read)], PathBuried);
    refused(
        &[("/a", Hide), ("/a-b", Hide), ("/a/b/c", Write)],
        PathBuried,
    );
    assert!(blob(&rules(&[("/a", Hide), ("/a-b", Write), ("/a/b", Hide)])).is_ok());

    let many: Vec<String> = (100..=100 + MAX_PATHS).map(|n| format!("/{n}")).collect();
    let many: Vec<_> = many.iter().map(|path| (path.as_str(), Write)).collect();
    refused(&many, PathCount);
    assert!(blob(&rules(&many[1..])).is_ok());
}

#[test]
fn what_a_path_is() {
    assert!(is_path(b"/") && is_path(b"/a") && is_path(b"/a/..b/.c"));
    let part = format!("/{}", "x".repeat(255));
    assert!(is_path(part.as_bytes()) && !is_path(format!("{part}x").as_bytes()));
    let long = part.repeat(4);
    assert!(long.len() == MAX_PATH_LEN + 1 && !is_path(long.as_bytes()));
    assert!(is_path(&long.as_bytes()[..MAX_PATH_LEN]));
    assert!(is_within(b"/a", b"/") && is_within(b"/a/b", b"/a") && is_within(b"/a", b"/a"));
    assert!(!is_within(b"/ab", b"/a") && !is_within(b"/", b"/a"));
}
