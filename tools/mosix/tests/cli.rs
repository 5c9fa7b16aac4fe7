// SPDX-License-Identifier: GPL-2.0
//! The command as it is run, as far as it goes without the module.

use assert_cmd::Command;
use predicates::{
    prelude::*,
    str::{contains, is_empty},
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::PathBuf,
};

/// A directory with a configuration and a key that `mosix init` made.
struct Cluster {
    directory: tempfile::TempDir,
}

impl Cluster {
    fn new() -> Self {
        let cluster = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        cluster.init().assert().success().stderr(is_empty());
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn init(&self) -> Command {
        let mut command = mosix();
        command
            .args(["init", "--name", "demo", "--node", "1=alpha@10.9.8.1"])
            .args(["--node", "2=beta@fd77:9:8::2", "--config"])
            .arg(self.path("cluster.toml"));
        command
    }

    fn up(&self) -> Command {
        let mut command = mosix();
        command
            .args(["up", "--node", "alpha", "--device", "/nonexistent/mosix"])
            .arg("--config")
            .arg(self.path("cluster.toml"));
        command
    }
}

fn mosix() -> Command {
    Command::cargo_bin("mosix").unwrap()
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[test]
fn help_and_versions() {
    mosix()
        .arg("--help")
        .assert()
        .success()
        .stdout(contains("status"));
    let version = env!("CARGO_PKG_VERSION");
    mosix()
        .arg("--version")
        .assert()
        .success()
        .stdout(contains(version));
}

#[test]
fn usage_errors_exit_with_2() {
    for arguments in [
        &["frobnicate"][..],
        &["status", "--watch=0"],
        &["up", "--wait", "soon"],
        &["init", "--node", "alpha"],
        &["selftest", "--calls", "0"],
        &["ping"],
        &["ping", "2", "-c", "0"],
        &["ping", "2", "-s", "1048577"],
        &["ping", "2", "-j", "0"],
        &["ping", "2", "--once", "-s", "1"],
        &["ping", "2", "--timeout", "601"],
        &[],
    ] {
        mosix().args(arguments).assert().code(2).stdout(is_empty());
    }
}

#[test]
fn without_the_module_the_status_is_3() {
    for command in [&["status"][..], &["down"], &["selftest"], &["ping", "2"]] {
        mosix()
            .args(command)
            .args(["--device", "/nonexistent/mosix"])
            .assert()
            .code(3)
            .stdout(is_empty())
            .stderr(contains("mosix: the module is not loaded").and(contains("mosix up")));
    }
}

#[test]
fn without_the_module_there_are_still_versions() {
    let output = mosix()
        .args(["version", "--json", "--device", "/nonexistent/mosix"])
        .assert()
        .success();
    let json: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(json["command"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(json["module"].is_null());
    assert_eq!(json["kernel"]["build_id"].as_str().unwrap().len(), 40);
}

#[test]
fn another_device_is_told_apart() {
    for device in ["/dev/null", "/dev/zero"] {
        mosix()
            .args(["status", "--device", device])
            .assert()
            .code(1)
            .stderr(contains(device).and(contains("not the device of mosix.ko")));
    }
}

#[test]
fn init_writes_a_key_for_root_only_and_a_configuration_for_all() {
    let cluster = Cluster::new();
    let key = fs::metadata(cluster.path("key")).unwrap();
    assert_eq!((key.mode() & 0o7777, key.len()), (0o600, 65));
    let config = fs::metadata(cluster.path("cluster.toml")).unwrap();
    assert_eq!(config.mode() & 0o7777, 0o644);
    let files = fs::read_dir(cluster.directory.path()).unwrap().count();
    assert_eq!(files, 2, "a temporary file was left behind");
}

#[test]
fn init_overwrites_nothing_without_force() {
    let cluster = Cluster::new();
    let read = |name| fs::read_to_string(cluster.path(name)).unwrap();
    let (config, key) = (read("cluster.toml"), read("key"));
    for gone in ["cluster.toml", "key"] {
        let kept = cluster.path("kept");
        fs::rename(cluster.path(gone), &kept).unwrap();
        cluster
            .init()
            .assert()
            .code(2)
            .stderr(contains("exists").and(contains("--force")));
        assert!(!cluster.path(gone).exists());
        fs::rename(&kept, cluster.path(gone)).unwrap();
    }
    assert_eq!(
        (read("cluster.toml"), read("key")),
        (config.clone(), key.clone())
    );
    cluster.init().arg("--force").assert().success();
    assert_eq!(read("cluster.toml"), config);
    assert_ne!(read("key"), key);
}

#[test]
fn init_without_nodes_takes_this_host() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/cluster.toml");
    let output = mosix()
        .args(["init", "--json", "--config"])
        .arg(&path)
        .output()
        .unwrap();
    // A host without a network has no address to write down; it must say so.
    if output.status.success() {
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["nodes"], 1);
        assert!(fs::read_to_string(&path).unwrap().contains("number = 1"));
    } else {
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("--node 1=alpha@10.0.0.1"));
    }
}

#[test]
fn init_refuses_what_up_would_refuse() {
    let cluster = Cluster::new();
    for (arguments, word) in [
        (["--node", "2=gamma@10.9.8.3"], "number 2"),
        (["--node", "3=alpha@10.9.8.3"], "same name"),
        (["--node", "3=gamma@10.9.8.1"], "same address"),
        (["--node", "3=gamma@127.0.0.1"], "127.0.0.1"),
    ] {
        cluster
            .init()
            .args(arguments)
            .arg("--force")
            .assert()
            .code(2)
            .stderr(contains(word).and(contains("no good configuration")));
    }
}

#[test]
fn config_check_tells_what_is_there() {
    if !is_root() {
        return;
    }
    let cluster = Cluster::new();
    let check = || {
        let mut command = mosix();
        command
            .args(["config", "check"])
            .arg(cluster.path("cluster.toml"));
        command
    };
    let text = contains("cluster \"demo\" with 2 nodes").and(contains("note: this host"));
    check().assert().success().stdout(text);
    let output = check().arg("--json").output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["nodes"], &json["key_checked"]),
        (&2.into(), &true.into())
    );
    assert!(json["own"].is_null());
}

#[test]
fn up_without_a_configuration_or_a_key() {
    let cluster = Cluster::new();
    fs::remove_file(cluster.path("key")).unwrap();
    cluster
        .up()
        .assert()
        .code(2)
        .stderr(contains("cannot read the key").and(contains("from another node")));
    fs::remove_file(cluster.path("cluster.toml")).unwrap();
    cluster
        .up()
        .assert()
        .code(2)
        .stderr(contains("cluster.toml").and(contains("mosix init")));
}

#[test]
fn up_with_a_key_that_others_can_read() {
    let cluster = Cluster::new();
    fs::set_permissions(cluster.path("key"), Permissions::from_mode(0o644)).unwrap();
    let words = if is_root() {
        contains("is open to others (mode 0644)").and(contains("chmod 600"))
    } else {
        contains("belongs to user").and(contains("chown root"))
    };
    cluster
        .up()
        .assert()
        .code(2)
        .stdout(is_empty())
        .stderr(words);
}

#[test]
fn up_with_a_bad_configuration_names_the_line() {
    let cluster = Cluster::new();
    let path = cluster.path("cluster.toml");
    let text = fs::read_to_string(&path).unwrap() + "color = \"red\"\n";
    let line = text.lines().count();
    fs::write(&path, text).unwrap();
    cluster.up().assert().code(2).stderr(contains(format!(
        "cluster.toml:{line}:1: unknown field `color`"
    )));
}

#[test]
fn up_as_a_node_that_is_not_there() {
    let cluster = Cluster::new();
    mosix()
        .args(["up", "--node", "gamma", "--config"])
        .arg(cluster.path("cluster.toml"))
        .assert()
        .code(2)
        .stderr(contains("no node \"gamma\"").and(contains("1 (alpha), 2 (beta)")));
}

#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish"] {
        mosix()
            .args(["completions", shell])
            .assert()
            .success()
            .stdout(contains("selftest"));
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let (reader, writer) = nix::unistd::pipe().unwrap();
    drop(reader);
    let status = std::process::Command::new(assert_cmd::cargo::cargo_bin("mosix"))
        .args(["completions", "bash"])
        .stdout(writer)
        .status()
        .unwrap();
    assert!(status.success());
}
