// SPDX-License-Identifier: GPL-2.0
//! Shares a node's guest agent among any number of clients.
//!
//! QEMU serves one client per agent channel, and the agent idles clumsily without one. The keeper
//! therefore holds the channel and passes single requests and answers, one line each, between it
//! and the clients of `nodeN.agent`. A channel that fell silent or broke is opened anew with
//! `guest-sync-delimited`, so that no client ever sees an answer meant for another.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::layout::Dir;

/// How long a newly opened agent may take to answer the first request.
const SYNC_LIMIT: Duration = Duration::from_secs(2);
/// How long the agent may take to answer any other; it never works for long on one.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Connection to a node's agent, opened when needed.
struct Channel {
    socket: String,
    stream: Option<BufReader<UnixStream>>,
    next_id: u32,
}

/// Serves the agent of `node` from background threads; the current folder is the cluster's.
pub(crate) fn serve(node: u8) -> Result<()> {
    let name = Dir::node_name(node, "agent");
    let listener = UnixListener::bind(&name).with_context(|| format!("cannot create {name}"))?;
    let socket = Dir::node_name(node, "qga");
    let channel = Arc::new(Mutex::new(Channel {
        socket,
        stream: None,
        next_id: 1,
    }));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let channel = channel.clone();
            thread::spawn(move || serve_client(client, &channel));
        }
    });
    Ok(())
}

/// Passes a client's requests on until it hangs up.
fn serve_client(client: UnixStream, channel: &Mutex<Channel>) -> io::Result<()> {
    let mut requests = BufReader::new(client.try_clone()?);
    let mut answers = client;
    let mut line = Vec::new();
    loop {
        line.clear();
        if requests.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let mut channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = channel.transact(&line).unwrap_or_else(|error| {
            channel.stream = None;
            failure(&error)
        });
        drop(channel);
        answers.write_all(&answer)?;
    }
}

/// A failure of the channel as the agent's protocol expresses errors. The class tells it from an
/// error of the agent itself.
fn failure(error: &io::Error) -> Vec<u8> {
    let answer = serde_json::json!({
        "error": { "class": "DeviceNotActive", "desc": format!("the guest agent does not answer: {error}") }
    });
    format!("{answer}\n").into_bytes()
}

impl Channel {
    fn transact(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let stream = self.open()?;
        if stream.get_mut().write_all(request).is_err() {
            // The machine was restarted since the last request; nothing of this one got through.
            self.stream = None;
            self.open()?.get_mut().write_all(request)?;
        }
        let stream = self.open()?;
        stream.get_ref().set_read_timeout(Some(ANSWER_LIMIT))?;
        let mut answer = Vec::new();
        read_until(stream, b'\n', &mut answer)?;
        Ok(answer)
    }

    fn open(&mut self) -> io::Result<&mut BufReader<UnixStream>> {
        if self.stream.is_none() {
            let mut stream = BufReader::new(UnixStream::connect(&self.socket)?);
            stream.get_ref().set_write_timeout(Some(ANSWER_LIMIT))?;
            stream.get_ref().set_read_timeout(Some(SYNC_LIMIT))?;
            self.next_id = self.next_id.wrapping_add(1);
            synchronise(&mut stream, self.next_id)?;
            self.stream = Some(stream);
        }
        self.stream
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

/// Makes the agent drop what it has of earlier requests, and skips its earlier answers.
fn synchronise(stream: &mut BufReader<UnixStream>, id: u32) -> io::Result<()> {
    let request =
        serde_json::json!({ "execute": "guest-sync-delimited", "arguments": { "id": id } });
    let mut bytes = vec![0xff];
    bytes.extend_from_slice(request.to_string().as_bytes());
    bytes.push(b'\n');
    stream.get_mut().write_all(&bytes)?;
    loop {
        read_until(stream, 0xff, &mut Vec::new())?;
        let mut line = Vec::new();
        read_until(stream, b'\n', &mut line)?;
        let answer: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
        if answer["return"] == id {
            return Ok(());
        }
    }
}

fn read_until(stream: &mut BufReader<UnixStream>, end: u8, line: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_until(end, line)? == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the machine went off",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An agent on the other end of a socket pair that first sends `noise`, then answers the sync.
    fn answer_sync(noise: &'static [u8]) -> io::Result<()> {
        let (ours, mut theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(Duration::from_secs(5)))?;
        let agent = thread::spawn(move || {
            theirs.write_all(noise)?;
            theirs.write_all(b"\xff{\"return\": 7}\n{\"return\": {}}\n")
        });
        let mut stream = BufReader::new(ours);
        synchronise(&mut stream, 7)?;
        agent.join().map_err(|_| io::ErrorKind::Other)??;
        let mut rest = Vec::new();
        read_until(&mut stream, b'\n', &mut rest)?;
        assert_eq!(rest, b"{\"return\": {}}\n");
        Ok(())
    }

    #[test]
    fn sync_skips_stale_answers() {
        answer_sync(b"").unwrap();
        answer_sync(b"{\"return\": {\"pid\": 5}}\n\xff{\"return\": 6}\n").unwrap();
        answer_sync(b"half an ans\xff\xff{\"return\": 1}\n").unwrap();
    }

    #[test]
    fn failure_is_a_protocol_error() {
        let line = failure(&io::Error::other("gone"));
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(value["error"]["class"], "DeviceNotActive");
        assert!(value["error"]["desc"].as_str().unwrap().contains("gone"));
    }
}
