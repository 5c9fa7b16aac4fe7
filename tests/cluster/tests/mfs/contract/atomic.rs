// SPDX-License-Identifier: GPL-2.0
//! Appending, making, linking, renaming and locking are atomic between nodes.

use std::thread;

use anyhow::{ensure, Result};

use crate::world::{long, on_mfs, value, World};

/// Runs the same Python on all three nodes at once, `me` being the node's number; their values.
fn at_once(w: &World<'_>, code: &str) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let running: Vec<_> = (1..=3)
            .map(|node| {
                w.start(
                    scope,
                    node,
                    &format!("me = {node}; p = '/mfs/2/data/t'\n{code}"),
                )
            })
            .collect();
        running.into_iter().map(value).collect()
    })
}

#[test]
fn appended_records_stay_whole_and_in_order() {
    on_mfs(|w| {
        let rounds = if long() { 1000 } else { 60 };
        // Some records are larger than a message of the protocol.
        let code = format!(
            "import random, zlib
chance = random.Random(me)
fd = os.open(p + '/log', os.O_WRONLY | os.O_APPEND | os.O_CREAT)
written = 0
for n in range({rounds}):
    body = chance.randbytes(2_500_000 if n % 50 == 25 else chance.choice((1, 50, 700, 5000, 70000)))
    record = struct.pack('<IHHII', 0xfeedbeef, me, 0, n, len(body)) + struct.pack('<I', zlib.crc32(body)) + body
    done = os.write(fd, record)
    assert done == len(record), (done, len(record))
    written += done
os.close(fd)
written"
        );
        let written = at_once(w, &code)?;
        let check = "import zlib
data, at, nexts = get('/data/t/log'), 0, {}
while at < len(data):
    magic, who, _, number, length = struct.unpack_from('<IHHII', data, at)
    crc, = struct.unpack_from('<I', data, at + 16)
    assert magic == 0xfeedbeef and zlib.crc32(data[at + 20:at + 20 + length]) == crc, at
    assert nexts.get(who, 0) == number, (who, number)
    nexts[who] = number + 1
    at += 20 + length
(at, sorted(nexts.items()))";
        let sum: u64 = written
            .iter()
            .filter_map(|text| text.parse::<u64>().ok())
            .sum();
        w.expect(
            2,
            check,
            &format!("({sum}, [(1, {rounds}), (2, {rounds}), (3, {rounds})])"),
        )
    });
}

/// Checks that what several nodes tried to get was got by exactly one of them each.
fn each_has_one_winner(winners: &[String], count: usize) -> Result<()> {
    let mut all: Vec<usize> = Vec::new();
    for text in winners {
        all.extend(
            text.trim_matches(['[', ']'])
                .split(", ")
                .filter_map(|n| n.parse::<usize>().ok()),
        );
    }
    ensure!(
        all.len() == count,
        "{} winners of {count}: {winners:?}",
        all.len()
    );
    all.sort_unstable();
    ensure!(
        all.into_iter().eq(0..count),
        "not each was won: {winners:?}"
    );
    Ok(())
}

#[test]
fn of_all_who_make_a_name_one_does() {
    on_mfs(|w| {
        let count = if long() { 500 } else { 40 };
        let ways = [
            (
                "O_EXCL",
                "os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))",
                "",
            ),
            ("mkdir", "os.mkdir(name)", ""),
            ("symlink", "os.symlink(str(me), name)", ""),
            ("link", "os.link(own, name)", ""),
            (
                "rename NOREPLACE",
                "calls.renameat2(own, name, 1)",
                "put(own)",
            ),
            ("unlink", "os.unlink(name)", ""),
            ("rmdir", "os.rmdir(name)", ""),
            ("rename", "os.rename(name, f'{own}.{n}')", ""),
        ];
        for (what, call, before) in ways {
            let making = !matches!(what, "unlink" | "rmdir" | "rename");
            w.py(2, "shutil.rmtree('/data/t'); os.mkdir('/data/t'); [put(f'/data/t/own{n}') for n in (1, 2, 3)]")?;
            if !making {
                let call = if what == "rmdir" { "os.mkdir" } else { "put" };
                w.py(
                    2,
                    &format!("[{call}(f'/data/t/{{n}}') for n in range({count})]"),
                )?;
            }
            let code = format!(
                "def attempt():
    won, own = [], f'{{p}}/own{{me}}'
    for n in range({count}):
        name = f'{{p}}/{{n}}'
        {before}
        try:
            {call}
            won.append(n)
        except (FileExistsError, FileNotFoundError):
            pass
    return won
attempt()",
                before = if before.is_empty() { "pass" } else { before }
            );
            let winners = at_once(w, &code)?;
            each_has_one_winner(&winners, count).map_err(|error| error.context(what))?;
        }
        Ok(())
    });
}

#[test]
fn names_that_move_all_the_time_are_always_there_once() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/x', b'x'); put('/data/t/y', b'y')")?;
        // One renames over, one exchanges; the third looks: each name is always there.
        let code = "def job():
    for n in range(60):
        if me == 1:
            put(p + '/new', b'x')
            os.rename(p + '/new', p + '/x')
        elif me == 2:
            calls.renameat2(p + '/x', p + '/y', 2)
        elif get(p + '/x') + get(p + '/y') not in (b'xx', b'xy', b'yx', b'yy') or len(os.listdir(p)) not in (2, 3):
            return 'wrong'
    return 'right'
job()";
        ensure!(at_once(w, code)? == ["right", "right", "right"]);
        Ok(())
    });
}

#[test]
fn locks_keep_others_out_on_all_nodes() {
    on_mfs(|w| {
        let rounds = if long() { 300 } else { 25 };
        for (what, take, give) in [
            (
                "flock",
                "fcntl.flock(fd, fcntl.LOCK_EX)",
                "fcntl.flock(fd, fcntl.LOCK_UN)",
            ),
            (
                "record lock",
                "locks.lock(fd, locks.WRITE, 0, 8, command=fcntl.F_SETLKW)",
                "locks.lock(fd, locks.FREE, 0, 8)",
            ),
            (
                "OFD lock",
                "locks.lock(fd, locks.WRITE, 0, 8, command=locks.OFD_WAIT)",
                "locks.lock(fd, locks.FREE, 0, 8, command=locks.OFD_SET)",
            ),
        ] {
            w.py(2, "put('/data/t/counter', b'0')")?;
            // Node 2 goes past MFS: the locks are those of the file itself.
            let code = format!(
                "def count():
    fd = os.open('/data/t/counter' if me == 2 else p + '/counter', os.O_RDWR)
    for n in range({rounds}):
        {take}
        value = int(os.pread(fd, 20, 0))
        time.sleep(0.001)
        os.pwrite(fd, str(value + 1).encode(), 0)
        {give}
    os.close(fd)
count()"
            );
            at_once(w, &code)?;
            w.expect(2, "get('/data/t/counter')", &(3 * rounds).to_string())
                .map_err(|error| error.context(what))?;
        }
        Ok(())
    });
}

#[test]
fn locks_are_told_tested_and_split_across_nodes() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/f', b'x' * 100)")?;
        for node in 1..=3 {
            w.py(node, "fd = os.open('/mfs/2/data/t/f', os.O_RDWR)")?;
        }
        w.py(1, "locks.lock(fd, locks.WRITE, 10, 20)")?;
        w.expect(3, "locks.who(fd, locks.WRITE, 0, 0), err(locks.lock, fd, locks.READ, 15, 1), err(locks.lock, fd, locks.READ, 0, 10)", "('write 0 10+20 none', 'EAGAIN', None)")?;
        w.expect(2, "locks.who(fd, locks.WRITE, 12, 5), locks.who(fd, locks.WRITE, 0, 10), locks.who(fd, locks.READ, 0, 10)", "('write 0 10+20 none', 'read 0 0+10 none', 'free')")?;
        w.py(1, "locks.lock(fd, locks.FREE, 15, 5)")?;
        w.expect(3, "err(locks.lock, fd, locks.WRITE, 15, 5), err(locks.lock, fd, locks.WRITE, 14, 1), err(locks.lock, fd, locks.WRITE, 20, 1)", "(None, 'EAGAIN', 'EAGAIN')")?;
        w.expect(1, "err(fcntl.flock, fd, fcntl.LOCK_SH | fcntl.LOCK_NB)", "")?;
        w.expect(2, "err(fcntl.flock, fd, fcntl.LOCK_SH | fcntl.LOCK_NB)", "")?;
        w.expect(
            3,
            "err(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
            "EAGAIN",
        )?;
        // Closing gives back what was locked, also what a process that ends had.
        for node in 1..=2 {
            w.py(node, "os.close(fd)")?;
        }
        w.expect(3, "err(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB), err(locks.lock, fd, locks.WRITE, 0, 0)", "(None, None)")?;
        w.expect(
            1,
            "child(lambda: locks.lock(os.open('/mfs/2/data/t/f', os.O_RDWR), locks.WRITE, 50, 10))",
            "EAGAIN",
        )?;
        w.py(3, "os.close(fd)")?;
        w.expect(
            1,
            "child(lambda: locks.lock(os.open('/mfs/2/data/t/f', os.O_RDWR), locks.WRITE, 50, 10))",
            "None",
        )?;
        w.expect(
            3,
            "fd = os.open('/mfs/2/data/t/f', os.O_RDWR); locks.lock(fd, locks.WRITE); os.close(fd)",
            "",
        )
    });
}

#[test]
fn who_waits_for_a_lock_gets_it_or_gives_up() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/f', b'x')")?;
        for (take, command) in [
            ("fcntl.flock(g, fcntl.LOCK_EX)", "flock"),
            (
                "locks.lock(g, locks.WRITE, command=fcntl.F_SETLKW)",
                "record",
            ),
        ] {
            w.py(
                1,
                &format!("g = os.open('/mfs/2/data/t/f', os.O_RDWR); {take}"),
            )?;
            // A signal ends the waiting, and what was waited for is not taken later.
            let impatient = format!(
                "import signal
def impatient():
    g = os.open('/mfs/2/data/t/f', os.O_RDWR)
    signal.signal(signal.SIGALRM, locks.interrupted)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    {take}
child(impatient)"
            );
            w.expect(3, &impatient, "EINTR")?;
            thread::scope(|scope| -> Result<()> {
                let wait = format!("g = os.open('/mfs/2/data/t/f', os.O_RDWR); begin = time.monotonic(); {take}; time.monotonic() - begin > 0.2");
                let waiting = [w.start(scope, 2, &wait), w.start(scope, 3, &wait)];
                thread::sleep(std::time::Duration::from_millis(600));
                w.py(1, "os.close(g)")?;
                // One of the two has it; when that one closes, the other gets it.
                let first = loop {
                    if let Some(at) = waiting
                        .iter()
                        .position(thread::ScopedJoinHandle::is_finished)
                    {
                        break at;
                    }
                    thread::sleep(std::time::Duration::from_millis(10));
                };
                for at in [first, 1 - first] {
                    let node = if at == 0 { 2 } else { 3 };
                    while !waiting
                        .get(at)
                        .is_some_and(thread::ScopedJoinHandle::is_finished)
                    {
                        thread::sleep(std::time::Duration::from_millis(10));
                    }
                    w.py(node, "os.close(g)")?;
                }
                for handle in waiting {
                    ensure!(value(handle)? == "True", "{command}: it did not wait");
                }
                Ok(())
            })?;
            w.expect(1, "g = os.open('/mfs/2/data/t/f', os.O_RDWR); err(fcntl.flock, g, fcntl.LOCK_EX | fcntl.LOCK_NB), err(locks.lock, g, locks.WRITE), os.close(g)", "(None, None, None)")?;
        }
        Ok(())
    });
}
