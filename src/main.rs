// SPDX-License-Identifier: GPL-2.0

//! The module: what it is made of and the order in which it comes and goes.

#![crate_name = "mosix"]

use kernel::prelude::*;

#[path = "../rust/mod.rs"]
mod linux;

module! {
    type: Mosix,
    name: "mosix",
    authors: ["The mosix.ko developers"],
    description: "Processes that move to their data: process migration, MFS and DFSA",
    license: "GPL",
}

/// The loaded module.
struct Mosix;

impl kernel::Module for Mosix {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("loaded\n");
        Ok(Self)
    }
}

impl Drop for Mosix {
    fn drop(&mut self) {
        pr_info!("unloaded\n");
    }
}
