// SPDX-License-Identifier: GPL-2.0
//! What was measured, and what follows from it: spreads, and ratios to the base.

use serde::{Serialize, Serializer};

use crate::path::Path;

/// What is done on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Work {
    /// Such as "postmark".
    pub(crate) name: &'static str,
    /// Bytes per call; 0 where there are none.
    pub(crate) bytes: u64,
    #[serde(skip)]
    pub(crate) unit: Unit,
}

/// What costs are given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A whole run.
    Run,
    /// One call.
    Call,
    /// A million bytes.
    Megabyte,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Call => "call",
            Self::Megabyte => "MB",
        }
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) elapsed_ns: u64,
    /// Calls made.
    pub(crate) count: u64,
    /// Bytes moved.
    pub(crate) bytes: u64,
    /// Instructions of both nodes; `None` where they could not be counted.
    pub(crate) insns: Option<u64>,
}

impl Sample {
    /// How many units it consists of.
    fn units(&self, unit: Unit) -> f64 {
        match unit {
            Unit::Run => 1.0,
            Unit::Call => self.count.max(1) as f64,
            Unit::Megabyte => self.bytes.max(1) as f64 / 1e6,
        }
    }
}

/// Least, median and greatest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let upper = values.get(values.len() / 2)?;
        let lower = values.get((values.len() - 1) / 2)?;
        Some(Self {
            min: *values.first()?,
            median: (lower + upper) / 2.0,
            max: *values.last()?,
        })
    }
}

/// A workload on a path.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) work: Work,
    pub(crate) path: Path,
    /// One per repetition, in their order.
    pub(crate) samples: Vec<Sample>,
    /// Requests to the server per unit, counted in the first repetition.
    pub(crate) requests: Option<f64>,
}

impl Cell {
    /// Nanoseconds per unit, by repetition.
    fn times(&self) -> impl Iterator<Item = f64> + '_ {
        self.samples
            .iter()
            .map(|sample| sample.elapsed_ns as f64 / sample.units(self.work.unit))
    }

    /// Instructions per unit, by repetition.
    fn all_insns(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        self.samples
            .iter()
            .map(|sample| Some(sample.insns? as f64 / sample.units(self.work.unit)))
    }

    /// Nanoseconds per unit.
    pub(crate) fn time(&self) -> Option<Spread> {
        Spread::of(self.times())
    }

    /// Instructions of both nodes per unit.
    pub(crate) fn insns(&self) -> Option<Spread> {
        Spread::of(self.all_insns().flatten())
    }

    /// Times as multiples of another path's in the same repetition.
    pub(crate) fn time_ratio(&self, base: &Self) -> Option<Spread> {
        Spread::of(
            self.times()
                .zip(base.times())
                .map(|(this, base)| this / base),
        )
    }

    /// Instructions as multiples of another path's in the same repetition.
    pub(crate) fn insn_ratio(&self, base: &Self) -> Option<Spread> {
        let pairs = self.all_insns().zip(base.all_insns());
        Spread::of(pairs.filter_map(|(this, base)| Some(this? / base?)))
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Cells(Vec<Cell>);

impl Cells {
    /// Adds a measurement of a repetition.
    pub(crate) fn add(&mut self, work: Work, path: Path, sample: Sample) {
        self.entry(work, path).samples.push(sample);
    }

    /// Notes how many requests per unit went to the server.
    pub(crate) fn set_requests(&mut self, work: Work, path: Path, requests: f64, sample: &Sample) {
        self.entry(work, path).requests = Some(requests / sample.units(work.unit));
    }

    fn entry(&mut self, work: Work, path: Path) -> &mut Cell {
        let at = self
            .0
            .iter()
            .position(|cell| (cell.work, cell.path) == (work, path));
        let at = at.unwrap_or_else(|| {
            self.0.push(Cell {
                work,
                path,
                samples: Vec::new(),
                requests: None,
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    pub(crate) fn get(&self, work: Work, path: Path) -> Option<&Cell> {
        self.0
            .iter()
            .find(|cell| (cell.work, cell.path) == (work, path))
    }

    /// Ratio of a path's time to another's for the same work.
    pub(crate) fn time_ratio(&self, work: Work, path: Path, base: Path) -> Option<Spread> {
        self.get(work, path)?.time_ratio(self.get(work, base)?)
    }

    /// Ratio of a path's instructions to another's for the same work.
    pub(crate) fn insn_ratio(&self, work: Work, path: Path, base: Path) -> Option<Spread> {
        self.get(work, path)?.insn_ratio(self.get(work, base)?)
    }

    /// Whether anything was measured on a path.
    pub(crate) fn has(&self, path: Path) -> bool {
        self.0.iter().any(|cell| cell.path == path)
    }
}

/// A cell as the JSON file shows it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    work: Work,
    path: Path,
    per: &'static str,
    ns: Option<Spread>,
    ns_ratio_to_local: Option<Spread>,
    insns: Option<Spread>,
    insns_ratio_to_local: Option<Spread>,
    requests: Option<f64>,
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|cell| {
            let base = self.get(cell.work, Path::Local);
            Shown {
                work: cell.work,
                path: cell.path,
                per: cell.work.unit.name(),
                ns: cell.time(),
                ns_ratio_to_local: base.and_then(|base| cell.time_ratio(base)),
                insns: cell.insns(),
                insns_ratio_to_local: base.and_then(|base| cell.insn_ratio(base)),
                requests: cell.requests,
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Work = Work {
        name: "read",
        bytes: 4096,
        unit: Unit::Megabyte,
    };

    fn sample(elapsed_ns: u64, insns: Option<u64>) -> Sample {
        Sample {
            elapsed_ns,
            count: 500,
            bytes: 2_000_000,
            insns,
        }
    }

    #[test]
    fn an_even_number_of_values_has_the_mean_of_the_middle() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 4.0));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_between_samples_of_one_repetition() {
        let mut cells = Cells::default();
        for (local, afar) in [(100, 300), (200, 800), (100, 200)] {
            cells.add(WORK, Path::Local, sample(local, None));
            cells.add(WORK, Path::MfsAfar, sample(afar, Some(afar)));
        }
        let ratio = cells.time_ratio(WORK, Path::MfsAfar, Path::Local).unwrap();
        assert_eq!((ratio.min, ratio.median, ratio.max), (2.0, 3.0, 4.0));
        assert_eq!(cells.insn_ratio(WORK, Path::MfsAfar, Path::Local), None);
        let time = cells.get(WORK, Path::Local).and_then(Cell::time).unwrap();
        assert_eq!(time.median, 50.0, "per million bytes");
    }

    #[test]
    fn requests_are_per_unit() {
        let mut cells = Cells::default();
        cells.set_requests(WORK, Path::Nfs, 31.0, &sample(1, None));
        assert_eq!(cells.get(WORK, Path::Nfs).unwrap().requests, Some(15.5));
    }
}
