// SPDX-License-Identifier: GPL-2.0
//! Finds the kernel's complaints in a log: any of them fails the test during which it appeared.

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What kind of complaint it is.
    pub kind: &'static str,
    /// The line that shows it.
    pub line: String,
    /// Number of that line in the log, from 1.
    pub number: usize,
}

/// How a pattern is looked for in a line without its time stamp.
#[derive(Clone, Copy)]
enum Place {
    /// At the start of the line.
    Start,
    /// Anywhere in it.
    Anywhere,
}

use Place::{Anywhere, Start};

/// What complaints begin with. The first pattern that matches a line names it.
const PATTERNS: &[(Place, &str, &str)] = &[
    (Anywhere, "Kernel panic - not syncing", "panic"),
    (Anywhere, "BUG: KASAN:", "KASAN"),
    (Anywhere, "BUG: KMSAN:", "KMSAN"),
    (Anywhere, "BUG: KCSAN:", "KCSAN"),
    (Anywhere, "BUG: KFENCE:", "KFENCE"),
    (Anywhere, "UBSAN:", "UBSAN"),
    (
        Anywhere,
        "possible circular locking dependency detected",
        "lockdep",
    ),
    (Anywhere, "possible recursive locking detected", "lockdep"),
    (
        Anywhere,
        "possible irq lock inversion dependency detected",
        "lockdep",
    ),
    (Anywhere, "INFO: possible recursive", "lockdep"),
    (Anywhere, "INFO: possible circular", "lockdep"),
    (
        Anywhere,
        "INFO: trying to register non-static key",
        "lockdep",
    ),
    (Anywhere, "inconsistent lock state", "lockdep"),
    (Anywhere, "-safe -> ", "lockdep"),
    (Anywhere, "-unsafe lock order detected", "lockdep"),
    (Anywhere, "BUG: Invalid wait context", "lockdep"),
    (Anywhere, "bad unlock balance detected", "lockdep"),
    (Anywhere, "held lock freed", "lockdep"),
    (
        Anywhere,
        "lock held when returning to user space",
        "lockdep",
    ),
    (Anywhere, "exited with locks held", "lockdep"),
    (Anywhere, "DEBUG_LOCKS_WARN_ON", "lockdep"),
    (Anywhere, "suspicious RCU usage", "RCU usage"),
    (Anywhere, "Illegal context switch in RCU", "RCU usage"),
    (Anywhere, "detected stall", "RCU stall"),
    (Anywhere, "self-detected stall", "RCU stall"),
    (Anywhere, "rcu: INFO:", "RCU stall"),
    (Anywhere, "kthread starved for", "RCU stall"),
    (Anywhere, "soft lockup - CPU", "soft lockup"),
    (Anywhere, "hard LOCKUP", "hard lockup"),
    (Anywhere, "workqueue lockup", "workqueue lockup"),
    (Anywhere, "INFO: task ", "hung task"),
    (Anywhere, "blocked for more than", "hung task"),
    (
        Anywhere,
        "sleeping function called from invalid context",
        "sleeping in atomic context",
    ),
    (
        Anywhere,
        "scheduling while atomic",
        "sleeping in atomic context",
    ),
    (Anywhere, "CFI failure at", "CFI failure"),
    (Anywhere, "Missing ENDBR", "CFI failure"),
    (Anywhere, "unreferenced object 0x", "memory leak"),
    (Anywhere, "new suspected memory leaks", "memory leak"),
    (Anywhere, "ODEBUG:", "object debugging"),
    (Anywhere, "list_add corruption", "list corruption"),
    (Anywhere, "list_del corruption", "list corruption"),
    (Anywhere, "refcount_t:", "reference count"),
    (Anywhere, "general protection fault", "oops"),
    (Anywhere, "unable to handle page fault", "oops"),
    (Anywhere, "NULL pointer dereference", "oops"),
    (Anywhere, "unable to handle kernel", "oops"),
    (Anywhere, "stack segment:", "oops"),
    (Anywhere, "double fault", "oops"),
    (Anywhere, "kernel stack overflow", "oops"),
    (Anywhere, "stack guard page was hit", "oops"),
    (Anywhere, "kernel tried to execute NX", "oops"),
    (Anywhere, "kernel BUG at", "BUG"),
    (Start, "Oops: ", "oops"),
    (Start, "invalid opcode: ", "oops"),
    (Start, "divide error: ", "oops"),
    (Start, "int3: ", "oops"),
    (Start, "rust_kernel: panicked at", "Rust panic"),
    (Anywhere, " panicked at ", "Rust panic"),
    (Start, "WARNING:", "WARN"),
    (Anywhere, "WARNING: CPU:", "WARN"),
    (Anywhere, "WARNING: possible", "lockdep"),
    (Start, "BUG:", "BUG"),
    (Anywhere, "BUG: Bad page", "BUG"),
    (Anywhere, "BUG: Dentry", "BUG"),
    (Anywhere, "Objects remaining in", "memory leak"),
    (Anywhere, "Busy inodes after unmount", "busy inodes"),
    (
        Anywhere,
        "unregister_netdevice: waiting for",
        "netdevice leak",
    ),
    (
        Anywhere,
        "page allocation failure",
        "page allocation failure",
    ),
    (Anywhere, "Out of memory: Killed process", "out of memory"),
    (Anywhere, "Memory cgroup out of memory", "out of memory"),
    (Start, "EXT4-fs error", "file system error"),
    (Start, "node-init: FAILED", "guest set-up"),
    (Start, "------------[ cut here ]------------", "cut here"),
    (Start, "Call Trace:", "call trace"),
];

/// What looks like a complaint and is none, with the reason.
const HARMLESS: &[&str] = &[
    // The debug kernel's boot message about its own heavy checks: several lines of warning.
    "** ",
];

/// All complaints in a log. What belongs to one complaint (its call trace above all) is reported
/// with its own line only if nothing in the lines just before says what it is about.
pub fn scan(log: &str) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    for (index, raw) in log.lines().enumerate() {
        let line = message(raw);
        if HARMLESS.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let Some(kind) = kind_of(line) else { continue };
        let number = index + 1;
        // A report's own later lines, of whatever kind, within a screenful.
        let belongs = matches!(kind, "call trace" | "cut here")
            && reports
                .last()
                .is_some_and(|last| number - last.number < 60 && last.kind != "cut here");
        if belongs {
            continue;
        }
        // "cut here" only announces; what follows is the report.
        if reports
            .last()
            .is_some_and(|last| last.kind == "cut here" && number - last.number < 10)
        {
            reports.pop();
        }
        reports.push(Report {
            kind,
            line: raw.trim_end().to_owned(),
            number,
        });
    }
    reports
}

fn kind_of(line: &str) -> Option<&'static str> {
    PATTERNS
        .iter()
        .find(|(place, text, _)| match place {
            Start => line.starts_with(text),
            Anywhere => line.contains(text),
        })
        .map(|(_, _, kind)| *kind)
}

/// The line without the kernel's time stamp (and caller, on debug kernels).
fn message(line: &str) -> &str {
    let mut rest = line.trim_start_matches('\r');
    for _ in 0..2 {
        let Some((stamp, tail)) = rest
            .strip_prefix('[')
            .and_then(|inner| inner.split_once(']'))
        else {
            break;
        };
        let is_time = stamp.trim().parse::<f64>().is_ok();
        let is_caller = stamp.trim_start().starts_with(['T', 'C'])
            && stamp.trim().chars().skip(1).all(|c| c.is_ascii_digit());
        if !is_time && !is_caller {
            break;
        }
        rest = tail.strip_prefix(' ').unwrap_or(tail);
    }
    rest
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
