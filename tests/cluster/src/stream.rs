// SPDX-License-Identifier: GPL-2.0
//! Programs in the background: their output is read, and their input fed, while they run.
//!
//! The agent hands out a program's output only at its end, and its file requests must never meet
//! a pipe. So output goes to files on the guest's /run, which the harness opens before the program
//! does and reads on and on, and input comes through `/usr/lib/node/feed`, which follows a growing
//! file. `/usr/lib/node/stream` connects the program to them and unlinks the names at once.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{bail, Result};
use qapi::qga::GuestExecCaptureOutputMode;

use crate::{
    agent::Agent,
    exec::{exit_status, kill_session, Command, Output},
    interrupt,
    node::Node,
};

/// Guest folder of the files; a tmpfs.
const FOLDER: &str = "/run/node";
/// Output that was read is given back to the guest's memory in steps of this many bytes.
const RELEASE_STEP: u64 = 8 << 20;
/// Shortest and longest pause between two looks at a running program.
const POLL: (Duration, Duration) = (Duration::from_millis(3), Duration::from_millis(60));

/// One output of a program: the open file in the guest and how far it was read.
#[derive(Debug)]
struct Pipe {
    handle: i64,
    read: u64,
    released: u64,
}

/// A program that runs in the background of a node.
///
/// Dropping the handle kills it.
pub struct Process {
    node: Node,
    agent: Agent,
    /// The program's pid, which is also the id of its session.
    pid: i64,
    outputs: [Pipe; 2],
    feed: Option<Feed>,
    status: Option<i32>,
    collected: Output,
    limit: Duration,
}

/// The file through which a program gets its input.
#[derive(Debug)]
struct Feed {
    handle: i64,
    path: String,
}

impl Process {
    pub(crate) fn start(mut command: Command, fed: bool) -> Result<Self> {
        let node = command.node().clone();
        node.check_usable()?;
        let limit = command.limit_time();
        let mut agent = Agent::connect(&node)?;
        let base = format!("{FOLDER}/{}", unique_name());
        let outputs = [
            Pipe {
                handle: agent.open(&format!("{base}.out"), "w+")?,
                read: 0,
                released: 0,
            },
            Pipe {
                handle: agent.open(&format!("{base}.err"), "w+")?,
                read: 0,
                released: 0,
            },
        ];
        let feed = match fed {
            true => Some(Feed {
                handle: agent.open(&format!("{base}.in"), "w")?,
                path: base.clone(),
            }),
            false => None,
        };
        let input = if fed { "fed" } else { "plain" };
        command.set_prefix(
            ["/usr/lib/node/stream", &base, input]
                .map(String::from)
                .to_vec(),
        );
        let argv = command.guest_argv();
        let pid = agent.exec(command.request(argv, GuestExecCaptureOutputMode::none))?;
        let collected = Output::default();
        Ok(Self {
            node,
            agent,
            pid,
            outputs,
            feed,
            status: None,
            collected,
            limit,
        })
    }

    /// Pid in the guest.
    pub fn pid(&self) -> i64 {
        self.pid
    }

    /// Gives the program more input (only after [`Command::spawn_fed`]).
    pub fn feed(&mut self, data: &[u8]) -> Result<()> {
        match &self.feed {
            Some(feed) => self.agent.write(feed.handle, data),
            None => bail!("the program's input is at its end"),
        }
    }

    /// Ends the program's input.
    pub fn end_input(&mut self) -> Result<()> {
        if let Some(feed) = self.feed.take() {
            self.agent.close(feed.handle)?;
            let mark = self.agent.open(&format!("{}.eof", feed.path), "w")?;
            self.agent.close(mark)?;
        }
        Ok(())
    }

    /// Sends a signal, by name without SIG, to the program and all it started.
    pub fn kill(&mut self, signal: &str) -> Result<()> {
        kill_session(&mut self.agent, self.pid, signal)
    }

    /// Reads what the program printed since the last call: standard output and standard error.
    /// After its end the rest is delivered and the third value is its status.
    pub fn poll(&mut self) -> Result<(Vec<u8>, Vec<u8>, Option<i32>)> {
        if self.status.is_none() {
            let status = self.agent.exec_status(self.pid)?;
            if status.exited {
                self.status = Some(exit_status(&status));
                self.end_input()?;
            }
        }
        let out = self.read(0)?;
        let err = self.read(1)?;
        Ok((out, err, self.status))
    }

    fn read(&mut self, which: usize) -> Result<Vec<u8>> {
        let Some(pipe) = self.outputs.get_mut(which) else {
            return Ok(Vec::new());
        };
        let mut data = Vec::new();
        loop {
            let more = self.agent.read(pipe.handle)?;
            pipe.read += more.len() as u64;
            data.extend_from_slice(&more);
            // A running program's output is handed on piece by piece, an ended one's to the end.
            if more.is_empty() || (self.status.is_none() && data.len() as u64 >= RELEASE_STEP) {
                break;
            }
        }
        if pipe.read - pipe.released >= RELEASE_STEP && self.status.is_none() {
            let file = format!("/proc/{}/fd/{}", self.pid, which + 1);
            let (from, len) = (
                pipe.released.to_string(),
                (pipe.read - pipe.released).to_string(),
            );
            pipe.released = pipe.read;
            // If the program has closed the file meanwhile there is nothing to save.
            self.node
                .exec_args(["fallocate", "-p", "-o", &from, "-l", &len, &file])?;
        }
        Ok(data)
    }

    /// Runs it to its end while `sink` gets what it prints (1 = standard output, 2 = standard
    /// error). An interrupt kills the program.
    pub fn forward(&mut self, mut sink: impl FnMut(u8, &[u8]) -> Result<()>) -> Result<i32> {
        let mut pause = POLL.0;
        loop {
            let (out, err, status) = self.poll()?;
            for (stream, data) in [(1, &out), (2, &err)] {
                if !data.is_empty() {
                    sink(stream, data)?;
                    pause = POLL.0;
                }
            }
            if let Some(status) = status {
                return Ok(status);
            }
            interrupt::sleep(pause)?;
            pause = (pause * 3 / 2).min(POLL.1);
        }
    }

    /// Whether it has ended, and how; what it printed is kept for [`Self::wait`].
    pub fn try_wait(&mut self) -> Result<Option<i32>> {
        let (out, err, status) = self.poll()?;
        self.collected.stdout += &String::from_utf8_lossy(&out);
        self.collected.stderr += &String::from_utf8_lossy(&err);
        Ok(status)
    }

    /// What it has printed so far.
    pub fn output_so_far(&mut self) -> Result<&Output> {
        self.try_wait()?;
        Ok(&self.collected)
    }

    /// Waits for its end; fails, and kills it, when that takes longer than the command's limit.
    pub fn wait(mut self) -> Result<Output> {
        let start = Instant::now();
        let mut pause = POLL.0;
        loop {
            if let Some(status) = self.try_wait()? {
                let mut output = std::mem::take(&mut self.collected);
                output.status = status;
                return Ok(output);
            }
            if start.elapsed() > self.limit {
                bail!(
                    "node {}: process {} did not end within {:?}: killed\nstdout: {}\nstderr: {}",
                    self.node.number(),
                    self.pid,
                    self.limit,
                    self.collected.stdout.trim_end(),
                    self.collected.stderr.trim_end()
                );
            }
            interrupt::sleep(pause)?;
            pause = (pause * 3 / 2).min(POLL.1);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // On a machine that is off or frozen there is nothing to tidy up.
        if self.node.check_usable().is_err() {
            return;
        }
        if self.status.is_none() {
            interrupt::clear();
            let _ = self.kill("KILL");
            let _ = self.end_input();
            let _ = self.agent.exec_status(self.pid);
        }
        for pipe in &self.outputs {
            let _ = self.agent.close(pipe.handle);
        }
    }
}

/// A name that no other program of this or another harness process has.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    format!(
        "{now:x}-{}-{}",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
