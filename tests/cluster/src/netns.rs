// SPDX-License-Identifier: GPL-2.0
//! The private network of a cluster: a namespace with a bridge and one tap device per node.
//!
//! The namespace has no name and no mount; it lives as long as a process is in it (the keeper).

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{anyhow, bail, Context, Result};
use nix::sched::{setns, unshare, CloneFlags};
use nix::sys::signal::Signal;

use crate::{
    process::ProcessId,
    spec::{self, Spec},
};

/// The switch that joins the taps.
const BRIDGE: &str = "br0";

/// Name of a node's tap device inside the namespace.
pub(crate) fn tap(node: u8) -> String {
    format!("tap{node}")
}

/// Moves the calling process, which must be single-threaded, into a new namespace and builds the
/// switch there.
pub(crate) fn create(spec: &Spec) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)
        .context("cannot create a network namespace: root is needed")?;
    // Routers and other hosts do not exist here; autoconfiguration would only add noise.
    let _ = fs::write("/proc/sys/net/ipv6/conf/default/accept_ra", "0");
    let (v4, v6) = spec::host_addresses();
    let mut script = format!(
        "link set lo up\n\
         link add {BRIDGE} type bridge forward_delay 0 stp_state 0 mcast_snooping 0\n\
         addr add {v4}/24 dev {BRIDGE}\n\
         addr add {v6}/64 dev {BRIDGE} nodad\n\
         link set {BRIDGE} up\n"
    );
    for node in spec.numbers() {
        let tap = tap(node);
        script += &format!("tuntap add dev {tap} mode tap\nlink set {tap} master {BRIDGE} up\n");
    }
    ip(&script)
}

/// Takes a node's tap off the switch, or puts it back: packets then vanish without the guest
/// seeing its link go down. Runs inside the namespace.
pub(crate) fn connect_tap(node: u8, connected: bool) -> Result<()> {
    let tap = tap(node);
    ip(&if connected {
        format!("link set {tap} master {BRIDGE}\n")
    } else {
        format!("link set {tap} nomaster\n")
    })
}

/// Runs a batch of iproute2 commands in the current namespace.
fn ip(script: &str) -> Result<()> {
    let mut child = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run ip: the package iproute2 is needed")?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(script.as_bytes())?;
    }
    let out = child.wait_with_output()?;
    if !out.status.success() {
        bail!(
            "cannot set up the cluster's network (the host's kernel must have tun and bridge): {}",
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    Ok(())
}

/// Runs `f` on a thread inside the namespace of process `pid`: sockets made and processes started
/// there belong to that network.
pub(crate) fn inside<T: Send>(pid: i32, f: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let ns = File::open(format!("/proc/{pid}/ns/net")).context("the cluster's network is gone")?;
    let run = move || {
        setns(&ns, CloneFlags::CLONE_NEWNET)
            .context("cannot enter the cluster's network: root is needed")?;
        f()
    };
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| {
        Err(anyhow!(
            "a thread in the cluster's network panicked: {panic:?}"
        ))
    })
}

/// Kills every process in the namespace of process `keeper` but the keeper and the caller, and
/// waits until they are gone.
pub(crate) fn kill_inhabitants(keeper: i32, limit: Duration) -> Result<()> {
    let Some(home) = namespace_of(&keeper.to_string()) else {
        return Ok(());
    };
    let own = std::process::id() as i32;
    let end = Instant::now() + limit;
    loop {
        let inhabitants: Vec<ProcessId> = fs::read_dir("/proc")?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| *pid != keeper && *pid != own)
            .filter(|pid| namespace_of(&pid.to_string()) == Some(home))
            .filter_map(ProcessId::of)
            .filter(|process| process.alive())
            .collect();
        if inhabitants.is_empty() {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("processes {inhabitants:?} of the cluster do not die: look at them with ps, then repeat the command");
        }
        for process in &inhabitants {
            process.signal(Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Identity of the network namespace of a process: device and inode of its nsfs file.
fn namespace_of(pid: &str) -> Option<(u64, u64)> {
    let meta = fs::metadata(format!("/proc/{pid}/ns/net")).ok()?;
    Some((meta.dev(), meta.ino()))
}
