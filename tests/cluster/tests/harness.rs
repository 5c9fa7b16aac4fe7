// SPDX-License-Identifier: GPL-2.0
//! Cluster tests of the harness itself: programs, files, network, faults, and leaving no trace.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Result};
use mosix_cluster::{
    node::Power,
    scan,
    state,
    testing::{on_cluster, Shape},
    Cluster, Fault, Node,
};

/// Patience with what takes some time in a guest, also in a slow one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Repeats a check until it holds.
fn eventually(what: &str, mut check: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !check()? {
        ensure!(Instant::now() < end, "it did not come true in time: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn pings(from: &Node, to: &str) -> Result<bool> {
    Ok(from.exec(&format!("ping -c 1 -W 1 {to}"))?.success())
}

#[test]
fn exec_gives_status_and_both_outputs() {
    on_cluster(2, |c| {
        let out = c.node(1).exec("echo to stdout; echo to stderr >&2; exit 7")?;
        assert_eq!((out.status, &*out.stdout, &*out.stderr), (7, "to stdout\n", "to stderr\n"));
        assert_eq!(c.node(2).exec("hostname")?.stdout, "node2\n");
        assert_eq!(c.node(1).exec("kill -9 $$")?.status, 137);
        // No shell takes part here.
        assert_eq!(c.node(1).exec_args(["echo", "$HOME", "*"])?.stdout, "$HOME *\n");
        assert_eq!(c.node(1).command(["tr", "a-z", "A-Z"]).input("input").run()?, "INPUT");
        assert!(c.node(1).sh("false; echo not reached").is_err());
        let missing = c.node(1).exec_args(["/no/such/program"])?;
        assert!(!missing.success() && missing.stderr.contains("/no/such/program"), "{missing:?}");
        Ok(())
    });
}

#[test]
fn exec_is_another_user_when_told() {
    on_cluster(2, |c| {
        assert_eq!(c.node(1).command(["id", "-un"]).user("user").run()?, "user");
        assert_eq!(c.node(1).command(["id", "-u"]).run()?, "0");
        assert!(!c.node(1).command(["cat", "/etc/shadow"]).user("user").output()?.success());
        Ok(())
    });
}

#[test]
fn exec_kills_what_takes_too_long() {
    on_cluster(2, |c| {
        let slow = c.node(1).command(["bash", "-c", "sleep 98765 & sleep 98765"]).limit(Duration::from_secs(1));
        let error = slow.output().unwrap_err().to_string();
        assert!(error.contains("did not end"), "{error}");
        eventually("the program's children are gone, too", || {
            Ok(!c.node(1).exec("pgrep -f 'sleep 9876[5]'")?.success())
        })
    });
}

#[test]
fn output_streams_while_the_program_runs() {
    on_cluster(2, |c| {
        let mut process = c.node(1).spawn("echo first; echo oops >&2; sleep 600")?;
        eventually("output arrives before the program ends", || {
            let out = process.output_so_far()?;
            Ok(out.stdout == "first\n" && out.stderr == "oops\n")
        })?;
        assert_eq!(process.try_wait()?, None);
        process.kill("TERM")?;
        assert_eq!(process.wait()?.status, 128 + 15);
        Ok(())
    });
}

#[test]
fn input_streams_to_the_running_program() {
    on_cluster(2, |c| {
        let mut process = c.node(1).command(["sed", "-u", "s/^/got /"]).spawn_fed()?;
        process.feed(b"one\n")?;
        eventually("the answer to the first line", || Ok(process.output_so_far()?.stdout == "got one\n"))?;
        process.feed(b"two\n")?;
        eventually("the answer to the second", || Ok(process.output_so_far()?.stdout.ends_with("got two\n")))?;
        process.end_input()?;
        let out = process.wait()?;
        assert_eq!((out.status, &*out.stdout), (0, "got one\ngot two\n"));
        eventually("its files in the guest are gone", || {
            Ok(c.node(1).exec("ls /run/node")?.stdout.is_empty())
        })
    });
}

#[test]
fn much_output_arrives_complete() {
    on_cluster(2, |c| {
        // More than is given back to the guest's memory in one step.
        let bytes = 20 << 20;
        let mut process = c.node(1).spawn(&format!("yes | head -c {bytes}"))?;
        let mut count = 0;
        let status = process.forward(|stream, data| {
            assert_eq!(stream, 1, "{}", String::from_utf8_lossy(data));
            count += data.len();
            Ok(())
        })?;
        assert_eq!((status, count), (0, bytes));
        Ok(())
    });
}

#[test]
fn several_programs_run_on_one_node_at_once() {
    on_cluster(2, |c| {
        let mut long = c.node(1).spawn("sleep 600")?;
        std::thread::scope(|scope| -> Result<()> {
            let both: Vec<_> = ["one", "two", "three"]
                .map(|word| (word, c.node(1)))
                .into_iter()
                .map(|(word, node)| scope.spawn(move || (word, node.exec(&format!("sleep 0.2; echo {word}")))))
                .collect();
            for thread in both {
                let (word, out) = thread.join().unwrap();
                assert_eq!(out?.stdout.trim(), word);
            }
            Ok(())
        })?;
        assert_eq!(long.try_wait()?, None);
        Ok(())
    });
}

#[test]
fn files_go_in_and_out_unchanged() {
    on_cluster(2, |c| {
        let dir = std::env::temp_dir().join(format!("mosix-cluster-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        // All byte values, and no two chunks alike.
        let data: Vec<u8> = (0..5_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
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
            assert!(format!("{error:#}").contains("/no/such") || format!("{error:#}").contains("/dev"), "{error:#}");
        }
        c.node(1).sh("rm /root/file /root/empty /tmp/there")?;
        Ok(fs::remove_dir_all(dir)?)
    });
}

#[test]
fn nodes_are_what_the_contract_says() {
    on_cluster(2, |c| {
        for node in c.nodes() {
            let n = node.number();
            let mounts = node.sh("cat /proc/mounts")?;
            assert!(mounts.contains("index=on") && mounts.contains("nfs_export=on"), "{mounts}");
            assert!(mounts.lines().any(|line| line.starts_with("/dev/vdc /data ext4 rw")), "{mounts}");
            node.sh("touch /data/x /usr/x && rm /data/x /usr/x")?;
            assert_eq!(node.sh("getent hosts node2 | head -1 | tr -s ' ' | cut -d' ' -f2")?, "node2");
            let addresses = node.sh("ip -br addr show eth0")?;
            assert!(addresses.contains(&format!("10.77.0.{n}/24")), "{addresses}");
            assert!(addresses.contains(&format!("fd77::{n}/64")), "{addresses}");
            assert!(node.log_from(0).contains("Linux version"));
            assert!(node.dmesg()?.contains("is ready"));
        }
        let programs = "postmark fio sqlite3 python3 perl gcc make gzip bzip2 xz tar git strace criu iperf3 \
                        exportfs mount.nfs rpc.nfsd mkfs.ext4 ps killall";
        c.node(1).sh(&format!("for p in {programs}; do command -v $p >/dev/null || {{ echo $p; exit 1; }}; done"))?;
        Ok(())
    });
}

#[test]
fn nodes_reach_each_other_over_ipv4_and_ipv6() {
    on_cluster(2, |c| {
        for (from, to) in [(1, "10.77.0.2"), (2, "10.77.0.1"), (1, "fd77::2"), (2, "fd77::1"), (1, "node2")] {
            assert!(pings(&c.node(from), to)?, "node {from} does not reach {to}");
        }
        assert!(pings(&c.node(1), "10.77.0.254")? && pings(&c.node(1), "fd77::fe")?, "the host's end of the switch");
        Ok(())
    });
}

#[test]
fn harness_talks_to_the_nodes_itself() {
    on_cluster(2, |c| {
        let serve = "import socket; s = socket.create_server(('', 7000)); print('up', flush=True); \
                     c = s.accept()[0]; c.sendall(c.recv(100).upper())";
        let mut server = c.node(2).command(["python3", "-c", serve]).spawn()?;
        eventually("the server listens", || Ok(server.output_so_far()?.stdout == "up\n"))?;
        let mut stream = c.tcp_connect(2, 7000)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"hello")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        assert_eq!(answer, "HELLO");
        assert!(c.tcp_connect(1, 7000).is_err(), "nobody listens there");

        let listener = c.tcp_listen(7001)?;
        let client = c.node(1).spawn("echo from the guest >/dev/tcp/10.77.0.254/7001")?;
        let mut text = String::new();
        listener.accept()?.0.read_to_string(&mut text)?;
        assert_eq!(text, "from the guest\n");
        assert!(client.wait()?.success());
        Ok(())
    });
}

#[test]
fn cut_and_silenced_nodes_are_unreachable_until_healed() {
    on_cluster(2, |c| {
        for (fault, carrier) in [(Fault::Cut, "0"), (Fault::Silence, "1")] {
            c.node(2).fault(fault)?;
            eventually("the carrier is as it should be", || {
                Ok(c.node(2).sh("cat /sys/class/net/eth0/carrier")? == carrier)
            })?;
            assert!(!pings(&c.node(1), "10.77.0.2")?, "{fault:?} has no effect");
            c.node(2).fault(Fault::Heal)?;
            eventually("it is reachable again", || pings(&c.node(1), "10.77.0.2"))?;
        }
        Ok(())
    });
}

#[test]
fn frozen_node_stands_still_until_thawed() {
    on_cluster(2, |c| {
        let node = c.node(2);
        node.sh("nohup bash -c 'while :; do echo tick >>/tmp/ticks; sleep 0.05; done' >/dev/null 2>&1 & echo $! >/tmp/pid")?;
        node.fault(Fault::Freeze)?;
        assert_eq!(node.power(), Power::Frozen);
        let error = node.exec("true").unwrap_err().to_string();
        assert!(error.contains("frozen"), "{error}");
        assert!(!pings(&c.node(1), "10.77.0.2")?);
        node.fault(Fault::Thaw)?;
        assert_eq!(node.power(), Power::On);
        let ticks = node.sh("wc -l </tmp/ticks")?;
        eventually("its programs go on", || Ok(node.sh("wc -l </tmp/ticks")? != ticks))?;
        node.sh("kill $(cat /tmp/pid); rm /tmp/ticks /tmp/pid")?;
        Ok(())
    });
}

#[test]
fn killed_node_starts_again_with_its_disks() {
    on_cluster(2, |c| {
        let node = c.node(2);
        let boots = |node: &Node| node.log_from(0).matches("Linux version ").count();
        let before = boots(&node);
        node.sh("echo kept >/data/kept; echo kept >/root/kept; sync")?;
        let waiting = node.spawn("sleep 600")?;
        node.fault(Fault::Kill)?;
        assert_eq!(node.power(), Power::Off);
        for error in [node.exec("true").unwrap_err(), waiting.wait().map(drop).unwrap_err()] {
            assert!(error.to_string().contains("node 2 is off"), "{error:#}");
        }
        assert!(node.fault(Fault::Kill).is_err(), "it is off already");
        assert!(!pings(&c.node(1), "10.77.0.2")?);
        node.start()?;
        assert_eq!(node.sh("cat /data/kept /root/kept; rm /data/kept /root/kept")?, "kept\nkept");
        eventually("it is reachable again", || pings(&c.node(1), "10.77.0.2"))?;
        node.fault(Fault::Reboot)?;
        assert_eq!(boots(&node), before + 2, "the log holds all boots");
        Ok(())
    });
}

#[test]
fn panic_is_reported_as_the_reason_for_being_off() {
    Shape::nodes(1).private().expect_complaint("").run(|c| {
        let node = c.node(1);
        // The answer to the command may or may not get out before the end.
        let _ = node.exec("echo c >/proc/sysrq-trigger");
        eventually("the node is off", || Ok(node.power() == Power::Off))?;
        let error = node.exec("true").unwrap_err().to_string();
        assert!(error.contains("Kernel panic"), "{error}");
        let kinds: Vec<_> = scan::scan(&node.log_from(0)).into_iter().map(|report| report.kind).collect();
        assert!(kinds.contains(&"panic"), "{kinds:?}");
        Ok(())
    });
}

#[test]
fn delay_shows_in_the_round_trip() {
    Shape::nodes(2).with(|b| b.delay_ms(200).no_nfs_export(2)).run(|c| {
        let out = c.node(1).sh("ping -c 3 -W 20 10.77.0.2")?;
        // rtt min/avg/max/mdev = 400.5/401.2/402.3/0.1 ms
        let Some(min) = out.split("= ").nth(1).and_then(|tail| tail.split('/').next()?.parse::<f64>().ok()) else {
            bail!("ping printed no times: {out}");
        };
        assert!(min >= 399.0, "200 ms each way, but a round trip of {min} ms");
        let mounts = |n| c.node(n).sh("cat /proc/mounts");
        assert!(mounts(1)?.contains("nfs_export=on"));
        assert!(!mounts(2)?.contains("nfs_export=on"), "node 2 was to do without");
        Ok(())
    });
}

#[test]
fn loss_loses_packets() {
    Shape::nodes(2).with(|b| b.loss_pct(50.0)).run(|c| {
        // Both directions lose half: the chance that none or all of 60 come back is negligible.
        let out = c.node(1).exec("ping -c 60 -i 0.02 -W 1 10.77.0.2")?;
        let received = out.stdout.split(", ").find_map(|part| part.strip_suffix(" received")?.parse::<u32>().ok());
        assert!(matches!(received, Some(1..=59)), "{}", out.stdout);
        Ok(())
    });
}

#[test]
fn complaint_in_a_guest_fails_the_test() {
    let line = "WARNING: fake/for/the/test.c:1 at nothing+0x0/0x1, CPU#0: none/1";
    let complain = |c: &Cluster| c.node(2).sh(&format!("echo '{line}' >/dev/kmsg")).map(drop);
    let caught = std::panic::catch_unwind(|| Shape::nodes(2).private().run(complain));
    let message = *caught.expect_err("the scanner overlooked it").downcast::<String>().unwrap();
    assert!(message.contains("node 2, WARN") && message.contains("fake/for/the/test.c"), "{message}");
    Shape::nodes(2).private().expect_complaint("fake/for/the/test.c").run(complain);
}

#[test]
fn instructions_are_counted_by_mode() {
    Shape::nodes(1).with(|b| b.icount(true).accel(mosix_cluster::Accel::Tcg)).run(|c| {
        let node = c.node(1);
        // 50 million turns of two instructions each, straight-line user code.
        let source = "int main(void) { long n = 50000000; \
                      __asm__ volatile(\"1: dec %0\\n jnz 1b\" : \"+r\"(n)); return (int)n; }";
        node.command(["gcc", "-O1", "-x", "c", "-", "-o", "/tmp/loop"]).input(source).run()?;
        node.sh("/tmp/loop")?;
        let before = node.insns()?;
        node.sh("/tmp/loop")?;
        let used = node.insns()? - before;
        assert!((100_000_000..130_000_000).contains(&used.user), "user: {used:?}");
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
fn clusters_run_side_by_side_and_leave_nothing() {
    let first = Cluster::builder().nodes(1).up().unwrap();
    let second = Cluster::builder().nodes(1).up().unwrap();
    // Same addresses, separate networks.
    for (cluster, word) in [(&first, "first"), (&second, "second")] {
        cluster.node(1).put_bytes(word.as_bytes(), 0o644, "/tmp/name").unwrap();
    }
    assert_eq!(first.node(1).get_bytes("/tmp/name").unwrap(), b"first");
    let same = Cluster::builder().name(first.name()).nodes(1).up();
    assert!(same.unwrap_err().to_string().contains("already"));

    let (name, pids) = (first.name().to_owned(), processes_of(first.name()));
    assert!(pids.len() >= 2, "machine and keeper: {pids:?}");
    let node = first.node(1);
    first.down().unwrap();
    assert_eq!(processes_of(&name), Vec::<i32>::new());
    assert!(!mosix_cluster::layout::clusters().join(&name).exists());
    assert!(node.exec("true").is_err());
    assert_eq!(second.node(1).get_bytes("/tmp/name").unwrap(), b"second");

    let name = second.name().to_owned();
    drop(second);
    assert_eq!(processes_of(&name), Vec::<i32>::new());
    assert!(state::list().iter().all(|(other, _)| *other != name));
}

/// Processes that have a cluster's name on their command line.
fn processes_of(cluster: &str) -> Vec<i32> {
    let own = std::process::id() as i32;
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| contains(&line, cluster.as_bytes())))
        .collect()
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
