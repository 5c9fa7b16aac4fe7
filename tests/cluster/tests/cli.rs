// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of the `cluster` command: as it is used by hand and in scripts.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use mosix_cluster::{layout, Cluster};
use nix::{
    sys::signal::{kill, Signal},
    unistd::Pid,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// The command with `--name` for a cluster of this test process.
fn cluster(name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cluster"));
    command
        .args(["--name", &full_name(name)])
        .stdin(Stdio::null());
    command
}

fn full_name(name: &str) -> String {
    format!("cli-{}-{name}", std::process::id())
}

fn folder(name: &str) -> PathBuf {
    layout::clusters().join(full_name(name))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// Runs a command that has to succeed; what it printed.
fn ok(command: &mut Command) -> String {
    let out = run(command);
    assert!(out.status.success(), "{command:?}: {}", text(&out.stderr));
    text(&out.stdout)
}

/// Runs a command that has to fail as such; its error.
fn error(command: &mut Command) -> String {
    let out = run(command);
    assert_eq!(
        out.status.code(),
        Some(125),
        "{command:?}: {}",
        text(&out.stdout)
    );
    text(&out.stderr)
}

fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !check() {
        assert!(Instant::now() < end, "it did not come true in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Processes whose command line names the cluster.
fn processes(name: &str) -> Vec<i32> {
    let name = full_name(name);
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if text(&line).contains(&name) {
            found.push(pid);
        }
    }
    found
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

/// Takes the cluster down even if the test fails.
struct Down(&'static str);

impl Drop for Down {
    fn drop(&mut self) {
        let _ = cluster(self.0).arg("down").output();
    }
}

#[test]
fn a_session_at_the_keyboard() {
    let name = "session";
    let _down = Down(name);
    ok(cluster(name).args(["up", "-n", "2"]));
    assert!(error(cluster(name).arg("up")).contains("already"));

    let status: serde_json::Value =
        serde_json::from_str(&ok(cluster(name).args(["status", "--json"]))).unwrap();
    let own = status
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == full_name(name))
        .unwrap();
    assert_eq!(own["condition"], "up");
    assert!(own["accel"] == "tcg" || own["accel"] == "kvm");
    assert_eq!(own["members"][1]["power"], "on");
    assert_eq!(own["members"][1]["ipv4"], "10.77.0.2");
    assert!(ok(cluster(name).arg("status")).contains("node2  on"));

    exec_passes_everything_through(name);
    exec_streams_and_dies_with_ctrl_c(name);

    let file = std::env::temp_dir().join(full_name("file"));
    fs::write(&file, "contents\n").unwrap();
    ok(cluster(name).arg("put").arg("2").arg(&file).arg("/root/f"));
    fs::remove_file(&file).unwrap();
    ok(cluster(name).args(["get", "2", "/root/f"]).arg(&file));
    assert_eq!(fs::read_to_string(&file).unwrap(), "contents\n");
    fs::remove_file(&file).unwrap();

    assert!(ok(cluster(name).args(["log", "1"])).contains("Linux version"));
    assert!(error(cluster(name).args(["log", "3"])).contains("no node 3"));
    console_is_a_shell(name);

    ok(cluster(name).args(["fault", "2", "kill"]));
    assert!(ok(cluster(name).arg("status")).contains("node2  off"));
    assert!(error(cluster(name).args(["exec", "2", "--", "true"])).contains("cluster start 2"));
    ok(cluster(name).args(["start", "2"]));
    ok(cluster(name).args(["exec", "2", "--", "true"]));

    ok(cluster(name).arg("down"));
    assert_eq!(processes(name), Vec::<i32>::new());
    assert!(!folder(name).exists());
    assert!(error(cluster(name).args(["exec", "1", "--", "true"])).contains("cluster up"));
}

fn exec_passes_everything_through(name: &str) {
    let script = "cat; echo to stderr >&2; exit 9";
    let mut child = cluster(name)
        .args(["exec", "1", "--user", "user", "--", "bash", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"from stdin\n")
        .unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(
        (out.status.code(), text(&out.stdout), text(&out.stderr)),
        (Some(9), "from stdin\n".into(), "to stderr\n".into())
    );
}

fn exec_streams_and_dies_with_ctrl_c(name: &str) {
    let mut child = cluster(name)
        .args(["exec", "1", "--", "bash", "-c", "echo started; sleep 87654"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "started\n");
    signal(&child, Signal::SIGINT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let node = Cluster::attach(&full_name(name)).unwrap().node(1);
    eventually("the command in the guest is gone", || {
        !node.exec("pgrep -f 'sleep 8765[4]'").unwrap().success()
    });
}

fn console_is_a_shell(name: &str) {
    let mut child = cluster(name)
        .args(["console", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // The answer is not part of what the shell echoes of the question.
    input.write_all(b"echo $((6 * 7))-$(hostname)\r").unwrap();
    let mut output = child.stdout.take().unwrap();
    let (mut seen, mut buffer) = (Vec::new(), [0; 1024]);
    while !text(&seen).contains("42-node2") {
        let length = output.read(&mut buffer).unwrap();
        assert!(length > 0, "the console ended: {}", text(&seen));
        seen.extend_from_slice(&buffer[..length]);
    }
    input.write_all(&[0x1d]).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn interrupted_and_killed_up_leave_nothing() {
    for (name, with) in [
        ("int", Signal::SIGINT),
        ("term", Signal::SIGTERM),
        ("killed", Signal::SIGKILL),
    ] {
        let mut child = cluster(name)
            .args(["up", "-n", "2"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("both machines run", || {
            folder(name).join("node1.qmp").exists() && folder(name).join("node2.qmp").exists()
        });
        signal(&child, with);
        let status = child.wait().unwrap();
        if with != Signal::SIGKILL {
            assert_eq!(status.code(), Some(130), "{with}");
            assert_eq!(
                (processes(name), folder(name).exists()),
                (vec![], false),
                "{with}"
            );
        }
        // Nobody waits for the keeper of a killed command; it needs a moment.
        eventually("all is cleared away", || {
            processes(name).is_empty() && !folder(name).exists()
        });
    }
}

#[test]
fn leftovers_of_a_dead_cluster_are_recognised_and_cleared() {
    let name = "stale";
    let _down = Down(name);
    ok(cluster(name).args(["up", "-n", "1"]));
    // The keeper dies, the machine stays behind.
    let keeper = processes(name)
        .into_iter()
        .find(|pid| {
            !text(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).starts_with("qemu")
        })
        .unwrap();
    kill(Pid::from_raw(keeper), Signal::SIGKILL).unwrap();
    eventually("the keeper is gone", || !processes(name).contains(&keeper));
    assert!(!processes(name).is_empty());
    assert!(ok(cluster(name).arg("status")).contains("leftover"));
    assert!(error(cluster(name).args(["exec", "1", "--", "true"])).contains("leftover"));
    ok(cluster(name).args(["up", "-n", "1"]));
    ok(cluster(name).args(["exec", "1", "--", "true"]));
    ok(cluster(name).arg("down"));
    assert_eq!((processes(name), folder(name).exists()), (vec![], false));
}

#[test]
fn mistakes_get_an_error_that_says_what_to_do() {
    for (args, word) in [
        (&["up", "-n", "9"][..], "1 to 8"),
        (&["up", "--mem", "5"], "--mem"),
        (&["up", "--icount", "--accel", "kvm"], "--accel tcg"),
        (&["up", "--no-nfs-export", "3"], "--no-nfs-export"),
        (&["exec", "1", "--", "true"], "cluster up"),
    ] {
        let message = error(cluster("mistake").args(args));
        assert!(message.contains(word), "{args:?}: {message}");
        assert!(!folder("mistake").exists());
    }
    assert!(ok(cluster("mistake").arg("down").stderr(Stdio::null())).is_empty());
    for verb in ["up", "down", "status"] {
        // As a folder's name this would be build/ itself.
        let message =
            error(Command::new(env!("CARGO_BIN_EXE_cluster")).args(["--name", "..", verb]));
        assert!(message.contains("cluster name"), "{verb}: {message}");
    }
    let out = run(cluster("mistake").arg("frobnicate"));
    assert_eq!(out.status.code(), Some(2));
}
