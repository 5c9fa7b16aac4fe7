// SPDX-License-Identifier: GPL-2.0
//! Every operation, flag and error against the same on a local file system: guest/differential.py.

use std::time::Duration;

use anyhow::{ensure, Result};

use crate::world::{long, on_mfs, slowness, World};

/// Time for a run, for stock kernels.
const LIMIT: Duration = Duration::from_secs(400);

/// Compares `tested`, seen from node 1, with `reference`; `mode` says which differences are allowed.
fn compare(w: &World<'_>, mode: &str, reference: &str, tested: &str) -> Result<()> {
    let rest = if long() { "long" } else { "" };
    let line =
        format!("cd /root/mfs && exec python3 differential.py {mode} {reference} {tested} {rest}");
    let limit = LIMIT * slowness() * if long() { 4 } else { 1 };
    let out = w
        .node(1)
        .command(["bash", "-c", &line])
        .limit(limit)
        .output()?;
    println!("{}", out.stdout);
    ensure!(out.success(), "{}{}", out.stdout, out.stderr);
    Ok(())
}

#[test]
fn from_afar_everything_is_as_on_ext4() {
    on_mfs(|w| compare(w, "afar", "/data/t/ref", "/mfs/2/data/t/x"));
}

#[test]
fn on_the_serving_node_everything_is_as_on_ext4() {
    on_mfs(|w| compare(w, "here", "/data/t/ref", "/mfs/1/data/t/x"));
}
