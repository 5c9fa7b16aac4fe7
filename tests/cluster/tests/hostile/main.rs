// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of what a node does with those who mean it ill, or are broken.
//!
//! Two real nodes keep a link with each other. The harness, at its own end of the switch, plays the
//! attacker; node 3 of the configuration is the harness, so that with the cluster's key it can be an
//! insider, too. After each attack the victim has logged one clear line and counted it, and the
//! link of the honest nodes is what it was.

mod attacker;
mod command;
mod flood;
mod insiders;
mod other_kernel;
mod strangers;
