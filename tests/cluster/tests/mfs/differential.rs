// SPDX-License-Identifier: GPL-2.0
//! Every operation, flag and error against the same on a local file system: guest/differential.py.

use std::time::Duration;

use anyhow::ensure;

use crate::world::{long, on_mfs, slowness};

/// Time for a run, for stock kernels.
const LIMIT: Duration = Duration::from_secs(400);

#[test]
fn everything_is_as_on_ext4_from_afar_and_on_the_serving_node() {
    on_mfs(|w| {
        let rest = if long() { "long" } else { "" };
        let line = format!(
            "cd /root/mfs && exec python3 differential.py /data/t/ref here=/mfs/1/data/t/x afar=/mfs/2/data/t/x {rest}"
        );
        let out = w
            .node(1)
            .command(["bash", "-c", &line])
            .limit(LIMIT * slowness() * if long() { 4 } else { 1 })
            .output()?;
        println!("{}", out.stdout);
        ensure!(out.success(), "{}{}", out.stdout, out.stderr);
        Ok(())
    });
}
