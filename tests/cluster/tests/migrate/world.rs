// SPDX-License-Identifier: GPL-2.0
//! A node with the module loaded, and a program that moves others.

use std::collections::BTreeMap;

use anyhow::{ensure, Context, Result};
use mosix_cluster::{
    mosix::{self, Config},
    testing::{self, Shape},
    Node,
};
use serde::Deserialize;

/// Where the programs are in a guest.
const FOLDER: &str = "/root/migrate";

/// The programs, by their names there.
const PROGRAMS: &[(&str, &str)] = &[
    ("moved.py", include_str!("guest/moved.py")),
    ("states.py", include_str!("guest/states.py")),
];

/// Longest time for a program that is moved, in seconds.
const PATIENCE: u32 = 200;

/// A node with the module.
pub struct World<'n> {
    /// The node.
    pub node: &'n Node,
    seed: u64,
}

/// What guest/moved.py prints.
#[derive(Debug, Deserialize)]
pub struct Moved {
    /// Exit status, negative for a signal.
    pub status: serde_json::Value,
    /// How often something moved out.
    pub moves: u32,
    /// What was refused, and how often.
    pub refused: BTreeMap<String, u32>,
}

/// Runs a test on a node with the module loaded; afterwards it can be unloaded.
pub fn on_node(test: impl FnOnce(&World<'_>) -> Result<()>) {
    on_shape(Shape::nodes(1), test);
}

/// The same on a cluster of that shape.
pub fn on_shape(shape: Shape, test: impl FnOnce(&World<'_>) -> Result<()>) {
    shape.run(|cluster| {
        let node = cluster.node(1);
        mosix::install(&node, &Config::of(cluster))?;
        node.sh(&format!("mkdir -p {FOLDER} /tmp/m && chmod 1777 /tmp/m"))?;
        for (name, text) in PROGRAMS {
            node.put_bytes(text.as_bytes(), 0o755, &format!("{FOLDER}/{name}"))?;
        }
        mosix::load(&node)?;
        let seed = std::env::var("MOSIX_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| u64::from(std::process::id()));
        println!("MOSIX_SEED={seed}");
        let world = World { node: &node, seed };
        test(&world)?;
        mosix::unload(&node)
    });
}

impl World<'_> {
    /// Whether the kernel is the slow one.
    pub fn is_debug(&self) -> bool {
        testing::kernel().to_string() == "debug"
    }

    /// Runs `command` as it is and moved about, and compares output and status. Returns how it went.
    pub fn compare(&self, name: &str, command: &str) -> Result<Moved> {
        self.compare_turn(0, name, command)
    }

    /// [`Self::compare`]; it is moved at other moments in each turn.
    pub fn compare_turn(&self, turn: u32, name: &str, command: &str) -> Result<Moved> {
        let native = self
            .node
            .exec(&format!("({command}) >/tmp/m/{name}.ref 2>&1"))?;
        let seed = self.seed.wrapping_add(turn.into());
        let (moved, file) = (format!("{FOLDER}/moved.py"), format!("/tmp/m/{name}.out"));
        let (seed, patience) = (seed.to_string(), PATIENCE.to_string());
        let argv = [
            "python3", &moved, &seed, &patience, &file, "bash", "-c", command,
        ];
        let out = self.node.exec_args(argv)?;
        ensure!(out.success(), "{name}: {}{}", out.stdout, out.stderr);
        let moved: Moved =
            serde_json::from_str(&out.stdout).with_context(|| format!("{name}: {}", out.stdout))?;
        let shown = self.node.exec(&format!("tail -c 2000 /tmp/m/{name}.out"))?;
        ensure!(
            moved.status == native.status,
            "{name}: status {} instead of {} ({moved:?}): {}",
            moved.status,
            native.status,
            shown.stdout
        );
        let same = self
            .node
            .exec(&format!("cmp /tmp/m/{name}.ref /tmp/m/{name}.out"))?;
        ensure!(
            same.success(),
            "{name}: {}{} ({moved:?}): {}",
            same.stdout,
            same.stderr,
            shown.stdout
        );
        println!("{name}: {} moves, refused {:?}", moved.moves, moved.refused);
        Ok(moved)
    }

    /// A state of guest/states.py.
    pub fn state(&self, name: &str) -> Result<Moved> {
        self.compare(name, &format!("python3 {FOLDER}/states.py {name}"))
    }
}
