// SPDX-License-Identifier: GPL-2.0
//! The keeper: one small process per cluster that holds the network namespace, shares the guest
//! agents among clients, and clears the cluster away when its owner dies.
//!
//! Its standard input is the owner's lifeline, a pipe. The byte [`DETACH`] means that the cluster
//! is to stay (`cluster up` succeeded); end of file without it means that the owner is gone,
//! however it died, and that nothing may be left behind.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
};

use anyhow::{anyhow, bail, Context, Result};

use crate::{
    broker,
    layout::Dir,
    netns,
    process::ProcessId,
    state::{State, KILL_LIMIT},
};

/// Hidden subcommand of `cluster` under which the keeper runs.
pub const SUBCOMMAND: &str = "keep";
/// Sent down the lifeline: keep the cluster without an owner.
const DETACH: u8 = b'd';
/// Printed by the keeper when network and agent sockets are there.
const READY: &str = "ready";

/// The owner's end of the lifeline.
#[derive(Debug)]
pub(crate) struct Lifeline(Option<ChildStdin>);

impl Lifeline {
    /// Lets the cluster live on after its owner.
    pub(crate) fn detach(&mut self) -> Result<()> {
        if let Some(mut pipe) = self.0.take() {
            pipe.write_all(&[DETACH])
                .context("the cluster's keeper has died")?;
        }
        Ok(())
    }
}

/// Starts the keeper of a claimed cluster and waits until its network is there.
pub(crate) fn start(state: &mut State) -> Result<Lifeline> {
    let dir = Dir::of(&state.spec.name);
    let program = find_program()?;
    let log = std::fs::File::create(dir.0.join("keeper.log"))?;
    let mut child = Command::new("setsid")
        .arg(&program)
        .args([SUBCOMMAND, &state.spec.name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let process =
        ProcessId::of(child.id() as i32).ok_or_else(|| anyhow!("the keeper vanished at once"))?;
    let lifeline = Lifeline(child.stdin.take());
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if line.trim() != READY {
        process.signal(nix::sys::signal::Signal::SIGKILL);
        let log = std::fs::read_to_string(dir.0.join("keeper.log")).unwrap_or_default();
        bail!("cannot set up the cluster: {}", log.trim());
    }
    state.set_keeper(process)?;
    Ok(lifeline)
}

/// The `cluster` program: this process itself, or the one built next to the test that runs.
fn find_program() -> Result<PathBuf> {
    let own = env::current_exe()?;
    if own.file_name().is_some_and(|name| name == "cluster") {
        return Ok(own);
    }
    // Tests run from target/PROFILE/deps, the program lies in target/PROFILE.
    let near = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join("cluster"));
    near.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        anyhow!(
            "the cluster program is not next to {}: build it (cargo build -p mosix-cluster)",
            own.parent().unwrap_or(Path::new("/")).display()
        )
    })
}

/// Body of the keeper process.
pub fn run(name: &str) -> Result<()> {
    let dir = Dir::of(name);
    let state = State::load(&dir)?;
    // Sockets are bound by relative names: the full path may be too long for them.
    env::set_current_dir(&dir.0)?;
    netns::create(&state.spec)?;
    for node in state.spec.numbers() {
        broker::serve(node)?;
    }
    println!("{READY}");
    io::stdout().flush()?;
    let mut byte = [0];
    match io::stdin().read(&mut byte) {
        Ok(1) if byte[0] == DETACH => loop {
            std::thread::park();
        },
        _ => clear_away(&dir, &state),
    }
}

/// Ends the cluster from inside its keeper.
fn clear_away(dir: &Dir, state: &State) -> Result<()> {
    netns::kill_inhabitants(ProcessId::own().pid(), KILL_LIMIT)?;
    // A folder of that name that another owner has made meanwhile is not ours to remove.
    if State::load(dir).is_ok_and(|now| now.is_same_cluster(state)) {
        dir.remove()?;
    }
    Ok(())
}
