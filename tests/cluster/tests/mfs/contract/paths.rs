// SPDX-License-Identifier: GPL-2.0
//! Paths through directories that the client knows: it asks once, and yet never goes astray.

use anyhow::{ensure, Context, Result};

use crate::world::{on_mfs, World};

/// `way(n)` does one thing by name in the folder `deep`, and gives its result or the name of its error.
const CALLS: &str = r#"
deep = '/mfs/2/data/t/a/b/c/'
data = '/mfs/2/data/t/'
def bound(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.bind(path)
def opened(path, flags):
    fd = os.open(path, flags, 0o644)
    try:
        return os.read(fd, 20) if flags & 3 == 0 and not flags & os.O_PATH else os.fstat(fd).st_size
    finally:
        os.close(fd)
def went(path):
    try:
        os.chdir(path)
        return os.stat('f').st_size
    finally:
        os.chdir('/')
def ran(path):
    return subprocess.run([path], capture_output=True).stdout
CALLS = {
    'stat': lambda: os.stat(deep + 'f').st_size,
    'lstat': lambda: os.lstat(deep + 'l').st_size,
    'missing': lambda: os.stat(deep + 'none'),
    'dot': lambda: os.stat(deep + '.').st_nlink,
    'dots': lambda: os.stat(deep + '../c/../../b/c/f').st_size,
    'slash': lambda: os.stat(deep[:-3] + '//c//').st_nlink,
    'link': lambda: os.stat(deep + 'l').st_size,
    'open': lambda: opened(deep + 'f', os.O_RDONLY),
    'append': lambda: opened(deep + 'f', os.O_WRONLY | os.O_APPEND),
    'path': lambda: opened(deep + 'f', os.O_PATH),
    'path dot': lambda: opened(deep + '.', os.O_PATH | os.O_DIRECTORY) >= 0,
    'path dots': lambda: opened(deep + '..', os.O_PATH | os.O_DIRECTORY) >= 0,
    'creat': lambda: opened(deep + 'new', os.O_WRONLY | os.O_CREAT | os.O_EXCL),
    'creat again': lambda: opened(deep + 'f', os.O_WRONLY | os.O_CREAT),
    'tmpfile': lambda: opened(deep, os.O_WRONLY | os.O_TMPFILE),
    'unlink': lambda: os.unlink(deep + 'new'),
    'mkdir': lambda: os.mkdir(deep + 'd'),
    'mkdir there': lambda: os.mkdir(deep + 'd'),
    'rmdir': lambda: os.rmdir(deep + 'd'),
    'fifo': lambda: os.mkfifo(deep + 'p'),
    'rename': lambda: os.rename(deep + 'p', deep + 'q'),
    'rename out': lambda: os.rename(deep + 'q', data + 'q'),
    'rename in': lambda: os.rename(data + 'q', deep + 'r'),
    'gone': lambda: os.unlink(deep + 'p'),
    'hard link': lambda: os.link(deep + 'f', deep + 'h'),
    'unlinked': lambda: os.unlink(deep + 'h'),
    'symlink': lambda: os.symlink('f', deep + 's'),
    'readlink': lambda: os.readlink(deep + 's'),
    'unsymlinked': lambda: os.unlink(deep + 's'),
    'chmod': lambda: os.chmod(deep + 'f', 0o755),
    'chown': lambda: os.chown(deep + 'f', -1, -1),
    'utime': lambda: os.utime(deep + 'f', (1, 2)),
    'truncate': lambda: os.truncate(deep + 't', 3),
    'access': lambda: os.access(deep + 'f', os.R_OK),
    'statvfs': lambda: os.statvfs(deep + 'f').f_namemax,
    'chdir': lambda: went(deep),
    'chdir dot': lambda: went(deep + '.'),
    'setxattr': lambda: os.setxattr(deep + 'f', 'user.x', b'1'),
    'getxattr': lambda: os.getxattr(deep + 'f', 'user.x'),
    'listxattr': lambda: os.listxattr(deep + 'f'),
    'removexattr': lambda: os.removexattr(deep + 'f', 'user.x'),
    'listdir': lambda: len(os.listdir(deep)),
    'bind': lambda: bound(deep + 'sock'),
    'unbound': lambda: os.unlink(deep + 'sock'),
    'exec': lambda: ran(deep + 'run'),
}
def way(name):
    return err(CALLS[name])
"#;

/// `fill(size)` makes the folder, with a file that is so long; `swap(size)` puts it in place of another;
/// `ready(call)` does so and makes what the call has to find there; `told()` gives what became of it.
const MAKE: &str = r#"
def fill(top, size):
    os.makedirs(top + '/b/c')
    put(top + '/b/c/f', b'x' * size)
    put(top + '/b/c/t', b'')
    put(top + '/b/c/run', b'#!/bin/sh\necho %d\n' % size, mode=0o755)
    os.symlink('f', top + '/b/c/l')
turn = 0
def swap(size):
    global turn
    turn += 1
    fill(f'/data/t/new{turn}', size)
    if os.path.lexists('/data/t/a'):
        os.rename('/data/t/a/b', f'/data/t/old{turn}')
    else:
        os.mkdir('/data/t/a')
    os.rename(f'/data/t/new{turn}/b', '/data/t/a/b')
MADE = {'creat': 'new', 'mkdir': 'd', 'fifo': 'p', 'hard link': 'h', 'symlink': 's', 'bind': 'sock'}
def provide(call):
    for name in {'d', 'new', 'p', 'q', 'h', 's', 'sock'} - {MADE.get(call)}:
        path = '/data/t/a/b/c/' + name
        if name == 'd':
            os.mkdir(path)
        elif name == 's':
            os.symlink('f', path)
        else:
            put(path)
    os.setxattr('/data/t/a/b/c/f', 'user.x', b'9')
def ready(call):
    swap(11)
    provide(call)
    if call == 'rename in':
        put('/data/t/q')
def told(result):
    told = result, sorted(os.listdir('/data/t/a/b/c')), os.path.lexists('/data/t/q')
    if told[2]:
        os.unlink('/data/t/q')
    return told
def directly(call):
    global deep, data
    ready(call)
    mfs = deep, data
    deep, data = '/data/t/a/b/c/', '/data/t/'
    try:
        return told(repr(way(call)))
    finally:
        deep, data = mfs
"#;

/// The names of the calls, in their order.
fn calls(w: &World<'_>) -> Result<Vec<String>> {
    for node in [1, 2, 3] {
        w.py(node, CALLS)?;
    }
    w.py(2, MAKE)?;
    let names = w.py(1, "'|'.join(CALLS)")?;
    Ok(names.split('|').map(str::to_owned).collect())
}

#[test]
fn every_call_goes_through_the_directories_that_there_are_now() {
    on_mfs(|w| {
        for name in calls(w)? {
            // The serving node itself, and another one.
            for node in [1, 2] {
                // What is to be: with the folder as it is beneath.
                let wanted = w.py(2, &format!("directly('{name}')"))?;
                // And what is, when the client knows a folder that was there before.
                w.py(2, "swap(10), provide(None)")?;
                w.py(node, "[os.lstat(deep + n) for n in os.listdir(deep)]")?;
                w.py(2, &format!("ready('{name}')"))?;
                let result = w.py(node, &format!("repr(way('{name}'))"))?;
                let done = w.py(2, &format!("told({result:?})"))?;
                ensure!(
                    done == wanted,
                    "{name} from node {node}: {done}, not {wanted}"
                );
            }
        }
        Ok(())
    });
}

#[test]
fn no_call_goes_through_a_directory_that_is_gone_or_closed() {
    on_mfs(|w| {
        let names = calls(w)?;
        let all = format!("{names:?}").replace('"', "'");
        let everything = format!("{{n: user(1000, [], way, n) for n in {all}}}");
        for node in [1, 3, 2] {
            // Known, used, then gone.
            w.py(2, "swap(10)")?;
            w.py(node, "opened(deep + 'f', os.O_RDONLY)")?;
            w.py(2, "os.rename('/data/t/a/b', '/data/t/away')")?;
            no_success(w, node, &everything, "ENOENT")?;
            w.py(2, "os.rename('/data/t/away', '/data/t/a/b')")?;
            // Known to root, and closed to others.
            w.py(node, "opened(deep + 'f', os.O_RDONLY)")?;
            w.py(
                2,
                "os.chmod('/data/t/a/b', 0o700), os.chmod('/data/t/a/b/c', 0o777)",
            )?;
            no_success(w, node, &everything, "EACCES")?;
            w.expect(node, "opened(deep + 'f', os.O_RDONLY)", "xxxxxxxxxx")?;
            no_success(w, node, &everything, "EACCES")?;
            // A file where the directory was.
            w.py(
                2,
                "os.rename('/data/t/a/b', '/data/t/away'), put('/data/t/a/b')",
            )?;
            no_success(w, node, &everything, "ENOTDIR")?;
            // A link to it.
            w.py(2, "os.unlink('/data/t/a/b'), os.rename('/data/t/away', '/data/t/a/real'), os.chmod('/data/t/a/real', 0o755), os.symlink('real', '/data/t/a/b')")?;
            w.expect(node, "opened(deep + 'f', os.O_RDONLY)", "xxxxxxxxxx")?;
            w.py(2, "shutil.rmtree('/data/t'), os.mkdir('/data/t')")?;
        }
        Ok(())
    });
}

/// What all calls say, one by one, is `errno`, but for those that cannot fail otherwise than by not
/// finding what they look for.
fn no_success(w: &World<'_>, node: u8, everything: &str, errno: &str) -> Result<()> {
    let wrong = format!(
        "{{n: r for n, r in {everything}.items() if r != '{errno}' and not (n == 'access' and r == 'False') and not (n == 'rename in' and r in ('ENOENT', 'EACCES')) and not (n == 'exec' and '{errno}' in r)}}"
    );
    w.expect(node, &wrong, "{}")
        .with_context(|| format!("{errno} was to come"))
}

#[test]
fn a_path_through_known_directories_is_one_request() {
    on_mfs(|w| {
        calls(w)?;
        w.py(2, "swap(10)")?;
        w.py(1, "import json\ndef sent():\n    status = json.loads(subprocess.run(['mosix', 'status', '--json'], capture_output=True).stdout)\n    return next(n['frames_out'] for n in status['nodes'] if n['number'] == 2)")?;
        for (call, requests) in [
            ("os.stat(deep + 'f')", 1),
            (
                "os.stat(deep + 'none') if False else err(os.stat, deep + 'none')",
                1,
            ),
            ("os.close(os.open(deep + 'f', os.O_RDONLY))", 2),
            ("os.listxattr(deep + 'f')", 2),
        ] {
            // Beside the requests there is a heartbeat now and then; it would be a request per folder.
            let times = 400;
            let sent: i64 = w
                .py(
                    1,
                    &format!(
                        "{call}\nbegin = sent()\nfor i in range({times}): {call}\nsent() - begin"
                    ),
                )?
                .parse()?;
            ensure!(
                (times * requests..times * (requests + 1)).contains(&sent),
                "{call}: {sent} requests for {times} calls"
            );
        }
        Ok(())
    });
}

#[test]
fn both_paths_of_a_rename_are_gone_again() {
    on_mfs(|w| {
        for node in [1, 3, 2] {
            for (from, to) in [("a/b/x", "c/d/y"), ("a/b/x", "a/b/y"), ("a/b/x", "c/y")] {
                w.py(2, "shutil.rmtree('/data/t'); [os.makedirs('/data/t/' + d) for d in ('a/b', 'c/d')]; put('/data/t/a/b/x', b'old')")?;
                w.py(
                    node,
                    "t = '/mfs/2/data/t/'; [os.stat(t + n) for n in ('a/b/x', 'c/d')]",
                )?;
                // Another folder with another file takes the place of the first.
                w.py(2, "os.rename('/data/t/a/b', '/data/t/a/away'); os.mkdir('/data/t/a/b'); put('/data/t/a/b/x', b'new')")?;
                w.py(node, &format!("os.rename(t + '{from}', t + '{to}')"))?;
                w.expect(2, &format!("get('/data/t/{to}')"), "new")
                    .with_context(|| format!("{from} to {to} from node {node}"))?;
                w.expect(2, "os.listdir('/data/t/a/away')", "['x']")?;
                // And an empty one: there is nothing to rename.
                w.py(2, &format!("os.unlink('/data/t/{to}'); os.rename('/data/t/a/b', '/data/t/a/b2'); os.mkdir('/data/t/a/b')"))?;
                w.expect(
                    node,
                    &format!("err(os.rename, t + '{from}', t + '{to}')"),
                    "ENOENT",
                )?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_name_that_was_replaced_is_opened_anew_in_a_loop() {
    on_mfs(|w| {
        for node in [1, 2] {
            w.py(2, "shutil.rmtree('/data/t'); os.makedirs('/data/t/conf'); put('/data/t/conf/app', b'0')")?;
            // The same call from the same place with the same buffer, again and again.
            w.py(
                node,
                "import ctypes
libc = ctypes.CDLL(None, use_errno=True)
path = ctypes.create_string_buffer(b'/mfs/2/data/t/conf/app')
def look(times):
    seen = []
    for n in range(times):
        fd = libc.open(path, os.O_RDONLY)
        seen.append(os.read(fd, 9).decode() if fd >= 0 else errno.errorcode[ctypes.get_errno()])
        if fd >= 0: os.close(fd)
    return ''.join(seen)",
            )?;
            for turn in 1..10 {
                w.expect(node, "look(3)", &(turn - 1).to_string().repeat(3))?;
                // What is different on the way makes it go again, and the file is another one then.
                w.py(2, &format!("os.chmod('/data/t/conf', 0o75{})", turn % 6))?;
                w.expect(node, "look(1)", &(turn - 1).to_string())?;
                w.py(2, &format!("put('/data/t/conf/new', b'{turn}'); os.rename('/data/t/conf/app', '/data/t/conf/app.bak'); os.rename('/data/t/conf/new', '/data/t/conf/app')"))?;
                w.expect(node, "look(1)", &turn.to_string())?;
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_mounted_in_a_folder_stays_there() {
    on_mfs(|w| {
        for node in [1, 2] {
            w.py(2, "shutil.rmtree('/data/t'); os.makedirs('/data/t/a/b/m'); os.makedirs('/data/t/a/b/m/d')")?;
            w.node(node).sh(
                "mount -t tmpfs none /mfs/2/data/t/a/b/m; echo inside >/mfs/2/data/t/a/b/m/f",
            )?;
            w.py(2, "os.chmod('/data/t/a', 0o711)")?;
            w.expect(
                node,
                "m = '/mfs/2/data/t/a/b/m'; [err(os.mkdir, m), err(os.mkfifo, m), err(os.symlink, 'x', m), err(os.mkdir, m + '/'), get(m + '/f')]",
                "['EEXIST', 'EEXIST', 'EEXIST', 'EEXIST', b'inside\\n']",
            )?;
            w.node(node).sh("umount /mfs/2/data/t/a/b/m")?;
        }
        Ok(())
    });
}

#[test]
fn owners_count_in_sticky_folders() {
    on_mfs(|w| {
        for node in [1, 3, 2] {
            w.py(2, "shutil.rmtree('/data/t'); os.makedirs('/data/t/s/d'); os.makedirs('/data/t/s/e'); os.chmod('/data/t', 0o755); os.chmod('/data/t/s', 0o1777)")?;
            w.py(
                node,
                "s = '/mfs/2/data/t/s/'; [os.stat(s + n) for n in ('d', 'e')]",
            )?;
            w.expect(node, "user(1000, [], os.rmdir, s + 'd')", "EPERM")?;
            w.py(2, "os.chown('/data/t/s/d', 1000, 1000)")?;
            w.expect(node, "user(1000, [], os.rmdir, s + 'd')", "None")?;
            w.py(2, "os.chown('/data/t/s/e', 1000, 1000)")?;
            w.expect(node, "user(1000, [], os.rename, s + 'e', s + 'f')", "None")?;
        }
        Ok(())
    });
}
