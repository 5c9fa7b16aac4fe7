// SPDX-License-Identifier: GPL-2.0
//! Broken links and new lives: nothing twice, nothing lost, and never another file's data.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{ensure, Result};
use mosix_cluster::{mosix, mosix::Config, Fault};

use crate::world::{self, long, on_mfs, value, World};

/// What all does something that must not be done twice, again and again until `stop` is there.
const ONCE: &str = "def job(me):
    p, n = f'/mfs/2/data/t/{me}', 0
    os.mkdir(p)
    log = os.open(p + '/log', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    put(p + '/name0')
    while not os.path.exists('/tmp/stop'):
        os.close(os.open(f'{p}/new{n}', os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.link(f'{p}/new{n}', f'{p}/link{n}')
        os.rename(f'{p}/name{n}', f'{p}/name{n + 1}')
        assert os.write(log, struct.pack('<Q', n)) == 8
        os.unlink(f'{p}/link{n}')
        os.mkdir(f'{p}/dir')
        os.rmdir(f'{p}/dir')
        os.symlink('x', f'{p}/symlink{n}')
        calls.renameat2(f'{p}/new{n}', f'{p}/symlink{n}', 2)
        n += 1
    os.close(log)
    return n
";

/// Checks what the job left.
const CHECK: &str = "p = f'/data/t/{who}'
names = sorted(os.listdir(p))
wanted = sorted(['log', f'name{n}'] + [f'{kind}{i}' for i in range(n) for kind in ('new', 'symlink')])
data = get(p + '/log')
numbers = list(struct.unpack(f'<{len(data) // 8}Q', data))
(names == wanted or set(names) ^ set(wanted), numbers == list(range(n)) or numbers, all(os.path.islink(f'{p}/new{i}') and os.stat(f'{p}/symlink{i}').st_nlink == 1 for i in range(n)))";

/// Runs the jobs on nodes 1 and 3 while `disturb` does its work, and checks what came of it.
fn undisturbed_by(w: &World<'_>, disturb: impl FnOnce(&World<'_>) -> Result<()>) -> Result<()> {
    for node in [1, 3] {
        w.py(
            node,
            &format!("{ONCE}if os.path.exists('/tmp/stop'): os.unlink('/tmp/stop')"),
        )?;
    }
    thread::scope(|scope| -> Result<()> {
        let jobs = [w.start(scope, 1, "job(1)"), w.start(scope, 3, "job(3)")];
        let result = disturb(w);
        for node in [1, 3] {
            w.py(node, "put('/tmp/stop')")?;
        }
        result?;
        for (who, handle) in [1, 3].into_iter().zip(jobs) {
            let n: u32 = value(handle)?.parse()?;
            ensure!(n > 3, "only {n} rounds were done");
            w.expect(
                2,
                &format!("who, n = {who}, {n}\n{CHECK}"),
                "(True, True, True)",
            )?;
            println!("node {who}: {n} rounds of ten changes, each done once");
        }
        Ok(())
    })
}

#[test]
fn nothing_is_lost_or_done_twice_when_connections_break() {
    on_mfs(|w| {
        w.node(1)
            .put_bytes(include_bytes!("../../reset.py"), 0o644, "/root/reset.py")?;
        w.node(3)
            .put_bytes(include_bytes!("../../reset.py"), 0o644, "/root/reset.py")?;
        let reconnects =
            |node: u8| -> Result<u64> { Ok(mosix::status(&w.node(node))?.peer(2).reconnects) };
        let before = [reconnects(1)?, reconnects(3)?];
        undisturbed_by(w, |w| {
            let rounds = if long() { 30 } else { 4 };
            for _ in 0..rounds {
                for node in [1, 3] {
                    let line = format!("python3 /root/reset.py 10.77.0.2 {} 1", mosix::PORT);
                    w.node(node).sh(&line)?;
                }
            }
            Ok(())
        })?;
        for (node, was) in [1, 3].into_iter().zip(before) {
            ensure!(
                reconnects(node)? > was,
                "node {node}: no connection was broken"
            );
        }
        Ok(())
    });
}

#[test]
fn nothing_is_lost_or_done_twice_when_the_network_comes_and_goes() {
    on_mfs(|w| {
        undisturbed_by(w, |w| {
            let rounds = if long() { 20 } else { 3 };
            for round in 0..rounds {
                let fault = if round % 2 == 0 {
                    Fault::Cut
                } else {
                    Fault::Silence
                };
                w.fault(2, fault)?;
                thread::sleep(Duration::from_millis(900));
                w.fault(2, Fault::Heal)?;
                thread::sleep(Duration::from_millis(1200));
            }
            Ok(())
        })
    });
}

/// Longest that a call to a dead node may take: what the failure detector promises, and some time for
/// slow guests.
fn deadline() -> f64 {
    6.0 + 4.0 * f64::from(world::slowness())
}

#[test]
fn a_server_that_dies_and_comes_back_is_a_clear_error_and_then_all_there() {
    on_mfs(|w| {
        w.py(
            1,
            "os.makedirs('/mfs/2/data/t/d'); put('/mfs/2/data/t/d/f', b'kept ' * 1000)
fd = os.open('/mfs/2/data/t/d/f', os.O_RDWR); os.fsync(fd)
log = os.open('/mfs/2/data/t/log', os.O_CREAT | os.O_RDWR | os.O_EXCL)
d = os.open('/mfs/2/data/t/d', os.O_RDONLY); os.chdir('/mfs/2/data/t/d')
synced = -1
def write():
    global synced
    n = 0
    while True:
        try:
            os.pwrite(log, struct.pack('<Q', n), 8 * n)
            os.fsync(log)
        except OSError as error:
            return errno.errorcode[error.errno]
        synced, n = n, n + 1
def read():
    while True:
        begin = time.monotonic()
        try: os.pread(fd, 100, 0)
        except OSError as error: return time.monotonic() - begin, errno.errorcode[error.errno]",
        )?;
        thread::scope(|scope| -> Result<()> {
            let jobs = [w.start(scope, 1, "write()"), w.start(scope, 1, "read()")];
            thread::sleep(Duration::from_millis(1000));
            w.fault(2, Fault::Kill)?;
            let [writer, reader] = jobs.map(value);
            let (writer, reader) = (writer?, reader?);
            let gone = |text: &str| {
                ["EHOSTDOWN", "ENOTCONN", "ECONNRESET", "ESTALE"]
                    .iter()
                    .any(|word| text.contains(word))
            };
            ensure!(gone(&writer) && gone(&reader), "{writer}, {reader}");
            let took: f64 = reader
                .trim_start_matches('(')
                .split(',')
                .next()
                .unwrap_or_default()
                .parse()?;
            ensure!(
                took < deadline(),
                "the call that was under way took {took} s"
            );
            Ok(())
        })?;
        // From now on the answer comes at once.
        for code in [
            "os.stat, '/mfs/2/data'",
            "os.listdir, '/mfs/2'",
            "os.open, '/mfs/2/data/t/x', os.O_CREAT | os.O_RDWR",
            "os.read, fd, 10",
            "os.write, fd, b'x'",
            "os.fstat, fd",
            "os.fsync, fd",
            "os.listdir, d",
            "os.stat, 'f'",
            "os.rename, 'f', 'g'",
            "os.statvfs, '/mfs/2/data'",
            "fcntl.flock, fd, fcntl.LOCK_EX",
        ] {
            let answer = w.py(1, &format!("timed({code})"))?;
            let took: f64 = answer
                .trim_start_matches('(')
                .split(',')
                .next()
                .unwrap_or_default()
                .parse()?;
            ensure!(
                took < 0.5 * f64::from(world::slowness()),
                "{code}: {answer}"
            );
            ensure!(
                ["EHOSTDOWN", "ENOTCONN", "ECONNRESET", "ESTALE"]
                    .iter()
                    .any(|word| answer.contains(word)),
                "{code}: {answer}"
            );
        }
        w.expect(
            1,
            "sorted(os.listdir('/mfs'))",
            "['here', 'home', 'node1', 'node2', 'node3']",
        )?;

        w.node(2).start()?;
        world::up(&w.node(2), &Config::of(w.cluster))?;
        mosix::wait_alive(w.cluster)?;
        // Other files take the places of the old ones.
        w.py(
            2,
            "for n in range(50): put(f'/data/t/other{n}', b'other data')",
        )?;
        for code in [
            "os.pread, fd, 10, 0",
            "os.pwrite, fd, b'x', 0",
            "os.fstat, fd",
            "os.ftruncate, fd, 0",
            "os.listdir, d",
            "os.pread, log, 8, 0",
            "fcntl.flock, fd, fcntl.LOCK_EX",
        ] {
            w.expect(1, &format!("err({code})"), "ESTALE")?;
        }
        w.expect(
            1,
            "[os.close(one) for one in (fd, d, log)]",
            "[None, None, None]",
        )?;
        w.expect(1, "get('/mfs/2/data/t/d/f') == b'kept ' * 1000", "True")?;
        w.expect(1, "data = get('/mfs/2/data/t/log'); list(struct.unpack_from(f'<{synced + 1}Q', data)) == list(range(synced + 1)), synced > 3", "(True, True)")?;
        w.py(1, "os.chdir('/')").map(drop)
    });
}

#[test]
fn a_silent_server_is_waited_for_until_it_is_given_up() {
    on_mfs(|w| {
        w.py(
            1,
            "put('/mfs/2/data/t/f', b'x'); fd = os.open('/mfs/2/data/t/f', os.O_RDWR)",
        )?;
        for fault in [Fault::Cut, Fault::Freeze] {
            thread::scope(|scope| -> Result<()> {
                w.fault(2, fault)?;
                let begin = Instant::now();
                let calls = [
                    "os.stat, '/mfs/2/data/t'",
                    "os.pread, fd, 1, 0",
                    "os.open, '/mfs/2/data/t/new', os.O_CREAT | os.O_WRONLY",
                    "os.fsync, fd",
                    "fcntl.flock, fd, fcntl.LOCK_EX",
                ];
                let waiting = calls.map(|call| w.start(scope, 1, &format!("timed({call})")));
                // What is killed ends at once, whatever it waits for.
                let killed = w.start(scope, 1, "reader = subprocess.Popen(['cat', '/mfs/2/data/t/f']); time.sleep(0.7); reader.kill(); timed(reader.wait)");
                let killed = value(killed)?;
                let took: f64 = killed
                    .trim_start_matches('(')
                    .split(',')
                    .next()
                    .unwrap_or_default()
                    .parse()?;
                ensure!(
                    took < 1.0 * f64::from(world::slowness()) && killed.ends_with("-9)"),
                    "killed: {killed}"
                );
                for (call, handle) in calls.into_iter().zip(waiting) {
                    let answer = value(handle)?;
                    ensure!(
                        ["EHOSTDOWN", "ENOTCONN", "ECONNRESET", "ESTALE"]
                            .iter()
                            .any(|word| answer.contains(word)),
                        "{call}: {answer}"
                    );
                }
                ensure!(
                    begin.elapsed().as_secs_f64() < deadline(),
                    "{fault:?}: {:?}",
                    begin.elapsed()
                );
                Ok(())
            })?;
            w.fault(
                2,
                if fault == Fault::Cut {
                    Fault::Heal
                } else {
                    Fault::Thaw
                },
            )?;
            mosix::wait_alive(w.cluster)?;
            w.expect(
                1,
                "err(os.pread, fd, 1, 0), os.close(fd)",
                "('ESTALE', None)",
            )?;
            w.py(
                1,
                "fd = os.open('/mfs/2/data/t/f', os.O_RDWR); os.pread(fd, 1, 0)",
            )?;
        }
        w.py(1, "os.close(fd)").map(drop)
    });
}
