// SPDX-License-Identifier: GPL-2.0
//! The command line.

use crate::address::NodeArgument;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mosix_core::control::abi::ping::{MAX_BYTES, MAX_TIMEOUT_MS};
use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

/// Where the configuration is unless the command line says otherwise.
pub const DEFAULT_CONFIG: &str = "/etc/mosix/cluster.toml";

/// Joins, leaves and shows a cluster of mosix.ko nodes.
///
/// The file /etc/mosix/cluster.toml, the same on every node, says which nodes the cluster has;
/// the key next to it, the same on every node, proves that they belong to it.
#[derive(Debug, Parser)]
#[command(name = "mosix", version, propagate_version = false)]
pub struct Cli {
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// Talk to this device
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "PATH",
        default_value = "/dev/mosix"
    )]
    pub device: PathBuf,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a configuration and a fresh key
    ///
    /// Both files must be brought to every node of the cluster, the key in a way that nobody else
    /// can read it.
    Init(Init),

    /// Join the cluster, or take over a changed configuration
    ///
    /// Loads the module when it is not loaded. On a node that is up already, nodes are added,
    /// removed and changed as the configuration says; links to the other nodes are not disturbed.
    Up(Up),

    /// Leave the cluster
    Down,

    /// Show every node of the cluster as this node sees it
    Status(Status),

    /// Show the versions of the command, the module and the kernel
    Version,

    /// Try the link to a node with real requests and measure it
    ///
    /// Each request goes to the node and back through the module, with as many bytes of data as
    /// asked for, which must come back unchanged. Ctrl-C ends it with the figures so far.
    Ping(Ping),

    /// Try the module's system call hook and measure what it costs
    ///
    /// Makes the same system call natively and through the hook, and checks that each of them was
    /// counted and none was changed.
    Selftest(Selftest),

    /// Move a running process
    ///
    /// Waits until it has moved. A process that cannot move is left as it is, and the reason is said.
    Migrate(Migrate),

    /// Show the processes that have moved
    Ps,

    /// Look after the configuration
    Config(Config),

    /// Print a completion script for a shell
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where the configuration is.
#[derive(Args, Debug)]
pub struct ConfigPath {
    /// The configuration
    #[arg(long, value_name = "PATH", default_value = DEFAULT_CONFIG)]
    pub config: PathBuf,
}

/// Arguments of `mosix init`.
#[derive(Args, Debug)]
pub struct Init {
    /// Name of the cluster
    #[arg(long, value_name = "CLUSTER", default_value = "mosix")]
    pub name: String,

    /// A node, such as 1=alpha@10.0.0.1; repeat it for every node [default: this host as node 1]
    #[arg(long = "node", value_name = "NUMBER=NAME@ADDRESS")]
    pub nodes: Vec<NodeArgument>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become a help text")]
    pub config: ConfigPath,

    /// The key file [default: "key" in the directory of the configuration]
    #[arg(long, value_name = "PATH")]
    pub key: Option<PathBuf>,

    /// Overwrite files that exist; a new key locks out every node that has the old one
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `mosix up`.
#[derive(Args, Debug)]
pub struct Up {
    /// Which node of the configuration this is, by number or name [default: found by "self", the
    /// host name or the addresses of this host]
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a doc comment would become a help text")]
    pub config: ConfigPath,

    /// Wait until all other nodes are alive, at most so long
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub wait: Option<Duration>,
}

/// Arguments of `mosix status`.
#[derive(Args, Debug)]
pub struct Status {
    /// Show it again and again, every second or every SECONDS
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        value_parser = seconds
    )]
    pub watch: Option<Duration>,
}

/// Arguments of `mosix ping`.
#[derive(Args, Debug)]
pub struct Ping {
    /// The node, by number or name
    pub node: String,

    /// Requests in all
    #[arg(
        short,
        long,
        value_name = "COUNT",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=10_000_000)
    )]
    pub count: u64,

    /// Bytes of data that go there and back with each request (up to 1 MiB)
    #[arg(
        short = 's',
        long,
        value_name = "BYTES",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_BYTES))
    )]
    pub bytes: u32,

    /// Requests under way at the same time, each by a thread of its own
    #[arg(
        short = 'j',
        long,
        value_name = "THREADS",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=256)
    )]
    pub threads: u32,

    /// Have the node count what it executes, to see whether each request was executed exactly once
    #[arg(long, conflicts_with = "bytes")]
    pub once: bool,

    /// Time for each request
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timeout)]
    pub timeout: Duration,
}

/// Arguments of `mosix selftest`.
#[derive(Args, Debug)]
pub struct Selftest {
    /// System calls per measurement
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 20_000,
        value_parser = clap::value_parser!(u32).range(1..=10_000_000)
    )]
    pub calls: u32,
}

/// Arguments of `mosix migrate`.
#[derive(Args, Debug)]
pub struct Migrate {
    /// The process
    #[arg(value_name = "PID", value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    pub pid: u32,

    /// "here": away from its deputy, but on this node; "home": back to its deputy
    #[arg(value_name = "WHERE")]
    pub to: Destination,
}

/// Where a process can go.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Destination {
    /// Away from its deputy, but on this node
    Here,
    /// Back to its deputy
    Home,
}

/// Arguments of `mosix config`.
#[derive(Args, Debug)]
pub struct Config {
    /// What to do with it.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and the key file without joining
    Check {
        /// The configuration
        #[arg(value_name = "PATH", default_value = DEFAULT_CONFIG)]
        path: PathBuf,
    },
}

/// Parses a time in seconds, such as `10` or `0.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    seconds_within(text, 0.1..=86_400.0)
}

/// Parses the time for a request, which the module takes in milliseconds.
fn timeout(text: &str) -> Result<Duration, String> {
    seconds_within(text, 0.001..=f64::from(MAX_TIMEOUT_MS) / 1e3)
}

fn seconds_within(text: &str, range: RangeInclusive<f64>) -> Result<Duration, String> {
    let number: f64 = text
        .parse()
        .map_err(|_| String::from("expected a number of seconds"))?;
    if !range.contains(&number) {
        let (least, most) = range.into_inner();
        return Err(format!("expected {least} to {most} seconds"));
    }
    Ok(Duration::from_secs_f64(number))
}
