// SPDX-License-Identifier: GPL-2.0
//! Where things lie: the build folder's images and each cluster's run-time folder.
//!
//! Sockets are reached through /proc/self/fd, because the path of a clone can be longer than the
//! 107 bytes that a Unix socket address holds.

use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::net::UnixStream},
    path::{Path, PathBuf},
};

use anyhow::{bail, Context, Result};

use crate::spec::Kernel;

/// The project's folder: `MOSIX_ROOT`, or where this crate was compiled.
pub fn root() -> PathBuf {
    match std::env::var_os("MOSIX_ROOT") {
        Some(root) => root.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()
            .unwrap_or_else(|_| ".".into()),
    }
}

/// The folder of everything that is downloaded or built.
pub fn build() -> PathBuf {
    root().join("build")
}

/// The folder that holds one folder per cluster.
pub fn clusters() -> PathBuf {
    build().join("clusters")
}

/// The files that a node boots from.
#[derive(Clone, Debug)]
pub struct Image {
    /// Root file system, shared read-only by all nodes.
    pub root: PathBuf,
    /// Kernel image.
    pub vmlinuz: PathBuf,
    /// Initial RAM file system that assembles the root and starts the guest's init.
    pub initrd: PathBuf,
}

impl Image {
    /// Finds the image for a kernel; the error says how to build it.
    pub fn find(kernel: Kernel) -> Result<Self> {
        let dir = build().join("image");
        let image = Self {
            root: dir.join("root.img"),
            vmlinuz: dir.join(kernel.to_string()).join("vmlinuz"),
            initrd: dir.join(kernel.to_string()).join("initrd"),
        };
        for file in [&image.root, &image.vmlinuz, &image.initrd] {
            if !file.exists() {
                let target = match kernel {
                    Kernel::Stock => "make setup",
                    Kernel::Debug => "make setup-debug",
                };
                bail!("{} is not there: run \"{target}\" first", file.display());
            }
        }
        Ok(image)
    }
}

/// A cluster's run-time folder.
#[derive(Clone, Debug)]
pub struct Dir(pub PathBuf);

impl Dir {
    /// Folder of the cluster called `name`, whether it exists or not.
    pub fn of(name: &str) -> Self {
        Self(clusters().join(name))
    }

    /// State file: the spec and who keeps the cluster.
    pub fn state(&self) -> PathBuf {
        self.0.join("cluster.json")
    }

    /// Name within the folder of a node's file of the given kind (`log`, `qmp`, `agent` ...).
    pub fn node_name(node: u8, kind: &str) -> String {
        format!("node{node}.{kind}")
    }

    /// Full path of a node's file.
    pub fn node(&self, node: u8, kind: &str) -> PathBuf {
        self.0.join(Self::node_name(node, kind))
    }

    /// Connects to a Unix socket in the folder, however long the folder's path is.
    pub fn connect(&self, socket: &str) -> io::Result<UnixStream> {
        let dir = File::open(&self.0)?;
        UnixStream::connect(format!("/proc/self/fd/{}/{socket}", dir.as_raw_fd()))
    }

    /// Removes the folder and all in it; it being gone already is fine.
    pub fn remove(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.0) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(e).with_context(|| format!("cannot remove {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }
}
