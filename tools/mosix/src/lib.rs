// SPDX-License-Identifier: GPL-2.0
//! The parts of the `mosix` command.
//!
//! A library so that the generator of man pages and completions and the tests see the same command
//! line as the command itself. Everything that talks to the module is in [`device`]; what a
//! subcommand does is in [`commands`].

pub mod address;
pub mod build_id;
pub mod cli;
pub mod commands;
pub mod config;
pub mod device;
pub mod failure;
pub mod identity;
pub mod key;
pub mod output;
