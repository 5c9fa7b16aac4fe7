// SPDX-License-Identifier: GPL-2.0
//! What is in `/mfs`, and what is not served.

use anyhow::{ensure, Result};

use crate::world::{on_mfs, World};

#[test]
fn nodes_have_numbers_and_names() {
    on_mfs(|w| {
        w.py(2, "put('/data/t/f', b'on two')")?;
        w.py(3, "put('/data/t/f', b'on three')")?;
        for node in [1, 2, 3] {
            w.expect(node, "sorted((name, os.readlink('/mfs/' + name)) for name in os.listdir('/mfs') if not name.startswith('h'))", "[('node1', '1'), ('node2', '2'), ('node3', '3')]")?;
            w.expect(
                node,
                "[get(f'/mfs/{name}/data/t/f') for name in ('2', 'node2', '3', 'node3')]",
                "[b'on two', b'on two', b'on three', b'on three']",
            )?;
            w.expect(
                node,
                "[os.path.realpath('/mfs/' + name) for name in ('here', 'home')]",
                &format!("['/mfs/{node}', '/mfs/{node}']"),
            )?;
            w.expect(node, "[err(os.stat, '/mfs/' + name) for name in ('4', '0', '02', '-1', '65536', 'nobody', 'Node1', '2 ')]", &format!("{:?}", ["ENOENT"; 8]).replace('"', "'"))?;
            w.expect(node, "os.path.samefile('/mfs/2/..', '/mfs'), os.path.samefile('/mfs/2/data/..', '/mfs/2')", "(True, True)")?;
            w.expect(
                node,
                "[(e.name, e.is_symlink()) for e in os.scandir('/mfs') if not e.is_symlink()]",
                "[]",
            )?;
            // Nothing is made or removed there.
            let results = w.py(node, "[err(os.mkdir, '/mfs/x'), err(os.rmdir, '/mfs/3'), err(os.unlink, '/mfs/here'), err(os.open, '/mfs/x', os.O_CREAT | os.O_RDWR), err(os.rename, '/mfs/here', '/mfs/x'), err(os.symlink, 'a', '/mfs/x'), err(os.link, '/mfs/2/data/t/f', '/mfs/x')]")?;
            ensure!(
                results.matches('E').count() >= 7 && !results.contains("None"),
                "{results}"
            );
        }
        Ok(())
    });
}

#[test]
fn find_does_not_crawl_the_cluster() {
    on_mfs(|w| {
        let count = w
            .node(1)
            .sh("find /mfs | wc -l; find / -xdev -path '/mfs/*' | wc -l")?;
        ensure!(count == "6\n0", "{count}");
        Ok(())
    });
}

#[test]
fn another_nodes_mfs_and_its_machine_are_not_served() {
    on_mfs(|w| {
        for node in [1, 2] {
            w.expect(node, "[err(os.listdir, '/mfs/2/mfs'), err(os.stat, '/mfs/2/mfs/1'), err(os.stat, '/mfs/2/mfs/2/mfs')]", "['ELOOP', 'ELOOP', 'ELOOP']")?;
            not_served(w, node)?;
        }
        Ok(())
    });
}

fn not_served(w: &World<'_>, node: u8) -> Result<()> {
    for path in [
        "proc/self/status",
        "proc/1/root",
        "sys/kernel",
        "proc/kcore",
        "dev/pts/ptmx",
    ] {
        let answer = w.py(
            node,
            &format!("err(os.open, '/mfs/2/{path}', os.O_RDONLY | os.O_NONBLOCK)"),
        )?;
        ensure!(
            answer.starts_with('E'),
            "node {node}: open {path}: {answer}"
        );
    }
    // Devices are seen, not opened; what is not there is not made.
    for path in ["dev/null", "dev/vda", "dev/console"] {
        let code = format!("path = '/mfs/2/{path}'; seen = err(os.lstat, path); (seen if isinstance(seen, str) else oct(seen.st_mode), err(os.open, path, os.O_RDWR | os.O_NONBLOCK))");
        let answer = w.py(node, &code)?;
        ensure!(
            answer.matches("'E").count() >= 1 && !answer.ends_with(|c: char| c.is_ascii_digit()),
            "node {node}: {path}: {answer}"
        );
    }
    let answer = w.py(
        node,
        "err(os.mknod, '/mfs/2/data/t/device', 0o020666, os.makedev(1, 3))",
    )?;
    ensure!(
        answer.starts_with('E')
            || w.py(node, "err(os.open, '/mfs/2/data/t/device', os.O_RDWR)")?
                .starts_with('E'),
        "{answer}"
    );
    Ok(())
}

#[test]
fn the_size_of_the_file_system_is_the_servers() {
    on_mfs(|w| {
        let code = "s = os.statvfs(p); (s.f_bsize, s.f_frsize, s.f_blocks, s.f_files, s.f_namemax, s.f_bfree, s.f_ffree)";
        w.py(2, "os.sync()")?;
        for path in ["/data", "/", "/tmp", "/dev/shm"] {
            let truth = w.py(2, &format!("p = '{path}'; {code}"))?;
            w.expect(1, &format!("p = '/mfs/2{path}'; {code}"), &truth)?;
            w.expect(2, &format!("p = '/mfs/2{path}'; {code}"), &truth)?;
        }
        let lines = w.node(1).sh("df -P /mfs/2/data; df -P / | tail -1")?;
        ensure!(lines.lines().count() == 3, "{lines}");
        Ok(())
    });
}

#[test]
fn other_file_systems_of_a_node_are_served_as_they_are() {
    on_mfs(|w| {
        w.py(2, "os.makedirs('/dev/shm/t', exist_ok=True); put('/dev/shm/t/f', b'in memory'); os.makedirs('/root/t', exist_ok=True); put('/root/t/f', b'on the overlay')")?;
        for (path, text) in [
            ("/dev/shm/t/f", "in memory"),
            ("/root/t/f", "on the overlay"),
        ] {
            w.expect(1, &format!("get('/mfs/2{path}')"), text)?;
            w.expect(1, &format!("fd = os.open('/mfs/2{path}', os.O_RDWR); os.unlink('/mfs/2{path}'); (os.pwrite(fd, b'IN', 0), os.pread(fd, 2, 0), os.fstat(fd).st_nlink, os.close(fd))"), "(2, b'IN', 0, None)")?;
        }
        // Links and renames do not cross from one to another.
        w.expect(1, "put('/mfs/2/data/t/f'); (err(os.rename, '/mfs/2/data/t/f', '/mfs/2/dev/shm/t/g'), err(os.link, '/mfs/2/data/t/f', '/mfs/2/root/t/g'), err(os.rename, '/mfs/2/data/t/f', '/mfs/3/data/t/g'), err(os.rename, '/mfs/2/data/t/f', '/data/t/g'))", "('EXDEV', 'EXDEV', 'EXDEV', 'EXDEV')")?;
        w.py(2, "shutil.rmtree('/dev/shm/t'); shutil.rmtree('/root/t')")
            .map(drop)
    });
}
