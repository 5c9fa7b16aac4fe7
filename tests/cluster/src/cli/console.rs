// SPDX-License-Identifier: GPL-2.0
//! `cluster log` and `cluster console`.

use std::{
    io::{self, IsTerminal, Read, Write},
    os::fd::AsFd,
    time::Duration,
};

use anyhow::{bail, Context, Result};
use mosix_cluster::{interrupt, layout::Dir, Node};
use nix::{
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::termios::{cfmakeraw, tcgetattr, tcsetattr, SetArg, Termios},
};

/// Ctrl-] as terminals send it: leaves the console, as with telnet.
const LEAVE: u8 = 0x1d;

/// Prints a node's log, and with `follow` what is added until the cluster is gone.
pub(crate) fn log(node: &Node, follow: bool) -> Result<()> {
    let mut at = 0;
    loop {
        let length = node.log_len();
        if length > at {
            io::stdout().write_all(node.log_from(at).as_bytes())?;
            io::stdout().flush()?;
            at = length;
        }
        if !follow || !node.exists() {
            return Ok(());
        }
        interrupt::sleep(Duration::from_millis(100))?;
    }
}

/// The terminal in raw mode; restored when dropped.
struct Raw(Option<Termios>);

impl Raw {
    fn enter() -> Result<Self> {
        if !io::stdin().is_terminal() {
            return Ok(Self(None));
        }
        let saved = tcgetattr(io::stdin())?;
        let mut raw = saved.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &raw)?;
        Ok(Self(Some(saved)))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(saved) = &self.0 {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, saved);
        }
    }
}

/// Joins the terminal with the shell on the node's second serial port.
pub(crate) fn attach(cluster: &str, node: &Node) -> Result<()> {
    let name = Dir::node_name(node.number(), "console");
    let mut serial = Dir::of(cluster).connect(&name).context("the node is off")?;
    eprintln!("node {}: serial shell; Ctrl-] leaves it", node.number());
    let _raw = Raw::enter()?;
    // The shell prints its prompt again for an empty line.
    serial.write_all(b"\r")?;
    let mut buffer = [0; 4096];
    let stdin = io::stdin();
    loop {
        let mut fds = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(serial.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(nix::Error::EINTR) => {
                interrupt::check()?;
                continue;
            }
            result => result?,
        };
        let [from_user, from_node] = fds.map(|fd| fd.any().unwrap_or(true));
        if from_node {
            let length = serial.read(&mut buffer)?;
            if length == 0 {
                bail!("node {} went off", node.number());
            }
            io::stdout().write_all(buffer.get(..length).unwrap_or_default())?;
            io::stdout().flush()?;
        }
        if from_user {
            let length = nix::unistd::read(&stdin, &mut buffer)?;
            let typed = buffer.get(..length).unwrap_or_default();
            let upto = typed.iter().position(|byte| *byte == LEAVE);
            serial.write_all(typed.get(..upto.unwrap_or(length)).unwrap_or_default())?;
            if length == 0 || upto.is_some() {
                return Ok(());
            }
        }
    }
}
