// SPDX-License-Identifier: GPL-2.0
//! QEMU clusters: booted, joined by a private switch, driven and broken from outside.
//!
//! A cluster is 1 to 8 virtual machines with the distribution's kernel (or the debug kernel), a
//! shared read-only Debian userland, private disks, and one Ethernet switch in a network namespace
//! of its own. The `cluster` command and the tests use the same API:
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use mosix_cluster::{Cluster, Fault};
//! let cluster = Cluster::builder().nodes(2).up()?;
//! let out = cluster.node(1).exec("uname -r")?;
//! assert!(out.success());
//! cluster.node(2).fault(Fault::Kill)?;
//! # Ok(()) }
//! ```
//!
//! Layers, from the bottom: [`spec`] (what was asked for), `layout`/`state` (files under
//! build/clusters/NAME), `netns` and `keeper` (the namespace, and the process that keeps it and
//! clears everything away when its owner dies), `qemu`/`launch`/`monitor` (machines), `agent`
//! (the guest agent's client), [`exec`], [`stream`], [`transfer`], [`fault`], then [`node`] and [`cluster`].
//! [`testing`] gives tests shared clusters and [`scan`] finds kernel complaints in the logs.

pub mod accel;
mod agent;
mod broker;
pub mod cluster;
pub mod exec;
pub mod fault;
pub mod icount;
pub mod interrupt;
pub mod keeper;
mod launch;
pub mod layout;
mod monitor;
pub mod mosix;
mod netns;
pub mod node;
mod process;
pub mod progress;
mod qemu;
pub mod scan;
pub mod spec;
pub mod state;
pub mod stream;
pub mod testing;
pub mod transfer;

pub use cluster::{Builder, Cluster};
pub use exec::Output;
pub use fault::Fault;
pub use icount::Insns;
pub use node::Node;
pub use spec::{Accel, Kernel, Spec};
