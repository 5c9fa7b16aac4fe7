// SPDX-License-Identifier: GPL-2.0
//! `mosix down`.

use crate::{
    cli::Cli,
    device::Device,
    failure::Result,
    output::{print, print_json},
};
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    up: bool,
}

/// Leaves the cluster.
pub fn run(cli: &Cli) -> Result {
    Device::open(&cli.device)?.down()?;
    if cli.json {
        print_json(&Report { up: false }, false)
    } else {
        print("left the cluster\n")
    }
}
