// SPDX-License-Identifier: GPL-2.0
//! `cluster exec`: a command in a node as if it ran here.

use std::{
    io::{self, Read, Write},
    os::fd::AsFd,
    sync::mpsc::{self, Receiver, TryRecvError},
    thread,
    time::Duration,
};

use anyhow::Result;
use mosix_cluster::{interrupt, stream::Process, Node};
use nix::sys::stat::{fstat, SFlag};

/// No command run by hand is killed for taking long.
const NO_LIMIT: Duration = Duration::from_secs(u32::MAX as u64);
/// Longest pause between two looks at the command.
const PAUSE: Duration = Duration::from_millis(40);

pub(crate) fn run(node: &Node, user: Option<String>, argv: Vec<String>) -> Result<u8> {
    let mut command = node
        .command(argv.iter().map(String::as_str))
        .limit(NO_LIMIT);
    if let Some(user) = user {
        command = command.user(user);
    }
    let result = if input_is_empty() {
        command
            .spawn()
            .and_then(|mut process| process.forward(print))
    } else {
        command
            .spawn_fed()
            .and_then(|mut process| with_input(&mut process, &read_input()))
    };
    Ok(u8::try_from(result?).unwrap_or(255))
}

/// Whether standard input can be seen to hold nothing: /dev/null, or closed.
fn input_is_empty() -> bool {
    let null = nix::sys::stat::stat("/dev/null").map(|null| null.st_rdev);
    match fstat(io::stdin().as_fd()) {
        Ok(stat) => {
            SFlag::from_bits_truncate(stat.st_mode).contains(SFlag::S_IFCHR)
                && Ok(stat.st_rdev) == null
        }
        Err(_) => true,
    }
}

/// Reads standard input on a thread of its own, because the command may end before the input does.
fn read_input() -> Receiver<Vec<u8>> {
    // A few pieces ahead at most: the rest waits where it comes from.
    let (sender, receiver) = mpsc::sync_channel(4);
    thread::spawn(move || {
        let mut buffer = vec![0; 256 * 1024];
        while let Ok(length @ 1..) = io::stdin().read(&mut buffer) {
            if sender
                .send(buffer.get(..length).unwrap_or_default().to_vec())
                .is_err()
            {
                return;
            }
        }
    });
    receiver
}

fn with_input(process: &mut Process, input: &Receiver<Vec<u8>>) -> Result<i32> {
    let mut pause = Duration::from_millis(3);
    let mut at_end = false;
    loop {
        let mut idle = true;
        if !at_end {
            match input.try_recv() {
                Ok(data) => {
                    process.feed(&data)?;
                    idle = false;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => {
                    process.end_input()?;
                    at_end = true;
                }
            }
        }
        let (out, err, status) = process.poll()?;
        for (stream, data) in [(1, &out), (2, &err)] {
            if !data.is_empty() {
                print(stream, data)?;
                idle = false;
            }
        }
        if let Some(status) = status {
            return Ok(status);
        }
        interrupt::check()?;
        pause = if idle {
            (pause * 3 / 2).min(PAUSE)
        } else {
            Duration::from_millis(3)
        };
        if idle {
            interrupt::sleep(pause)?;
        }
    }
}

fn print(stream: u8, data: &[u8]) -> Result<()> {
    match stream {
        1 => {
            io::stdout().write_all(data)?;
            io::stdout().flush()?;
        }
        _ => io::stderr().write_all(data)?,
    }
    Ok(())
}
