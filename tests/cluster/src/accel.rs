// SPDX-License-Identifier: GPL-2.0
//! Which accelerator works here. That /dev/kvm can be opened says little: some virtual hosts offer
//! a KVM that stops in the middle of a stock kernel's boot. So a probe guest is booted once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{
    cluster::Cluster,
    interrupt, layout,
    progress::Step,
    spec::{Accel, Kernel},
    state,
};

/// Name of the probe's one-node cluster.
const PROBE: &str = "kvm-probe";
/// Time in which a guest must be ready to count as accelerated.
const LIMIT: Duration = Duration::from_secs(15);

/// What the probe found, and for which host and guest.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Finding {
    host: String,
    guest: String,
    accel: Accel,
    reason: String,
}

fn cache() -> PathBuf {
    layout::build().join("accel")
}

/// Kernel and processor of the host: what decides whether KVM works.
fn host() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let cpu = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .unwrap_or("unknown processor");
    let cpu = cpu.split_once(':').map_or(cpu, |(_, name)| name).trim();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{}, {cpu}", kernel.trim())
}

/// The stock guest kernel that was probed: its image's size and time stand for its contents.
fn guest() -> String {
    let image = layout::build().join("image/stock/vmlinuz");
    let stamp = fs::metadata(image)
        .ok()
        .map(|meta| (meta.len(), meta.modified().ok()));
    format!("{stamp:?}")
}

/// The accelerator for a new cluster: KVM if it is known, or now found, to boot a stock guest.
pub fn choose(quiet: bool) -> Result<Accel> {
    let (host, guest) = (host(), guest());
    if let Some(found) = load(&cache()).filter(|found| found.host == host && found.guest == guest) {
        return Ok(found.accel);
    }
    let step = if quiet {
        Step::silent()
    } else {
        Step::begin("probing whether KVM boots a stock guest here")
    };
    let (accel, reason) = match probe() {
        Ok(seconds) => (
            Accel::Kvm,
            format!("a stock guest was ready in {seconds:.1} s"),
        ),
        Err(error) => {
            interrupt::check()?;
            (
                Accel::Tcg,
                format!("{error:#}")
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            )
        }
    };
    step.done(&format!("using {accel}: {reason}"));
    let finding = Finding {
        host,
        guest,
        accel,
        reason,
    };
    state::write_atomically(&cache(), &serde_json::to_vec_pretty(&finding)?)?;
    Ok(accel)
}

fn load(path: &Path) -> Option<Finding> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Boots one node under KVM; how long that took.
fn probe() -> Result<f64> {
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .map_err(|error| anyhow::anyhow!("/dev/kvm cannot be opened ({error})"))?;
    let start = Instant::now();
    // The watchdog ends a guest that neither boots nor breaks: its boot then fails as "off".
    let (done, watchdog) = mpsc::channel::<()>();
    let timer = thread::spawn(move || {
        if watchdog.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = state::tear_down(PROBE);
        }
    });
    state::tear_down(PROBE)?;
    let result = Cluster::builder()
        .name(PROBE)
        .nodes(1)
        .kernel(Kernel::Stock)
        .accel(Accel::Kvm)
        .quiet(true)
        .up();
    drop(done);
    let _ = timer.join();
    result?.down()?;
    Ok(start.elapsed().as_secs_f64())
}
