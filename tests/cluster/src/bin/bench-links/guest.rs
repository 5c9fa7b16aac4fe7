// SPDX-License-Identifier: GPL-2.0
//! Runs a command on node 1 and counts the instructions of both nodes meanwhile.
//!
//! The guest agent must not work while they are counted: the command is started in the background,
//! and its begin and end are seen in the guest's log, which costs the guests nothing.

use std::{
    cell::Cell,
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Result};
use mosix_cluster::{interrupt, Accel, Cluster, Insns};

/// Time that the guests get to become idle before a command; doubled when it was too short.
const SETTLE: Duration = Duration::from_millis(800);

/// How often that is tried.
const ATTEMPTS: u32 = 5;

/// How often the guest's log is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(300);

/// What a command printed and what it cost.
pub(crate) struct Run {
    pub(crate) output: String,
    /// Of both nodes; `None` where nothing counts them.
    pub(crate) insns: Option<Insns>,
}

/// Runs commands one after the other.
pub(crate) struct Runner<'a> {
    cluster: &'a Cluster,
    number: Cell<u32>,
    settle: Cell<Duration>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        Self {
            cluster,
            number: Cell::new(0),
            settle: Cell::new(SETTLE),
        }
    }

    /// Runs it; a status other than 0 is an error.
    pub(crate) fn run(&self, command: &str) -> Result<Run> {
        for _ in 0..ATTEMPTS {
            if let Some(run) = self.attempt(command)? {
                return Ok(run);
            }
            self.settle.set(self.settle.get() * 2);
        }
        bail!(
            "the host is too busy: node 1 does not become idle within {:?}",
            self.settle.get()
        );
    }

    /// `None` when the command began before the counters were read.
    fn attempt(&self, command: &str) -> Result<Option<Run>> {
        let node = self.cluster.node(1);
        let number = self.number.get() + 1;
        self.number.set(number);
        let log = node.log_len();
        let settle = self.settle.get();
        let script = format!(
            "sleep {}; echo 'bench {number} begins' >/dev/kmsg
             {command} >/tmp/bench.out 2>/tmp/bench.err; echo $? >/tmp/bench.status
             echo 'bench {number} ends' >/dev/kmsg",
            settle.as_secs_f64()
        );
        let start = r#"setsid -f bash -c "$0" </dev/null >/dev/null 2>&1"#;
        node.command(["bash", "-c", start, &script]).run()?;
        thread::sleep(settle / 4);
        let before = self.insns()?;
        let has_begun = node
            .log_from(log)
            .contains(&format!("bench {number} begins"));
        self.wait_for(log, &format!("bench {number} ends"))?;
        let after = self.insns()?;
        let status = node.sh("cat /tmp/bench.status")?;
        let output = node.sh("cat /tmp/bench.out")?;
        let errors = node.sh("cat /tmp/bench.err")?;
        ensure!(
            status == "0",
            "\"{command}\" ended with status {status}: {output}{errors}"
        );
        let insns = before.zip(after).map(|(before, after)| after - before);
        Ok((!has_begun).then_some(Run { output, insns }))
    }

    fn wait_for(&self, log: u64, mark: &str) -> Result<()> {
        let node = self.cluster.node(1);
        let end = Instant::now() + LIMIT;
        while !node.log_from(log).contains(mark) {
            ensure!(
                Instant::now() < end,
                "a command did not end within {LIMIT:?}"
            );
            interrupt::sleep(POLL)?;
        }
        Ok(())
    }

    /// Instructions of both nodes together.
    fn insns(&self) -> Result<Option<Insns>> {
        if self.cluster.spec().accel != Accel::Tcg {
            return Ok(None);
        }
        let mut sum = Insns::default();
        for node in self.cluster.nodes() {
            let insns = node.insns()?;
            sum.user += insns.user;
            sum.kernel += insns.kernel;
        }
        Ok(Some(sum))
    }
}
