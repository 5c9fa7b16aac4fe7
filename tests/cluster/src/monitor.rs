// SPDX-License-Identifier: GPL-2.0
//! QEMU's machine protocol: the machine's state, freezing, and its network cable.

use std::{
    io::{BufReader, BufWriter},
    os::unix::net::UnixStream,
    time::Duration,
};

use anyhow::{anyhow, Context, Result};
use qapi::{
    qmp::{self, RunState},
    Command, Qmp, Stream,
};

use crate::layout::Dir;

/// QEMU answers at once unless the host is out of everything.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// Name of the network back end in the machine's command line.
pub(crate) const NETDEV: &str = "net0";

/// An open session; QEMU serves one at a time, so keep it short.
pub(crate) struct Monitor(Qmp<Stream<BufReader<UnixStream>, BufWriter<UnixStream>>>);

impl Monitor {
    pub(crate) fn open(dir: &Dir, node: u8) -> Result<Self> {
        let stream = dir.connect(&Dir::node_name(node, "qmp"))?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        let (reader, writer) = (BufReader::new(stream.try_clone()?), BufWriter::new(stream));
        let mut session = Qmp::new(Stream::new(reader, writer));
        session
            .handshake()
            .map_err(|e| anyhow!(e))
            .context("QEMU does not answer")?;
        Ok(Self(session))
    }

    fn run<C: Command>(&mut self, command: C) -> Result<C::Ok> {
        self.0
            .execute(&command)
            .map_err(|e| anyhow!(e))
            .with_context(|| format!("QEMU refused {}", C::NAME))
    }

    /// State of the machine: running, paused, broken.
    pub(crate) fn state(&mut self) -> Result<RunState> {
        Ok(self.run(qmp::query_status {})?.status)
    }

    /// Stops the machine's processors and clock.
    pub(crate) fn freeze(&mut self) -> Result<()> {
        self.run(qmp::stop {}).map(drop)
    }

    /// Lets a stopped machine go on.
    pub(crate) fn thaw(&mut self) -> Result<()> {
        self.run(qmp::cont {}).map(drop)
    }

    /// Pulls or plugs the network cable: the guest sees its carrier go or come.
    pub(crate) fn set_link(&mut self, up: bool) -> Result<()> {
        self.run(qmp::set_link {
            name: NETDEV.into(),
            up,
        })
        .map(drop)
    }
}
