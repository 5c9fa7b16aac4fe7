// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of processes that move, on one node: what a process can see is the same as if it had
//! not moved. The programs that are moved, and the one that moves them, are Python, in `guest/`.

mod death;
mod programs;
mod refusals;
mod states;
mod world;
