// SPDX-License-Identifier: GPL-2.0
//! What a node lets others see and change: exports, read-only, root squash, hidden paths.

use anyhow::{ensure, Result};
use mosix_cluster::{mosix, mosix::Config};

use crate::world::{on_mfs, World};

/// Runs a test under another policy of all nodes.
fn under(w: &World<'_>, config: &Config, test: impl FnOnce() -> Result<()>) -> Result<()> {
    let set = |config: &Config| {
        w.cluster.for_each_node(|node| {
            config.write(node)?;
            mosix::up(node)
        })
    };
    set(config)?;
    let result = test();
    set(&Config::of(w.cluster))?;
    result
}

#[test]
fn only_what_is_exported_is_seen() {
    on_mfs(|w| {
        w.py(2, "os.makedirs('/data/t/a/b/c'); os.makedirs('/data/t/secret'); put('/data/t/a/b/f', b'seen'); put('/data/t/a/not', b'x'); put('/data/t/secret/f', b'x')
os.link('/data/t/secret/f', '/data/t/a/b/second'); os.symlink('/data/t/secret/f', '/data/t/a/b/link'); os.makedirs('/data/t/a/b/hidden/deep'); put('/data/t/a/b/hidden/f', b'x')")?;
        w.py(1, "was = os.open('/mfs/2/data/t/secret', os.O_RDONLY); old = os.open('/mfs/2/data/t/secret/f', os.O_RDONLY); os.chdir('/mfs/2/data/t/secret')")?;
        let config = Config::of(w.cluster)
            .set("export", "[\"/data/t/a/b\"]")
            .set("hidden", "[\"/data/t/a/b/hidden\"]");
        under(w, &config, || {
            for node in [1, 2] {
                w.expect(node, "sorted(os.listdir('/mfs/2')), os.listdir('/mfs/2/data'), os.listdir('/mfs/2/data/t'), os.listdir('/mfs/2/data/t/a')", "(['data'], ['t'], ['a'], ['b'])")?;
                w.expect(node, "sorted(os.listdir('/mfs/2/data/t/a/b')), get('/mfs/2/data/t/a/b/f'), get('/mfs/2/data/t/a/b/second')", "(['c', 'f', 'link', 'second'], b'seen', b'x')")?;
                w.expect(node, "[err(os.stat, '/mfs/2/' + path) for path in ('etc', 'root', 'data/t/secret', 'data/t/secret/f', 'data/t/a/not', 'data/t/a/b/hidden', 'data/t/a/b/hidden/f', 'data/t/a/b/hidden/deep')]", &format!("{:?}", ["ENOENT"; 8]).replace('"', "'"))?;
                // The way there cannot be changed, and what is hidden is not made again, moved or replaced.
                let results = w.py(node, "b = '/mfs/2/data/t/a/b/'; [err(os.mkdir, '/mfs/2/data/t/new'), err(put, '/mfs/2/data/new'), err(os.rename, '/mfs/2/data/t/a', '/mfs/2/data/t/z'), err(os.mkdir, b + 'hidden'), err(put, b + 'hidden'), err(os.rename, b + 'f', b + 'hidden'), err(os.rename, b + 'hidden', b + 'found'), err(os.rmdir, b + 'hidden'), err(os.chmod, '/mfs/2/data/t', 0o700)]")?;
                ensure!(results.matches("'E").count() == 9, "{results}");
                w.expect(node, "put(b + 'c/g', b'x'); os.rename(b + 'c', b + 'moved'); os.rename(b + 'moved', b + 'c'); os.unlink(b + 'c/g')", "")?;
            }
            // Names from before count no more, open files do.
            w.expect(
                1,
                "[err(os.stat, '.'), err(os.listdir, '.'), err(os.open, 'f', os.O_RDONLY)]",
                "['ESTALE', 'ESTALE', 'ESTALE']",
            )?;
            w.expect(1, "os.pread(old, 5, 0)", "x")?;
            w.expect(
                2,
                "sorted(os.listdir('/data/t/a/b'))",
                "['c', 'f', 'hidden', 'link', 'second']",
            )
        })?;
        w.py(
            1,
            "os.chdir('/'); os.close(old); os.close(was); os.listdir('/mfs/2/data/t/secret')",
        )
        .map(drop)
    });
}

#[test]
fn read_only_is_read_only() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/f', b'x'); os.mkdir('/data/t/d')")?;
        w.py(1, "old = os.open('/mfs/2/data/t/f', os.O_RDWR)")?;
        under(w, &Config::of(w.cluster).set("read_only", true), || {
            w.expect(
                1,
                "f, d = '/mfs/2/data/t/f', '/mfs/2/data/t/d'; get(f), os.listdir(d)",
                "(b'x', [])",
            )?;
            let attempts = [
                "os.open, f, os.O_WRONLY",
                "os.open, f, os.O_RDWR",
                "os.open, f, os.O_RDONLY | os.O_TRUNC",
                "os.open, d + '/n', os.O_CREAT | os.O_RDONLY",
                "os.mkdir, d + '/n'",
                "os.rmdir, d",
                "os.unlink, f",
                "os.rename, f, f + '2'",
                "os.link, f, f + '2'",
                "os.symlink, 'a', d + '/n'",
                "os.mkfifo, d + '/n'",
                "os.chmod, f, 0o600",
                "os.chown, f, 1, 1",
                "os.utime, f",
                "os.truncate, f, 0",
                "os.setxattr, f, 'user.a', b'1'",
                "os.removexattr, f, 'user.a'",
                "os.open, d, os.O_TMPFILE | os.O_RDWR",
            ];
            for attempt in attempts {
                w.expect(1, &format!("err({attempt})"), "EROFS")?;
            }
            w.expect(
                1,
                "os.access(f, os.R_OK), os.access(f, os.W_OK)",
                "(True, False)",
            )?;
            w.expect(
                2,
                "get('/data/t/f'), sorted(os.listdir('/data/t'))",
                "(b'x', ['d', 'f'])",
            )
        })?;
        w.expect(1, "os.close(old); put(f, b'y'); get(f)", "y")
    });
}

#[test]
fn root_of_another_node_may_be_nobody() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/secret', b'x', mode=0o600); put('/data/t/users', b'u', mode=0o600); os.chown('/data/t/users', 1000, 1000); os.mkdir('/data/t/all'); os.chmod('/data/t/all', 0o777)")?;
        let config = Config::of(w.cluster).set("root_squash", true);
        under(w, &config, || {
            w.expect(1, "p = '/mfs/2/data/t/'; [err(get, p + 'secret'), err(get, p + 'users'), err(os.chmod, p + 'secret', 0o777), err(os.chown, p + 'all', 0, 0), err(put, p + 'new')]", "['EACCES', 'EACCES', 'EPERM', 'EPERM', 'EACCES']")?;
            w.expect(
                1,
                "put(p + 'all/f', b'1'); s = os.stat(p + 'all/f'); (s.st_uid, s.st_gid)",
                "(65534, 65534)",
            )?;
            w.expect(1, "user(1000, [], get, p + 'users'), user(1000, [], get, p + 'secret'), user(1001, [1000], get, p + 'users')", "(\"b'u'\", 'EACCES', 'EACCES')")
        })?;
        w.expect(1, "get(p + 'secret')", "x")
    });
}
