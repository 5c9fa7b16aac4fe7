// SPDX-License-Identifier: GPL-2.0
//! Goes through the rounds, path after path, and collects the cells.

use std::{cell::Cell, time::Duration};

use anyhow::{ensure, Context, Result};
use mosix_cluster::{interrupt, Cluster};

use crate::{
    cells::{Cells, Work},
    guest::Runner,
    path::{Path, CLIENT, SERVER},
    requests::{Count, Idle},
    setup::{self, FOLDER},
    work::{Round, Step},
};

/// How long an idle link is looked at.
const IDLE: Duration = Duration::from_secs(3);

/// Everything that is ready.
pub(crate) struct Bench<'a> {
    cluster: &'a Cluster,
    runner: Runner<'a>,
    paths: &'a [Path],
    idle: Idle,
    folder: Cell<u32>,
}

/// A line of a run, and what it is for.
#[derive(Clone)]
enum Line {
    Other(String),
    /// Counters of a path before and after a measured line, which is between them.
    Count(String),
    Measure(Path, Work, String),
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Other(text) => format!("do {text}"),
            Self::Count(text) => format!("note {text}"),
            Self::Measure(_, _, text) => text.clone(),
        }
    }
}

impl<'a> Bench<'a> {
    pub(crate) fn new(cluster: &'a Cluster, paths: &'a [Path]) -> Result<Self> {
        let runner = Runner::new(cluster);
        runner.calibrate(SERVER)?;
        let idle = idle(cluster)?;
        Ok(Self {
            cluster,
            runner,
            paths,
            idle,
            folder: Cell::new(0),
        })
    }

    /// Does a round on all paths; `counts` says whether to count requests, too.
    pub(crate) fn round(&self, round: &Round, counts: bool, cells: &mut Cells) -> Result<()> {
        let paths: Vec<Path> = (round.paths.iter().copied())
            .filter(|path| self.paths.contains(path))
            .collect();
        // Paths of one node are done without a pause, as long as the server need not be changed.
        let together =
            |a: &Path, b: &Path| a.node() == b.node() && a.delegations() == b.delegations();
        for paths in paths.chunk_by(together) {
            let Some(first) = paths.first() else { continue };
            setup::set_delegations(self.cluster, first.delegations())?;
            let lines: Vec<Line> = (paths.iter())
                .flat_map(|path| self.lines(round, *path, counts))
                .collect();
            self.measure(first.node(), &lines, cells)
                .with_context(|| format!("{} ({})", round.title, first.name()))?;
        }
        setup::set_delegations(self.cluster, true)
    }

    /// A path's lines in a round.
    fn lines(&self, round: &Round, path: Path, counts: bool) -> Vec<Line> {
        let folder = self.folder.get() + 1;
        self.folder.set(folder);
        let dir = format!("{}/{FOLDER}/{folder}", path.root());
        let mut lines = vec![Line::Other(format!("mkdir {dir}"))];
        for step in (round.steps)(path, &dir) {
            match step {
                Step::Do(text) => lines.push(Line::Other(text)),
                Step::Measure(work, text) => {
                    let look = path.counters().filter(|_| counts);
                    let look = look.map(|text| Line::Count(text.to_owned()));
                    lines.extend(look.clone());
                    lines.push(Line::Measure(path, work, text));
                    lines.extend(look);
                }
            }
        }
        lines.push(Line::Other(format!("rm -r {dir}")));
        lines
    }

    fn measure(&self, node: u8, lines: &[Line], cells: &mut Cells) -> Result<()> {
        let texts: Vec<String> = lines.iter().map(Line::text).collect();
        let outcomes = self.runner.run(node, &texts)?;
        let counted = |at: usize, path: Path| -> Result<Option<Count>> {
            match lines.get(at) {
                Some(Line::Count(_)) => {
                    let text = outcomes.get(&at).map_or("", |outcome| &outcome.output);
                    path.count(text).map(Some)
                }
                _ => Ok(None),
            }
        };
        for (at, line) in lines.iter().enumerate() {
            let Line::Measure(path, work, text) = line else {
                continue;
            };
            let outcome = outcomes
                .get(&at)
                .with_context(|| format!("no result of {text}"))?;
            let sample = outcome
                .sample
                .with_context(|| format!("no times of {text}"))?;
            // PostMark's exit status is 0 whatever happens.
            ensure!(
                !outcome.output.contains("Error"),
                "{text} on {}: {}",
                path.name(),
                outcome.output
            );
            cells.add(*work, *path, sample);
            if let Some((before, after)) =
                counted(at.wrapping_sub(1), *path)?.zip(counted(at + 1, *path)?)
            {
                cells.set_requests(*work, *path, after.since(before, self.idle), &sample);
            }
        }
        Ok(())
    }
}

/// Looks at the link while nothing is done.
fn idle(cluster: &Cluster) -> Result<Idle> {
    let path = Path::MfsAfar;
    let node = cluster.node(CLIENT);
    let line = path.counters().context("the link has no counters")?;
    let before = path.count(&node.sh(line)?)?;
    interrupt::sleep(IDLE)?;
    Ok(Idle::between(before, path.count(&node.sh(line)?)?))
}
