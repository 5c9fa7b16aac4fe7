// SPDX-License-Identifier: GPL-2.0
//! The end of a process that is away, and stops on the way there.

use anyhow::{ensure, Result};
use mosix_cluster::testing::Shape;

use crate::world::{on_node, on_shape, World};

/// Shell functions: `away CODE` starts a Python that runs CODE, moves it out and sets `p`; `state PID`
/// prints the state of a process; `bodies` counts the tasks of the program besides `p`.
const SHELL: &str = r#"
set -u
away() {
    python3 -c "print('up', flush=True)
$1" >/tmp/m/up 2>/tmp/m/err & p=$!
    until grep -q up /tmp/m/up; do sleep 0.05; done
    mosix migrate $p here || exit 90
}
state() { ps -o stat= -p $1 | cut -c1; }
bodies() { pgrep -c -f "^python3 -c print" || true; }
"#;

/// Runs a script with those functions; what it prints is compared with `expected`.
fn script(w: &World<'_>, text: &str, expected: &str) -> Result<()> {
    let out = w.node.exec(&format!("{SHELL}\n{text}"))?;
    ensure!(
        out.stdout.trim() == expected,
        "{:?} instead of {expected:?}, status {}: {}",
        out.stdout,
        out.status,
        out.stderr
    );
    Ok(())
}

/// A program that computes and makes no system call.
const LOOP: &str = "while True: pass";

#[test]
fn signals_end_it_as_ever() {
    on_node(|w| {
        for (signal, status) in [("TERM", 143), ("KILL", 137), ("HUP", 129), ("XCPU", 152)] {
            let text = format!(
                "away '{LOOP}'
kill -{signal} $p; wait $p; echo $?; sleep 0.3; bodies"
            );
            script(w, &text, &format!("{status}\n0"))?;
        }
        Ok(())
    });
}

#[test]
fn it_stops_and_goes_on_and_its_parent_sees_both() {
    on_node(|w| {
        let text = format!(
            "away '{LOOP}'
kill -STOP $p; sleep 0.5; state $p; bodies
kill -CONT $p; sleep 0.2; state $p
mosix migrate $p here; sleep 0.2; bodies; kill $p; wait $p; echo $?"
        );
        script(w, &text, "T\n1\nR\n2\n143")
    });
}

#[test]
fn a_fault_is_its_own() {
    on_shape(Shape::nodes(1).expect_complaint("segfault"), |w| {
        let handled = r#"away 'import ctypes, faulthandler, sys
faulthandler.enable(open("/tmp/m/fault", "w"))
i = 0
while i < 3000000: i += 1
ctypes.string_at(8)'
wait $p; echo $?; grep -c "Segmentation fault" /tmp/m/fault; mosix ps | tail -n +2 | wc -l"#;
        script(w, handled, "139\n1\n0")
    });
}

#[test]
fn without_its_body_it_dies() {
    on_node(|w| {
        let text = format!(
            "away '{LOOP}'
kill -KILL $(pgrep -f '^python3 -c print' | grep -v \"^$p\\$\"); wait $p; echo $?"
        );
        script(w, &text, "137")
    });
}

#[test]
fn what_is_sent_to_its_body_is_not_for_it() {
    on_node(|w| {
        let text = format!(
            "away '{LOOP}'
b=$(pgrep -f '^python3 -c print' | grep -v \"^$p\\$\")
kill -TERM $b; kill -INT $b; kill -USR1 $b; sleep 0.3; bodies; state $p
mosix migrate $p home; kill $p; wait $p; echo $?"
        );
        script(w, &text, "2\nS\n143")
    });
}

#[test]
fn an_idle_deputy_costs_no_cpu_time() {
    on_node(|w| {
        let text = format!(
            "away '{LOOP}'
ticks() {{ awk '{{print $14 + $15}}' /proc/$p/stat; }}
before=$(ticks); sleep 1.5; echo $(($(ticks) - before)); state $p
mosix migrate $p home; [ $(ticks) -gt $((before + 30)) ] && echo counted
kill $p; wait $p; echo $?"
        );
        script(w, &text, "0\nS\ncounted\n143")
    });
}

#[test]
fn the_module_stays_while_it_is_away() {
    on_node(|w| {
        let text = format!(
            "away '{LOOP}'
rmmod mosix 2>&1 | grep -c 'in use'
mosix ps --json | grep -c '\"place\": \"here\"'
kill $p; wait $p; echo $?"
        );
        script(w, &text, "1\n1\n143")
    });
}
