// SPDX-License-Identifier: GPL-2.0
//! How many requests went to the server: frames of a link for MFS, operations of a mount for NFS.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::path::{Path, SERVER};

/// What a path's counters showed at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    requests: u64,
    /// When, in milliseconds; only MFS's counters tell it.
    at_ms: u64,
}

/// Frames per millisecond that a link sends while nobody uses it: heartbeats.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Idle(f64);

impl Idle {
    /// From two looks at an idle link.
    pub(crate) fn between(earlier: Count, later: Count) -> Self {
        let time = later.at_ms.saturating_sub(earlier.at_ms).max(1);
        Self(later.requests.saturating_sub(earlier.requests) as f64 / time as f64)
    }
}

impl Path {
    /// The line that shows the counters of this path; `None` where no requests are made.
    pub(crate) fn counters(self) -> Option<&'static str> {
        match self {
            Self::MfsAfar => Some("mosix status --json"),
            path if path.is_nfs() => Some("cat /proc/self/mountstats"),
            _ => None,
        }
    }

    /// Reads what that line printed.
    pub(crate) fn count(self, text: &str) -> Result<Count> {
        match self {
            Self::MfsAfar => frames(text),
            _ => operations(text, &self.root()),
        }
    }
}

impl Count {
    /// Requests since an earlier look, without those of an idle link.
    pub(crate) fn since(self, earlier: Self, idle: Idle) -> f64 {
        let time = self.at_ms.saturating_sub(earlier.at_ms) as f64;
        (self.requests.saturating_sub(earlier.requests) as f64 - idle.0 * time).max(0.0)
    }
}

/// The status, as far as it is of interest.
#[derive(Deserialize)]
struct Status {
    uptime_ms: u64,
    nodes: Vec<NodeStatus>,
}

#[derive(Deserialize)]
struct NodeStatus {
    number: u16,
    frames_out: u64,
}

fn frames(text: &str) -> Result<Count> {
    let status: Status = serde_json::from_str(text).context("mosix status")?;
    let server = status
        .nodes
        .iter()
        .find(|node| node.number == u16::from(SERVER));
    Ok(Count {
        requests: server
            .context("mosix status does not show the server")?
            .frames_out,
        at_ms: status.uptime_ms,
    })
}

/// Sums up the per-operation statistics of the mount at `root`.
fn operations(text: &str, root: &str) -> Result<Count> {
    let head = format!(" mounted on {root} with ");
    let mut lines = text.lines().skip_while(|line| !line.contains(&head));
    lines
        .next()
        .with_context(|| format!("{root} is not in mountstats"))?;
    let of_mount = lines.take_while(|line| !line.starts_with("device "));
    let operations = of_mount
        .skip_while(|line| line.trim() != "per-op statistics")
        .skip(1);
    let sent = |line: &str| -> Option<u64> {
        // "NAME: operations transmissions timeouts ..."
        line.split_once(':')?
            .1
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    Ok(Count {
        requests: operations.map_while(sent).sum(),
        at_ms: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTSTATS: &str = "\
device rootfs mounted on / with fstype rootfs
device node2:/ mounted on /mnt/nfs-coherent with fstype nfs4 statvers=1.1
\tper-op statistics
\t        READ: 100 100 0 0
device node2:/ mounted on /mnt/nfs with fstype nfs4 statvers=1.1
\tevents:\t1 2 3
\tper-op statistics
\t        NULL: 1 1 0 44 24 61 34 103 0
\t        READ: 20 23 0 44 24 61 34 103 0

device tmpfs mounted on /tmp with fstype tmpfs
";

    #[test]
    fn operations_are_those_of_the_mount() {
        assert_eq!(Path::Nfs.count(MOUNTSTATS).unwrap().requests, 21);
        assert_eq!(Path::NfsCoherent.count(MOUNTSTATS).unwrap().requests, 100);
        assert!(Path::NfsNoDeleg.count(MOUNTSTATS).is_err());
    }

    #[test]
    fn heartbeats_are_no_requests() {
        let at = |uptime_ms, frames_out| {
            let text = format!(
                "{{\"uptime_ms\": {uptime_ms}, \"nodes\": [{{\"number\": 1, \"frames_out\": 7}}, \
                 {{\"number\": 2, \"frames_out\": {frames_out}}}]}}"
            );
            Path::MfsAfar.count(&text).unwrap()
        };
        let idle = Idle::between(at(1000, 100), at(3000, 104));
        assert_eq!(at(15_000, 1_024).since(at(5000, 1000), idle), 4.0);
    }
}
