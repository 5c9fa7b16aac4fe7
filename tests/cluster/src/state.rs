// SPDX-License-Identifier: GPL-2.0
//! The state file of a cluster: which clusters exist, who keeps them, which are leftovers.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{bail, Context, Result};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::{
    layout::{self, Dir},
    netns,
    process::{boot_id, ProcessId},
    spec::Spec,
};

/// Time for a killed process to disappear.
pub(crate) const KILL_LIMIT: Duration = Duration::from_secs(20);

/// What build/clusters/NAME/cluster.json holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// What the cluster is.
    pub spec: Spec,
    /// When it was started, in seconds since 1970.
    pub started: u64,
    /// Boot of the host in which it was started.
    boot: String,
    /// Process that brought it up.
    starter: ProcessId,
    /// Process that keeps its network namespace, once there is one.
    keeper: Option<ProcessId>,
}

/// Whether a cluster can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Its keeper runs.
    Up,
    /// Its keeper is about to be started.
    Starting,
    /// Nobody keeps it any more: a leftover, to be cleared away.
    Stale,
}

impl State {
    /// Claims the name in `spec` by creating the cluster's folder; fails when it is in use.
    pub(crate) fn claim(spec: &Spec) -> Result<Self> {
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let state = Self {
            spec: spec.clone(),
            started,
            boot: boot_id(),
            starter: ProcessId::own(),
            keeper: None,
        };
        let dir = Dir::of(&spec.name);
        // The folder appears under its name with the state in it, in one step.
        let draft = Dir::of(&format!(".{}.{}", spec.name, state.starter.pid()));
        fs::create_dir_all(&draft.0)
            .with_context(|| format!("cannot create {}", draft.0.display()))?;
        state.save(&draft)?;
        let renamed = fs::rename(&draft.0, &dir.0);
        if let Err(error) = renamed {
            draft.remove()?;
            if dir.0.exists() {
                bail!(
                    "there is a cluster \"{0}\" already: take it down (cluster down --name {0}) \
                     or choose another --name",
                    spec.name
                );
            }
            return Err(error).with_context(|| format!("cannot create {}", dir.0.display()));
        }
        Ok(state)
    }

    /// Reads the state of the cluster in `dir`.
    pub(crate) fn load(dir: &Dir) -> Result<Self> {
        let path = dir.state();
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    fn save(&self, dir: &Dir) -> Result<()> {
        write_atomically(&dir.state(), &serde_json::to_vec_pretty(self)?)
    }

    /// Records the process that keeps the cluster from now on.
    pub(crate) fn set_keeper(&mut self, keeper: ProcessId) -> Result<()> {
        self.keeper = Some(keeper);
        self.save(&Dir::of(&self.spec.name))
    }

    /// The keeper's pid, by which the network namespace is entered.
    pub(crate) fn keeper_pid(&self) -> Result<i32> {
        match self.keeper {
            Some(keeper) if self.boot == boot_id() && keeper.alive() => Ok(keeper.pid()),
            _ => bail!(
                "cluster \"{0}\" has lost its keeper process: take it down (cluster down --name {0})",
                self.spec.name
            ),
        }
    }

    /// Whether both describe one and the same run of a cluster, not just one of the same name.
    pub(crate) fn is_same_cluster(&self, other: &Self) -> bool {
        self.starter == other.starter && self.started == other.started
    }

    /// Whether the cluster is in use or a leftover.
    pub fn condition(&self) -> Condition {
        if self.boot != boot_id() {
            return Condition::Stale;
        }
        match self.keeper {
            Some(keeper) if keeper.alive() => Condition::Up,
            None if self.starter.alive() => Condition::Starting,
            _ => Condition::Stale,
        }
    }
}

/// Writes a file so that a reader sees either the old or the new contents.
pub(crate) fn write_atomically(path: &Path, data: &[u8]) -> Result<()> {
    let draft = path.with_extension("new");
    fs::write(&draft, data)
        .and_then(|()| fs::rename(&draft, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Process of a node, as recorded when it was started.
pub(crate) fn node_process(dir: &Dir, node: u8) -> Option<ProcessId> {
    serde_json::from_slice(&fs::read(dir.node(node, "pid")).ok()?).ok()
}

/// All clusters that have a folder, by name; folders without a readable state count as stale.
pub fn list() -> Vec<(String, Option<State>)> {
    let Ok(entries) = fs::read_dir(layout::clusters()) else {
        return Vec::new();
    };
    let mut all: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| {
            let state = State::load(&Dir(entry.path())).ok();
            (entry.file_name().to_string_lossy().into_owned(), state)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Clears a cluster away: every process in its network, its keeper and its folder.
///
/// Returns false when there was nothing of that name.
pub fn tear_down(name: &str) -> Result<bool> {
    let dir = Dir::of(name);
    if !dir.0.exists() {
        return Ok(false);
    }
    if let Ok(state) = State::load(&dir) {
        if state.boot == boot_id() {
            kill_all(&dir, &state)?;
        }
    }
    dir.remove()?;
    Ok(true)
}

fn kill_all(dir: &Dir, state: &State) -> Result<()> {
    // While the keeper lives, its namespace shows everything that belongs to the cluster, also a
    // machine that is just being started. Without it only the recorded processes are certain.
    let keeper = state.keeper.filter(|keeper| keeper.alive());
    if let Some(keeper) = keeper {
        netns::kill_inhabitants(keeper.pid(), KILL_LIMIT)?;
    }
    let recorded: Vec<_> = state
        .spec
        .numbers()
        .filter_map(|node| node_process(dir, node))
        .collect();
    for process in recorded.into_iter().chain(keeper) {
        process.signal(Signal::SIGKILL);
        if !process.wait_gone(KILL_LIMIT) {
            bail!(
                "process {} does not die: look at it with ps, then repeat the command",
                process.pid()
            );
        }
    }
    Ok(())
}

/// Clears away all clusters that nobody keeps; returns their names.
pub fn clear_stale() -> Result<Vec<String>> {
    let mut cleared = Vec::new();
    for (name, state) in list() {
        let stale = match &state {
            Some(state) => state.condition() == Condition::Stale,
            None => true,
        };
        if stale && tear_down(&name)? {
            cleared.push(name);
        }
    }
    Ok(cleared)
}
