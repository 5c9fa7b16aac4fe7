// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of MFS. All share one cluster of three nodes with `/mfs` mounted on each; the programs
//! that run in the guests are Python, in `guest/`.

mod contract;
mod differential;
mod failures;
mod programs;
mod random;
mod world;
