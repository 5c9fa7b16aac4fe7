// SPDX-License-Identifier: GPL-2.0

//! Requests to the server of a node, this one included.

use kernel::{
    alloc::{
        KVVec,
        KVec, //
    },
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
    mfs::wire::caller::{
        self,
        Caller,
        GROUPS_MAX, //
    },
    rpc::{
        call::{
            self,
            Patience, //
        },
        frame::Body,
        wire::Kind, //
    }, //
};

/// A server that can be asked.
pub(crate) enum Remote {
    /// That of another node.
    Peer(Arc<Peer>),
}

/// A request that is under way.
pub(crate) enum Pending<'a> {
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
            Self::Peer(pending) => pending.wait()?.check(),
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
        match self.remote(node)? {
            Remote::Peer(peer) => {
                let body = Body {
                    msg: concat(&Caller::NOBODY, parts)?,
                    data,
                };
                peer.client.post(kind, body)
            }
        }
    }
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
