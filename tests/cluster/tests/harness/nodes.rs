// SPDX-License-Identifier: GPL-2.0
//! What nodes are made of: their contents, files in and out, counted instructions, watched logs.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use mosix_cluster::{
    node::Power,
    scan,
    testing::{on_cluster, Shape},
    Accel, Cluster,
};

use crate::eventually;

#[test]
fn nodes_are_what_the_contract_says() {
    on_cluster(2, |c| {
        for node in c.nodes() {
            let n = node.number();
            let mounts = node.sh("cat /proc/mounts")?;
            assert!(
                mounts.contains("index=on") && mounts.contains("nfs_export=on"),
                "{mounts}"
            );
            assert!(
                mounts
                    .lines()
                    .any(|line| line.starts_with("/dev/vdc /data ext4 rw")),
                "{mounts}"
            );
            node.sh("touch /data/x /usr/x && rm /data/x /usr/x")?;
            assert_eq!(
                node.sh("getent hosts node2 | head -1 | tr -s ' ' | cut -d' ' -f2")?,
                "node2"
            );
            let addresses = node.sh("ip -br addr show eth0")?;
            assert!(
                addresses.contains(&format!("10.77.0.{n}/24")),
                "{addresses}"
            );
            assert!(addresses.contains(&format!("fd77::{n}/64")), "{addresses}");
            assert!(node.log_from(0).contains("Linux version"));
            assert!(node.dmesg()?.contains("is ready"));
        }
        let programs =
            "postmark fio sqlite3 python3 perl gcc make gzip bzip2 xz tar git strace criu iperf3 \
                        exportfs mount.nfs rpc.nfsd mkfs.ext4 ps killall";
        c.node(1).sh(&format!(
            "for p in {programs}; do command -v $p >/dev/null || {{ echo $p; exit 1; }}; done"
        ))?;
        Ok(())
    });
}

#[test]
fn files_go_in_and_out_unchanged() {
    on_cluster(2, |c| {
        let dir = std::env::temp_dir().join(format!("mosix-cluster-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        // All byte values, and no two chunks alike.
        let data: Vec<u8> = (0..5_u32 << 20)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let (there, back) = (dir.join("there"), dir.join("back"));
        fs::write(&there, &data)?;
        fs::set_permissions(&there, fs::Permissions::from_mode(0o4751))?;
        c.node(1).put(&there, "/root/file")?;
        assert_eq!(c.node(1).sh("stat -c '%a %s' /root/file")?, "4751 5242880");
        c.node(1).get("/root/file", &back)?;
        assert!(fs::read(&back)? == data, "the file came back changed");
        assert_eq!(fs::metadata(&back)?.permissions().mode() & 0o7777, 0o4751);
        // Into folders, on both sides.
        c.node(1).put(&there, "/tmp")?;
        assert!(c.node(1).exec("cmp /tmp/there /root/file")?.success());
        c.node(1).get("/etc/hostname", &dir)?;
        assert_eq!(fs::read_to_string(dir.join("hostname"))?, "node1\n");
        c.node(1).put_bytes(b"", 0o600, "/root/empty")?;
        assert_eq!(c.node(1).get_bytes("/root/empty")?, b"");

        let errors = [
            c.node(1).get("/no/such", &back).unwrap_err(),
            c.node(1).get("/dev", &back).unwrap_err(),
            c.node(1).put(Path::new("/no/such"), "/root/x").unwrap_err(),
            c.node(1).put(&there, "/no/such/folder/x").unwrap_err(),
        ];
        for error in errors {
            assert!(
                format!("{error:#}").contains("/no/such") || format!("{error:#}").contains("/dev"),
                "{error:#}"
            );
        }
        c.node(1).sh("rm /root/file /root/empty /tmp/there")?;
        Ok(fs::remove_dir_all(dir)?)
    });
}

#[test]
fn instructions_are_counted_by_mode() {
    Shape::nodes(1)
        .with(|b| b.icount(true).accel(Accel::Tcg))
        .run(|c| {
            let node = c.node(1);
            // 50 million turns of two instructions each, straight-line user code.
            let source = "int main(void) { long n = 50000000; \
                      __asm__ volatile(\"1: dec %0\\n jnz 1b\" : \"+r\"(n)); return (int)n; }";
            node.command(["gcc", "-O1", "-x", "c", "-", "-o", "/tmp/loop"])
                .input(source)
                .run()?;
            node.sh("/tmp/loop")?;
            let before = node.insns()?;
            node.sh("/tmp/loop")?;
            let used = node.insns()? - before;
            assert!(
                (100_000_000..130_000_000).contains(&used.user),
                "user: {used:?}"
            );
            let before = node.insns()?;
            node.sh("dd if=/dev/zero of=/dev/null bs=1 count=100000 2>/dev/null")?;
            let used = node.insns()? - before;
            // 200,000 system calls of some hundred instructions, and little besides.
            assert!(used.kernel > 20_000_000, "kernel: {used:?}");
            assert!(used.kernel > used.user, "{used:?}");
            assert_eq!(used.total(), used.user + used.kernel);
            Ok(())
        });
}

#[test]
fn complaint_in_a_guest_fails_the_test() {
    let line = "WARNING: fake/for/the/test.c:1 at nothing+0x0/0x1, CPU#0: none/1";
    let complain = |c: &Cluster| c.node(1).sh(&format!("echo '{line}' >/dev/kmsg")).map(drop);
    let caught = std::panic::catch_unwind(|| Shape::nodes(1).private().run(complain));
    let message = *caught
        .expect_err("the scanner overlooked it")
        .downcast::<String>()
        .unwrap();
    assert!(
        message.contains("node 1, WARN") && message.contains("fake/for/the/test.c"),
        "{message}"
    );
    Shape::nodes(2)
        .private()
        .expect_complaint("fake/for/the/test.c")
        .run(complain);
}

#[test]
fn panic_is_reported_as_the_reason_for_being_off() {
    Shape::nodes(1).private().expect_complaint("").run(|c| {
        let node = c.node(1);
        // The answer to the command may or may not get out before the end. The debug kernel has no
        // sysrq: there tail, which keeps all of its last line in memory, uses it up.
        let _ = node.exec(
            "echo c >/proc/sysrq-trigger || { echo 1 >/proc/sys/vm/panic_on_oom; tail /dev/zero; }",
        );
        eventually("the node is off", || Ok(node.power() == Power::Off))?;
        let error = node.exec("true").unwrap_err().to_string();
        assert!(error.contains("Kernel panic"), "{error}");
        let kinds: Vec<_> = scan::scan(&node.log_from(0))
            .into_iter()
            .map(|report| report.kind)
            .collect();
        assert!(kinds.contains(&"panic"), "{kinds:?}");
        Ok(())
    });
}
