// SPDX-License-Identifier: GPL-2.0
//! Unmodified programs on the files of another node, and what they leave next to what they leave locally.

use std::{thread, time::Duration};

use anyhow::{ensure, Result};

use crate::world::{long, on_mfs, slowness, value, World};

/// Runs a script on node 1 in which $L is a local folder and $M one of node 2.
fn sh(w: &World<'_>, script: &str) -> Result<String> {
    let script = format!(
        "export L=/data/t/local M=/mfs/2/data/t/far HOME=/root; mkdir -p $L $M; cd /\n{script}"
    );
    w.node(1)
        .command(["bash", "-euo", "pipefail", "-c", &script])
        .limit(Duration::from_secs(if long() { 1200 } else { 180 }) * slowness())
        .run()
}

/// Makes a tree of so many files below $L/tree: sizes from 0 to some KiB, links, modes, times, odd names.
const TREE: &str = "import os, random, sys
chance, root, count = random.Random(1), sys.argv[1], int(sys.argv[2])
os.mkdir(root)
for n in range(count):
    folder = f'{root}/{n // 50 % 40:02}/{n // 2000}'
    os.makedirs(folder, exist_ok=True)
    name = f'{folder}/' + chance.choice(('file', 'a name', 'näme', '-dash', 'x' * 90)) + str(n)
    kind = n % 50
    if kind == 7: os.symlink(f'../missing {n}', name)
    elif kind == 8: os.link(last, name)
    elif kind == 9: os.mkfifo(name)
    else:
        with open(name, 'wb') as file: file.write(chance.randbytes(chance.choice((0, 1, 100, 3000, 20000))))
        os.chmod(name, chance.choice((0o644, 0o600, 0o755, 0o4711)))
        os.utime(name, ns=(10**18 + n, 10**18 + 2 * n))
        last = name
";

/// All of a tree in one line: every name, type, mode, owner, time and byte.
const SUM: &str = "sum_of() { tar --sort=name -C \"$1\" -cf - . | sha256sum; }";

#[test]
fn trees_are_packed_unpacked_copied_compared_and_removed() {
    on_mfs(|w| {
        let count = if long() { 10_000 } else { 400 };
        w.node(1)
            .put_bytes(TREE.as_bytes(), 0o644, "/root/tree.py")?;
        let script = format!(
            "{SUM}
python3 /root/tree.py $L/tree {count}
tar --sort=name -C $L -cf $L/tree.tar tree
tar -C $M -xf $L/tree.tar
[ \"$(sum_of $L/tree)\" = \"$(sum_of $M/tree)\" ] || {{ echo untarred differs; diff -r $L/tree $M/tree | head; exit 1; }}
tar --sort=name -C $M -cf $M/back.tar tree; diff <(tar -tvf $M/back.tar) <(tar -tvf $L/tree.tar)
cp -a $M/tree $M/copy; [ \"$(sum_of $M/copy)\" = \"$(sum_of $L/tree)\" ]
[ $(find $M/tree | wc -l) = $(find $L/tree | wc -l) ]
find $M/tree -type f -size +10k | sed s,$M,, | sort | cmp - <(find $L/tree -type f -size +10k | sed s,$L,, | sort)
mv $M/copy $M/moved; rm -r $M/tree $M/moved; ls -A $M"
        );
        let left = sh(w, &script)?;
        ensure!(left == "back.tar", "left: {left}");
        println!(
            "a tree of {count} files: untar, tar, cp -a, find, diff, mv, rm -r are as on ext4"
        );
        Ok(())
    });
}

#[test]
fn git_works_there() {
    on_mfs(|w| {
        let commits = if long() { 100 } else { 12 };
        let script = format!(
            "git config --global user.name t; git config --global user.email t@t; git config --global init.defaultBranch m; git config --global safe.directory '*'
git init -q $L/origin; cd $L/origin
for n in $(seq {commits}); do mkdir -p d$((n % 5)); seq $n 40 $((n * 600)) >d$((n % 5))/f$n; git add .; git commit -qm \"commit $n\"; done
git clone -q --no-hardlinks $L/origin $M/clone; cd $M/clone
git fsck --full --strict 2>&1 | {{ ! grep -v 'notice: '; }}
[ -z \"$(git status --porcelain)\" ]
echo change >d1/f1; git commit -qam change; git checkout -q -b side HEAD~3; echo side >side; git add side; git commit -qm side; git merge -q -m merge m
git gc -q --prune=now; git repack -qad; git fsck --full
git push -q origin HEAD:refs/heads/back; cd $L/origin; git fsck --full
[ \"$(git rev-parse back^{{tree}})\" = \"$(git -C $M/clone rev-parse HEAD^{{tree}})\" ]
git clone -q $M/clone $M/second; git -C $M/second log --oneline | wc -l; git -C $M/clone log --oneline | wc -l"
        );
        let lines = sh(w, &script)?;
        let counts: Vec<&str> = lines.lines().collect();
        ensure!(
            counts.len() == 2 && counts.first() == counts.last(),
            "{lines}"
        );
        // Node 3 sees a sound repository, too.
        w.node(3).sh("git config --global safe.directory '*'; git -C /mfs/2/data/t/far/clone fsck --full && test -z \"$(git -C /mfs/2/data/t/far/clone status --porcelain)\"")?;
        Ok(())
    });
}

#[test]
fn sqlite_keeps_its_books_from_two_nodes() {
    on_mfs(|w| {
        let rounds = if long() { 200 } else { 15 };
        let database = "/mfs/2/data/t/books";
        w.py(1, &format!("import sqlite3
db = sqlite3.connect('{database}', isolation_level=None)
db.executescript('create table c (who integer, n integer); create table log (who integer, n integer); insert into c values (0, 0);')
db.close()"))?;
        let code = format!(
            "import sqlite3
def book(me, path):
    db = sqlite3.connect(path, timeout=100, isolation_level=None)
    for n in range({rounds}):
        db.execute('begin immediate')
        value, = db.execute('select n from c').fetchone()
        db.execute('insert into log values (?, ?)', (me, value))
        db.execute('update c set n = ?', (value + 1,))
        db.execute('commit' if n % 5 else 'rollback')
    db.close()
"
        );
        thread::scope(|scope| -> Result<()> {
            let ways = [(1, database), (3, database), (2, "/data/t/books")];
            let running = ways
                .map(|(node, path)| w.start(scope, node, &format!("{code}book({node}, '{path}')")));
            for handle in running {
                value(handle)?;
            }
            Ok(())
        })?;
        let booked = 3 * (rounds - rounds / 5);
        let check = format!("import sqlite3
db = sqlite3.connect('{database}')
result = (db.execute('select n from c').fetchone(), db.execute('select count(*), count(distinct n) from log').fetchone(), db.execute('pragma integrity_check').fetchone())
db.close()
result");
        let wanted = format!("(({booked},), ({booked}, {booked}), ('ok',))");
        for node in [1, 2, 3] {
            w.expect(node, &check, &wanted)?;
        }
        Ok(())
    });
}

/// A small program of several files.
const SOURCES: &str = "mkdir -p $1/src $1/include; cd $1
cat >include/sum.h <<'END'
long sum(const long *first, int count);
END
cat >src/sum.c <<'END'
#include \"../include/sum.h\"
long sum(const long *first, int count) { long all = 0; while (count--) all += *first++; return all; }
END
cat >src/main.c <<'END'
#include <stdio.h>
#include \"../include/sum.h\"
int main(void) { long some[] = { 1, 2, 39 }; printf(\"%ld\\n\", sum(some, 3)); return 0; }
END
printf 'all: program\\nobjects = src/main.o src/libsum.a\\nprogram: $(objects)\\n\\t$(CC) -o $@ $(objects)\\nsrc/libsum.a: src/sum.o\\n\\tar rcs $@ $<\\n%%.o: %%.c include/sum.h\\n\\t$(CC) -O1 -Wall -Werror -c -o $@ $<\\nclean:\\n\\trm -f program src/*.o src/*.a\\n' >Makefile";

#[test]
fn a_program_is_built_there_and_runs_from_there_on_any_node() {
    on_mfs(|w| {
        let script = format!(
            "sources() {{ {SOURCES}\n}}
(sources $L/p; make -s); (sources $M/p; make -s)
cd $M/p; cmp program $L/p/program; make -q; ./program
sleep 0.05; sed -i s/39/40/ src/main.c; ! make -q; make -s; ./program
sleep 0.05; touch include/sum.h; make -n | grep -c -- ' -c -o '; make -s clean; ls; make -s -j2"
        );
        let lines = sh(w, &script)?;
        ensure!(lines == "42\n43\n2\nMakefile\ninclude\nsrc", "{lines}");
        for path in [
            "/mfs/2/data/t/far/p/program",
            "/mfs/2/data/t/far/p/../p/program",
        ] {
            ensure!(w.node(3).sh(path)? == "43");
        }
        ensure!(
            w.node(2)
                .sh("/mfs/here/data/t/far/p/program; cd /data/t/far/p; ./program")?
                == "43\n43"
        );
        Ok(())
    });
}

#[test]
fn fio_reads_back_what_it_wrote() {
    on_mfs(|w| {
        let size = if long() { "256m" } else { "3m" };
        for (engine, more) in [
            ("psync", "--bsrange=512-256k"),
            ("pvsync2", "--bs=4k"),
            ("sync", "--direct=1 --bs=64k"),
        ] {
            sh(w, &format!("cd $M; fio --minimal --name=v --ioengine={engine} --rw=randwrite --size={size} {more} --verify=crc32c --verify_fatal=1 --do_verify=1 --fsync=64 --randrepeat=0 >/dev/null; rm v.*"))?;
        }
        Ok(())
    });
}

#[test]
fn postmark_runs_and_cleans_up() {
    on_mfs(|w| {
        let (files, transactions) = if long() { (500, 2000) } else { (40, 80) };
        for block in [64, 4096] {
            let script = format!("printf 'set location %s\\nset number {files}\\nset transactions {transactions}\\nset size 500 10000\\nset read {block}\\nset write {block}\\nset buffering false\\nset report terse\\nrun\\nquit\\n' $M | postmark >/tmp/postmark; ! grep -i error /tmp/postmark; ls -A $M | wc -l");
            let left = sh(w, &script)?;
            ensure!(left == "0", "{block}: {left}");
        }
        Ok(())
    });
}
