// SPDX-License-Identifier: GPL-2.0

//! The nodes that the server serves, as far as they ever asked for something in their session.
//!
//! Lock: `table` is held alone.

use core::mem::take;

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::client::Client;
use crate::linux::errno::*;

#[derive(Default)]
struct Table {
    known: KVec<Arc<Client>>,
    /// This node is about to leave the cluster, or has left it.
    closed: bool,
}

/// Those nodes.
#[pin_data]
pub(super) struct Clients {
    #[pin]
    table: Mutex<Table>,
}

impl Clients {
    /// None yet.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            table <- new_mutex!(Table::default(), "mosix::Clients::table"),
        })
    }

    /// What is known about node `node`, from now on something.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` when this node is no member any more; `ENOMEM`.
    pub(super) fn get(&self, node: u16) -> Result<Arc<Client>> {
        let known = self.find(node);
        if let Some(client) = known {
            return Ok(client);
        }
        let new = Client::new(node)?;
        let mut table = self.table.lock();
        if table.closed {
            return Err(errno(ENOTCONN));
        }
        // Somebody else may have been faster.
        let known = table.known.iter().find(|client| client.node == node);
        if let Some(known) = known.cloned() {
            return Ok(known);
        }
        table.known.push(new.clone(), GFP_KERNEL)?;
        Ok(new)
    }

    /// What is known about node `node`.
    pub(super) fn find(&self, node: u16) -> Option<Arc<Client>> {
        let table = self.table.lock();
        let mut known = table.known.iter();
        known.find(|client| client.node == node).cloned()
    }

    /// Lets go what node `node` had: nothing that it asked for is being executed, and its files are closed
    /// when this returns.
    pub(super) fn forget(&self, node: u16) {
        let mut table = self.table.lock();
        let at = table.known.iter().position(|client| client.node == node);
        let gone = at.and_then(|at| table.known.remove(at).ok());
        drop(table);
        if let Some(client) = gone {
            client.waits.end();
        }
    }

    /// Lets go what all of them had. What this node's own client is just doing may still keep a file open
    /// until it is done.
    pub(super) fn close(&self) {
        let mut table = self.table.lock();
        table.closed = true;
        let gone = take(&mut table.known);
        drop(table);
        for client in &gone {
            client.waits.end();
        }
    }
}
