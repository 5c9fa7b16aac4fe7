// SPDX-License-Identifier: GPL-2.0
//! What a cluster is to be: the choices of `cluster up`, checked before anything is started.

use std::{fmt, net::Ipv4Addr, net::Ipv6Addr};

use anyhow::{bail, Result};
use serde::{Deserialize, Serialize};

/// Most nodes a cluster can have: what 24 GiB and two cores carry.
pub const MAX_NODES: u8 = 8;
/// Number that the host's end of the switch has in both address families' last place.
const HOST_V4: u8 = 254;
const HOST_V6: u16 = 0xfe;

/// Which kernel the nodes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kernel {
    /// The distribution's kernel, as packaged.
    Stock,
    /// The same source with KASAN, lockdep, kmemleak and fault injection; everything built in.
    Debug,
}

impl Kernel {
    /// Memory per node in MiB when none was asked for.
    pub fn default_mem(self) -> u32 {
        match self {
            Kernel::Stock => 768,
            Kernel::Debug => 1536,
        }
    }

    /// How much longer than a stock guest this one takes for the same work; scales time limits.
    pub fn slowness(self) -> u32 {
        match self {
            Kernel::Stock => 1,
            Kernel::Debug => 4,
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kernel::Stock => "stock",
            Kernel::Debug => "debug",
        })
    }
}

/// How QEMU executes guest code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Accel {
    /// Hardware virtualisation through /dev/kvm.
    Kvm,
    /// QEMU's own translator: works everywhere.
    Tcg,
}

impl fmt::Display for Accel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Accel::Kvm => "KVM",
            Accel::Tcg => "TCG",
        })
    }
}

/// The full description of a cluster, as recorded in its state file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Name of the cluster and of its folder under build/clusters.
    pub name: String,
    /// Number of nodes, 1 to [`MAX_NODES`]; they are numbered from 1.
    pub nodes: u8,
    /// Kernel that all nodes run.
    pub kernel: Kernel,
    /// Memory per node in MiB.
    pub mem_mb: u32,
    /// Delay of each packet that leaves a node, in milliseconds (a round trip takes two of them).
    pub delay_ms: u32,
    /// Share of packets lost on leaving a node, in per cent.
    pub loss_pct: f64,
    /// Accelerator in use.
    pub accel: Accel,
    /// Whether the guests' instructions are counted.
    pub icount: bool,
    /// The node whose overlay is mounted without index and nfs_export.
    pub no_nfs_export: Option<u8>,
    /// Whether each machine keeps to one processor of the host.
    pub pin: bool,
}

impl Spec {
    /// Checks every choice; the error names the option to change.
    pub fn validate(&self) -> Result<()> {
        check_name(&self.name)?;
        if !(1..=MAX_NODES).contains(&self.nodes) {
            bail!(
                "{} nodes were asked for: choose 1 to {MAX_NODES} with -n",
                self.nodes
            );
        }
        if !(256..=16384).contains(&self.mem_mb) {
            bail!(
                "{} MB per node: choose 256 to 16384 with --mem",
                self.mem_mb
            );
        }
        if self.delay_ms > 10_000 {
            bail!(
                "a delay of {} ms: choose 0 to 10000 with --delay",
                self.delay_ms
            );
        }
        if !(0.0..=100.0).contains(&self.loss_pct) {
            bail!("a loss of {} %: choose 0 to 100 with --loss", self.loss_pct);
        }
        if let Some(node) = self
            .no_nfs_export
            .filter(|node| !(1..=self.nodes).contains(node))
        {
            bail!(
                "--no-nfs-export {node}: there is no such node, choose 1 to {}",
                self.nodes
            );
        }
        if self.icount && self.accel == Accel::Kvm {
            bail!("instructions are counted by TCG only: use --accel tcg with --icount");
        }
        Ok(())
    }

    /// The host's processor, of `processors`, that the machine of `node` keeps to.
    pub fn processor(&self, node: u8, processors: usize) -> Option<usize> {
        let at = usize::from(node).checked_sub(1)?;
        self.pin.then_some(at % processors.max(1))
    }

    /// Node numbers, 1 to [`Self::nodes`].
    pub fn numbers(&self) -> std::ops::RangeInclusive<u8> {
        1..=self.nodes
    }
}

/// Whether `name` can name a cluster, and with it a folder.
pub fn check_name(name: &str) -> Result<()> {
    if name.len() > 40
        || !name.starts_with(|c: char| c.is_ascii_alphanumeric())
        || !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    {
        bail!(
            "\"{name}\" is no cluster name: use 1 to 40 letters, digits, '-', '_' or '.', \
             beginning with a letter or digit"
        );
    }
    Ok(())
}

/// IPv4 address of a node on the private switch (prefix length 24).
pub fn ipv4(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, node)
}

/// IPv6 address of a node on the private switch (prefix length 64).
pub fn ipv6(node: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, node.into())
}

/// The harness's own addresses on the switch.
pub fn host_addresses() -> (Ipv4Addr, Ipv6Addr) {
    (
        ipv4(HOST_V4),
        Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, HOST_V6),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            name: "t".into(),
            nodes: 2,
            kernel: Kernel::Stock,
            mem_mb: 768,
            delay_ms: 0,
            loss_pct: 0.0,
            accel: Accel::Tcg,
            icount: false,
            no_nfs_export: None,
            pin: false,
        }
    }

    #[test]
    fn pinned_nodes_take_turns_on_the_processors() {
        let mut spec = spec();
        assert_eq!(spec.processor(1, 2), None);
        spec.pin = true;
        let taken: Vec<_> = (1..=3).map(|node| spec.processor(node, 2)).collect();
        assert_eq!(taken, [Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn good_spec_passes() {
        spec().validate().unwrap();
    }

    #[test]
    fn each_bad_choice_is_named() {
        type Change = fn(&mut Spec);
        let cases: [(Change, &str); 9] = [
            (|s| s.name = "../x".into(), "cluster name"),
            (|s| s.name = "".into(), "cluster name"),
            (|s| s.nodes = 0, "-n"),
            (|s| s.nodes = 9, "-n"),
            (|s| s.mem_mb = 64, "--mem"),
            (|s| s.delay_ms = 60_000, "--delay"),
            (|s| s.loss_pct = f64::NAN, "--loss"),
            (|s| s.no_nfs_export = Some(3), "--no-nfs-export"),
            (|s| (s.icount, s.accel) = (true, Accel::Kvm), "--icount"),
        ];
        for (change, word) in cases {
            let mut bad = spec();
            change(&mut bad);
            let error = bad.validate().unwrap_err().to_string();
            assert!(error.contains(word), "{error:?} does not name {word:?}");
        }
    }

    #[test]
    fn addresses_follow_the_node_number() {
        assert_eq!(ipv4(3).to_string(), "10.77.0.3");
        assert_eq!(ipv6(3).to_string(), "fd77::3");
        assert_eq!(host_addresses().0.to_string(), "10.77.0.254");
        assert_eq!(host_addresses().1.to_string(), "fd77::fe");
    }
}
