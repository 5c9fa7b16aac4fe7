// SPDX-License-Identifier: GPL-2.0
//! Arguments of `cluster` and their help texts.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use mosix_cluster::{Accel, Fault, Kernel};

/// Brings up clusters of QEMU virtual machines on a private network, works with their nodes, breaks
/// them on purpose, and takes them down without a trace.
#[derive(Debug, Parser)]
#[command(
    name = "cluster",
    after_help = "\
Exit status: 0 = done; 125 = cluster itself failed; 130 = interrupted; with exec, that of the command.

Examples:
  cluster up -n 2                    two nodes, node1 (10.77.0.1, fd77::1) and node2
  cluster exec 1 -- ping -c 3 node2  a command on node 1
  cluster fault 2 kill               the power of node 2 fails
  cluster start 2                    and comes back
  cluster down"
)]
pub(crate) struct Args {
    /// Name of the cluster; clusters of different names run side by side.
    #[arg(long, global = true, default_value = "default")]
    pub(crate) name: String,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Boot a cluster; it stays up until "cluster down"
    Up(Up),
    /// Run a command on a node: input, output and exit status are its own; Ctrl-C kills it
    Exec {
        /// Number of the node
        node: u8,
        /// Run it as this user instead of root (the image has: user, guest, nobody)
        #[arg(long)]
        user: Option<String>,
        /// Program and its arguments, after "--"; no shell takes part (for one: -- bash -c '...')
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Copy a file into a node, with its permission bits
    Put {
        /// Number of the node
        node: u8,
        /// File on this machine
        local: PathBuf,
        /// File, or folder, in the node
        remote: String,
    },
    /// Copy a file out of a node, with its permission bits
    Get {
        /// Number of the node
        node: u8,
        /// File in the node
        remote: String,
        /// File, or folder, on this machine
        local: PathBuf,
    },
    /// Print a node's kernel log, over all its boots
    Log {
        /// Number of the node
        node: u8,
        /// Go on printing what is added, until Ctrl-C or "cluster down"
        #[arg(short, long)]
        follow: bool,
    },
    /// Open an interactive shell on a node's serial port; Ctrl-] leaves it
    Console {
        /// Number of the node
        node: u8,
    },
    /// Do something to a node from outside
    Fault {
        /// Number of the node
        node: u8,
        /// What to do
        fault: Fault,
    },
    /// Switch on a node that was killed or has powered itself off
    Start {
        /// Number of the node
        node: u8,
    },
    /// Show all clusters and their nodes
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take the cluster down; nothing of it remains
    Down {
        /// All clusters, leftovers of dead ones included
        #[arg(long)]
        all: bool,
    },
    /// Body of a cluster's keeper process
    #[command(name = mosix_cluster::keeper::SUBCOMMAND, hide = true)]
    Keep { name: String },
}

/// Choices for a new cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// Number of nodes, 1 to 8
    #[arg(short = 'n', long, default_value_t = 2)]
    pub(crate) nodes: u8,
    /// Kernel of the nodes
    #[arg(long, default_value = "stock")]
    pub(crate) kernel: Kernel,
    /// Memory per node in MB [default: 768, or 1536 with the debug kernel]
    #[arg(long)]
    pub(crate) mem: Option<u32>,
    /// Delay of each packet that leaves a node, in milliseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) delay: u32,
    /// Share of packets that are lost on leaving a node, in per cent
    #[arg(long, default_value_t = 0.0)]
    pub(crate) loss: f64,
    /// Accelerator [default: KVM if a stock guest boots under it here, else TCG]
    #[arg(long)]
    pub(crate) accel: Option<Accel>,
    /// Count the guests' instructions (TCG only; slows them by some per cent); see "status"
    #[arg(long)]
    pub(crate) icount: bool,
    /// Mount the overlay of this node without index and nfs_export
    #[arg(long, value_name = "NODE")]
    pub(crate) no_nfs_export: Option<u8>,
    /// Keep each machine to one processor of this one, in turn: times then vary less
    #[arg(long)]
    pub(crate) pin: bool,
}
