// SPDX-License-Identifier: GPL-2.0
//! Makes all paths ready on two nodes, and takes them away again.

use anyhow::{ensure, Context, Result};
use mosix_cluster::{
    layout,
    mosix::{self, Config},
    scan, spec, Cluster,
};

use crate::{
    guest,
    path::{Path, CLIENT, SERVER},
};

/// Starts the NFS server of a guest.
const NFS_SERVE: &str = include_str!("../../../nfs-serve");

/// Where bench files lie below each path's root.
pub(crate) const FOLDER: &str = "bench";

/// The file that all paths read, below [`FOLDER`].
pub(crate) const BIG_FILE: &str = "big";

/// Makes what `paths` need; `big` is the size of the file that is read.
pub(crate) fn begin(cluster: &Cluster, paths: &[Path], integrity: &str, big: u64) -> Result<()> {
    let helper = layout::build().join("selftests/file-bench");
    ensure!(
        helper.is_file(),
        "{} is not there: run scripts/bench-mfs, which builds it",
        helper.display()
    );
    let config = Config::of(cluster).set("integrity", format_args!("\"{integrity}\""));
    cluster.for_each_node(|node| {
        node.put(&helper, guest::PROGRAM)?;
        mosix::install(node, &config)?;
        mosix::load(node)?;
        mosix::up(node)
    })?;
    mosix::wait_alive(cluster)?;
    let server = cluster.node(SERVER);
    server.sh(&format!(
        "mkdir -p /data/{FOLDER}; head -c {big} /dev/urandom >/data/{FOLDER}/{BIG_FILE}; sync"
    ))?;
    if paths.iter().any(|path| path.is_mfs()) {
        cluster.for_each_node(|node| {
            node.sh("mkdir -p /mfs; mount -t mfs mfs /mfs")
                .context("/mfs cannot be mounted")?;
            Ok(())
        })?;
    }
    if paths.contains(&Path::Overlayfs) {
        let root = Path::Overlayfs.root();
        server.sh(&format!(
            "modprobe -q overlay || true; mkdir -p /data/overlay/{{lower,upper,work}} {root}
             mount -t overlay -o lowerdir=/data/overlay/lower,upperdir=/data/overlay/upper,workdir=/data/overlay/work overlay {root}
             mkdir {root}/{FOLDER}"
        ))?;
    }
    if paths.iter().any(|path| path.is_nfs()) {
        server.put_bytes(NFS_SERVE.as_bytes(), 0o755, "/root/nfs-serve")?;
        server.sh("/root/nfs-serve /data")?;
        let client = cluster.node(CLIENT);
        client.sh("modprobe nfsv4")?;
        for path in Path::NFS {
            let (root, options) = (path.root(), path.nfs_options());
            client.sh(&format!(
                "mkdir -p {root}; mount -t nfs4 -o {options} {}:/ {root}; ls {root} >/dev/null",
                spec::ipv4(SERVER)
            ))?;
        }
    }
    Ok(())
}

/// Whether the NFS server may give delegations.
pub(crate) fn set_delegations(cluster: &Cluster, allowed: bool) -> Result<()> {
    let value = u8::from(allowed);
    let line = format!("echo {value} >/proc/sys/fs/leases-enable");
    cluster.node(SERVER).sh(&line)?;
    Ok(())
}

/// Unmounts, leaves, unloads; fails if a node's kernel has complained meanwhile.
pub(crate) fn end(cluster: &Cluster) -> Result<()> {
    cluster.for_each_node(|node| {
        node.sh("umount -a -t nfs4; if mountpoint -q /mfs; then umount /mfs; fi")?;
        mosix::down(node)?;
        mosix::unload(node)
    })?;
    for node in cluster.nodes() {
        if let Some(report) = scan::scan(&node.log_from(0)).first() {
            anyhow::bail!(
                "the kernel of node {} complained: {}",
                node.number(),
                report.line
            );
        }
    }
    Ok(())
}
