// SPDX-License-Identifier: GPL-2.0
//! Starting machines: their disks, the QEMU process, and the wait until a guest is ready.

use std::{
    fs::{self, File, OpenOptions},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{bail, Context, Result};
use nix::sys::signal::Signal;
use qapi::qmp::RunState;

use crate::{
    agent::Agent,
    icount, interrupt,
    layout::{Dir, Image},
    monitor::Monitor,
    netns,
    node::Node,
    process::ProcessId,
    qemu, state,
};

/// Size of a node's overlay and of its data disk; both are sparse files.
const DISK_BYTES: u64 = 8 << 30;
/// Time for QEMU to open its sockets.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Makes the disks that a node keeps over restarts.
pub(crate) fn make_disks(dir: &Dir, node: u8) -> Result<()> {
    for kind in ["overlay", "data"] {
        let path = dir.node(node, kind);
        File::create(&path)
            .and_then(|file| file.set_len(DISK_BYTES))
            .with_context(|| format!("cannot create {}", path.display()))?;
        // Everything is written now: a background thread of the guest would blur measurements.
        let out = Command::new("mkfs.ext4")
            .args([
                "-q",
                "-F",
                "-L",
                kind,
                "-E",
                "lazy_itable_init=0,lazy_journal_init=0",
            ])
            .arg(&path)
            .stdin(Stdio::null())
            .output()
            .context("cannot run mkfs.ext4: the package e2fsprogs is needed")?;
        if !out.status.success() {
            bail!(
                "mkfs.ext4 failed on {}: {}",
                path.display(),
                String::from_utf8_lossy(&out.stderr).trim()
            );
        }
    }
    Ok(())
}

/// Starts the machine of a node that is off; its disks exist.
pub(crate) fn start(node: &Node) -> Result<()> {
    let (dir, spec, number) = (node.dir(), node.spec(), node.number());
    if node.is_on() {
        bail!("node {number} is on already");
    }
    let image = Image::find(spec.kernel)?;
    let plugin = spec.icount.then(icount::plugin).transpose()?;
    for kind in ["qmp", "qga", "console"] {
        let _ = fs::remove_file(dir.node(number, kind));
    }
    let messages = dir.node(number, "qemu");
    let log = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(&messages)?;
    let mut command = Command::new("setsid");
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    if let Some(processor) = spec.processor(number, processors) {
        command.args(["taskset", "--cpu-list", &processor.to_string()]);
    }
    command
        .arg(qemu::PROGRAM)
        .args(qemu::arguments(spec, number, &image, plugin.as_deref()))
        .current_dir(&dir.0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let keeper = node.keeper_pid()?;
    let process = netns::inside(keeper, || {
        netns::connect_tap(number, true)?;
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", qemu::PROGRAM))?;
        ProcessId::of(child.id() as i32).context("QEMU vanished at once")
    })?;
    state::write_atomically(&dir.node(number, "pid"), &serde_json::to_vec(&process)?)?;
    wait_for_monitor(node, process, &messages)
}

fn wait_for_monitor(node: &Node, process: ProcessId, messages: &PathBuf) -> Result<()> {
    let end = Instant::now() + START_LIMIT;
    loop {
        match Monitor::open(node.dir(), node.number()) {
            Ok(_) => return Ok(()),
            Err(error) => {
                if !process.alive() {
                    let text = fs::read_to_string(messages).unwrap_or_default();
                    bail!(
                        "node {}: QEMU did not start: {}",
                        node.number(),
                        text.trim()
                    );
                }
                if Instant::now() > end {
                    return Err(error.context(format!(
                        "node {}: QEMU did not start in time",
                        node.number()
                    )));
                }
            }
        }
        interrupt::sleep(Duration::from_millis(20))?;
    }
}

/// Waits until the guest's agent answers, which is the last thing that its init starts.
pub(crate) fn wait_ready(node: &Node, limit: Duration) -> Result<()> {
    let end = Instant::now() + limit;
    loop {
        let error = match Agent::connect(node).and_then(|mut agent| agent.ping()) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        interrupt::check()?;
        node.check_alive()?;
        if Instant::now() > end {
            bail!(
                "node {} is not ready after {} s: {error:#}\nlast lines of its log:\n{}",
                node.number(),
                limit.as_secs(),
                node.log_tail(20)
            );
        }
        interrupt::sleep(Duration::from_millis(50))?;
    }
}

/// Kills a machine: for the guest, its power fails. Being off already is fine.
pub(crate) fn kill(node: &Node) -> Result<()> {
    if let Some(process) = state::node_process(node.dir(), node.number()) {
        process.signal(Signal::SIGKILL);
        if !process.wait_gone(state::KILL_LIMIT) {
            bail!(
                "node {}: QEMU (process {}) does not die",
                node.number(),
                process.pid()
            );
        }
    }
    Ok(())
}

/// Whether QEMU gave the machine up, as it does when KVM cannot run the guest's code.
pub(crate) fn is_broken(state: RunState) -> bool {
    matches!(
        state,
        RunState::internal_error | RunState::io_error | RunState::guest_panicked
    )
}
