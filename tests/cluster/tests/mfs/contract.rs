// SPDX-License-Identifier: GPL-2.0
//! What MFS promises to programs on several nodes at once, point by point.
//!
//! Node 2 serves. `/data/t` on it is the same folder as `/mfs/2/data/t` anywhere.

mod atomic;
mod coherent;
mod lives;
mod names;
mod paths;
mod policy;
mod sessions;
