// SPDX-License-Identifier: GPL-2.0
//! Programs of the distribution do the same whether they are moved or not.

use anyhow::{ensure, Result};

use crate::world::{on_node, World};

/// A file of text that is the same on every run, and how many kilobytes it has.
fn input(w: &World<'_>) -> Result<()> {
    let lines = if w.is_debug() { 6_000 } else { 40_000 };
    w.node.sh(&format!(
        "cd /tmp/m && seq {lines} | awk '{{print $1, ($1 * 7919) % 10007, \"word\" $1 % 101}}' >in"
    ))?;
    Ok(())
}

/// Turns that a quick program gets, until it has moved.
const TURNS: u32 = 40;

/// Runs each command, given with a name, natively and moved.
fn all(commands: &[(&str, &str)]) {
    on_node(|w| {
        input(w)?;
        for (name, command) in commands {
            let mut has_moved = false;
            for turn in 0..TURNS {
                has_moved = w.compare_turn(turn, name, command)?.moves > 0;
                if has_moved {
                    break;
                }
            }
            ensure!(has_moved, "{name} has not moved in {TURNS} turns");
        }
        Ok(())
    });
}

#[test]
fn compressors() {
    all(&[
        ("gzip", "cd /tmp/m && exec gzip -9 -c in"),
        ("bzip2", "cd /tmp/m && exec bzip2 -c in"),
        ("xz", "cd /tmp/m && exec xz -T1 -c in"),
        ("gunzip", "cd /tmp/m && gzip -c in | gunzip | cksum"),
    ]);
}

#[test]
fn text_tools() {
    all(&[
        ("sha256sum", "cd /tmp/m && exec sha256sum in in in"),
        ("sort", "cd /tmp/m && exec sort --parallel=1 -k2n in"),
        ("awk", "awk '{s[$3] += $2 * $1} END {for (i = 0; i < 101; i++) print s[\"word\" i]}' /tmp/m/in"),
        ("pipeline", "cd /tmp/m && sort --parallel=1 -k3 in | uniq -c -f2 | sed s/word/W/ | tr a-z A-Z | sort -n"),
        ("find", "exec find /usr/share/zoneinfo /etc -xdev -type f -size -20k"),
        ("tar", "tar c -C /usr/share/zoneinfo . | cksum"),
    ]);
}

#[test]
fn interpreters() {
    all(&[
        (
            "python3",
            "exec python3 -c 'import json, math, re
d = [math.sin(i) * i for i in range(20000)]
for _ in range(5): d = json.loads(json.dumps(d))
print(sum(d), len(re.findall(\"[0-9]+\", json.dumps(d))))'",
        ),
        (
            "perl",
            "exec perl -e 'for (1..60000) {$h{$_ % 997} .= chr(65 + $_ % 26)}
print length(join \"\", map {$h{$_}} sort keys %h), \"\\n\"'",
        ),
        ("bc", "echo \"scale=250; 4*a(1)\" | bc -l"),
        (
            "sqlite3",
            "exec sqlite3 :memory: \"create table t(a, b);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 8000)
insert into t select i, i * 7919 % 10007 from n;
select sum(a * b), count(distinct b) from t; select a from t order by b limit 5;\"",
        ),
    ]);
}

#[test]
fn a_compiler() {
    all(&[(
        "gcc",
        "cd /tmp/m && printf \"#include <stdio.h>\\n#include <stdlib.h>\\nint main(void) \
         {int s = 0; for (int i = 0; i < 100; i++) s += i * rand(); printf(\\\"%%d\\\\n\\\", s); return 3;}\\n\" >p.c \
         && gcc -O2 -S -o - p.c && gcc -O2 -o p p.c && ./p",
    )]);
}
