// SPDX-License-Identifier: GPL-2.0
//! Why a configuration blob was refused, each reason in one line.

use core::fmt;

use super::{
    export::{
        MAX_PATHS,
        MAX_PATH_LEN, //
    },
    times::Times,
    ABI_VERSION,
    MAX_NODES, //
};

/// Why a configuration was refused; its `Display` is one line without a newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The blob ends before its records do.
    Truncated,
    /// The blob has not the length that its header says.
    Length,
    /// The blob is something else.
    Magic,
    /// The blob is of another version.
    Version {
        /// The version it has.
        found: u32,
    },
    /// A reserved field is not zero.
    Reserved,
    /// No nodes, or too many.
    NodeCount,
    /// The cluster's name is not usable.
    ClusterName,
    /// No such integrity mode.
    Integrity,
    /// Port 0.
    ListenPort,
    /// The suspect time is out of range.
    SuspectTime,
    /// The heartbeat time does not go with the suspect time.
    HeartbeatTime,
    /// The dead time does not go with the other two.
    DeadTime {
        /// The shortest that does, in milliseconds.
        least: u32,
    },
    /// The kernel's build id is missing.
    BuildId,
    /// The key is missing.
    Key,
    /// Node number 0.
    NodeNumber,
    /// A node's name is not usable.
    NodeName {
        /// The node.
        number: u16,
    },
    /// A node's address is not usable.
    Address {
        /// The node.
        number: u16,
    },
    /// The nodes are not sorted.
    Order {
        /// The first node out of order.
        number: u16,
    },
    /// Two nodes have one number.
    DuplicateNumber {
        /// The number.
        number: u16,
    },
    /// Two nodes have one name.
    DuplicateName {
        /// One node.
        number: u16,
        /// The other one.
        other: u16,
    },
    /// Two nodes have one address and port.
    DuplicateAddress {
        /// One node.
        number: u16,
        /// The other one.
        other: u16,
    },
    /// The own number is not among the nodes.
    OwnMissing {
        /// The own number.
        number: u16,
    },
    /// Too many exported and hidden paths.
    PathCount,
    /// An exported or hidden path is not usable.
    Path,
    /// The paths are not sorted, or one is there twice.
    PathOrder,
    /// An exported path is below a hidden one.
    PathBuried,
    /// A change that cannot be made while up.
    NeedsRestart {
        /// What was changed.
        what: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated => f.write_str("the configuration ends too early"),
            Self::Length => f.write_str("the configuration has another length than it says"),
            Self::Magic => f.write_str("this is no configuration"),
            Self::Version { found } => {
                write!(
                    f,
                    "the configuration has version {found}, not {ABI_VERSION}"
                )
            }
            Self::Reserved => f.write_str("a reserved field of the configuration is set"),
            Self::NodeCount => write!(f, "a cluster has 1 to {MAX_NODES} nodes"),
            Self::ClusterName => f.write_str(
                "the name of the cluster must be 1 to 63 bytes without control characters",
            ),
            Self::Integrity => f.write_str("there is no such integrity mode"),
            Self::ListenPort => f.write_str("the port must not be 0"),
            Self::SuspectTime => write!(
                f,
                "the suspect time must be {} to {} ms",
                Times::SUSPECT_RANGE.start(),
                Times::SUSPECT_RANGE.end(),
            ),
            Self::HeartbeatTime => {
                f.write_str("the heartbeat time must be 1 ms to a third of the suspect time")
            }
            Self::DeadTime { least } => write!(
                f,
                "the dead time must be at least {least} ms (twice suspect and heartbeat time) \
                 and at most {} ms",
                Times::DEAD_MAX,
            ),
            Self::BuildId => f.write_str("the kernel's build id is missing"),
            Self::Key => f.write_str("the cluster key is missing"),
            Self::NodeNumber => f.write_str("a node number must be 1 to 65535"),
            Self::NodeName { number } => write!(
                f,
                "the name of node {number} must be 1 to 63 of the characters A-Z a-z 0-9 . _ -",
            ),
            Self::Address { number } => {
                write!(
                    f,
                    "the address of node {number} cannot be the address of a node"
                )
            }
            Self::Order { number } => write!(f, "node {number} is not in ascending order"),
            Self::DuplicateNumber { number } => {
                write!(f, "two nodes have the number {number}")
            }
            Self::DuplicateName { number, other } => {
                write!(f, "nodes {other} and {number} have the same name")
            }
            Self::DuplicateAddress { number, other } => {
                write!(
                    f,
                    "nodes {other} and {number} have the same address and port"
                )
            }
            Self::OwnMissing { number } => {
                write!(f, "this node's number {number} is not among the nodes")
            }
            Self::PathCount => {
                write!(
                    f,
                    "a node exports and hides at most {MAX_PATHS} paths in all"
                )
            }
            Self::Path => write!(
                f,
                "an exported or hidden path must be absolute, of at most {MAX_PATH_LEN} bytes, \
                 without \".\", \"..\" and empty parts, and without a slash at its end",
            ),
            Self::PathOrder => f.write_str("a path is exported or hidden twice"),
            Self::PathBuried => f.write_str("an exported path is below a hidden one"),
            Self::NeedsRestart { what } => {
                write!(
                    f,
                    "{what} cannot change while up: leave the cluster and join again"
                )
            }
        }
    }
}

impl core::error::Error for ConfigError {}
