// SPDX-License-Identifier: GPL-2.0
//! The command line of `cluster`.

mod args;
mod console;
mod exec;
mod manage;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use mosix_cluster::{interrupt, keeper, spec, Cluster};

use args::{Args, Verb};

/// Exit status of `cluster` itself when it fails; `exec` passes on the guest program's otherwise.
const FAILED: u8 = 125;

/// Parses the arguments, runs the verb, prints its error.
pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(status) => ExitCode::from(status),
        Err(error) if error.is::<interrupt::Interrupted>() => {
            eprintln!("cluster: interrupted");
            ExitCode::from(interrupt::EXIT_STATUS)
        }
        Err(error) => {
            eprintln!("cluster: error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(args: Args) -> Result<u8> {
    if let Verb::Keep { name } = &args.verb {
        keeper::run(name)?;
        return Ok(0);
    }
    spec::check_name(&args.name)?;
    interrupt::install()?;
    let attach = || Cluster::attach(&args.name);
    match args.verb {
        Verb::Up(up) => manage::up(&args.name, up)?,
        Verb::Exec {
            node,
            user,
            command,
        } => return exec::run(&attach()?.find_node(node)?, user, command),
        Verb::Put {
            node,
            local,
            remote,
        } => attach()?.find_node(node)?.put(&local, &remote)?,
        Verb::Get {
            node,
            remote,
            local,
        } => attach()?.find_node(node)?.get(&remote, &local)?,
        Verb::Log { node, follow } => console::log(&attach()?.find_node(node)?, follow)?,
        Verb::Console { node } => console::attach(&args.name, &attach()?.find_node(node)?)?,
        Verb::Fault { node, fault } => manage::fault(&attach()?.find_node(node)?, fault)?,
        Verb::Start { node } => manage::start(&attach()?.find_node(node)?)?,
        Verb::Status { json } => manage::status(json)?,
        Verb::Down { all } => manage::down(&args.name, all)?,
        Verb::Keep { .. } => {}
    }
    Ok(0)
}
