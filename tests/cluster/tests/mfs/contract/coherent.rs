// SPDX-License-Identifier: GPL-2.0
//! What one node did, all see at once; times are the server's.

use anyhow::Result;
use mosix_cluster::Cluster;

use crate::world::{on_mfs, World};

/// Ways to the served folder: node and path. The last one goes past MFS.
const WAYS: [(u8, &str); 4] = [
    (1, "/mfs/2/data/t"),
    (3, "/mfs/2/data/t"),
    (2, "/mfs/2/data/t"),
    (2, "/data/t"),
];

/// Runs Python in which `p` is the folder on all ways but number `except`, and expects a value of each.
fn all_see(w: &World<'_>, except: usize, code: &str, wanted: &str) -> Result<()> {
    let others = WAYS.iter().enumerate().filter(|(at, _)| *at != except);
    for (_, (node, path)) in others {
        w.expect(*node, &format!("p = '{path}'\n{code}"), wanted)?;
    }
    Ok(())
}

#[test]
fn what_was_written_is_read_and_shown_everywhere_at_once() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/f')")?;
        for (at, (node, path)) in WAYS.iter().enumerate() {
            w.py(*node, &format!("fd{at} = os.open('{path}/f', os.O_RDWR)"))?;
        }
        let mut length = 0;
        for round in 0..6 {
            for (writer, (node, _)) in WAYS.iter().enumerate() {
                let data = format!("round {round} by {writer};");
                w.py(
                    *node,
                    &format!("os.pwrite(fd{writer}, b'{data}', {length})"),
                )?;
                for (reader, (node, path)) in WAYS.iter().enumerate() {
                    let code = format!(
                        "(os.pread(fd{reader}, 100, {length}), os.fstat(fd{reader}).st_size, os.stat('{path}/f').st_size, get('{path}/f')[{length}:])"
                    );
                    let size = length + data.len();
                    w.expect(
                        *node,
                        &code,
                        &format!("(b'{data}', {size}, {size}, b'{data}')"),
                    )?;
                }
                length += data.len();
            }
        }
        // Shorter, longer, punched: as quickly.
        for (writer, (node, _)) in WAYS.iter().enumerate() {
            let code = format!("os.ftruncate(fd{writer}, 3); os.ftruncate(fd{writer}, 9000); calls.fallocate(fd{writer}, 3, 0, 2)");
            w.py(*node, &code)?;
            all_see(
                w,
                writer,
                "(os.stat(p + '/f').st_size, get(p + '/f')[:4], os.stat(p + '/f').st_blocks)",
                "(9000, b'\\x00\\x00u\\x00', 8)",
            )?;
            w.py(*node, &format!("os.pwrite(fd{writer}, b'rou', 0)"))?;
        }
        for (at, (node, _)) in WAYS.iter().enumerate() {
            w.py(*node, &format!("os.close(fd{at})"))?;
        }
        Ok(())
    });
}

#[test]
fn names_are_there_and_gone_everywhere_at_once() {
    on_mfs(|w| {
        for (at, (node, path)) in WAYS.iter().enumerate() {
            let here = format!("p = '{path}'\n");
            let run = |code: &str| w.py(*node, &format!("{here}{code}")).map(drop);
            // All know that it is not there, so that what they know has to change.
            all_see(w, 9, "err(os.stat, p + '/n')", "ENOENT")?;
            run("put(p + '/n', b'one')")?;
            all_see(w, at, "get(p + '/n'), os.listdir(p)", "(b'one', ['n'])")?;
            run("os.rename(p + '/n', p + '/m')")?;
            all_see(
                w,
                at,
                "err(os.stat, p + '/n'), get(p + '/m'), os.listdir(p)",
                "('ENOENT', b'one', ['m'])",
            )?;
            run("put(p + '/new', b'two'); os.rename(p + '/new', p + '/m')")?;
            all_see(
                w,
                at,
                "get(p + '/m'), os.stat(p + '/m').st_size, os.listdir(p)",
                "(b'two', 3, ['m'])",
            )?;
            run("os.link(p + '/m', p + '/l')")?;
            all_see(
                w,
                at,
                "os.stat(p + '/m').st_nlink, os.path.samefile(p + '/m', p + '/l')",
                "(2, True)",
            )?;
            run("os.unlink(p + '/m')")?;
            all_see(
                w,
                at,
                "err(os.open, p + '/m', os.O_RDONLY), os.stat(p + '/l').st_nlink",
                "('ENOENT', 1)",
            )?;
            run("os.chmod(p + '/l', 0o640); os.chown(p + '/l', 5, 6); os.setxattr(p + '/l', 'user.k', b'v')")?;
            all_see(w, at, "s = os.stat(p + '/l'); (oct(s.st_mode), s.st_uid, s.st_gid, os.getxattr(p + '/l', 'user.k'))", "('0o100640', 5, 6, b'v')")?;
            run("os.unlink(p + '/l'); os.mkdir(p + '/l')")?;
            all_see(w, at, "os.listdir(p + '/l')", "[]")?;
            run("put(p + '/l/deep', b'd'); os.rename(p + '/l', p + '/k')")?;
            all_see(
                w,
                at,
                "get(p + '/k/deep'), err(get, p + '/l/deep')",
                "(b'd', 'ENOENT')",
            )?;
            run("os.symlink('k/deep', p + '/s')")?;
            all_see(w, at, "get(p + '/s')", "d")?;
            run("os.unlink(p + '/s'); os.symlink('other', p + '/s'); put(p + '/other', b'o')")?;
            all_see(w, at, "get(p + '/s')", "o")?;
            run("shutil.rmtree(p + '/k'); os.unlink(p + '/s'); os.unlink(p + '/other')")?;
            all_see(
                w,
                at,
                "os.listdir(p), err(os.stat, p + '/k'), err(os.lstat, p + '/s')",
                "([], 'ENOENT', 'ENOENT')",
            )?;
        }
        Ok(())
    });
}

#[test]
fn what_a_program_maps_after_a_change_elsewhere_is_the_change() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/f', b'a' * 10000)")?;
        let code = "fd = os.open('/mfs/2/data/t/f', os.O_RDONLY)
first = mmap.mmap(fd, 10000, mmap.MAP_PRIVATE, mmap.PROT_READ)
first[9990:]";
        w.expect(1, code, &"a".repeat(10))?;
        w.py(2, "put('/data/t/f', b'b' * 10000, 0)")?;
        let code = "again = mmap.mmap(fd, 10000, mmap.MAP_PRIVATE, mmap.PROT_READ)
again[9990:]";
        w.expect(1, code, &"b".repeat(10))?;
        w.py(3, "put('/mfs/2/data/t/f', b'c' * 10000, 0)")?;
        let code = "other = os.open('/mfs/2/data/t/f', os.O_RDONLY)
shared = mmap.mmap(other, 10000, mmap.MAP_SHARED, mmap.PROT_READ)
text = shared[9990:]
for area in (first, again, shared): area.close()
os.close(fd); os.close(other)
text";
        w.expect(1, code, &"c".repeat(10))?;
        // A program that is replaced is the new one the next time.
        for word in ["one", "two"] {
            w.py(
                3,
                &format!("put('/mfs/2/data/t/run', b'#!/bin/echo {word}', mode=0o755)"),
            )?;
            w.expect(
                1,
                "subprocess.run(['/mfs/2/data/t/run'], capture_output=True).stdout.split()[0]",
                word,
            )?;
        }
        Ok(())
    });
}

#[test]
fn a_watcher_on_the_serving_node_sees_what_others_do() {
    on_mfs(|w| {
        w.py(
            2,
            "watch = subprocess.Popen(['python3', '-c', '''
import ctypes, os, struct
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, b\"/data/t\", 0xfff)
print(\"ready\", flush=True)
while True:
    data = os.read(fd, 4096)
    while data:
        _, mask, _, length = struct.unpack_from(\"iIII\", data)
        print(hex(mask), data[16:16 + length].rstrip(b\"\\\\0\").decode(), flush=True)
        data = data[16 + length:]
'''], stdout=subprocess.PIPE, text=True)
watch.stdout.readline()",
        )?;
        w.py(1, "put('/mfs/2/data/t/seen', b'x'); os.rename('/mfs/2/data/t/seen', '/mfs/2/data/t/gone'); os.unlink('/mfs/2/data/t/gone')")?;
        let events = w.py(
            2,
            "events = []
while '0x200 gone' not in events: events.append(watch.stdout.readline().strip())
watch.kill(); watch.wait()
events",
        )?;
        for event in [
            "0x100 seen",
            "0x2 seen",
            "0x8 seen",
            "0x40 seen",
            "0x80 gone",
        ] {
            anyhow::ensure!(events.contains(event), "{event} is not among {events}");
        }
        Ok(())
    });
}

/// Seconds that clocks are wrong by in the next test.
const WRONG: i64 = 3600;

#[test]
fn time_stamps_are_the_servers_and_never_go_back() {
    on_mfs(|w| {
        let shift = |node: u8, by: i64| {
            w.py(
                node,
                &format!("time.clock_settime(time.CLOCK_REALTIME, time.time() + {by})"),
            )
        };
        shift(1, WRONG)?;
        shift(3, -WRONG)?;
        let result = stamps(w);
        shift(1, -WRONG)?;
        shift(3, WRONG)?;
        result
    });
}

fn stamps(w: &World<'_>) -> Result<()> {
    w.py(2, "begin = time.time()")?;
    let changes = [
        "put(f, b'x')",
        "os.utime(f)",
        "os.chmod(f, 0o600)",
        "put(f, b'yy', os.O_TRUNC)",
        "os.truncate(f, 1)",
        "os.setxattr(f, 'user.a', b'1')",
        "os.rename(f, f + '2'); os.rename(f + '2', f)",
        "os.link(f, f + '3'); os.unlink(f + '3')",
        "get(f)",
    ];
    w.py(2, "last = (0, 0, 0)")?;
    for code in changes {
        for node in [1, 3, 2] {
            w.py(node, &format!("f = '/mfs/2/data/t/f'\n{code}"))?;
            let check = "s = os.stat('/data/t/f'); now = (s.st_mtime_ns, s.st_ctime_ns, s.st_atime_ns)
good = now[0] >= last[0] and now[1] >= last[1] and all(begin - 1 < at / 1e9 < time.time() + 1 for at in now)
was, last = last, now
good or (was, now, begin, time.time())";
            w.expect(2, check, "True")?;
            let seen = w.py(2, "(s.st_mtime_ns, s.st_ctime_ns)")?;
            w.expect(
                1,
                "s = os.stat('/mfs/2/data/t/f'); (s.st_mtime_ns, s.st_ctime_ns)",
                &seen,
            )?;
        }
    }
    Ok(())
}

#[test]
fn a_file_is_the_same_file_seen_from_any_node() {
    on_mfs(|w| {
        w.py(
            2,
            "os.mkdir('/data/t/d'); put('/data/t/f'); os.symlink('f', '/data/t/l')",
        )?;
        for (way, name) in [
            ("/mfs/2", "f"),
            ("/mfs/node2", "d"),
            ("/mfs/2", "l"),
            ("/mfs/2", ""),
        ] {
            let code = format!(
                "p = '{way}/data/t/{name}'
s, x = os.lstat(p), calls.statx(p)
e = [] if os.path.islink(p) else [os.fstat(fd := os.open(p, os.O_RDONLY)), os.close(fd)]
(s.st_dev, s.st_ino, x['ino'], e and (e[0].st_dev, e[0].st_ino), [(e.name, e.inode()) for e in sorted(os.scandir('/mfs/2/data/t'), key=str)])"
            );
            let on_server = w.py(2, &code)?;
            w.expect(1, &code, &on_server)?;
            w.expect(3, &code, &on_server)?;
            let inode = w.py(2, &format!("os.lstat('/data/t/{name}').st_ino"))?;
            w.expect(1, "s.st_ino, x['ino']", &format!("({inode}, {inode})"))?;
        }
        w.expect(1, "os.stat('/mfs/1/data/t').st_dev != os.stat('/mfs/2/data/t').st_dev != os.stat('/mfs/2/tmp').st_dev", "True")?;
        for node in numbers(w.cluster) {
            w.expect(
                node,
                "os.path.samefile('/mfs/2/data/t/f', '/mfs/2/data/t/d/../l')",
                "True",
            )?;
        }
        Ok(())
    });
}

/// The numbers of all nodes.
fn numbers(cluster: &Cluster) -> impl Iterator<Item = u8> + '_ {
    cluster.nodes().map(|node| node.number())
}
