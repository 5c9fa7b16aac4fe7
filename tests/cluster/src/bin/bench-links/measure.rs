// SPDX-License-Identifier: GPL-2.0
//! The cells of the table, and how each is measured.

use anyhow::{ensure, Context, Result};
use mosix_cluster::{
    mosix::{self, Config},
    spec, Cluster,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::guest::Runner;

/// Bytes of a request and of its answer, and how many requests are made.
pub(crate) const SIZES: [(u32, u32); 4] = [
    (0, 400),
    (4 * 1024, 400),
    (64 * 1024, 160),
    (1024 * 1024, 24),
];

/// Requests under way at a time: for the round trip, and for the throughput.
pub(crate) const IN_FLIGHT: [u32; 2] = [1, 8];

/// The TCP port of the base.
const PORT: u16 = 5201;

/// The way that requests take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// Two programs and a TCP connection.
    Tcp,
    /// A link with that integrity mode.
    Link(&'static str),
}

impl Path {
    pub(crate) const ALL: [Self; 4] = [
        Self::Tcp,
        Self::Link("header"),
        Self::Link("full"),
        Self::Link("encrypt"),
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Link(mode) => mode,
        }
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// A path with a size and a number of requests at a time.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) path: Path,
    pub(crate) bytes: u32,
    pub(crate) in_flight: u32,
    pub(crate) requests: u32,
    /// One per repetition.
    pub(crate) samples: Vec<Sample>,
}

/// One measurement of a cell.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    /// Only with one request at a time.
    pub(crate) rtt_ns: Option<RoundTrip>,
    pub(crate) elapsed_ns: u64,
    pub(crate) requests_per_s: f64,
    /// Millions of bytes per second in each direction.
    pub(crate) mb_per_s: f64,
    /// Of both nodes, per request.
    pub(crate) insns: Option<PerRequest>,
}

/// Instructions per request.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct PerRequest {
    pub(crate) user: f64,
    pub(crate) kernel: f64,
}

/// Round trips, as both programs print them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct RoundTrip {
    pub(crate) min: u64,
    pub(crate) median: u64,
    pub(crate) max: u64,
}

/// What both programs print.
#[derive(Deserialize)]
struct Printed {
    answered: u64,
    elapsed_ns: u64,
    rtt_ns: Option<RoundTrip>,
    /// Printed by `mosix ping`.
    integrity: Option<String>,
}

/// Two nodes that are up, and the base's server.
pub(crate) struct Bench<'a> {
    cluster: &'a Cluster,
    runner: Runner<'a>,
    quick: bool,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(cluster: &'a Cluster, quick: bool) -> Result<Self> {
        let server =
            format!("setsid -f /root/tcp-pingpong server {PORT} </dev/null >/dev/null 2>&1");
        cluster.node(2).sh(&server)?;
        Ok(Self {
            cluster,
            runner: Runner::new(cluster),
            quick,
        })
    }

    /// All cells, without samples.
    pub(crate) fn cells(&self) -> Vec<Cell> {
        let divisor = if self.quick { 10 } else { 1 };
        let mut cells = Vec::new();
        for path in Path::ALL {
            for (bytes, requests) in SIZES {
                for in_flight in IN_FLIGHT {
                    cells.push(Cell {
                        path,
                        bytes,
                        in_flight,
                        requests: (requests / divisor).max(in_flight),
                        samples: Vec::new(),
                    });
                }
            }
        }
        cells
    }

    /// Makes the path ready: both nodes leave and join with its mode.
    pub(crate) fn switch_to(&self, path: Path) -> Result<()> {
        let Path::Link(mode) = path else {
            return Ok(());
        };
        let config = Config::of(self.cluster).set("integrity", format_args!("\"{mode}\""));
        self.cluster.for_each_node(mosix::down)?;
        self.cluster.for_each_node(|node| {
            config.write(node)?;
            mosix::up(node)
        })?;
        mosix::wait_alive(self.cluster)
    }

    /// Measures a cell.
    pub(crate) fn measure(&self, cell: &mut Cell) -> Result<()> {
        // The program's start and its end, with one of the requests.
        let alone = command(cell.path, cell.bytes, 1, cell.in_flight);
        let base = self.runner.run(&alone)?.insns;
        let line = command(cell.path, cell.bytes, cell.requests, cell.in_flight);
        let run = self.runner.run(&line)?;
        let printed: Printed = serde_json::from_str(&run.output)
            .with_context(|| format!("\"{line}\" printed {}", run.output))?;
        ensure!(
            printed.answered == u64::from(cell.requests),
            "only {} of {} requests were answered: {}",
            printed.answered,
            cell.requests,
            run.output
        );
        if let Path::Link(mode) = cell.path {
            ensure!(
                printed.integrity.as_deref() == Some(mode),
                "the link is not in mode {mode} but in {:?}",
                printed.integrity
            );
        }
        let requests_per_s = f64::from(cell.requests) * 1e9 / printed.elapsed_ns.max(1) as f64;
        // One of the requests is in the base.
        let per = |all: u64| all as f64 / f64::from((cell.requests - 1).max(1));
        cell.samples.push(Sample {
            rtt_ns: printed.rtt_ns.filter(|_| cell.in_flight == 1),
            elapsed_ns: printed.elapsed_ns,
            requests_per_s,
            mb_per_s: requests_per_s * f64::from(cell.bytes) / 1e6,
            insns: run.insns.zip(base).map(|(all, base)| {
                let more = all - base;
                PerRequest {
                    user: per(more.user),
                    kernel: per(more.kernel),
                }
            }),
        });
        Ok(())
    }
}

/// The command that makes requests to node 2.
fn command(path: Path, bytes: u32, requests: u32, in_flight: u32) -> String {
    match path {
        // TCP sends no empty messages.
        Path::Tcp => format!(
            "/root/tcp-pingpong client {} {PORT} {} {requests} {in_flight}",
            spec::ipv4(2),
            bytes.max(1)
        ),
        Path::Link(_) => {
            format!("mosix ping 2 --json -c {requests} -s {bytes} -j {in_flight} --timeout 60")
        }
    }
}
