// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of the harness itself.

mod exec;
mod faults;
mod network;
mod nodes;

use std::time::{Duration, Instant};

use anyhow::{ensure, Result};
use mosix_cluster::Node;

/// Patience with what takes some time in a guest, also in a slow one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Repeats a check until it holds.
fn eventually(what: &str, mut check: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !check()? {
        ensure!(Instant::now() < end, "it did not come true in time: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn pings(from: &Node, to: &str) -> Result<bool> {
    Ok(from.exec(&format!("ping -c 1 -W 1 {to}"))?.success())
}
