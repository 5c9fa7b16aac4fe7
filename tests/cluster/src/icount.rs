// SPDX-License-Identifier: GPL-2.0
//! Counters of guest instructions: the measure that does not depend on how busy the host is.
//!
//! The TCG plugin of tests/icount adds up what the guest executes in a file that QEMU has mapped;
//! reading the file at any time gives the present values.

use std::{
    fs,
    ops::Sub,
    path::{Path, PathBuf},
};

use anyhow::{bail, Context, Result};
use serde::Serialize;

use crate::layout;

/// Instructions executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Insns {
    /// In user mode.
    pub user: u64,
    /// In the kernel.
    pub kernel: u64,
}

impl Insns {
    /// User and kernel together.
    pub fn total(self) -> u64 {
        self.user.saturating_add(self.kernel)
    }
}

impl Sub for Insns {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            kernel: self.kernel.saturating_sub(earlier.kernel),
        }
    }
}

/// Path of the plugin; the error says how to build it.
pub(crate) fn plugin() -> Result<PathBuf> {
    let profiles = ["release", "debug"].map(|profile| layout::build().join("target").join(profile));
    let found = profiles
        .iter()
        .map(|dir| dir.join("libmosix_icount.so"))
        .find(|path| path.is_file());
    match found {
        Some(path) => Ok(path),
        None => {
            bail!("the instruction counter is not built: run cargo build --release -p mosix-icount")
        }
    }
}

/// Reads the counters: two little-endian 64-bit numbers, user and kernel.
pub(crate) fn read(path: &Path) -> Result<Insns> {
    let data = fs::read(path).with_context(|| {
        format!(
            "cannot read {}: was the cluster started with --icount?",
            path.display()
        )
    })?;
    let number = |at: usize| -> Result<u64> {
        let bytes = data
            .get(at..at + 8)
            .context("the instruction counter's file is too short")?;
        Ok(u64::from_le_bytes(bytes.try_into()?))
    };
    Ok(Insns {
        user: number(0)?,
        kernel: number(8)?,
    })
}
