// SPDX-License-Identifier: GPL-2.0
//! Clusters for `#[test]` functions: booted once, used by many tests, watched for kernel complaints.
//!
//! ```no_run
//! #[test]
//! fn nodes_reach_each_other() {
//!     mosix_cluster::testing::on_cluster(2, |c| {
//!         c.node(1).sh("ping -c 1 node2")?;
//!         Ok(())
//!     });
//! }
//! ```
//!
//! A test gets the cluster alone. Afterwards killed nodes are started, frozen ones thawed and cut
//! ones healed, and the cluster goes to the next test of the same process that wants its shape; a
//! test that failed, or whose guests complained, gets its cluster thrown away. What a test changes
//! *in* the guests (files, loaded modules) it has to undo itself. The last clusters end with the
//! process. Tests of one process are meant to run one after the other (`--test-threads=1`).
//!
//! `MOSIX_KERNEL` (stock or debug) and `MOSIX_ACCEL` (kvm or tcg) choose for all tests.

use std::{
    panic::{catch_unwind, resume_unwind, AssertUnwindSafe},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    cluster::{Builder, Cluster},
    fault::Fault,
    node::{Node, Power},
    scan::{self, Report},
    spec::{Accel, Kernel},
};

/// Lines of each guest's log that a failed test prints.
const TAIL: usize = 60;
/// kmemleak reports only what has been unreferenced for this long.
const LEAK_AGE: Duration = Duration::from_secs(6);

/// Most nodes of all clusters of a process together: what memory and two cores carry.
const ROOM: u8 = 6;

/// Idle clusters, the one used last at the end, and what they were built from.
static POOL: Mutex<Vec<(Builder, Cluster)>> = Mutex::new(Vec::new());

/// The cluster a test wants, and what it expects of it.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until run is called"]
pub struct Shape {
    builder: Builder,
    expected: Vec<String>,
    private: bool,
}

impl Shape {
    /// `nodes` nodes with the kernel that the environment chooses.
    pub fn nodes(nodes: u8) -> Self {
        let builder = Cluster::builder()
            .nodes(nodes)
            .kernel(kernel())
            .accel(accel());
        Self {
            builder,
            expected: Vec::new(),
            private: false,
        }
    }

    /// Changes the choices for the cluster.
    pub fn with(mut self, change: impl FnOnce(Builder) -> Builder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// Complaints whose line contains `text` are what the test provokes: they do not fail it.
    pub fn expect_complaint(mut self, text: &str) -> Self {
        self.expected.push(text.to_owned());
        self
    }

    /// A cluster of the test's own, taken down afterwards: for tests that ruin it.
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Runs a test.
    ///
    /// # Panics
    /// If the test panics or fails, or if a guest's kernel complained meanwhile.
    pub fn run(self, test: impl FnOnce(&Cluster) -> Result<()>) {
        let (cluster, is_new) = match self.obtain() {
            Ok(cluster) => cluster,
            Err(error) => panic!("no cluster: {error:#}"),
        };
        let watch = Watch::begin(&cluster, is_new, self.expected);
        let result = catch_unwind(AssertUnwindSafe(|| test(&cluster)));
        let complaints = watch.complaints(&cluster);
        if matches!(result, Ok(Ok(()))) && complaints.is_empty() {
            if !self.private && restore(&cluster).is_ok() {
                pool().push((self.builder, cluster));
            }
            return;
        }
        print_logs(&cluster, &watch);
        drop(cluster);
        match result {
            Err(panic) => resume_unwind(panic),
            Ok(Err(error)) => panic!("{error:#}{}", describe(&complaints)),
            Ok(Ok(())) => panic!("a guest's kernel complained:{}", describe(&complaints)),
        }
    }

    /// An idle cluster of this shape, or a new one (then the second value is true).
    fn obtain(&self) -> Result<(Cluster, bool)> {
        if !self.private {
            let mut pool = pool();
            if let Some(at) = pool
                .iter()
                .position(|(builder, _)| *builder == self.builder)
            {
                return Ok((pool.remove(at).1, false));
            }
            // The idle clusters that were used last stay as long as there is room for them.
            let mut room = ROOM.saturating_sub(self.builder.node_count());
            let kept = pool.iter().rev().take_while(|(builder, _)| {
                let fits = builder.node_count() <= room;
                room = room.saturating_sub(builder.node_count());
                fits
            });
            let surplus = pool.len() - kept.count();
            pool.drain(..surplus);
        }
        Ok((self.builder.clone().up()?, true))
    }
}

/// Runs a test on a shared cluster of `nodes` nodes; see [`Shape::run`].
pub fn on_cluster(nodes: u8, test: impl FnOnce(&Cluster) -> Result<()>) {
    Shape::nodes(nodes).run(test);
}

/// The kernel under test: `MOSIX_KERNEL`, by default stock.
pub fn kernel() -> Kernel {
    choice("MOSIX_KERNEL").unwrap_or(Kernel::Stock)
}

/// The accelerator to use: `MOSIX_ACCEL`, by default the one that was found to work.
fn accel() -> Option<Accel> {
    choice("MOSIX_ACCEL")
}

fn choice<T: ValueEnum>(variable: &str) -> Option<T> {
    let value = std::env::var(variable)
        .ok()
        .filter(|value| !value.is_empty())?;
    match T::from_str(&value, true) {
        Ok(choice) => Some(choice),
        Err(_) => {
            let names: Vec<String> = T::value_variants()
                .iter()
                .filter_map(|choice| choice.to_possible_value())
                .map(|choice| choice.get_name().to_owned())
                .collect();
            panic!("{variable}={value}: choose one of {}", names.join(", "))
        }
    }
}

fn pool() -> std::sync::MutexGuard<'static, Vec<(Builder, Cluster)>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for leaks on all nodes once everything freed so far is old enough to be reported, and
/// fails if there are any. Does nothing on kernels without kmemleak.
pub fn check_leaks(cluster: &Cluster) -> Result<()> {
    if cluster.spec().kernel != Kernel::Debug {
        return Ok(());
    }
    thread::sleep(LEAK_AGE);
    cluster.for_each_node(|node| {
        // What only a register or a moving pointer referenced is found by the second scan.
        let leaks = node
            .sh("cd /sys/kernel/debug; echo scan >kmemleak; echo scan >kmemleak; cat kmemleak")?;
        if !leaks.is_empty() {
            node.sh("echo clear >/sys/kernel/debug/kmemleak")?;
            anyhow::bail!("node {}: kmemleak reports:\n{leaks}", node.number());
        }
        Ok(())
    })
}

/// Brings every node back to where the next test can use it.
fn restore(cluster: &Cluster) -> Result<()> {
    cluster.for_each_node(|node| {
        match node.power() {
            Power::Off => return node.start(),
            Power::Frozen => node.fault(Fault::Thaw)?,
            Power::Broken => anyhow::bail!("node {} is broken", node.number()),
            Power::On => {}
        }
        node.fault(Fault::Heal)?;
        node.wait_ready()
    })
}

/// Where each log stood when a test began.
struct Watch {
    marks: Vec<(Node, u64)>,
    expected: Vec<String>,
}

impl Watch {
    fn begin(cluster: &Cluster, is_new: bool, expected: Vec<String>) -> Self {
        let marks = cluster.nodes().map(|node| {
            // A cluster's first test answers for the boot, too.
            let mark = if is_new { 0 } else { node.log_len() };
            (node, mark)
        });
        let watch = Self {
            marks: marks.collect(),
            expected,
        };
        let name = thread::current().name().unwrap_or("test").to_owned();
        for (node, _) in &watch.marks {
            let _ = node.exec(&format!("echo '{TEST_MARK} {name}' >/dev/kmsg"));
        }
        watch
    }

    /// Unexpected complaints of all guests since the beginning; on debug kernels leaks are among
    /// them.
    fn complaints(&self, cluster: &Cluster) -> Vec<(u8, Report)> {
        if cluster.spec().kernel == Kernel::Debug {
            let _ = cluster.for_each_node(|node| {
                // A node that is off or frozen cannot be asked; its log is still read.
                if node.power() == Power::On {
                    node.exec(REPORT_LEAKS)?;
                }
                Ok(())
            });
        }
        let found = self.marks.iter().flat_map(|(node, mark)| {
            scan::scan(&node.log_from(*mark))
                .into_iter()
                .map(|report| (node.number(), report))
        });
        found
            .filter(|(_, report)| !self.expected.iter().any(|text| report.line.contains(text)))
            .collect()
    }
}

/// Scans for leaks, writes what was found into the kernel's log, line by line because the log
/// takes no more in one write, and forgets it. A kernel that is untainted has never had our module
/// and needs no scan, which takes seconds.
const REPORT_LEAKS: &str = "[[ $(</proc/sys/kernel/tainted) != 0 ]] || exit
    cd /sys/kernel/debug && echo scan >kmemleak || exit
    while IFS= read -r line; do echo \"$line\" >/dev/kmsg; done <kmemleak
    echo clear >kmemleak";

/// Written to each guest's log when a test begins.
const TEST_MARK: &str = "test begins:";

fn describe(complaints: &[(u8, Report)]) -> String {
    let lines = complaints
        .iter()
        .map(|(node, report)| format!("  node {node}, {}: {}", report.kind, report.line));
    lines.fold(String::new(), |text, line| {
        text + "
" + &line
    })
}

fn print_logs(cluster: &Cluster, watch: &Watch) {
    eprintln!(
        "\ncluster \"{}\" ({} kernel, {})",
        cluster.name(),
        cluster.spec().kernel,
        cluster.spec().accel
    );
    for (node, mark) in &watch.marks {
        let log = node.log_from(*mark);
        let reports = scan::scan(&log);
        let lines: Vec<&str> = log.lines().collect();
        if let Some(first) = reports.first() {
            eprintln!("---- node {}: around its first complaint", node.number());
            let from = first.number.saturating_sub(5);
            for line in lines.iter().skip(from).take(TAIL) {
                eprintln!("{line}");
            }
        }
        eprintln!(
            "---- node {} ({:?}): last lines of its log",
            node.number(),
            node.power()
        );
        for line in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
            eprintln!("{line}");
        }
    }
}
