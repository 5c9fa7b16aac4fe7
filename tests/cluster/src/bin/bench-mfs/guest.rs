// SPDX-License-Identifier: GPL-2.0
//! Has file-bench do steps on a node, and counts the instructions of all nodes around each of them.
//!
//! The guest agent must not work meanwhile: file-bench is started in the background, and its marks are
//! seen in the guest's log. A counter is only used if the guest was still silent when it was read.

use std::{
    cell::Cell,
    collections::HashMap,
    fmt::Write as _,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use mosix_cluster::{interrupt, node::Power, Accel, Cluster, Node};
use serde::Deserialize;

use crate::cells::Sample;

/// Where file-bench is in a guest.
pub(crate) const PROGRAM: &str = "/root/file-bench";

/// How long a guest is silent around each measured step; doubled when the host was too slow for it.
const GAP: Duration = Duration::from_millis(60);

/// It grows no longer than this.
const LONGEST_GAP: Duration = Duration::from_millis(500);

/// Pause before the first step, for the guest agent to come to rest.
const SETTLE: Duration = Duration::from_millis(300);

/// How often the guest's log is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How long all steps of one run may take together.
const LIMIT: Duration = Duration::from_secs(900);

/// How often the nodes are looked after during a run.
const CARE: Duration = Duration::from_secs(2);

/// What became of the step on one line.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What a program or a note printed.
    pub(crate) output: String,
    /// What a measured step cost.
    pub(crate) sample: Option<Sample>,
}

/// Runs steps, one run after the other.
pub(crate) struct Runner<'a> {
    cluster: &'a Cluster,
    run: Cell<u32>,
    gap: Cell<Duration>,
    /// What the marks around a step cost by themselves.
    marks: Cell<u64>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        Self {
            cluster,
            run: Cell::new(0),
            gap: Cell::new(GAP),
            marks: Cell::new(0),
        }
    }

    /// Measures what an empty step costs; later steps are shown without that.
    pub(crate) fn calibrate(&self, node: u8) -> Result<()> {
        let steps = vec!["empty".to_owned(); 9];
        let outcomes = self.run(node, &steps)?;
        let samples = outcomes
            .values()
            .filter_map(|outcome| outcome.sample?.insns);
        self.marks.set(samples.min().unwrap_or(0));
        Ok(())
    }

    /// Does all steps on a node; the results are named by the steps' places.
    pub(crate) fn run(&self, node: u8, steps: &[String]) -> Result<HashMap<usize, Outcome>> {
        let guest = self.cluster.node(node);
        let run = self.run.get() + 1;
        self.run.set(run);
        let begun = guest.log_len();
        let mut input = steps.join("\n").into_bytes();
        input.push(b'\n');
        guest.put_bytes(&input, 0o644, "/tmp/bench.steps")?;
        let script = format!(
            "sleep {}; {PROGRAM} {run} {} </tmp/bench.steps >/tmp/bench.out 2>&1
             echo $? >/tmp/bench.status; echo 'bench {run} over' >/dev/kmsg",
            SETTLE.as_secs_f64(),
            self.gap.get().as_millis(),
        );
        let start = r#"setsid -f bash -c "$0" </dev/null >/dev/null 2>&1"#;
        guest.command(["bash", "-c", start, &script]).run()?;
        let counters = self.watch(&guest, begun, run)?;
        let output = guest.get_bytes("/tmp/bench.out")?;
        let output = String::from_utf8_lossy(&output);
        let status = guest.sh("cat /tmp/bench.status")?;
        ensure!(
            status == "0",
            "node {node}: status {status} from file-bench: {}\nthe steps were:\n{}",
            output.lines().last().unwrap_or_default(),
            steps.join("\n")
        );
        let mut outcomes = parse(&output)?;
        for (at, outcome) in &mut outcomes {
            let counted = counters
                .get(&format!("{at} ends"))
                .zip(counters.get(&format!("{at} ready")))
                .map(|(after, before)| after.saturating_sub(*before));
            if let Some(sample) = &mut outcome.sample {
                sample.insns = counted.map(|insns| insns.saturating_sub(self.marks.get()));
                if counted.is_none() && self.counts() {
                    self.gap.set((self.gap.get() * 2).min(LONGEST_GAP));
                }
            }
        }
        Ok(outcomes)
    }

    /// Reads the counters at each mark, until the last one; only values that were read in time.
    fn watch(&self, guest: &Node, begun: u64, run: u32) -> Result<HashMap<String, u64>> {
        let end = Instant::now() + LIMIT;
        let mut care = Instant::now() + CARE;
        let mut counters = HashMap::new();
        let mut seen = String::new();
        loop {
            let last = last_mark(&guest.log_from(begun), run);
            if last == "over" {
                return Ok(counters);
            }
            if last != seen {
                // What the step has set off, such as a close that nobody waits for, comes to its end.
                interrupt::sleep(self.gap.get() / 3)?;
                if let Some(insns) = self.insns()? {
                    if last_mark(&guest.log_from(begun), run) == last {
                        counters.insert(last.clone(), insns);
                    }
                }
                seen = last;
            }
            if Instant::now() > care {
                self.check_nodes()?;
                care = Instant::now() + CARE;
            }
            ensure!(
                Instant::now() < end,
                "node {}: the steps did not end within {LIMIT:?}; the last mark is \"{seen}\"",
                guest.number()
            );
            interrupt::sleep(POLL)?;
        }
    }

    fn check_nodes(&self) -> Result<()> {
        for node in self.cluster.nodes() {
            if node.power() != Power::On {
                bail!("node {} went off:\n{}", node.number(), node.log_tail(30));
            }
        }
        Ok(())
    }

    fn counts(&self) -> bool {
        self.cluster.spec().accel == Accel::Tcg
    }

    /// Instructions of all nodes together; `None` where nothing counts them.
    fn insns(&self) -> Result<Option<u64>> {
        if !self.counts() {
            return Ok(None);
        }
        self.cluster
            .nodes()
            .map(|node| Ok(node.insns()?.total()))
            .sum::<Result<u64>>()
            .map(Some)
    }
}

/// The last mark of a run in a log, without its first words.
fn last_mark(log: &str, run: u32) -> String {
    let word = format!("bench {run} ");
    let complete = log.rfind('\n').map_or("", |end| &log[..end]);
    let mark = complete
        .lines()
        .rev()
        .find_map(|line| line.split_once(&word));
    mark.map_or(String::new(), |(_, mark)| mark.trim_end().to_owned())
}

/// What file-bench prints for a measured step.
#[derive(Deserialize)]
struct Printed {
    elapsed_ns: u64,
    count: u64,
    bytes: u64,
}

/// Takes the output apart.
fn parse(output: &str) -> Result<HashMap<usize, Outcome>> {
    let mut outcomes: HashMap<usize, Outcome> = HashMap::new();
    let mut current = None;
    for line in output.lines() {
        let Some(rest) = line.strip_prefix("= ") else {
            let at = current.with_context(|| format!("file-bench printed \"{line}\""))?;
            let _ = writeln!(outcomes.entry(at).or_default().output, "{line}");
            continue;
        };
        let (at, what) = rest
            .split_once(' ')
            .context("file-bench printed half a line")?;
        let at: usize = at.parse()?;
        current = Some(at);
        let outcome = outcomes.entry(at).or_default();
        if what != "output" {
            let printed: Printed = serde_json::from_str(what)?;
            outcome.sample = Some(Sample {
                elapsed_ns: printed.elapsed_ns,
                count: printed.count,
                bytes: printed.bytes,
                insns: None,
            });
        }
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_belongs_to_its_step() {
        let text = "= 1 output\nhello\nworld\n= 1 {\"elapsed_ns\":5,\"count\":2,\"bytes\":3}\n\
                    = 3 {\"elapsed_ns\":7,\"count\":0,\"bytes\":0}\n";
        let outcomes = parse(text).unwrap();
        assert_eq!(outcomes[&1].output, "hello\nworld\n");
        assert_eq!(outcomes[&1].sample.unwrap().elapsed_ns, 5);
        assert_eq!(outcomes[&3].sample.unwrap().elapsed_ns, 7);
        assert!(parse("FAIL file-bench: no\n").is_err());
    }

    #[test]
    fn the_last_mark_is_that_of_the_run_and_complete() {
        let log = "[1.0] bench 6 9 ends\n[1.1] bench 7 0 ready\n[1.2] bench 7 0 beg";
        assert_eq!(last_mark(log, 7), "0 ready");
        assert_eq!(last_mark(log, 6), "9 ends");
        assert_eq!(last_mark(log, 5), "");
    }
}
