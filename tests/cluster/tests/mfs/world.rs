// SPDX-License-Identifier: GPL-2.0
//! Three nodes with `/mfs` mounted, and a Python interpreter on each that does what a test says.

use std::{
    io::{Read, Write},
    net::Shutdown,
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use mosix_cluster::{
    mosix::{self, Config},
    testing::{self, Shape},
    Cluster, Fault, Node,
};

/// Nodes of the cluster.
const NODES: u8 = 3;
/// Where guest/remote.py listens.
const PORT: u16 = 7000;
/// Time for a piece of Python, for stock kernels.
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs for the guests, by their names there.
const PROGRAMS: &[(&str, &str)] = &[
    ("remote.py", include_str!("guest/remote.py")),
    ("differential.py", include_str!("guest/differential.py")),
    ("diff/access.py", include_str!("guest/diff/access.py")),
    ("diff/allowed.py", include_str!("guest/diff/allowed.py")),
    ("diff/attrs.py", include_str!("guest/diff/attrs.py")),
    ("diff/calls.py", include_str!("guest/diff/calls.py")),
    ("diff/data.py", include_str!("guest/diff/data.py")),
    ("diff/dirs.py", include_str!("guest/diff/dirs.py")),
    ("diff/locks.py", include_str!("guest/diff/locks.py")),
    ("diff/maps.py", include_str!("guest/diff/maps.py")),
    ("diff/names.py", include_str!("guest/diff/names.py")),
    ("diff/opens.py", include_str!("guest/diff/opens.py")),
    ("diff/record.py", include_str!("guest/diff/record.py")),
    ("diff/xattrs.py", include_str!("guest/diff/xattrs.py")),
];

/// Unpacks them: a JSON object of names and contents on standard input.
const UNPACK: &str = "import json, os, sys
for name, text in json.load(sys.stdin).items():
    os.makedirs(os.path.dirname('/root/mfs/' + name), exist_ok=True)
    open('/root/mfs/' + name, 'w').write(text)";

/// What is true of a node on which everything is up.
const IS_UP: &str =
    "grep -q ' /mfs mfs ' /proc/mounts && mosix status >/dev/null && test -e /run/remote";

/// The cluster, with the folder `/data/t` empty on each node.
pub struct World<'c> {
    /// The machines beneath.
    pub cluster: &'c Cluster,
}

/// Runs a test on three nodes with `/mfs`. They stay up for the next one.
pub fn on_mfs(test: impl FnOnce(&World<'_>) -> Result<()>) {
    Shape::nodes(NODES).run(|cluster| {
        let world = World { cluster };
        world.up_everywhere(&Config::of(cluster))?;
        test(&world)
    });
}

/// Whether the long variants of tests are wanted: `MOSIX_LONG=1`.
pub fn long() -> bool {
    std::env::var("MOSIX_LONG").is_ok_and(|value| value == "1")
}

/// Slower guests get more time.
pub fn slowness() -> u32 {
    testing::kernel().slowness()
}

/// Loads, joins, mounts and starts the interpreter on a node that has booted.
pub fn up(node: &Node, config: &Config) -> Result<()> {
    mosix::install(node, config)?;
    mosix::load(node)?;
    mosix::up(node)?;
    mount(node)?;
    remote(node)
}

/// Mounts `/mfs`.
pub fn mount(node: &Node) -> Result<()> {
    node.sh("mount -t mfs mfs /mfs")?;
    Ok(())
}

/// Starts the interpreter.
fn remote(node: &Node) -> Result<()> {
    let programs: std::collections::BTreeMap<_, _> = PROGRAMS.iter().copied().collect();
    node.command(["python3", "-c", UNPACK])
        .input(serde_json::to_vec(&programs)?)
        .run()?;
    node.sh(&format!(
        "{{ cd /; PYTHONDONTWRITEBYTECODE=1 exec setsid python3 /root/mfs/remote.py {PORT}; }} </dev/null >/run/remote 2>&1 &"
    ))?;
    Ok(())
}

impl World<'_> {
    /// Brings up what is not up, and empties the folders.
    pub fn up_everywhere(&self, config: &Config) -> Result<()> {
        self.cluster.for_each_node(|node| {
            if !node.exec(IS_UP)?.success() {
                up(node, config)?;
            }
            Ok(())
        })?;
        mosix::wait_alive(self.cluster)?;
        for n in 1..=NODES {
            self.py(n, "os.chdir('/'); os.umask(0o022); shutil.rmtree('/data/t', ignore_errors=True); os.makedirs('/data/t')")?;
        }
        Ok(())
    }

    /// A node.
    pub fn node(&self, number: u8) -> Node {
        self.cluster.node(number)
    }

    /// Executes Python on a node; the value of its last line.
    pub fn py(&self, node: u8, code: &str) -> Result<String> {
        self.py_within(node, PATIENCE * slowness(), code)
    }

    /// [`Self::py`] with a limit of time.
    pub fn py_within(&self, node: u8, limit: Duration, code: &str) -> Result<String> {
        let reply = self
            .ask(node, limit, code)
            .with_context(|| format!("node {node} does not answer to: {code}"))?;
        match reply.split_at_checked(1) {
            Some(("+", value)) => Ok(value.to_owned()),
            _ => bail!("node {node}: {code}\n{reply}"),
        }
    }

    fn ask(&self, node: u8, limit: Duration, code: &str) -> Result<String> {
        let begin = Instant::now();
        let mut stream = loop {
            match self.cluster.tcp_connect(node, PORT) {
                Ok(stream) => break stream,
                Err(error) if begin.elapsed() > limit => return Err(error),
                // It may be about to start.
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        };
        stream.set_read_timeout(Some(limit))?;
        stream.write_all(code.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply)
    }

    /// Executes Python and checks the value of its last line.
    #[track_caller]
    pub fn expect(&self, node: u8, code: &str, wanted: &str) -> Result<()> {
        let at = std::panic::Location::caller();
        let value = self.py(node, code)?;
        ensure!(
            value == wanted,
            "{at}: node {node}: {code}\n  is {value:?}\n  not {wanted:?}"
        );
        Ok(())
    }

    /// Starts Python on a node that goes on while the test does other things.
    pub fn start<'a>(
        &'a self,
        scope: &'a thread::Scope<'a, '_>,
        node: u8,
        code: &str,
    ) -> thread::ScopedJoinHandle<'a, Result<String>> {
        let code = code.to_owned();
        scope.spawn(move || self.py(node, &code))
    }

    /// Does something to a node from outside.
    pub fn fault(&self, node: u8, fault: Fault) -> Result<()> {
        self.node(node).fault(fault)
    }
}

/// The value of what [`World::start`] started.
pub fn value(handle: thread::ScopedJoinHandle<'_, Result<String>>) -> Result<String> {
    match handle.join() {
        Ok(result) => result,
        Err(_) => bail!("a thread of the test panicked"),
    }
}
