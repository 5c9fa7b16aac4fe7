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
mod clients;
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
mod near;
mod open;
mod opens;
mod pins;
mod policy;
mod stage;
mod trail;
mod waits;
mod xattr;

use crate::{
    cluster::Seat,
    control::abi::export::Policy,
    linux::{
        errno::*,
        vfs::cred::with_umask, //
    },
    mfs::wire::{
        caller::Caller,
        request, //
    },
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

use context::Context;
use export::Export;

/// The files of this node, as others and its own client have them.
#[pin_data]
pub(crate) struct Server {
    /// What it serves, and whom, from joining a cluster to leaving it.
    #[pin]
    export: Mutex<Option<Arc<Export>>>,
}

impl Server {
    /// A server that serves nothing yet.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                export <- new_mutex!(None, "mosix::Server::export"),
            }),
            GFP_KERNEL,
        )
    }

    fn export(&self) -> Result<Arc<Export>> {
        self.export.lock().clone().ok_or(errno(ENOTCONN))
    }

    /// Executes a request of this node's own client, with the credentials, the umask and the limits of
    /// the current task. May sleep, also with locks of the client's inodes held.
    pub(crate) fn local(&self, kind: Kind, msg: &[u8], data: &[u8]) -> Answer {
        self.try_local(kind, msg, data)
            .unwrap_or_else(Answer::error)
    }

    fn try_local(&self, kind: Kind, msg: &[u8], data: &[u8]) -> Result<Answer> {
        let (_, trail, request) =
            request::Request::decode(kind, msg, data).map_err(|_| errno(EPROTO))?;
        self.as_own(|context| dispatch::execute(context, trail, request))
    }

    /// Does something for this node's own client.
    fn as_own<T>(&self, work: impl FnOnce(Context<'_>) -> Result<T>) -> Result<T> {
        let export = self.export()?;
        let policy = export.policy();
        let client = export.clients.get(export.node)?;
        work(Context {
            export: &export,
            policy: &policy,
            client: &client,
            is_local: true,
            end: None,
        })
    }

    fn try_execute(&self, request: &Request) -> Result<Answer> {
        let export = self.export()?;
        let policy = export.policy();
        let client = export.clients.get(request.from)?;
        let body = &request.body;
        let (caller, trail, wanted) = request::Request::decode(request.kind, &body.msg, &body.data)
            .map_err(|_| errno(EPROTO))?;
        let squashed = policy.squash(&caller)?;
        let caller = match &squashed {
            Some((head, groups)) => Caller { head, groups },
            None => caller,
        };
        let context = Context {
            export: &export,
            policy: &policy,
            client: &client,
            is_local: false,
            end: None,
        };
        let once = dispatch::is_once(&wanted);
        let execute = || dispatch::execute(context, trail, wanted);
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
}

impl Service for Server {
    fn execute(&self, request: Request) -> Answer {
        self.try_execute(&request).unwrap_or_else(Answer::error)
    }

    fn ended(&self, from: u16) {
        if let Ok(export) = self.export() {
            export.clients.forget(from);
        }
    }
}

impl Room for Server {
    fn joined(&self, seat: &Arc<Seat>, own: u16, rules: &Policy<'_>) {
        match Export::new(seat.clone(), own, rules) {
            Ok(export) => *self.export.lock() = Some(export),
            Err(error) => pr_err!("the files of this node cannot be served: {error:?}\n"),
        }
    }

    fn reconfigured(&self, rules: &Policy<'_>) -> Result {
        match self.export() {
            Ok(export) => export.set_policy(rules),
            Err(_) => Ok(()),
        }
    }

    fn left(&self) {
        let export = self.export.lock().take();
        if let Some(export) = export {
            export.clients.close();
        }
    }
}
