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

use super::{
    account::Counts,
    Client, //
};
use crate::{
    cluster::Peer,
    linux::{
        bytes,
        cred, //
    },
    mfs::{
        server::Server,
        wire::{
            caller::{
                self,
                Caller,
                GROUPS_MAX, //
            },
            handle::Handle, //
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
pub(crate) struct Remote<'a> {
    client: &'a Client,
    node: u16,
    end: End,
}

enum End {
    /// That of this node: it is called in the context and with the credentials of the caller.
    Own(Arc<Server>),
    /// That of another node.
    Peer(Arc<Peer>),
}

/// A request that is under way.
pub(crate) struct Pending<'a> {
    client: &'a Client,
    node: u16,
    /// Bytes that were sent.
    sent: usize,
    state: State<'a>,
}

enum State<'a> {
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
        self.account(|state| match state {
            State::Done(result) => result,
            State::Peer(pending) => pending.wait()?.check(),
        })
    }

    /// As [`Self::wait`]; but an answer that comes after a fatal signal is left to `heir`.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn wait_or_leave(self, heir: Heir) -> Result<Body> {
        self.account(|state| match state {
            State::Done(result) => result,
            State::Peer(pending) => pending.wait_or_leave(heir)?.check(),
        })
    }

    /// Puts it down to the current process when the answer is there.
    fn account(self, wait: impl FnOnce(State<'_>) -> Result<Body>) -> Result<Body> {
        let round_trips = u64::from(matches!(self.state, State::Peer(_)));
        let body = wait(self.state)?;
        let bytes = body.data.len().saturating_add(self.sent) as u64;
        self.client.charge(self.node, round_trips, bytes);
        Ok(body)
    }
}

impl Remote<'_> {
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
        self.begin(&[], kind, parts, data, patience)
    }

    /// As [`Self::start`], for a request about a name in the directory `dir`: takes along how the path of
    /// this system call has led there, so that the server answers `ESTALE` if it does not any more.
    ///
    /// # Errors
    ///
    /// As there.
    pub(super) fn start_in(
        &self,
        dir: &Handle,
        kind: Kind,
        parts: &[&[u8]],
        patience: Patience,
    ) -> Result<Pending<'_>> {
        let trail = self.client.trails.take(self.node, dir)?;
        self.begin(&trail, kind, parts, KVVec::new(), patience)
    }

    fn begin(
        &self,
        trail: &[u8],
        kind: Kind,
        parts: &[&[u8]],
        data: KVVec<u8>,
        patience: Patience,
    ) -> Result<Pending<'_>> {
        let sent = data.len();
        let state = match &self.end {
            End::Own(server) => {
                let msg = concat(&Caller::NOBODY, trail, parts)?;
                State::Done(own(server, kind, &msg, &data))
            }
            End::Peer(peer) => {
                let body = Body {
                    msg: message(trail, parts)?,
                    data,
                };
                State::Peer(peer.client.start(kind, body, patience)?)
            }
        };
        Ok(Pending {
            client: self.client,
            node: self.node,
            sent,
            state,
        })
    }
}

impl Client {
    /// The server of node `node`.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` if this node is in no cluster, `ENOENT` if there is no such node.
    pub(crate) fn remote(&self, node: u16) -> Result<Remote<'_>> {
        let end = if self.seat().own_number() == Some(node) {
            End::Own(self.server.clone())
        } else {
            End::Peer(self.seat().peer(node)?)
        };
        Ok(Remote {
            client: self,
            node,
            end,
        })
    }

    /// Puts a call with so many bytes of data down to the current process.
    pub(super) fn charge(&self, node: u16, round_trips: u64, bytes: u64) {
        let more = Counts {
            calls: 1,
            round_trips,
            bytes,
        };
        self.accounts.charge(node, more);
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

    /// As [`Self::call`], about a name in the directory `dir`: see [`Remote::start_in`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(super) fn call_in(
        &self,
        node: u16,
        dir: &Handle,
        kind: Kind,
        parts: &[&[u8]],
    ) -> Result<Body> {
        self.forget();
        self.remote(node)?
            .start_in(dir, kind, parts, Patience::Killable)?
            .wait()
    }

    /// Tells node `node` something, in nobody's name and without waiting.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or the node is not there, nor what it could be told about.
    pub(crate) fn post(&self, node: u16, kind: Kind, parts: &[&[u8]], data: KVVec<u8>) -> Result {
        let msg = concat(&Caller::NOBODY, &[], parts)?;
        match self.remote(node)?.end {
            End::Own(server) => own(&server, kind, &msg, &data).map(drop),
            End::Peer(peer) => peer.client.post(kind, Body { msg, data }),
        }
    }
}

/// Tells `peer` something, in nobody's name and without waiting.
///
/// # Errors
///
/// As [`Client::post`].
pub(super) fn post(peer: &rpc::client::Client, kind: Kind, parts: &[&[u8]]) -> Result {
    let msg = concat(&Caller::NOBODY, &[], parts)?;
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

/// A message in the name of the current task, at the end of `trail`.
fn message(trail: &[u8], parts: &[&[u8]]) -> Result<KVec<u8>> {
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
        trail: 0.into(),
    };
    let caller = Caller {
        head: &head,
        groups: &groups,
    };
    concat(&caller, trail, parts)
}

/// `caller`, and behind it `trail` and `parts`.
fn concat(caller: &Caller<'_>, trail: &[u8], parts: &[&[u8]]) -> Result<KVec<u8>> {
    let head = caller::Head {
        trail: u16::try_from(trail.len()).map_err(|_| E2BIG)?.into(),
        ..*caller.head
    };
    let caller = Caller {
        head: &head,
        groups: caller.groups,
    };
    let [head, groups] = caller.parts();
    let len = parts.iter().map(|part| part.len()).sum();
    let mut msg: KVec<u8> = bytes::concat(&[head, groups, trail], len)?;
    for part in parts {
        bytes::append(&mut msg, part)?;
    }
    Ok(msg)
}
