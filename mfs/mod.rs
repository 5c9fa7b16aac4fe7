// SPDX-License-Identifier: GPL-2.0

//! MFS: every node's files under `/mfs/<node>/`, with one cache, the server's.

pub(crate) mod client;
pub(crate) mod server;
pub(crate) mod wire;

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::{
    cluster::Seat,
    control::abi::export::Policy,
    linux::errno::*,
    mfs::wire::{
        op,
        request, //
    },
    rpc::service::{
        Answer,
        Request,
        Service, //
    },
    service::Room, //
};

/// The room: both ends of it, as far as other nodes ask for something.
pub(crate) struct Mfs {
    server: Arc<server::Server>,
    locks: Arc<client::Locks>,
}

impl Mfs {
    /// A room that serves nothing yet.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let room = Self {
            server: server::Server::new()?,
            locks: Arc::pin_init(client::Locks::new(), GFP_KERNEL)?,
        };
        Ok(Arc::new(room, GFP_KERNEL)?)
    }

    /// The file system for processes of this node.
    pub(crate) fn file_system(&self, seat: Arc<Seat>) -> Result<client::Client> {
        client::Client::new(seat, self.server.clone(), self.locks.clone())
    }

    /// A server says that a lock is there.
    fn granted(&self, request: &Request) -> Result<Answer> {
        let body = &request.body;
        let decoded = request::Request::decode(request.kind, &body.msg, &body.data);
        let Ok((_, _, request::Request::Granted(granted))) = decoded else {
            return Err(errno(EPROTO));
        };
        self.locks.granted(request.from, granted)?;
        Ok(Answer {
            status: 0,
            body: Default::default(),
            once: true,
        })
    }
}

impl Service for Mfs {
    fn execute(&self, request: Request) -> Answer {
        if request.kind == op::GRANTED {
            return self.granted(&request).unwrap_or_else(Answer::error);
        }
        self.server.execute(request)
    }

    fn ended(&self, from: u16) {
        self.server.ended(from);
        self.locks.ended(from);
    }
}

impl Room for Mfs {
    fn joined(&self, seat: &Arc<Seat>, own: u16, rules: &Policy<'_>) {
        self.server.joined(seat, own, rules);
    }

    fn reconfigured(&self, rules: &Policy<'_>) -> Result {
        self.server.reconfigured(rules)
    }

    fn left(&self) {
        self.server.left();
    }
}
