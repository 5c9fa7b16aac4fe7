// SPDX-License-Identifier: GPL-2.0
//! Node 2 dies, stands still or is cut off while programs on node 1 use its files; mounting, leaving and
//! unloading in every state; memory and open files back to the start.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{ensure, Result};
use mosix_cluster::{
    mosix::{self, expect_failure, Config},
    Fault, Node,
};

use crate::world::{self, long, on_mfs, slowness, World};

/// What keeps node 2 busy until it fails; each runs for ever and ends by an error.
const LOADS: &[(&str, &str)] = &[
    ("tar", "while :; do tar -C /usr/lib/python3.13 -cf - json email | tar -C $M/tar -xf - || exit; rm -r $M/tar/* || exit; done"),
    ("git", "git init -q $M/git/r; cd $M/git/r || exit; while :; do date +%N >f; git add f && git commit -qm x || exit; git fsck >/dev/null 2>&1 || exit; done"),
    ("sqlite", "sqlite3 $M/sqlite/db 'create table t (n)' || exit; while :; do sqlite3 $M/sqlite/db 'insert into t values (1)' || exit; done"),
    ("build", "cd $M/build; while :; do echo 'int main(void){return 0;}' >a.c && gcc -o a a.c && ./a || exit; done"),
    ("fio", "while :; do fio --name=v --directory=$M/fio --rw=randrw --size=2m --bs=16k --verify=crc32c --fsync=8 --randrepeat=0 >/dev/null 2>&1 || exit; done"),
    ("postmark", "cd $M/postmark; while :; do printf 'set number 50\\nset transactions 100\\nrun\\nquit\\n' | postmark >log 2>&1; ls $M >/dev/null || exit; done"),
    ("stat", "while :; do ls -lR $M/stat >/dev/null || exit; done"),
    ("locks", "while :; do flock $M/locks/l true || exit; done"),
    ("map", "while :; do cmp $M/map/big $M/map/other || exit; cat $M/map/big >/dev/null || exit; /mfs/2/usr/bin/true || exit; done"),
];

/// Longest that anything may hang on a node that does not answer.
fn deadline() -> Duration {
    Duration::from_secs(8 + 6 * u64::from(slowness()))
}

/// Starts loads on node 1 and lets node 2 fail under them: all of them end in time.
fn fail_under(w: &World<'_>, loads: &[(&str, &str)], fault: Fault) -> Result<()> {
    let names: Vec<&str> = loads.iter().map(|(name, _)| *name).collect();
    w.py(2, &format!("for name in {names:?}: os.mkdir('/data/t/' + name)\nfor name in ('big', 'other'): put(f'/data/t/{{\"map\" if {names:?}.count(\"map\") else \"tar\"}}/{{name}}', b'z' * 3000000)"))?;
    let mut running = Vec::new();
    for (name, script) in loads {
        let line = format!("export M=/mfs/2/data/t HOME=/root; git config --global user.email t@t; git config --global user.name t; {script}");
        running.push((*name, w.node(1).spawn(&line)?));
    }
    // What was synchronised before stays, whatever happens.
    w.py(
        1,
        "synced, fd = -1, os.open('/mfs/2/data/t/synced', os.O_CREAT | os.O_WRONLY)
def sync():
    global synced
    while True:
        try: os.pwrite(fd, struct.pack('<Q', synced + 1), 8 * (synced + 1)); os.fsync(fd)
        except OSError: return
        synced += 1
syncing = threading.Thread(target=sync); syncing.start()",
    )?;
    thread::sleep(Duration::from_secs(3) * slowness());
    for (name, process) in &mut running {
        ensure!(
            process.try_wait()?.is_none(),
            "{name} ended before: {:?}",
            process.output_so_far()?
        );
    }
    w.fault(2, fault)?;
    let begin = Instant::now();
    for (name, mut process) in running {
        while process.try_wait()?.is_none() {
            if begin.elapsed() > deadline() {
                let stack = w.node(1).sh("for p in /proc/[0-9]*; do grep -l mosix $p/stack 2>/dev/null && cat $p/comm $p/stack; done; true")?;
                let _ = process.kill("KILL");
                anyhow::bail!(
                    "{name} hangs {:?} after {fault:?}\n{stack}",
                    begin.elapsed()
                );
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
    println!(
        "{fault:?}: {} programs ended within {:.1} s",
        loads.len(),
        begin.elapsed().as_secs_f64()
    );
    w.expect(
        1,
        "syncing.join(20); os.close(fd); syncing.is_alive()",
        "False",
    )
}

/// How many files node 2 has open.
fn open_files(w: &World<'_>) -> Result<i64> {
    Ok(w.node(2)
        .sh("sync; sleep 0.3; awk '{ print $1 }' /proc/sys/fs/file-nr")?
        .parse()?)
}

/// Node 2 is back, what was synchronised is there, and everything works as before.
fn recover(w: &World<'_>, fault: Fault) -> Result<()> {
    match fault {
        Fault::Kill => {
            w.node(2).start()?;
            world::up(&w.node(2), &Config::of(w.cluster))?;
        }
        Fault::Freeze => w.fault(2, Fault::Thaw)?,
        _ => w.fault(2, Fault::Heal)?,
    }
    mosix::wait_alive(w.cluster)?;
    w.expect(1, "data = get('/mfs/2/data/t/synced'); list(struct.unpack_from(f'<{synced + 1}Q', data)) == list(range(synced + 1)) and synced > 0", "True")?;
    w.node(1).sh("rm -rf /mfs/2/data/t/*; test -z \"$(ls -A /mfs/2/data/t)\"; echo x >/mfs/2/data/t/f; cat /mfs/2/data/t/f")?;
    Ok(())
}

fn fail(w: &World<'_>, fault: Fault) -> Result<()> {
    let loads: Vec<&[(&str, &str)]> = if long() {
        LOADS.chunks(1).collect()
    } else {
        vec![LOADS]
    };
    for load in loads {
        w.py(2, "shutil.rmtree('/data/t'); os.mkdir('/data/t')")?;
        let before = open_files(w)?;
        fail_under(w, load, fault)?;
        recover(w, fault)?;
        let after = open_files(w)?;
        println!("{fault:?}: {before} open files on node 2 before, {after} afterwards");
        ensure!(
            after < before + 60,
            "{before} open files on node 2 before, {after} afterwards"
        );
    }
    Ok(())
}

#[test]
fn programs_end_when_the_server_loses_power_and_what_was_synchronised_stays() {
    on_mfs(|w| fail(w, Fault::Kill));
}

#[test]
fn programs_end_when_the_server_stands_still() {
    on_mfs(|w| fail(w, Fault::Freeze));
}

#[test]
fn programs_end_when_the_server_is_cut_off() {
    on_mfs(|w| fail(w, Fault::Cut));
}

/// Checks that a command fails and says this.
fn refused(node: &Node, line: &str, words: &[&str]) -> Result<()> {
    let out = node.exec(line)?;
    expect_failure(&out, out.status.max(1), words)
}

#[test]
fn mounting_leaving_and_unloading_are_clean_or_refused_in_every_state() {
    on_mfs(|w| {
        let node = w.node(1);
        let users = |n: &Node| n.sh("awk '$1 == \"mosix\" { print $3 }' /proc/modules");
        // Mounted: the module stays. In use: the mount stays.
        refused(&node, "rmmod mosix", &["in use"])?;
        w.py(
            1,
            "put('/mfs/2/data/t/f', b'x'); fd = os.open('/mfs/2/data/t/f', os.O_RDWR)",
        )?;
        refused(&node, "umount /mfs", &["busy"])?;
        w.py(1, "os.close(fd); os.chdir('/mfs/2/data/t')")?;
        refused(&node, "umount /mfs", &["busy"])?;
        w.py(1, "os.chdir('/'); area = mmap.mmap(fd := os.open('/mfs/2/data/t/f', os.O_RDONLY), 1, mmap.MAP_PRIVATE, mmap.PROT_READ); os.close(fd)")?;
        refused(&node, "umount /mfs", &["busy"])?;
        w.py(1, "area.close(); fd = os.open('/mfs/2/data/t/f', os.O_RDWR); own = os.open('/mfs/1/data/t/own', os.O_CREAT | os.O_RDWR)")?;

        // A second mount, a bind mount, a read-only one; a lazy umount leaves open files what they are.
        node.sh("mkdir -p /tmp/m; mount -t mfs /mfs /tmp/m; cat /tmp/m/2/data/t/f; mount --bind /mfs/2/data /mnt; cat /mnt/t/f; umount /mnt; umount /tmp/m
            mount -t mfs -o ro mfs /tmp/m; ! touch /tmp/m/2/data/t/f 2>/dev/null; umount /tmp/m")?;
        refused(&node, "mount -t mfs -o nonsense mfs /tmp/m", &[])?;
        node.sh("umount -l /mfs")?;
        w.expect(
            1,
            "os.pwrite(fd, b'after', 0), os.pread(fd, 5, 0), os.write(own, b'own')",
            "(5, b'after', 3)",
        )?;
        refused(&node, "rmmod mosix", &["in use"])?;
        world::mount(&node)?;
        w.expect(1, "get('/mfs/2/data/t/f')", "after")?;

        // Down while mounted: errors, no hang; up again: all there without a new mount.
        mosix::down(&node)?;
        refused(&node, "rmmod mosix", &["in use"])?;
        let answers = w.py(1, "[err(os.stat, '/mfs/2/data'), err(os.pread, fd, 1, 0), err(os.stat, '/mfs/1/data'), err(os.listdir, '/mfs/node2')]")?;
        ensure!(answers.matches("'E").count() == 4, "{answers}");
        mosix::up(&node)?;
        mosix::wait_alive(w.cluster)?;
        w.expect(1, "get('/mfs/2/data/t/f'), err(os.pread, fd, 1, 0), err(os.close, fd), err(os.close, own)", "(b'after', 'ESTALE', None, None)")?;

        // Not mounted: down, unload, and everything anew.
        for n in w.cluster.nodes() {
            n.sh("sync; umount /mfs")?;
        }
        for n in w.cluster.nodes() {
            ensure!(
                users(&n)? == "0" || mosix::status(&n).is_ok(),
                "node {}: {}",
                n.number(),
                users(&n)?
            );
            mosix::down(&n)?;
            ensure!(
                users(&n)? == "0",
                "node {}: {} users",
                n.number(),
                users(&n)?
            );
            mosix::unload(&n)?;
            refused(&n, "mount -t mfs mfs /mfs", &[])?;
            n.sh("! grep -w mfs /proc/filesystems")?;
            mosix::load(&n)?;
            world::mount(&n)?;
            n.sh("grep -w mfs /proc/filesystems; ls /mfs; ! ls /mfs/2 2>/dev/null; umount /mfs; mount -t mfs mfs /mfs")?;
            mosix::up(&n)?;
        }
        mosix::wait_alive(w.cluster)?;
        w.expect(1, "get('/mfs/2/data/t/f')", "after")
    });
}

#[test]
fn a_mount_goes_away_while_its_server_does_not_answer() {
    on_mfs(|w| {
        w.py(1, "put('/mfs/2/data/t/f', b'x'); fd = os.open('/mfs/2/data/t/f', os.O_RDWR); os.pread(fd, 1, 0)")?;
        w.fault(2, Fault::Cut)?;
        // Closing waits for nobody.
        let took: f64 = w.py(1, "timed(os.close, fd)[0]")?.parse()?;
        ensure!(took < 0.5 * f64::from(slowness()), "close took {took} s");
        let begin = Instant::now();
        w.node(1).sh("umount /mfs")?;
        ensure!(
            begin.elapsed() < deadline(),
            "umount took {:?}",
            begin.elapsed()
        );
        world::mount(&w.node(1))?;
        w.expect(
            1,
            "sorted(os.listdir('/mfs')), get('/mfs/3/etc/hostname')",
            "(['here', 'home', 'node1', 'node2', 'node3'], b'node3\\n')",
        )?;
        w.fault(2, Fault::Heal)?;
        mosix::wait_alive(w.cluster)?;
        w.expect(1, "get('/mfs/2/data/t/f')", "x")
    });
}

#[test]
fn a_served_file_system_can_be_unmounted_when_nobody_has_it_open() {
    on_mfs(|w| {
        w.node(2).sh("modprobe loop 2>/dev/null || true; truncate -s 64M /data/t/image; mkfs.ext4 -q /data/t/image; mkdir /data/t/m; mount -o loop /data/t/image /data/t/m; mkdir /data/t/m/d; echo inner >/data/t/m/d/f")?;
        w.py(1, "p = '/mfs/2/data/t/m/'; assert get(p + 'd/f') == b'inner\\n'; put(p + 'new', b'new'); os.listdir(p); os.rename(p + 'new', p + 'd/new'); fd = os.open(p + 'd/f', os.O_RDWR)")?;
        refused(&w.node(2), "umount /data/t/m", &["busy"])?;
        w.py(1, "os.close(fd); os.stat(p + 'd/f')")?;
        // Closing is on its way.
        w.node(2).sh("for n in 1 2 3 4 5 6 7 8 9 10; do umount /data/t/m 2>/dev/null && exit; sleep 0.2; done; umount /data/t/m")?;
        w.expect(
            1,
            "os.listdir(p), err(os.stat, p + 'd/f')",
            "([], 'ENOENT')",
        )?;
        w.node(2).sh("mount -o loop /data/t/image /data/t/m")?;
        w.expect(
            1,
            "get(p + 'd/f'), get(p + 'd/new')",
            "(b'inner\\n', b'new')",
        )?;
        // A full file system is full from afar.
        w.expect(
            1,
            "fd = os.open(p + 'full', os.O_CREAT | os.O_WRONLY)
def fill():
    while True: os.write(fd, b'x' * 1000000)
err(fill), os.close(fd), os.unlink(p + 'full')",
            "('ENOSPC', None, None)",
        )?;
        w.node(2).sh("for n in 1 2 3 4 5 6 7 8 9 10; do umount /data/t/m 2>/dev/null && exit; sleep 0.2; done; umount /data/t/m").map(drop)
    });
}

#[test]
fn what_was_used_a_moment_ago_does_not_hold_a_file_system() {
    on_mfs(|w| {
        w.node(2).sh("modprobe loop 2>/dev/null || true; truncate -s 64M /data/t/image; mkfs.ext4 -q /data/t/image; mkdir /data/t/m; losetup /dev/loop6 /data/t/image; mount /dev/loop6 /data/t/m; mkdir -p /data/t/m/d/e; echo inner >/data/t/m/d/e/f")?;
        for node in [2, 1] {
            w.py(node, "p = '/mfs/2/data/t/m/'")?;
            // From afar closing is on its way when close returns.
            let umount = match node {
                2 => "umount /data/t/m",
                _ => "for n in 1 2 3 4 5; do umount /data/t/m 2>/dev/null && exit; sleep 0.2; done; umount /data/t/m",
            };
            for turn in 0..3 {
                // All its directories are known now.
                w.expect(
                    node,
                    "[get(p + 'd/e/f') for n in range(5)][0].strip()",
                    "inner",
                )?;
                w.py(node, &format!("put(p + 'd/new', b'{turn}')"))?;
                // It is written back and shut down when umount returns, and the device is free.
                w.node(2).sh(umount)?;
                w.py(2, "os.close(os.open('/dev/loop6', os.O_RDWR | os.O_EXCL))")?;
                w.node(2).sh("e2fsck -fn /dev/loop6")?;
                w.expect(node, "err(os.stat, p + 'd/e/f')", "ENOENT")?;
                w.node(2).sh("mount /dev/loop6 /data/t/m")?;
                w.expect(node, "get(p + 'd/new')", &turn.to_string())?;
            }
            // Another file system in the same place is another one.
            w.expect(node, "get(p + 'd/e/f').strip()", "inner")?;
            w.node(2).sh("mount -t tmpfs none /data/t/m; mkdir -p /data/t/m/d/e; echo outer >/data/t/m/d/e/f")?;
            w.expect(node, "get(p + 'd/e/f').strip()", "outer")?;
            w.node(2).sh(umount)?;
            w.expect(node, "get(p + 'd/e/f').strip()", "inner")?;
            // A directory that was removed does not stay for long.
            w.expect(
                node,
                "os.mkdir(p + 'x'), put(p + 'x/f'), os.unlink(p + 'x/f')",
                "(None, 0, None)",
            )?;
            w.node(2).sh("rmdir /data/t/m/x; sleep 3; mount -o remount,ro /data/t/m; mount -o remount,rw /data/t/m")?;
        }
        w.node(2)
            .sh("umount /data/t/m; losetup -d /dev/loop6")
            .map(drop)
    });
}

/// Open files of a node, and what memory its kernel keeps after it was asked to keep nothing, in KiB.
const USED: &str = "sync; for n in 1 2 3; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.2; done
awk '{ print $1 }' /proc/sys/fs/file-nr; awk '/^(Slab|KernelStack|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo";

fn used(node: &Node) -> Result<(i64, i64)> {
    let text = node.sh(USED)?;
    let mut numbers = text.lines().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(files), Some(memory)) => Ok((files?, memory?)),
        _ => anyhow::bail!("{text}"),
    }
}

#[test]
fn memory_and_open_files_are_back_at_the_start_after_unmounting() {
    on_mfs(|w| {
        let work = "os.makedirs('/mfs/2/data/t/many')
for n in range(400):
    fd = os.open(f'/mfs/2/data/t/many/{n}', os.O_CREAT | os.O_RDWR); os.write(fd, b'x' * 5000); fcntl.flock(fd, fcntl.LOCK_EX); locks.lock(fd, locks.WRITE)
    if n % 4 == 0: os.setxattr(fd, 'user.a', b'1'); os.pread(fd, 100, 0)
    os.close(fd)
get('/mfs/2/usr/bin/python3'); [os.stat(f'/mfs/2/usr/lib/python3.13/{name}') for name in os.listdir('/mfs/2/usr/lib/python3.13')]
shutil.rmtree('/mfs/2/data/t/many')";
        // The first round is for what is made once and kept.
        let rounds = if long() { 6 } else { 3 };
        let mut seen = Vec::new();
        for _ in 0..rounds {
            w.py(1, work)?;
            w.node(1).sh("umount /mfs")?;
            seen.push([used(&w.node(1))?, used(&w.node(2))?]);
            world::mount(&w.node(1))?;
        }
        println!("open files, KiB of the kernel on nodes 1 and 2, round by round: {seen:?}");
        let (Some(first), Some(last)) = (seen.get(1), seen.last()) else {
            anyhow::bail!("too few rounds");
        };
        for (node, (before, after)) in first.iter().zip(last).enumerate() {
            ensure!(
                after.0 - before.0 < 100,
                "node {}: open files: {seen:?}",
                node + 1
            );
            ensure!(
                after.1 - before.1 < 1500 * i64::from(rounds - 2),
                "node {}: memory: {seen:?}",
                node + 1
            );
        }
        Ok(())
    });
}
