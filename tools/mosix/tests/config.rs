// SPDX-License-Identifier: GPL-2.0
//! Configuration files, good ones and every kind of bad one.

use mosix_core::control::abi::{
    config::{Config, Times},
    export::{PathRule, Rule},
    Integrity,
};
use mosix_tool::{config::File, failure::Exit};
use std::path::Path;

const CLUSTER: &str = "[cluster]\nname = \"demo\"\n";
const ALPHA: &str = "[[node]]\nnumber = 1\nname = \"alpha\"\naddress = \"10.0.0.1\"\n";
const BETA: &str = "[[node]]\nnumber = 2\nname = \"beta\"\naddress = \"[fd77::2]:7000\"\n";

fn parse(text: &str) -> mosix_tool::failure::Result<File> {
    File::parse(Path::new("/etc/mosix/cluster.toml"), text.to_owned())
}

/// The error in `text`: its place must be `place` (line:column) and it must say all of `words`.
#[track_caller]
fn refused(text: &str, place: &str, words: &[&str]) {
    let failure = parse(text)
        .and_then(|file| file.resolve())
        .expect_err("must be refused");
    assert_eq!(failure.exit, Exit::Config);
    let prefix = format!("/etc/mosix/cluster.toml:{place}: ");
    let message = failure
        .cause
        .strip_prefix(&prefix)
        .unwrap_or_else(|| panic!("{:?} does not begin with {prefix:?}", failure.cause));
    for word in words {
        assert!(message.contains(word), "{message:?} does not say {word:?}");
    }
    assert!(!message.contains('\n'), "{message:?} has several lines");
}

#[test]
fn the_smallest_one_has_the_defaults() {
    let file = parse(&[CLUSTER, ALPHA].concat()).unwrap();
    assert_eq!(file.cluster, "demo");
    assert_eq!(file.key_file, Path::new("/etc/mosix/key"));
    assert_eq!(file.integrity, Integrity::Header);
    assert_eq!(file.times, Times::DEFAULT);
    assert_eq!(file.own, None);
    assert_eq!(
        file.resolve().unwrap()[0].address.to_string(),
        "10.0.0.1:4660"
    );
}

#[test]
fn everything_arrives_in_the_blob() {
    let text = [
        "[cluster]\nname = \"démo\"\nkey_file = \"/k\"\nintegrity = \"encrypt\"\n\
         suspect_ms = 1000\ndead_ms = 5000\nheartbeat_ms = 100\nport = 9\nself = 2\n",
        BETA,
        ALPHA,
    ]
    .concat();
    let file = parse(&text).unwrap();
    assert_eq!(file.key_file, Path::new("/k"));
    assert_eq!(file.own, Some(2));
    let nodes = file.resolve().unwrap();
    let blob = file
        .encode(&nodes, 2, [7; 20], &[8; 32], &file.policy(2))
        .unwrap();
    let config = Config::decode(&blob).unwrap();
    assert_eq!(config.cluster(), "démo");
    assert_eq!(config.integrity(), Integrity::Encrypt);
    let times = Times {
        heartbeat: 100,
        suspect: 1000,
        dead: 5000,
    };
    assert_eq!(config.times(), times);
    assert_eq!((config.own().name, config.listen_port()), ("beta", 7000));
    assert_eq!((config.build_id(), config.key()), (&[7; 20], &[8; 32]));
    let nodes: Vec<_> = config
        .nodes()
        .map(|node| node.address.to_string())
        .collect();
    assert_eq!(nodes, ["10.0.0.1:9", "[fd77::2]:7000"]);
}

#[test]
fn the_other_times_follow_the_suspect_time() {
    let text = [CLUSTER, "suspect_ms = 100\n", ALPHA].concat();
    let times = parse(&text).unwrap().times;
    assert_eq!((times.heartbeat, times.dead), (25, 300));
    assert_eq!(times.check(), Ok(()));
}

#[test]
fn what_is_no_toml() {
    refused("[cluster\n", "1:9", &["expected `]`"]);
    refused("[cluster]\nname = demo\n", "2:8", &["expected"]);
    refused(
        "[cluster]\nname = \"a\"\nname = \"b\"\n",
        "3:1",
        &["duplicate"],
    );
    refused("[cluster]\nname = \"ä\" x\n", "2:12", &["expected"]);
}

#[test]
fn unknown_and_missing_keys() {
    let text = [CLUSTER, "colour = 1\n", ALPHA].concat();
    refused(
        &text,
        "3:1",
        &["unknown field `colour`", "expected", "integrity"],
    );
    let text = [CLUSTER, ALPHA, "port = 1\n"].concat();
    refused(&text, "7:1", &["unknown field `port`"]);
    refused(
        &[CLUSTER, ALPHA, "[x]\n"].concat(),
        "7:2",
        &["unknown field `x`"],
    );
    refused(ALPHA, "1:1", &["missing field `cluster`"]);
    refused(
        &["[cluster]\n", ALPHA].concat(),
        "1:1",
        &["missing field `name`"],
    );
    let text = [CLUSTER, "[[node]]\nnumber = 1\nname = \"a\"\n"].concat();
    refused(&text, "3:1", &["missing field `address`"]);
    refused(CLUSTER, "1:1", &["1 to 1024", "[[node]]"]);
}

#[test]
fn wrong_types() {
    refused("[cluster]\nname = 5\n", "2:8", &["expected a string"]);
    let text = [CLUSTER, ALPHA].concat().replace("= 1\n", "= \"1\"\n");
    refused(&text, "4:10", &["expected an integer"]);
}

#[test]
fn numbers_out_of_range() {
    for number in ["0", "65536", "-1", "99999999999"] {
        let text = [CLUSTER, ALPHA]
            .concat()
            .replace("= 1\n", &format!("= {number}\n"));
        refused(&text, "4:10", &["number must be 1 to 65535"]);
        for key in ["port", "self"] {
            let text = format!("{CLUSTER}{key} = {number}\n{ALPHA}");
            refused(&text, "3:8", &[key, "must be 1 to 65535"]);
        }
    }
}

#[test]
fn impossible_times() {
    let time = |line: &str| [CLUSTER, line, "\n", ALPHA].concat();
    refused(&time("suspect_ms = 99"), "3:14", &["100 to 600000"]);
    refused(&time("suspect_ms = 600001"), "3:14", &["100 to 600000"]);
    refused(&time("suspect_ms = -1"), "3:14", &["suspect_ms must be 1"]);
    refused(
        &time("heartbeat_ms = 667"),
        "3:16",
        &["third of the suspect"],
    );
    refused(
        &time("heartbeat_ms = 0"),
        "3:16",
        &["heartbeat_ms must be 1"],
    );
    refused(&time("dead_ms = 4999"), "3:11", &["at least 5000 ms"]);
    refused(
        &time("dead_ms = 3600001"),
        "3:11",
        &["must be 1 to 3600000"],
    );
}

#[test]
fn unusable_names() {
    for name in ["", " x", "x ", "a\\nb", &"x".repeat(64)] {
        let text = format!("[cluster]\nname = \"{name}\"\n{ALPHA}");
        refused(&text, "2:8", &["name of the cluster"]);
    }
    for name in ["", "a b", "ä", "a/b", &"x".repeat(64)] {
        let text = [CLUSTER, &ALPHA.replace("alpha", name)].concat();
        refused(&text, "3:1", &["name of node 1", "A-Z a-z 0-9 . _ -"]);
    }
}

#[test]
fn unusable_integrity() {
    let text = [CLUSTER, "integrity = \"none\"\n", ALPHA].concat();
    refused(&text, "3:13", &["\"header\", \"full\", \"encrypt\""]);
}

#[test]
fn unusable_addresses() {
    let address = |text: &str| [CLUSTER, &ALPHA.replace("10.0.0.1", text)].concat();
    refused(&address("10.0.0"), "6:11", &["\"10.0.0\" is no address"]);
    refused(&address("10.0.0.1:0"), "6:11", &["is no port"]);
    refused(&address("no-such-host.invalid"), "3:1", &["cannot resolve"]);
    for text in [
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "::",
        "ff02::1",
        "fe80::1",
    ] {
        refused(&address(text), "3:1", &["address of node 1"]);
    }
}

#[test]
fn the_own_name_on_a_loopback_address_is_a_trap() {
    let alpha = ALPHA.replace("10.0.0.1", "127.0.1.1");
    refused(
        &[CLUSTER, &alpha, BETA].concat(),
        "3:1",
        &["127.0.1.1", "no other node"],
    );
    parse(&[CLUSTER, &alpha].concat())
        .unwrap()
        .resolve()
        .unwrap();
}

#[test]
fn duplicates() {
    let again = |node: &str| [CLUSTER, ALPHA, node].concat();
    refused(
        &again(&BETA.replace("= 2", "= 1")),
        "7:1",
        &["two nodes have the number 1"],
    );
    let words = ["nodes 1 and 2", "same name"];
    refused(&again(&BETA.replace("beta", "alpha")), "7:1", &words);
    let words = ["nodes 1 and 2", "same address and port"];
    refused(
        &again(&BETA.replace("[fd77::2]:7000", "10.0.0.1:4660")),
        "7:1",
        &words,
    );
    // The same address with another port is another place.
    let text = again(&BETA.replace("[fd77::2]:7000", "10.0.0.1:4661"));
    assert_eq!(parse(&text).unwrap().resolve().unwrap().len(), 2);
}

#[test]
fn self_must_be_a_node() {
    let text = [CLUSTER, "self = 3\n", ALPHA, BETA].concat();
    refused(&text, "1:1", &["self = 3", "no node 3"]);
}

#[test]
fn too_many_nodes() {
    let nodes = |count: u32| {
        let mut text = CLUSTER.to_owned();
        for number in 1..=count {
            let [_, _, high, low] = number.to_be_bytes();
            text += &format!(
                "[[node]]\nnumber = {number}\nname = \"n{number}\"\naddress = \"10.0.{high}.{low}\"\n"
            );
        }
        parse(&text)
    };
    assert_eq!(nodes(1024).unwrap().resolve().unwrap().len(), 1024);
    assert!(nodes(1025).unwrap_err().cause.contains("1 to 1024"));
}

/// What node 1 of a configuration without a key directory on this host exports and hides.
#[track_caller]
fn rules(text: &str) -> Vec<(String, Rule)> {
    let nodes = parse(text).unwrap();
    nodes.resolve().unwrap();
    let policy = &nodes.node(1).expect("node 1").policy;
    let rule = |rule: PathRule<'_>| (String::from_utf8_lossy(rule.path).into_owned(), rule.rule);
    policy.rules().into_iter().map(rule).collect()
}

fn pairs(expected: &[(&str, Rule)]) -> Vec<(String, Rule)> {
    let pair = |(path, rule): &(&str, Rule)| (path.to_string(), *rule);
    expected.iter().map(pair).collect()
}

#[test]
fn all_is_exported_but_the_key() {
    let text = [CLUSTER, ALPHA].concat();
    let expected = pairs(&[("/", Rule::Write), ("/etc/mosix", Rule::Hide)]);
    assert_eq!(rules(&text), expected);
    assert!(!parse(&text).unwrap().node(1).unwrap().policy.root_squash);
    let text = [CLUSTER, "key_file = \"/k\"\n", ALPHA].concat();
    assert_eq!(
        rules(&text),
        pairs(&[("/", Rule::Write), ("/k", Rule::Hide)])
    );
}

#[test]
fn a_node_says_what_the_cluster_does_not() {
    let common = "export = [\"/srv\"]\nroot_squash = true\nhidden = [\"/srv/private\"]\n";
    let own = "export = [{ path = \"/data\", read_only = true }, \"/home\"]\nroot_squash = false\n";
    let text = [CLUSTER, common, ALPHA, own, BETA, "read_only = true\n"].concat();
    let key = ("/etc/mosix", Rule::Hide);
    let hidden = ("/srv/private", Rule::Hide);
    let expected = [("/data", Rule::Read), key, ("/home", Rule::Write), hidden];
    assert_eq!(rules(&text), pairs(&expected));
    let file = parse(&text).unwrap();
    assert!(!file.node(1).unwrap().policy.root_squash);
    let beta = &file.node(2).unwrap().policy;
    assert!(beta.root_squash);
    let read_only = beta
        .rules()
        .iter()
        .find(|rule| rule.path == b"/srv")
        .map(|rule| rule.rule);
    assert_eq!(read_only, Some(Rule::Read));
    let nothing = [CLUSTER, ALPHA, "export = []\n"].concat();
    assert_eq!(rules(&nothing), pairs(&[key]));
}

#[test]
fn exports_that_cannot_be() {
    let with = |line: &str| [CLUSTER, ALPHA, line, "\n"].concat();
    refused(
        &with("export = [\"data\"]"),
        "7:11",
        &["\"data\" is no usable path"],
    );
    refused(&with("export = [\"/a\", \"/a/..\"]"), "7:17", &["usable"]);
    refused(&with("export = \"/a\""), "7:10", &["expected"]);
    refused(&with("export = [7]"), "7:11", &["a path, or a table like"]);
    refused(
        &with("export = [{ path = \"/a\", readonly = true }]"),
        "7:26",
        &["unknown field `readonly`"],
    );
    refused(
        &with("export = [\"/a\", \"/a\"]"),
        "7:17",
        &["/a is exported or hidden twice"],
    );
    refused(&with("hidden = [\"/\"]"), "7:11", &["cannot be hidden"]);
    refused(
        &with("export = [\"/a/b\"]\nhidden = [\"/a\"]"),
        "7:11",
        &["/a/b is exported, but /a is hidden"],
    );
    refused(
        &with("export = [\"/etc/mosix\"]"),
        "7:11",
        &["/etc/mosix, where the cluster's key is, is always hidden"],
    );
    let many: Vec<String> = (0..70).map(|n| format!("\"/{n}\"")).collect();
    refused(
        &with(&format!("hidden = [{}]", many.join(", "))),
        "3:1",
        &["at most 64 paths"],
    );
}

#[test]
fn symbolic_links_are_followed_before_the_module_sees_the_paths() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().canonicalize().unwrap();
    for part in ["disk", "conf"] {
        std::fs::create_dir(at.join(part)).unwrap();
    }
    std::os::unix::fs::symlink("disk", at.join("data")).unwrap();
    std::os::unix::fs::symlink("conf", at.join("link")).unwrap();
    let shown = at.display();
    let text = format!("{CLUSTER}{ALPHA}export = [\"{shown}/data\", \"{shown}/none\"]\n");
    let file = File::parse(&at.join("link/cluster.toml"), text).unwrap();
    let policy = file.policy(1);
    let path = |rule: &PathRule<'_>| String::from_utf8_lossy(rule.path).into_owned();
    let paths: Vec<String> = policy.rules().iter().map(path).collect();
    assert_eq!(
        paths,
        ["conf", "disk", "none"].map(|part| format!("{shown}/{part}"))
    );
    assert_eq!(policy.missing(), [format!("{shown}/none")]);
}
