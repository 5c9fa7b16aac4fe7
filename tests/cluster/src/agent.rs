// SPDX-License-Identifier: GPL-2.0
//! Client of a node's guest agent, through the keeper's shared channel.
//!
//! Waiting for an answer never outlives its reason: an interrupt, a machine that went off and one
//! that is frozen end it with an error that says so.

use std::{
    io::{self, BufReader, BufWriter, Read},
    os::unix::net::UnixStream,
    time::Duration,
};

use anyhow::{anyhow, Context, Result};
use qapi::{
    qga::{self, GuestExecStatus},
    Command, ErrorClass, ExecuteError, Qga, Stream,
};

use crate::{interrupt, node::Node};

/// How often a wait for an answer looks whether the machine still lives.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes per file request: one request stays well under the agent's limits and its answer quick.
pub(crate) const CHUNK: usize = 512 * 1024;

/// A connection to the agent of one node.
pub(crate) struct Agent {
    node: Node,
    session: Qga<Stream<BufReader<Watched>, BufWriter<UnixStream>>>,
}

/// An error on its way through [`io::Error`].
#[derive(Debug)]
struct Carried(anyhow::Error);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Carried {}

/// Reader that looks after the node while it waits.
struct Watched {
    stream: UnixStream,
    node: Node,
}

impl Read for Watched {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buf) {
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ) =>
                {
                    interrupt::check()
                        .and_then(|()| self.node.check_alive())
                        .map_err(|e| io::Error::other(Carried(e)))?;
                }
                result => return result,
            }
        }
    }
}

impl Agent {
    pub(crate) fn connect(node: &Node) -> Result<Self> {
        let stream = node
            .dir()
            .connect(&crate::layout::Dir::node_name(node.number(), "agent"))
            .with_context(|| {
                format!("the keeper of cluster \"{}\" is gone", node.cluster_name())
            })?;
        stream.set_read_timeout(Some(LOOK))?;
        let reader = Watched {
            stream: stream.try_clone()?,
            node: node.clone(),
        };
        let session = Qga::new(Stream::new(BufReader::new(reader), BufWriter::new(stream)));
        Ok(Self {
            node: node.clone(),
            session,
        })
    }

    fn run<C: Command>(&mut self, command: C) -> Result<C::Ok> {
        self.session.execute(&command).map_err(|error| match error {
            // Keep the reason that `Watched` gave, `Interrupted` among them.
            ExecuteError::Io(e) => match e.downcast::<Carried>() {
                Ok(carried) => carried.0,
                Err(e) => anyhow!(e),
            },
            ExecuteError::Qapi(e) if e.class == ErrorClass::DeviceNotActive => {
                // The keeper saw the channel break; that the machine is off explains it better.
                self.node
                    .check_on()
                    .err()
                    .unwrap_or_else(|| anyhow!(e.desc))
            }
            ExecuteError::Qapi(e) => anyhow!("{}: {}", C::NAME, e.desc),
        })
    }

    /// Asks for a sign of life.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.run(qga::guest_ping {}).map(drop)
    }

    /// Starts a program in the guest; its pid.
    pub(crate) fn exec(&mut self, request: qga::guest_exec) -> Result<i64> {
        Ok(self.run(request)?.pid)
    }

    /// Whether a started program has ended and what it printed; an ended one can be asked for once.
    pub(crate) fn exec_status(&mut self, pid: i64) -> Result<GuestExecStatus> {
        self.run(qga::guest_exec_status { pid })
    }

    /// Opens a file in the guest with a mode of fopen(3); a handle.
    pub(crate) fn open(&mut self, path: &str, mode: &str) -> Result<i64> {
        self.run(qga::guest_file_open {
            path: path.into(),
            mode: Some(mode.into()),
        })
    }

    /// Reads up to [`CHUNK`] bytes at the handle's position.
    pub(crate) fn read(&mut self, handle: i64) -> Result<Vec<u8>> {
        Ok(self
            .run(qga::guest_file_read {
                handle,
                count: Some(CHUNK as i64),
            })?
            .buf_b64)
    }

    /// Writes all of `data` at the handle's position and makes it visible to others.
    pub(crate) fn write(&mut self, handle: i64, data: &[u8]) -> Result<()> {
        for mut chunk in data.chunks(CHUNK) {
            while !chunk.is_empty() {
                let request = qga::guest_file_write {
                    handle,
                    count: None,
                    buf_b64: chunk.to_vec(),
                };
                let written = usize::try_from(self.run(request)?.count).unwrap_or(0);
                if written == 0 {
                    anyhow::bail!("cannot write: no space left in the guest?");
                }
                chunk = chunk.get(written..).unwrap_or_default();
            }
        }
        self.run(qga::guest_file_flush { handle }).map(drop)
    }

    pub(crate) fn close(&mut self, handle: i64) -> Result<()> {
        self.run(qga::guest_file_close { handle }).map(drop)
    }
}
