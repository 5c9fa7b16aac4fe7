// SPDX-License-Identifier: GPL-2.0
//! Running a program in a guest and collecting its result.
//!
//! Each program gets a session of its own (setsid), so that it can be killed with all it started.

use std::time::{Duration, Instant};

use anyhow::{bail, Result};
use qapi::qga::{self, GuestExecCaptureOutput, GuestExecCaptureOutputMode, GuestExecStatus};

use crate::{agent::Agent, interrupt, node::Node, stream::Process};

/// Time limit of a program when none was set, for stock kernels; debug kernels get a multiple.
const DEFAULT_LIMIT: Duration = Duration::from_secs(120);
/// Shortest and longest pause between two looks at a running program.
const POLL: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// What a program left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit status; 128 + signal number when a signal ended it, as shells have it.
    pub status: i32,
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Whether the status is 0.
    pub fn success(&self) -> bool {
        self.status == 0
    }
}

/// A program to be run on a node.
#[derive(Clone, Debug)]
#[must_use = "a command does nothing until output, run, spawn or status is called"]
pub struct Command {
    node: Node,
    argv: Vec<String>,
    env: Vec<String>,
    user: Option<String>,
    input: Vec<u8>,
    limit: Duration,
}

impl Command {
    pub(crate) fn new(node: Node, argv: Vec<String>) -> Self {
        let limit = DEFAULT_LIMIT * node.spec().kernel.slowness();
        Self {
            node,
            argv,
            env: Vec::new(),
            user: None,
            input: Vec::new(),
            limit,
        }
    }

    /// Runs it as this user instead of root.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push(format!("{name}={value}"));
        self
    }

    /// What it reads from standard input (at most a few MiB; nothing by default).
    pub fn input(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.input = data.into();
        self
    }

    /// How long it may run before it is killed and the call fails.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end. A status other than 0 is no error.
    pub fn output(self) -> Result<Output> {
        self.node.check_usable()?;
        let mut agent = Agent::connect(&self.node)?;
        let pid =
            agent.exec(self.request(self.guest_argv(), GuestExecCaptureOutputMode::separated))?;
        let start = Instant::now();
        let mut pause = POLL.0;
        loop {
            let status = agent.exec_status(pid)?;
            if status.exited {
                return self.collect(status);
            }
            if start.elapsed() > self.limit {
                kill_session(&mut agent, pid, "KILL")?;
                bail!(
                    "node {}: {:?} did not end within {:?}: killed",
                    self.node.number(),
                    self.argv,
                    self.limit
                );
            }
            if let Err(error) = interrupt::sleep(pause) {
                interrupt::clear();
                kill_session(&mut agent, pid, "KILL")?;
                return Err(error);
            }
            pause = (pause * 3 / 2).min(POLL.1);
        }
    }

    /// Runs it to its end; anything but status 0 is an error that shows its output. Returns
    /// standard output without the last line's end.
    pub fn run(self) -> Result<String> {
        let (node, argv) = (self.node.number(), self.argv.clone());
        let output = self.output()?;
        if !output.success() {
            bail!(
                "node {node}: {argv:?} ended with status {}\nstdout: {}\nstderr: {}",
                output.status,
                output.stdout.trim_end(),
                output.stderr.trim_end()
            );
        }
        Ok(output.stdout.trim_end_matches('\n').to_owned())
    }

    /// Starts it in the background with its input at end of file, or at [`Self::input`].
    pub fn spawn(self) -> Result<Process> {
        Process::start(self, false)
    }

    /// Starts it in the background; its input is what [`Process::feed`] gives it.
    pub fn spawn_fed(self) -> Result<Process> {
        Process::start(self, true)
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn limit_time(&self) -> Duration {
        self.limit
    }

    pub(crate) fn set_prefix(&mut self, prefix: Vec<String>) {
        // The prefix opens files as root; only what it runs is the user's.
        let inner = self.guest_argv();
        self.user = None;
        self.argv = prefix.into_iter().chain(inner).collect();
    }

    /// The argument vector with which the guest runs it.
    pub(crate) fn guest_argv(&self) -> Vec<String> {
        let mut argv = Vec::new();
        if let Some(user) = &self.user {
            argv.extend(["runuser", "-u", user, "--"].map(String::from));
        }
        argv.extend(self.argv.iter().cloned());
        argv
    }

    pub(crate) fn request(
        &self,
        argv: Vec<String>,
        capture: GuestExecCaptureOutputMode,
    ) -> qga::guest_exec {
        let mut env = vec![
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            "HOME=/root".to_owned(),
            "LANG=C.UTF-8".to_owned(),
        ];
        env.extend(self.env.iter().cloned());
        qga::guest_exec {
            path: "/usr/bin/setsid".into(),
            arg: Some(argv),
            env: Some(env),
            input_data: (!self.input.is_empty()).then(|| self.input.clone()),
            capture_output: Some(GuestExecCaptureOutput::mode(capture)),
        }
    }

    fn collect(&self, status: GuestExecStatus) -> Result<Output> {
        if status.out_truncated == Some(true) || status.err_truncated == Some(true) {
            bail!(
                "node {}: {:?} printed too much: write it to a file and get that",
                self.node.number(),
                self.argv
            );
        }
        let text =
            |data: Option<Vec<u8>>| String::from_utf8_lossy(&data.unwrap_or_default()).into_owned();
        Ok(Output {
            status: exit_status(&status),
            stdout: text(status.out_data),
            stderr: text(status.err_data),
        })
    }
}

/// Exit status as shells have it.
pub(crate) fn exit_status(status: &GuestExecStatus) -> i32 {
    let number = match (status.signal, status.exitcode) {
        (Some(signal), _) => signal.saturating_add(128),
        (None, code) => code.unwrap_or(255),
    };
    i32::try_from(number).unwrap_or(255)
}

/// Sends a signal to every process in the session that `pid` leads.
pub(crate) fn kill_session(agent: &mut Agent, pid: i64, signal: &str) -> Result<()> {
    let killer = agent.exec(qga::guest_exec {
        path: "/usr/bin/pkill".into(),
        arg: Some(vec![format!("-{signal}"), "-s".into(), pid.to_string()]),
        env: None,
        input_data: None,
        capture_output: None,
    })?;
    // The agent forgets an ended program once it was asked for.
    while !agent.exec_status(killer)?.exited {
        std::thread::sleep(POLL.0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(exitcode: Option<i64>, signal: Option<i64>) -> GuestExecStatus {
        GuestExecStatus {
            exited: true,
            exitcode,
            signal,
            out_data: None,
            err_data: None,
            out_truncated: None,
            err_truncated: None,
        }
    }

    #[test]
    fn status_is_the_shells() {
        assert_eq!(exit_status(&status(Some(3), None)), 3);
        assert_eq!(exit_status(&status(None, Some(9))), 137);
        assert_eq!(exit_status(&status(None, None)), 255);
    }
}
