// SPDX-License-Identifier: GPL-2.0

//! What this node does with its files for others, and for its own client.
//!
//! A request of another node runs in a worker thread, with the credentials and the umask of its caller;
//! one of the own node runs in the caller's own context, as a system call would. Both go through
//! [`dispatch`], so that there is one implementation of names, attributes and opens.
//!
//! Lock order: each of the server's locks is held alone, only to look something up or to put it in, and
//! never over an operation on a file.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

mod attrs;
mod budget;
mod client;
mod context;
mod dirs;
mod dispatch;
mod export;
mod extent;
mod holders;
mod identities;
mod io;
mod lock;
mod lookup;
mod names;
mod open;
mod opens;
mod stage;
mod waits;
mod xattr;

use crate::{
    cluster::Seat,
    linux::{
        errno::*,
        vfs::{
            cred::with_umask,
            file::File, //
        }, //
    },
    mfs::wire::request,
    rpc::{
        service::{
            Answer,
            Request,
            Service, //
        },
        wire::Kind, //
    },
    service::Room, //
};

use client::Client;
use context::Context;
use export::Export;

/// The files of this node, as others and its own client have them.
#[pin_data]
pub(crate) struct Server {
    /// What it serves, from joining a cluster to leaving it.
    #[pin]
    export: Mutex<Option<Arc<Export>>>,
    /// Those it serves, as far as they ever asked for something in their session.
    #[pin]
    clients: Mutex<KVec<Arc<Client>>>,
}

impl Server {
    /// A server that serves nothing yet.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                export <- new_mutex!(None, "mosix::Server::export"),
                clients <- new_mutex!(KVec::new(), "mosix::Server::clients"),
            }),
            GFP_KERNEL,
        )
    }

    fn export(&self) -> Result<Arc<Export>> {
        self.export.lock().clone().ok_or(errno(ENOTCONN))
    }

    /// What the server knows about node `node`, which may be this one.
    fn client(&self, node: u16) -> Result<Arc<Client>> {
        let known = self.find(node);
        if let Some(client) = known {
            return Ok(client);
        }
        let new = Client::new(node)?;
        let mut clients = self.clients.lock();
        // Somebody else may have been faster.
        let known = clients.iter().find(|client| client.node == node).cloned();
        match known {
            Some(client) => Ok(client),
            None => {
                clients.push(new.clone(), GFP_KERNEL)?;
                Ok(new)
            }
        }
    }

    fn find(&self, node: u16) -> Option<Arc<Client>> {
        let clients = self.clients.lock();
        clients.iter().find(|client| client.node == node).cloned()
    }

    /// Executes a request of this node's own client, with the credentials, the umask and the limits of
    /// the current task. May sleep, also with locks of the client's inodes held.
    pub(crate) fn local(&self, kind: Kind, msg: &[u8], data: &[u8]) -> Answer {
        self.try_local(kind, msg, data)
            .unwrap_or_else(Answer::error)
    }

    fn try_local(&self, kind: Kind, msg: &[u8], data: &[u8]) -> Result<Answer> {
        let export = self.export()?;
        let client = self.client(export.node)?;
        let (caller, request) =
            request::Request::decode(kind, msg, data).map_err(|_| errno(EPROTO))?;
        let context = Context {
            export: &export,
            client: &client,
            caller,
            is_local: true,
        };
        dispatch::execute(&context, request)
    }

    fn try_execute(&self, request: &Request) -> Result<Answer> {
        let export = self.export()?;
        let client = self.client(request.from)?;
        let body = &request.body;
        let (caller, wanted) = request::Request::decode(request.kind, &body.msg, &body.data)
            .map_err(|_| errno(EPROTO))?;
        let context = Context {
            export: &export,
            client: &client,
            caller,
            is_local: false,
        };
        let once = dispatch::is_once(&wanted);
        let execute = || dispatch::execute(&context, wanted);
        let result = if dispatch::needs_nobody(&wanted) {
            execute()
        } else {
            let cred = client.identities.cred(&caller)?;
            with_umask(caller.head.umask.get(), || cred.with(execute))?
        };
        let mut answer = result.unwrap_or_else(Answer::error);
        answer.once = once;
        Ok(answer)
    }

    /// The real file behind an open file of this node's own client.
    pub(crate) fn file(&self, open: u64) -> Option<File> {
        let export = self.export().ok()?;
        let client = self.find(export.node)?;
        let open = client.opens.get(open).ok()?;
        Some(open.file.clone())
    }

    /// Lets go what node `node` had, and that is all that refers to it.
    fn forget(&self, node: u16) {
        let mut clients = self.clients.lock();
        let at = clients.iter().position(|client| client.node == node);
        let gone = at.and_then(|at| clients.remove(at).ok());
        drop(clients);
        if let Some(client) = gone {
            client.waits.end();
        }
    }
}

impl Service for Server {
    fn execute(&self, request: Request) -> Answer {
        self.try_execute(&request).unwrap_or_else(Answer::error)
    }

    fn ended(&self, from: u16) {
        self.forget(from);
    }
}

impl Room for Server {
    fn joined(&self, seat: &Arc<Seat>, own: u16) {
        match Export::new(seat.clone(), own) {
            Ok(export) => *self.export.lock() = Some(export),
            Err(error) => pr_err!("the files of this node cannot be served: {error:?}\n"),
        }
    }

    fn left(&self) {
        let export = self.export.lock().take();
        let clients = core::mem::take(&mut *self.clients.lock());
        drop(clients);
        drop(export);
    }
}
