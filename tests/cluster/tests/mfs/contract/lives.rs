// SPDX-License-Identifier: GPL-2.0
//! A file without a name lives as long as somebody uses it, and no longer; a dead user uses nothing.

use std::{thread, time::Duration};

use anyhow::{ensure, Result};
use mosix_cluster::{mosix, mosix::Config, Fault};

use crate::world::{self, on_mfs, value, World};

/// Size of the files whose space is looked at, in MiB.
const SIZE: u64 = 24;

/// Makes a file of [`SIZE`] and opens it from nodes 1 and 3; all data is on the disk.
fn make(w: &World<'_>, name: &str) -> Result<()> {
    w.py(2, &format!("os.sync(); free = lambda: os.statvfs('/data').f_bfree * os.statvfs('/data').f_frsize >> 20
before = free(); fd = os.open('/data/t/{name}', os.O_CREAT | os.O_RDWR); os.posix_fallocate(fd, 0, {SIZE} << 20); os.pwrite(fd, b'start', 0); os.fsync(fd); os.close(fd)
before - free()"))?;
    for node in [1, 3] {
        w.py(
            node,
            &format!("fd = os.open('/mfs/2/data/t/{name}', os.O_RDWR)"),
        )?;
    }
    Ok(())
}

/// Whether the file's space is free again, now or soon.
fn expect_freed(w: &World<'_>, patience: u32) -> Result<()> {
    let code = format!(
        "end = time.monotonic() + {patience}
while before - free() > {SIZE} // 2 and time.monotonic() < end: time.sleep(0.05)
before - free() <= {SIZE} // 2"
    );
    w.expect(2, &code, "True")
}

fn expect_kept(w: &World<'_>) -> Result<()> {
    w.expect(
        2,
        &format!("time.sleep(0.3); before - free() > {SIZE} // 2"),
        "True",
    )
}

#[test]
fn a_file_without_a_name_lives_until_its_last_user_closes_it() {
    on_mfs(|w| {
        for remove in [
            (2, "os.unlink('/data/t/f')"),
            (1, "os.unlink('/mfs/2/data/t/f')"),
            (
                3,
                "put('/mfs/2/data/t/g'); os.rename('/mfs/2/data/t/g', '/mfs/2/data/t/f')",
            ),
        ] {
            make(w, "f")?;
            w.py(remove.0, remove.1)?;
            w.expect(
                1,
                "os.fstat(fd).st_nlink, os.pwrite(fd, b'from one', 100)",
                "(0, 8)",
            )?;
            w.expect(
                3,
                "os.fstat(fd).st_nlink, os.pread(fd, 8, 100), os.pread(fd, 5, 0)",
                "(0, b'from one', b'start')",
            )?;
            w.py(1, "os.close(fd)")?;
            expect_kept(w)?;
            w.expect(
                3,
                "os.ftruncate(fd, 24 << 20), os.pread(fd, 5, 0), os.fsync(fd)",
                "(None, b'start', None)",
            )?;
            w.py(3, "os.close(fd)")?;
            expect_freed(w, 10)?;
            w.py(2, "shutil.rmtree('/data/t'); os.mkdir('/data/t')")?;
        }
        // A folder that was removed: nothing is in it, and nothing comes into it.
        w.py(2, "os.mkdir('/data/t/d')")?;
        w.py(1, "fd = os.open('/mfs/2/data/t/d', os.O_RDONLY)")?;
        w.py(3, "os.rmdir('/mfs/2/data/t/d')")?;
        w.expect(1, "os.listdir(fd), err(os.open, 'x', os.O_CREAT | os.O_WRONLY, dir_fd=fd), os.fstat(fd).st_nlink, os.close(fd)", "([], 'ENOENT', 0, None)")
    });
}

#[test]
fn a_dead_node_leaves_no_files_open_and_no_locks() {
    on_mfs(|w| {
        make(w, "f")?;
        w.py(1, "os.close(fd)")?;
        w.py(2, "put('/data/t/l', b'lock')")?;
        w.py(3, "f1 = os.open('/mfs/2/data/t/l', os.O_RDWR); locks.lock(f1, locks.WRITE, 0, 1)
f2 = os.open('/mfs/2/data/t/l', os.O_RDWR); locks.lock(f2, locks.WRITE, 1, 1, command=locks.OFD_SET); fcntl.flock(f2, fcntl.LOCK_EX)
os.unlink('/mfs/2/data/t/f')")?;
        expect_kept(w)?;
        thread::scope(|scope| -> Result<()> {
            // The second waits in the server's own queue, the others come from afar.
            let waits = [
                (
                    1,
                    "locks.lock(g, locks.WRITE, 0, 1, command=fcntl.F_SETLKW)",
                ),
                (
                    2,
                    "locks.lock(g, locks.WRITE, 1, 1, command=locks.OFD_WAIT)",
                ),
                (1, "fcntl.flock(g, fcntl.LOCK_EX)"),
            ];
            let waiting = waits.map(|(node, take)| {
                w.start(
                    scope,
                    node,
                    &format!(
                        "def wait():
    begin, g = time.monotonic(), os.open('/mfs/2/data/t/l', os.O_RDWR)
    {take}
    os.close(g)
    return time.monotonic() - begin
wait()"
                    ),
                )
            });
            thread::sleep(Duration::from_millis(500));
            w.fault(3, Fault::Kill)?;
            let limit = 12.0 * f64::from(world::slowness());
            for handle in waiting {
                let took: f64 = value(handle)?.parse()?;
                ensure!(
                    0.5 < took && took < limit,
                    "a lock of the dead was there after {took} s"
                );
            }
            Ok(())
        })?;
        expect_freed(w, 12 * world::slowness())?;
        w.node(3).start()?;
        world::up(&w.node(3), &Config::of(w.cluster))?;
        mosix::wait_alive(w.cluster)?;
        w.expect(3, "get('/mfs/2/data/t/l')", "lock")
    });
}

#[test]
fn a_node_that_leaves_leaves_nothing_open() {
    on_mfs(|w| {
        make(w, "f")?;
        w.py(1, "os.close(fd)")?;
        w.py(2, "put('/data/t/l')")?;
        w.py(3, "f1 = os.open('/mfs/2/data/t/l', os.O_RDWR); fcntl.flock(f1, fcntl.LOCK_EX); os.unlink('/mfs/2/data/t/f')")?;
        mosix::down(&w.node(3))?;
        w.expect(
            1,
            "g = os.open('/mfs/2/data/t/l', os.O_RDWR); fcntl.flock(g, fcntl.LOCK_EX); os.close(g)",
            "",
        )?;
        expect_freed(w, 10)?;
        // Its own open files answer, with an error.
        let answers = w.py(
            3,
            "[err(os.read, fd, 5), err(os.fstat, fd), err(os.stat, '/mfs/2/data/t')]",
        )?;
        ensure!(
            ["ESTALE", "ENOTCONN"]
                .iter()
                .any(|word| answers.matches(word).count() > 0)
                && !answers.contains("start"),
            "{answers}"
        );
        w.py(3, "os.close(fd); os.close(f1)")?;
        mosix::up(&w.node(3))?;
        mosix::wait_alive(w.cluster)?;
        w.expect(3, "os.listdir('/mfs/2/data/t')", "['l']")
    });
}
