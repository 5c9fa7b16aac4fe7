// SPDX-License-Identifier: GPL-2.0
//! Processes that outlive their starter: named by pid *and* start time, so that a recycled pid is
//! never taken for the process it once named.

use std::{
    fs,
    time::{Duration, Instant},
};

use nix::{
    sys::{
        signal::{kill, Signal},
        wait::{waitpid, WaitPidFlag},
    },
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

/// A process of this boot of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pid: i32,
    /// Clock ticks since the host's boot.
    start: u64,
}

impl ProcessId {
    /// Names a running process; `None` if there is no such process.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let (_, start) = stat(pid)?;
        Some(Self { pid, start })
    }

    /// Names the calling process.
    pub(crate) fn own() -> Self {
        // The calling process exists, so its entry in /proc does.
        Self::of(std::process::id() as i32).unwrap_or(Self { pid: 0, start: 0 })
    }

    pub(crate) fn pid(self) -> i32 {
        self.pid
    }

    /// Whether the process still runs; one that only waits to be reaped does not.
    pub(crate) fn alive(self) -> bool {
        match stat(self.pid) {
            Some(('Z' | 'X', start)) if start == self.start => {
                self.reap();
                false
            }
            Some((_, start)) => start == self.start,
            None => false,
        }
    }

    /// Sends a signal; the process being gone is fine.
    pub(crate) fn signal(self, signal: Signal) {
        if self.alive() {
            let _ = kill(Pid::from_raw(self.pid), signal);
        }
    }

    /// Waits until the process is gone; false if it is still there after `limit`.
    pub(crate) fn wait_gone(self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.alive() {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// Collects the exit status if the ended process is a child of this one.
    fn reap(self) {
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
    }
}

/// State letter and start time from /proc/PID/stat.
fn stat(pid: i32) -> Option<(char, u64)> {
    if pid <= 0 {
        return None;
    }
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name is in parentheses and may itself contain any character.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Identifies this boot of the host: pids and namespaces of an earlier one mean nothing.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn own_process_is_alive() {
        assert!(ProcessId::own().alive());
    }

    #[test]
    fn other_start_time_is_another_process() {
        let own = ProcessId::own();
        assert!(!ProcessId {
            start: own.start + 1,
            ..own
        }
        .alive());
    }

    #[test]
    fn killed_child_is_not_alive() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let id = ProcessId::of(child.id() as i32).unwrap();
        assert!(id.alive());
        id.signal(Signal::SIGKILL);
        assert!(id.wait_gone(Duration::from_secs(5)));
        // It is reaped already.
        assert!(child.wait().is_err());
    }
}
