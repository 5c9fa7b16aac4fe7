// SPDX-License-Identifier: GPL-2.0
//! `mosix migrate`.

use crate::{
    cli::{Cli, Destination, Migrate},
    device::Device,
    failure::Result,
    output::print_json,
};
use mosix_core::control::abi::process::Target;
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    pid: u32,
    moved: bool,
}

/// Moves a process.
pub fn run(cli: &Cli, arguments: &Migrate) -> Result {
    let target = match arguments.to {
        Destination::Here => Target::Here,
        Destination::Home => Target::Home,
    };
    Device::open(&cli.device)?.migrate(arguments.pid, target)?;
    if cli.json {
        let pid = arguments.pid;
        return print_json(&Report { pid, moved: true }, false);
    }
    Ok(())
}
