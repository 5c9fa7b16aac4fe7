// SPDX-License-Identifier: GPL-2.0
//! The subcommands, one file each.

use crate::{
    cli::{Cli, Command, ConfigCommand},
    failure::Result,
    output::print,
};
use clap::CommandFactory as _;

pub mod check;
pub mod down;
pub mod init;
pub mod migrate;
pub mod ping;
pub mod ps;
pub mod selftest;
pub mod status;
pub mod up;
pub mod version;

/// Does what the command line says.
pub fn run(cli: &Cli) -> Result {
    match &cli.command {
        Command::Init(arguments) => init::run(cli, arguments),
        Command::Up(arguments) => up::run(cli, arguments),
        Command::Down => down::run(cli),
        Command::Status(arguments) => status::run(cli, arguments),
        Command::Version => version::run(cli),
        Command::Ping(arguments) => ping::run(cli, arguments),
        Command::Selftest(arguments) => selftest::run(cli, arguments),
        Command::Migrate(arguments) => migrate::run(cli, arguments),
        Command::Ps => ps::run(cli),
        Command::Config(arguments) => match &arguments.command {
            ConfigCommand::Check { path } => check::run(cli, path),
        },
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "mosix", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}
