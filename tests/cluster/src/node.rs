// SPDX-License-Identifier: GPL-2.0
//! One node of a cluster: everything that can be done with it.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{bail, Result};
use serde::Serialize;

use crate::{
    exec::{Command, Output},
    fault::{self, Fault},
    icount::{self, Insns},
    launch,
    layout::Dir,
    monitor::Monitor,
    spec::Spec,
    state::{self, State},
    stream::Process,
    transfer,
};

/// Time for a guest to become ready, for stock kernels; the accelerated ones need far less.
const READY_LIMIT: Duration = Duration::from_secs(90);

/// What all nodes of a cluster have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) dir: Dir,
    pub(crate) state: State,
}

/// A handle to one node; cheap to clone. Handles do not keep the cluster up.
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
    number: u8,
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// It runs.
    On,
    /// It is frozen.
    Frozen,
    /// QEMU gave it up.
    Broken,
    /// Its QEMU process has ended.
    Off,
}

impl Node {
    pub(crate) fn new(shared: Arc<Shared>, number: u8) -> Self {
        Self { shared, number }
    }

    /// Number of the node, from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.shared.dir
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.shared.state.spec
    }

    pub(crate) fn cluster_name(&self) -> &str {
        &self.spec().name
    }

    pub(crate) fn keeper_pid(&self) -> Result<i32> {
        self.shared.state.keeper_pid()
    }

    /// Runs a shell command line (bash) as root; a status other than 0 is no error.
    pub fn exec(&self, line: &str) -> Result<Output> {
        self.command(["bash", "-c", line]).output()
    }

    /// Runs a program with these arguments, without a shell; a status other than 0 is no error.
    pub fn exec_args<'a>(&self, argv: impl IntoIterator<Item = &'a str>) -> Result<Output> {
        self.command(argv).output()
    }

    /// Runs a bash script that stops at the first failing command (`set -euo pipefail`) and gets
    /// what the script printed; its failure is an error that shows all output.
    pub fn sh(&self, script: &str) -> Result<String> {
        self.command(["bash", "-euo", "pipefail", "-c", script])
            .run()
    }

    /// Starts a shell command line in the background.
    pub fn spawn(&self, line: &str) -> Result<Process> {
        self.command(["bash", "-c", line]).spawn()
    }

    /// A program to be run in a particular way: as a user, with input, with a time limit.
    pub fn command<'a>(&self, argv: impl IntoIterator<Item = &'a str>) -> Command {
        Command::new(self.clone(), argv.into_iter().map(str::to_owned).collect())
    }

    /// Copies a file of the host into the guest, with its permission bits.
    pub fn put(&self, local: impl AsRef<Path>, remote: &str) -> Result<()> {
        transfer::put(self, local.as_ref(), remote)
    }

    /// Writes a file in the guest.
    pub fn put_bytes(&self, data: &[u8], mode: u32, remote: &str) -> Result<()> {
        transfer::put_bytes(self, data, mode, remote, "data")
    }

    /// Copies a file of the guest to the host, with its permission bits.
    pub fn get(&self, remote: &str, local: impl AsRef<Path>) -> Result<()> {
        transfer::get(self, remote, local.as_ref())
    }

    /// Reads a file of the guest.
    pub fn get_bytes(&self, remote: &str) -> Result<Vec<u8>> {
        transfer::get_bytes(self, remote)
    }

    /// Does something to the node from outside.
    pub fn fault(&self, fault: Fault) -> Result<()> {
        fault::apply(self, fault)
    }

    /// Switches the node on again and waits until it is ready.
    pub fn start(&self) -> Result<()> {
        launch::start(self)?;
        self.wait_ready()
    }

    /// Waits until the node can execute commands.
    pub fn wait_ready(&self) -> Result<()> {
        launch::wait_ready(self, READY_LIMIT * self.spec().kernel.slowness())
    }

    /// Instructions that the guest has executed since it was switched on (`icount` clusters).
    pub fn insns(&self) -> Result<Insns> {
        self.check_on()?;
        icount::read(&self.dir().node(self.number, "insns"))
    }

    /// Whether the node runs.
    pub fn power(&self) -> Power {
        use qapi::qmp::RunState;
        if !self.is_on() {
            return Power::Off;
        }
        match Monitor::open(self.dir(), self.number).and_then(|mut monitor| monitor.state()) {
            Ok(RunState::paused) => Power::Frozen,
            Ok(state) if launch::is_broken(state) => Power::Broken,
            Ok(RunState::shutdown) | Err(_) if !self.is_on() => Power::Off,
            _ => Power::On,
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        state::node_process(self.dir(), self.number).is_some_and(|process| process.alive())
    }

    /// Fails if the node is off, with the reason as far as its log shows one.
    pub(crate) fn check_on(&self) -> Result<()> {
        if self.is_on() {
            return Ok(());
        }
        let n = self.number;
        if let Some(line) = self
            .log_tail(200)
            .lines()
            .rfind(|line| line.contains("Kernel panic - ") || line.contains("initrd: FAILED"))
        {
            bail!("node {n} is off: {line}\n(its whole log: cluster log {n}; to switch it on again: cluster start {n})");
        }
        bail!("node {n} is off (killed, or it powered itself off): switch it on with: cluster start {n}")
    }

    /// Fails if the node cannot be expected to answer ever.
    pub(crate) fn check_alive(&self) -> Result<()> {
        self.check_on()?;
        if self.power() == Power::Broken {
            bail!(
                "node {}: the accelerator cannot run this guest (QEMU gave the machine up)",
                self.number
            );
        }
        Ok(())
    }

    /// Fails if the node cannot be expected to answer now.
    pub(crate) fn check_usable(&self) -> Result<()> {
        self.check_on()?;
        if self.power() == Power::Frozen {
            bail!(
                "node {0} is frozen: let it go on with: cluster fault {0} thaw",
                self.number
            );
        }
        Ok(())
    }

    pub(crate) fn monitor(&self) -> Result<Monitor> {
        self.check_on()?;
        Monitor::open(self.dir(), self.number)
    }

    /// The kernel's log on the serial console, over all boots of this node, from byte `from` on.
    pub fn log_from(&self, from: u64) -> String {
        let mut data = Vec::new();
        let _ = File::open(self.dir().node(self.number, "log")).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.read_to_end(&mut data)
        });
        String::from_utf8_lossy(&data).replace('\r', "")
    }

    /// Whether the node's cluster still has its folder.
    pub fn exists(&self) -> bool {
        self.dir().0.is_dir()
    }

    /// Present length of the log in bytes.
    pub fn log_len(&self) -> u64 {
        fs::metadata(self.dir().node(self.number, "log"))
            .map(|meta| meta.len())
            .unwrap_or(0)
    }

    /// Last `lines` lines of the log.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = self.log_from(0);
        let all: Vec<&str> = log.lines().collect();
        all.get(all.len().saturating_sub(lines)..)
            .unwrap_or_default()
            .join("\n")
    }

    /// The kernel's message buffer, as the running guest has it.
    pub fn dmesg(&self) -> Result<String> {
        self.command(["dmesg"]).run()
    }
}
