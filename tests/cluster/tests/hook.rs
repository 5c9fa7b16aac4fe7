// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of the system call hook: programs that are marked, that are not, and that use the
//! same mechanism themselves, while the module comes and goes. The programs are in tests/selftests;
//! each checks itself.

use std::fs;

use anyhow::{ensure, Context, Result};
use mosix_cluster::{
    layout,
    mosix::{self, Config},
    testing::on_cluster,
    Cluster, Node, Output,
};

/// Where the programs are in a guest.
const FOLDER: &str = "/root/selftests";

/// How often the module is loaded and unloaded under load.
const ROUNDS: u32 = 10;

/// Exit status of a program whose test makes no sense on this machine.
const SKIP: i32 = 4;

/// Brings module and programs to a node.
fn install(c: &Cluster) -> Result<Node> {
    let node = c.node(1);
    mosix::install(&node, &Config::of(c))?;
    node.sh(&format!("mkdir -p {FOLDER}"))?;
    let programs = layout::build().join("selftests");
    let entries = fs::read_dir(&programs)
        .with_context(|| format!("{}: run \"make tools\" first", programs.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("a program's name is not UTF-8")?;
        if name.starts_with("hook-") {
            node.put(entry.path(), &format!("{FOLDER}/{name}"))?;
        }
    }
    Ok(node)
}

/// Runs `test` with the module loaded on one node.
fn on_loaded(test: impl FnOnce(&Node) -> Result<()>) {
    on_cluster(1, |c| {
        let node = install(c)?;
        mosix::load(&node)?;
        test(&node)?;
        mosix::unload(&node)
    });
}

/// Runs a program; what it prints is the reason if it fails.
fn run(node: &Node, program: &str) -> Result<Output> {
    let out = node.exec(&format!("{FOLDER}/{program}"))?;
    ensure!(
        out.success() || out.status == SKIP,
        "{program}: status {}: {}{}",
        out.status,
        out.stdout,
        out.stderr
    );
    Ok(out)
}

#[test]
fn every_call_of_a_marked_thread_is_seen_once_and_none_is_changed() {
    on_loaded(|node| {
        for program in ["hook-marked 2", "hook-inherit 2", "hook-many", "hook-int80"] {
            run(node, program)?;
        }
        node.sh("mosix selftest --calls 2000")?;
        Ok(())
    });
}

#[test]
fn a_program_that_dispatches_itself_goes_on_with_and_without_the_module() {
    on_cluster(1, |c| {
        let node = install(c)?;
        run(&node, "hook-dispatch 1")?;
        mosix::load(&node)?;
        run(&node, "hook-dispatch 2")?;
        mosix::unload(&node)?;
        run(&node, "hook-dispatch 1")?;
        Ok(())
    });
}

#[test]
fn the_module_comes_and_goes_under_load() {
    on_cluster(1, |c| {
        let node = install(c)?;
        let background = node.spawn(&format!(
            "{FOLDER}/hook-load 100000 & load=$!
             {FOLDER}/hook-dispatch 100000 & dispatch=$!
             while [ ! -e /run/enough ]; do sleep 0.2; done
             kill -0 $load $dispatch || exit 9
             kill $load $dispatch; wait; rm /run/enough"
        ))?;
        for _ in 0..ROUNDS {
            mosix::load(&node)?;
            run(&node, "hook-marked 1")?;
            // One of the programs in the background has the device open now and then.
            node.sh("for i in {1..200}; do rmmod mosix && exit 0; sleep 0.05; done; exit 1")?;
        }
        node.sh("touch /run/enough")?;
        let out = background.wait()?;
        ensure!(
            out.success(),
            "a program under load failed: {}{}",
            out.stdout,
            out.stderr
        );
        Ok(())
    });
}

#[test]
fn a_module_whose_marks_are_held_stays() {
    on_loaded(|node| {
        let held = node.spawn(&format!("{FOLDER}/hook-marked 8"))?;
        node.sh("until fuser -s /dev/mosix; do sleep 0.1; done")?;
        let out = node.exec("rmmod mosix")?;
        ensure!(
            !out.success() && out.stderr.contains("in use"),
            "rmmod under an open device: {}{}",
            out.stdout,
            out.stderr
        );
        let out = held.wait()?;
        ensure!(out.success(), "{}{}", out.stdout, out.stderr);
        Ok(())
    });
}

#[test]
fn a_switched_off_ftrace_is_a_reason_not_to_load_and_cannot_be_switched_off_later() {
    on_cluster(1, |c| {
        let node = install(c)?;
        node.sh("sysctl -w kernel.ftrace_enabled=0")?;
        let out = node.exec(mosix::LOAD)?;
        let log = node.dmesg()?;
        node.sh("sysctl -w kernel.ftrace_enabled=1")?;
        ensure!(!out.success(), "it was loaded without ftrace");
        ensure!(
            log.contains("not loaded: ") && log.contains("ftrace is switched off"),
            "the log does not say why it was not loaded"
        );
        mosix::load(&node)?;
        let out = node.exec("sysctl -w kernel.ftrace_enabled=0")?;
        ensure!(
            node.sh("sysctl -n kernel.ftrace_enabled")?.trim() == "1",
            "ftrace was switched off under the hook: {}",
            out.stderr
        );
        run(&node, "hook-marked 1")?;
        mosix::unload(&node)
    });
}
