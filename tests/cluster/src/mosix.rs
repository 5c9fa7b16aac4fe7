// SPDX-License-Identifier: GPL-2.0
//! The module and its command on the nodes of a cluster: installed, up, and what they say.
//!
//! ```no_run
//! use mosix_cluster::mosix::{self, Config};
//! mosix_cluster::testing::on_cluster(2, |c| {
//!     mosix::on(c, &Config::of(c), || {
//!         mosix::wait_alive(c)?;
//!         Ok(())
//!     })
//! });
//! ```

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use anyhow::{bail, ensure, Context, Result};
use serde::Deserialize;

use crate::{cluster::Cluster, layout, node::Node, spec, Output};

/// The TCP port of a node.
pub const PORT: u16 = 4660;

/// The key of all clusters of tests.
pub const KEY: [u8; 32] = [KEY_BYTE; 32];

/// What it is made of.
const KEY_BYTE: u8 = 0x5a;

/// Name of all clusters of tests.
pub const NAME: &str = "tested";

/// How long anything may take that has no time of its own, for stock kernels.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks at a node.
const POLL: Duration = Duration::from_millis(100);

/// Where the configuration is in a guest.
pub const CONFIG_FILE: &str = "/etc/mosix/cluster.toml";

/// Where the key is in a guest.
pub const KEY_FILE: &str = "/etc/mosix/key";

/// A cluster.toml.
#[derive(Clone, Debug)]
pub struct Config {
    lines: Vec<String>,
    nodes: Vec<(u16, String)>,
}

impl Config {
    /// All nodes of a cluster with their IPv4 addresses.
    pub fn of(cluster: &Cluster) -> Self {
        let numbers = cluster.spec().numbers();
        Self {
            lines: Vec::new(),
            nodes: numbers
                .map(|n| (n.into(), spec::ipv4(n).to_string()))
                .collect(),
        }
    }

    /// Sets a key of the table `[cluster]`, such as `dead_ms` to `9000`.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.lines.push(format!("{key} = {value}"));
        self
    }

    /// Gives a node, which may be a new one, an address.
    #[must_use]
    pub fn node(mut self, number: u16, address: impl ToString) -> Self {
        self.nodes.retain(|(n, _)| *n != number);
        self.nodes.push((number, address.to_string()));
        self
    }

    /// Leaves a node out.
    #[must_use]
    pub fn without(mut self, number: u16) -> Self {
        self.nodes.retain(|(n, _)| *n != number);
        self
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = format!("[cluster]\nname = \"{NAME}\"\nkey_file = \"{KEY_FILE}\"\n");
        for line in &self.lines {
            text += &format!("{line}\n");
        }
        for (number, address) in &self.nodes {
            text += &format!(
                "\n[[node]]\nnumber = {number}\nname = \"node{number}\"\naddress = \"{address}\"\n"
            );
        }
        text
    }

    /// Writes it to a node.
    pub fn write(&self, node: &Node) -> Result<()> {
        node.put_bytes(self.text().as_bytes(), 0o644, CONFIG_FILE)
    }
}

/// What `mosix status --json` shows, as far as tests look at it.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    /// The node's own number.
    pub node: u16,
    /// Name of the cluster.
    pub cluster: String,
    /// Name of the integrity mode.
    pub integrity: String,
    /// Life of the node.
    pub incarnation: u64,
    /// What it counted.
    pub counters: Counters,
    /// All nodes.
    pub nodes: Vec<Peer>,
}

/// What a node counts about connections.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "they are those of mosix-status(8)")]
pub struct Counters {
    pub accepted: u64,
    pub half_open: u64,
    pub limited: u64,
    pub timed_out: u64,
    pub auth_failures: u64,
    pub bad_frames: u64,
}

/// A node in a [`Status`].
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "they are those of mosix-status(8)")]
pub struct Peer {
    pub number: u16,
    pub name: String,
    pub address: Option<String>,
    pub state: String,
    pub reason: Option<String>,
    pub rtt_ns: Option<RoundTrip>,
    pub kernel_build_id: Option<String>,
    pub module: Option<String>,
    pub protocol: Option<u32>,
    pub incarnation: Option<u64>,
    pub since_unix_ms: u64,
    pub reconnects: u64,
}

/// Round trips of heartbeats in nanoseconds.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "they are those of mosix-status(8)")]
pub struct RoundTrip {
    pub last: u64,
    pub min: u64,
    pub smooth: u64,
}

impl Status {
    /// What it shows of a node.
    ///
    /// # Panics
    /// If it shows no such node.
    pub fn peer(&self, number: u16) -> &Peer {
        match self.nodes.iter().find(|peer| peer.number == number) {
            Some(peer) => peer,
            None => panic!("node {} does not show node {number}", self.node),
        }
    }

    /// The state of a node, as a word.
    pub fn state(&self, number: u16) -> &str {
        &self.peer(number).state
    }

    /// Whether every other node is alive.
    pub fn all_alive(&self) -> bool {
        self.nodes
            .iter()
            .all(|peer| peer.number == self.node || peer.state == "alive")
    }
}

/// Installs module, command, configuration and key on all nodes, loads and joins, runs `test`, and
/// takes all of it but the files away again.
pub fn on(cluster: &Cluster, config: &Config, test: impl FnOnce() -> Result<()>) -> Result<()> {
    cluster.for_each_node(|node| {
        install(node, config)?;
        load(node)?;
        up(node)
    })?;
    test()?;
    cluster.for_each_node(|node| {
        down(node)?;
        unload(node)
    })
}

/// Puts module, command, configuration and key into a node, so that they outlive its power.
pub fn install(node: &Node, config: &Config) -> Result<()> {
    let kernel = node.spec().kernel;
    let build = layout::build();
    let module = build.join(format!("module-{kernel}/mosix.ko"));
    put_if_changed(node, module, "/root/mosix.ko", "make module")?;
    let command = build.join("target/release/mosix");
    put_if_changed(node, command, "/usr/sbin/mosix", "make tools")?;
    node.sh("mkdir -p /etc/mosix")?;
    config.write(node)?;
    let key = format!("{KEY_BYTE:02x}").repeat(KEY.len());
    node.put_bytes(key.as_bytes(), 0o600, KEY_FILE)?;
    node.sh("sync")?;
    Ok(())
}

/// Copies a file unless the node has that very one from an earlier test.
fn put_if_changed(node: &Node, local: PathBuf, remote: &str, made_by: &str) -> Result<()> {
    let shown = local.display();
    let meta = fs::metadata(&local)
        .with_context(|| format!("{shown} is not there: run \"{made_by}\" first"))?;
    let stamp = format!(
        "{} {}",
        meta.len(),
        meta.modified()?.duration_since(UNIX_EPOCH)?.as_nanos()
    );
    let mark = format!("{remote}.stamp");
    if node.exec_args(["cat", &mark])?.stdout == stamp {
        return Ok(());
    }
    node.put(&local, remote)?;
    node.put_bytes(stamp.as_bytes(), 0o644, &mark)
}

/// Loads the module, and what it depends on.
pub fn load(node: &Node) -> Result<()> {
    node.sh(LOAD)?;
    Ok(())
}

/// Shell words that load the module.
pub const LOAD: &str = "needs=$(modinfo -F depends /root/mosix.ko | tr , ' ')
    [ -z \"$needs\" ] || modprobe -a $needs
    insmod /root/mosix.ko";

/// Unloads the module.
pub fn unload(node: &Node) -> Result<()> {
    node.sh("rmmod mosix")?;
    Ok(())
}

/// Joins, or takes over a changed configuration.
pub fn up(node: &Node) -> Result<()> {
    node.sh("mosix up")?;
    Ok(())
}

/// Leaves.
pub fn down(node: &Node) -> Result<()> {
    node.sh("mosix down")?;
    Ok(())
}

/// What a node shows.
pub fn status(node: &Node) -> Result<Status> {
    let text = node.sh("mosix status --json")?;
    serde_json::from_str(&text).with_context(|| format!("node {}: {text}", node.number()))
}

/// Looks at a node's status until it is as wanted, at most for `limit` on a stock kernel.
pub fn wait_within(
    node: &Node,
    limit: Duration,
    what: &str,
    wanted: impl Fn(&Status) -> bool,
) -> Result<Status> {
    let end = Instant::now() + limit * node.spec().kernel.slowness();
    loop {
        let status = status(node)?;
        if wanted(&status) {
            return Ok(status);
        }
        ensure!(
            Instant::now() < end,
            "node {}: it did not come true in time that {what}; the status is {:#?}",
            node.number(),
            status.nodes
        );
        thread::sleep(POLL);
    }
}

/// [`wait_within`] a time that is enough for everything.
pub fn wait_for(node: &Node, what: &str, wanted: impl Fn(&Status) -> bool) -> Result<Status> {
    wait_within(node, PATIENCE, what, wanted)
}

/// Waits until a node shows another in a state.
pub fn wait_state(node: &Node, peer: u16, state: &str) -> Result<Status> {
    wait_for(node, &format!("node {peer} is {state}"), |status| {
        status.state(peer) == state
    })
}

/// Waits until all nodes show all others alive.
pub fn wait_alive(cluster: &Cluster) -> Result<()> {
    cluster
        .nodes()
        .try_for_each(|node| wait_for(&node, "all are alive", Status::all_alive).map(drop))
}

/// Checks that a command failed with this exit status and says all these words.
pub fn expect_failure(out: &Output, status: i32, words: &[&str]) -> Result<()> {
    if out.status != status || !words.iter().all(|word| out.stderr.contains(word)) {
        bail!("expected status {status} and {words:?}, got {out:?}");
    }
    Ok(())
}

/// Where a node's log stood: what comes later is looked at.
pub struct LogMark {
    node: Node,
    at: u64,
}

impl LogMark {
    /// The log as it is now.
    pub fn now(node: &Node) -> Self {
        Self {
            node: node.clone(),
            at: node.log_len(),
        }
    }

    /// Lines of the module since then.
    pub fn lines(&self) -> Vec<String> {
        let log = self.node.log_from(self.at);
        let lines = log.lines().filter(|line| line.contains("mosix: "));
        lines.map(str::to_owned).collect()
    }

    /// Waits for a line of the module that has `text` in it, and gives all such lines.
    pub fn wait(&self, text: &str) -> Result<Vec<String>> {
        let end = Instant::now() + PATIENCE;
        loop {
            let mut lines = self.lines();
            if lines.iter().any(|line| line.contains(text)) {
                lines.retain(|line| line.contains(text));
                return Ok(lines);
            }
            ensure!(
                Instant::now() < end,
                "node {} does not log \"{text}\" but {lines:#?}",
                self.node.number()
            );
            thread::sleep(POLL);
        }
    }
}
