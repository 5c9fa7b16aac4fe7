// SPDX-License-Identifier: GPL-2.0
//! The command line of a node's machine.

use std::path::Path;

use crate::{
    layout::{Dir, Image},
    monitor::NETDEV,
    netns,
    spec::{Accel, Kernel, Spec},
};

/// The emulator.
pub(crate) const PROGRAM: &str = "qemu-system-x86_64";

/// Arguments for node `node`; relative paths are meant from the cluster's folder. With `plugin`
/// the machine counts its instructions into the node's `insns` file.
pub(crate) fn arguments(
    spec: &Spec,
    node: u8,
    image: &Image,
    plugin: Option<&Path>,
) -> Vec<String> {
    let mut args = Vec::new();
    let mut add = |option: &str, value: String| args.extend([option.to_owned(), value]);
    add(
        "-name",
        format!("{}-node{node},debug-threads=on", spec.name),
    );
    add("-machine", "pc,hpet=off".into());
    match spec.accel {
        Accel::Kvm => {
            add("-accel", "kvm".into());
            add("-cpu", "host".into());
        }
        Accel::Tcg => {
            add("-accel", "tcg,thread=multi,tb-size=256".into());
            // With ERMS or FSRM the kernel copies by `rep movsb`, which TCG runs byte by byte.
            // Without la57: while identify_cpu() has the capabilities cleared for a moment, KASAN would
            // take an interrupt's addresses for wild ones.
            add("-cpu", "max,-erms,-fsrm,-la57".into());
        }
    }
    add("-smp", "1".into());
    add("-m", spec.mem_mb.to_string());
    add("-display", "none".into());
    add("-kernel", path(&image.vmlinuz));
    add("-initrd", path(&image.initrd));
    add("-append", kernel_command_line(spec, node));

    // The first serial port is the kernel's log, the second one a shell.
    add(
        "-chardev",
        format!("file,id=log,path={},append=on", Dir::node_name(node, "log")),
    );
    add("-serial", "chardev:log".into());
    add("-chardev", socket("console", node));
    add("-serial", "chardev:console".into());
    add("-chardev", socket("qga", node));
    add("-device", "virtio-serial-pci".into());
    add(
        "-device",
        "virtserialport,chardev=qga,name=org.qemu.guest_agent.0".into(),
    );
    add("-chardev", socket("qmp", node));
    add("-mon", "chardev=qmp,mode=control".into());

    // In the order in which the guest names them vda, vdb, vdc.
    let disks = [
        ("root", path(&image.root), "on"),
        ("overlay", Dir::node_name(node, "overlay"), "off"),
        ("data", Dir::node_name(node, "data"), "off"),
    ];
    for (id, file, read_only) in disks {
        add(
            "-drive",
            format!("if=none,id={id},file={file},format=raw,cache=unsafe,aio=threads,read-only={read_only}"),
        );
        add("-device", format!("virtio-blk-pci,drive={id}"));
    }
    add(
        "-netdev",
        format!(
            "tap,id={NETDEV},ifname={},script=no,downscript=no",
            netns::tap(node)
        ),
    );
    add(
        "-device",
        format!("virtio-net-pci,netdev={NETDEV},mac=52:54:00:4d:58:{node:02x},romfile="),
    );
    if let Some(plugin) = plugin {
        add(
            "-plugin",
            format!("{},out={}", path(plugin), Dir::node_name(node, "insns")),
        );
    }
    args.extend(["-nodefaults", "-no-user-config", "-no-reboot"].map(String::from));
    args
}

/// What the kernel and the guest's init are told.
fn kernel_command_line(spec: &Spec, node: u8) -> String {
    let mut line = format!(
        "console=ttyS0 ignore_loglevel panic=-1 rcupdate.rcu_cpu_stall_timeout=60 \
         mosix.node={node} mosix.nodes={} mosix.cluster={} mosix.delay={} mosix.loss={}",
        spec.nodes, spec.name, spec.delay_ms, spec.loss_pct
    );
    if spec.no_nfs_export == Some(node) {
        line += " mosix.overlay=plain";
    }
    if spec.kernel == Kernel::Debug {
        line += " kmemleak=on";
    }
    line
}

fn socket(kind: &str, node: u8) -> String {
    format!(
        "socket,id={kind},path={},server=on,wait=off",
        Dir::node_name(node, kind)
    )
}

/// A path as QEMU's option syntax wants it: a comma is doubled.
fn path(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(change: impl Fn(&mut Spec)) -> String {
        let mut spec = Spec {
            name: "t".into(),
            nodes: 3,
            kernel: Kernel::Stock,
            mem_mb: 512,
            delay_ms: 5,
            loss_pct: 0.5,
            accel: Accel::Tcg,
            icount: false,
            no_nfs_export: Some(2),
            pin: false,
        };
        change(&mut spec);
        let image = Image {
            root: "/a,b/root.img".into(),
            vmlinuz: "/k".into(),
            initrd: "/i".into(),
        };
        arguments(&spec, 2, &image, None).join(" ")
    }

    #[test]
    fn node_is_told_who_it_is() {
        let line = line(|_| ());
        assert!(line
            .contains("mosix.node=2 mosix.nodes=3 mosix.cluster=t mosix.delay=5 mosix.loss=0.5"));
        assert!(line.contains("mosix.overlay=plain"));
        assert!(line.contains("ifname=tap2,"));
    }

    #[test]
    fn tcg_avoids_slow_copies_and_kvm_uses_the_host() {
        assert!(line(|_| ()).contains("-cpu max,-erms,-fsrm,-la57"));
        assert!(line(|s| s.accel = Accel::Kvm).contains("-accel kvm -cpu host"));
    }

    #[test]
    fn commas_in_paths_are_doubled() {
        assert!(line(|_| ()).contains("file=/a,,b/root.img,"));
    }
}
