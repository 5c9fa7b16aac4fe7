// SPDX-License-Identifier: GPL-2.0
//! The `mosix` command.

use clap::Parser as _;
use mosix_tool::{cli::Cli, commands};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
