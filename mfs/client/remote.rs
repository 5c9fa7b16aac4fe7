// SPDX-License-Identifier: GPL-2.0

//! Requests to the server of a node, this one included.

use kernel::{
    alloc::{
        KVVec,
        KVec, //
    },
    error::to_result,
    prelude::*,
    sync::Arc, //
};
use zerocopy::little_endian::U32;

use super::Client;
use crate::{
    cluster::Peer,
    linux::{
        bytes,
        cred, //
    },
    mfs::{
        server::Server,
        wire::caller::{
            self,
            Caller,
            GROUPS_MAX, //
        }, //
    },
    rpc::{
        self,
        call::{
            self,
            Heir,
            Patience, //
        },
        frame::Body,
        wire::Kind, //
    }, //
};

/// A server that can be asked.
pub(crate) enum Remote {
    /// That of this node: it is called in the context and with the credentials of the caller.
    Own(Arc<Server>),
    /// That of another node.
    Peer(Arc<Peer>),
}

/// A request that is under way.
pub(crate) enum Pending<'a> {
    /// It has been executed, here.
    Done(Result<Body>),
    /// With another node.
    Peer(call::Pending<'a>),
}

impl Pending<'_> {
    /// Waits for the answer; only a fatal signal ends the wait early.
    ///
    /// # Errors
    ///
    /// What the server says went wrong; see [`Client::call`].
    pub(crate) fn wait(self) -> Result<Body> {
        match self {
            Self::Done(result) => result,
            Self::Peer(pending) => pending.wait()?.check(),
        }
    }

    /// As [`Self::wait`]; but an answer that comes after a fatal signal is left to `heir`.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn wait_or_leave(self, heir: Heir) -> Result<Body> {
        match self {
            Self::Done(result) => result,
            Self::Peer(pending) => pending.wait_or_leave(heir)?.check(),
        }
    }
}

impl Remote {
    /// Begins a request: the caller, then `parts`, with `data`. On this node it is executed at once.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`] that come at once.
    pub(crate) fn start(
        &self,
        kind: Kind,
        parts: &[&[u8]],
        data: KVVec<u8>,
        patience: Patience,
    ) -> Result<Pending<'_>> {
        match self {
            Self::Own(server) => {
                let msg = concat(&Caller::NOBODY, parts)?;
                Ok(Pending::Done(own(server, kind, &msg, &data)))
            }
            Self::Peer(peer) => {
                let body = Body {
                    msg: message(parts)?,
                    data,
                };
                let pending = peer.client.start(kind, body, patience)?;
                Ok(Pending::Peer(pending))
            }
        }
    }
}

impl Client {
    /// The server of node `node`.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` if this node is in no cluster, `ENOENT` if there is no such node.
    pub(crate) fn remote(&self, node: u16) -> Result<Remote> {
        if self.seat().own_number() == Some(node) {
            return Ok(Remote::Own(self.server.clone()));
        }
        self.seat().peer(node).map(Remote::Peer)
    }

    /// Asks node `node` and waits for its answer, in the name of the current task. May sleep.
    ///
    /// # Errors
    ///
    /// What the server says went wrong; those of [`Self::remote`]; `ENOTCONN`, `EHOSTDOWN` and
    /// `ECONNRESET` when the node is or goes away; `EINTR` after a fatal signal; `ENOMEM`.
    pub(crate) fn call(
        &self,
        node: u16,
        kind: Kind,
        parts: &[&[u8]],
        data: KVVec<u8>,
    ) -> Result<Body> {
        self.forget();
        self.remote(node)?
            .start(kind, parts, data, Patience::Killable)?
            .wait()
    }

    /// Tells node `node` something, in nobody's name and without waiting.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or the node is not there, nor what it could be told about.
    pub(crate) fn post(&self, node: u16, kind: Kind, parts: &[&[u8]], data: KVVec<u8>) -> Result {
        let msg = concat(&Caller::NOBODY, parts)?;
        match self.remote(node)? {
            Remote::Own(server) => own(&server, kind, &msg, &data).map(drop),
            Remote::Peer(peer) => peer.client.post(kind, Body { msg, data }),
        }
    }
}

/// Tells `peer` something, in nobody's name and without waiting.
///
/// # Errors
///
/// As [`Client::post`].
pub(super) fn post(peer: &rpc::client::Client, kind: Kind, parts: &[&[u8]]) -> Result {
    let msg = concat(&Caller::NOBODY, parts)?;
    peer.post(
        kind,
        Body {
            msg,
            data: KVVec::new(),
        },
    )
}

/// Has a request executed by the server of this node, which looks at the task itself for who asks.
fn own(server: &Server, kind: Kind, msg: &[u8], data: &[u8]) -> Result<Body> {
    let answer = server.local(kind, msg, data);
    to_result(answer.status)?;
    Ok(answer.body)
}

/// A message in the name of the current task.
fn message(parts: &[&[u8]]) -> Result<KVec<u8>> {
    let who = cred::current_fs();
    let mut groups = KVec::new();
    for group in who.groups() {
        if groups.len() == GROUPS_MAX {
            return Err(E2BIG);
        }
        groups.push(U32::new(group), GFP_KERNEL)?;
    }
    let count = u16::try_from(groups.len()).map_err(|_| E2BIG)?;
    let head = caller::Head {
        uid: who.uid().into(),
        gid: who.gid().into(),
        caps: who.caps().into(),
        umask: who.umask().into(),
        groups: count.into(),
    };
    let caller = Caller {
        head: &head,
        groups: &groups,
    };
    concat(&caller, parts)
}

/// `caller` and behind it `parts`.
fn concat(caller: &Caller<'_>, parts: &[&[u8]]) -> Result<KVec<u8>> {
    let len = parts.iter().map(|part| part.len()).sum();
    let mut msg: KVec<u8> = bytes::concat(&caller.parts(), len)?;
    for part in parts {
        bytes::append(&mut msg, part)?;
    }
    Ok(msg)
}
