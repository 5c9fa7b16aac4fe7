// SPDX-License-Identifier: GPL-2.0
//! What is to be reached, next to what was measured. Nothing depends on it.

use serde::Serialize;

use crate::{
    cells::Cells,
    path::Path,
    work::{call, long_postmark, postmark, BLOCKS},
};

/// What sunrpc needs for a GETATTR on such nodes, in guest instructions of both, as once measured.
const SUNRPC_GETATTR: f64 = 118_000.0;

/// One bar.
#[derive(Debug, Serialize)]
pub(crate) struct Bar {
    pub(crate) what: String,
    /// The measured value may be as much as this.
    pub(crate) limit: f64,
    /// The median; `None` if it was not measured.
    pub(crate) measured: Option<f64>,
    /// The same as a ratio of instructions, where that makes sense.
    pub(crate) insns: Option<f64>,
}

impl Bar {
    pub(crate) fn verdict(&self) -> &'static str {
        match self.measured {
            None => "not measured",
            Some(value) if value <= self.limit => "passed",
            Some(_) => "missed",
        }
    }
}

/// All bars.
pub(crate) fn bars(cells: &Cells) -> Vec<Bar> {
    let mut bars = Vec::new();
    for bytes in BLOCKS {
        let limit = match bytes {
            ..=64 => 1.4,
            65..=2048 => 1.15,
            _ => 1.08,
        };
        let work = long_postmark(bytes);
        bars.push(Bar {
            what: format!("PostMark {bytes} B, serving node: MFS / local"),
            limit,
            measured: (cells.time_ratio(work, Path::MfsHere, Path::Local)).map(|r| r.median),
            insns: (cells.insn_ratio(work, Path::MfsHere, Path::Local)).map(|r| r.median),
        });
    }
    for (other, least) in [
        (Path::NfsCoherent, 0),
        (Path::NfsCoherentNoDeleg, 0),
        (Path::Nfs, 1024),
    ] {
        for bytes in BLOCKS.into_iter().filter(|bytes| *bytes >= least) {
            let work = postmark(bytes);
            bars.push(Bar {
                what: format!("PostMark {bytes} B, from afar: MFS / {}", other.name()),
                limit: 1.0,
                measured: cells
                    .time_ratio(work, Path::MfsAfar, other)
                    .map(|r| r.median),
                insns: cells
                    .insn_ratio(work, Path::MfsAfar, other)
                    .map(|r| r.median),
            });
        }
    }
    let ours = insns_per_request(cells, Path::MfsAfar);
    bars.push(Bar {
        what: "instructions per round trip (fstat from afar): MFS / sunrpc as once measured".into(),
        limit: 0.5,
        measured: ours.map(|insns| insns / SUNRPC_GETATTR),
        insns: None,
    });
    let theirs = insns_per_request(cells, Path::NfsCoherentNoDeleg);
    bars.push(Bar {
        what: "instructions per round trip (fstat from afar): MFS / coherent NFS in this run"
            .into(),
        limit: 0.5,
        measured: ours.zip(theirs).map(|(ours, theirs)| ours / theirs),
        insns: None,
    });
    bars
}

/// Instructions of both nodes for one request that asks for the attributes of an open file.
pub(crate) fn insns_per_request(cells: &Cells, path: Path) -> Option<f64> {
    let cell = cells.get(call("fstat", 0), path)?;
    let requests = cell.requests.filter(|requests| *requests > 0.5)?;
    Some(cell.insns()?.median / requests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Sample;

    fn sample(elapsed_ns: u64) -> Sample {
        Sample {
            elapsed_ns,
            count: 1,
            bytes: 0,
            insns: Some(elapsed_ns),
        }
    }

    #[test]
    fn a_bar_passes_at_its_limit_and_is_missed_above() {
        let mut cells = Cells::default();
        cells.add(postmark(1024), Path::MfsAfar, sample(500));
        cells.add(postmark(1024), Path::Nfs, sample(500));
        cells.add(postmark(1024), Path::NfsCoherent, sample(499));
        let bars = bars(&cells);
        let verdict = |what: &str| {
            let bar = bars.iter().find(|bar| bar.what == what).unwrap();
            bar.verdict()
        };
        assert_eq!(verdict("PostMark 1024 B, from afar: MFS / nfs"), "passed");
        assert_eq!(
            verdict("PostMark 1024 B, from afar: MFS / nfs-coherent"),
            "missed"
        );
        assert_eq!(
            verdict("PostMark 2048 B, from afar: MFS / nfs"),
            "not measured"
        );
    }
}
