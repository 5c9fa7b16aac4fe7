// SPDX-License-Identifier: GPL-2.0

//! The file system `mfs`: what processes of this node see of every node's files.
//!
//! Everything that is asked of an object goes as one message ([`wire`](crate::mfs::wire)) to the server
//! of the node that has it, this one included, and nothing of the answer is believed in the next system
//! call: names, attributes and data are the server's. What is kept is which inode stands for which
//! handle, and the pages of what is mapped into memory.
//!
//! No lock of this room is held over a request. The VFS holds those of the directories it changes, as
//! with every network file system.

pub(crate) mod account;
pub(crate) mod attr;
mod dentry;
mod dir;
mod file;
mod forget;
pub(crate) mod inode;
mod io;
mod lock;
pub(crate) mod lower;
mod map;
mod namespace;
mod near;
mod open;
pub(crate) mod remote;
mod root;
mod super_block;
mod trail;
mod xattr;

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::{
    cluster::Seat,
    linux::crypto,
    mfs::server::Server, //
};

pub(crate) use lock::Locks;

/// The file system, shared by all mounts.
pub(crate) struct Client {
    seat: Arc<Seat>,
    /// That of this node.
    server: Arc<Server>,
    fresh: attr::Fresh,
    /// What system calls have gone through.
    trails: trail::Trails,
    roots: root::Roots,
    /// What servers are to be told.
    forgets: Pin<KBox<forget::Forgets>>,
    /// Who uses the files of which nodes.
    accounts: account::Accounts,
    /// For hashes that no server can foresee.
    hash_key: [u64; 2],
    /// System calls that have to look again.
    stale: Pin<KBox<open::Stale>>,
    /// Locks that somebody here waits for.
    locks: Arc<Locks>,
}

impl Client {
    /// A file system for a node with that seat and that server; `locks` are told what servers grant.
    pub(crate) fn new(seat: Arc<Seat>, server: Arc<Server>, locks: Arc<Locks>) -> Result<Self> {
        Ok(Self {
            seat,
            server,
            fresh: attr::Fresh::new()?,
            trails: trail::Trails::new()?,
            roots: root::Roots::new()?,
            forgets: KBox::pin_init(forget::Forgets::new(), GFP_KERNEL)?,
            accounts: account::Accounts::new()?,
            hash_key: [crypto::random_u64(), crypto::random_u64()],
            stale: KBox::pin_init(open::Stale::new(), GFP_KERNEL)?,
            locks,
        })
    }

    /// Who uses the files of which nodes.
    #[expect(dead_code, reason = "the balancer's, which comes later")]
    pub(crate) fn accounts(&self) -> &account::Accounts {
        &self.accounts
    }

    /// The node's place in its cluster.
    pub(crate) fn seat(&self) -> &Seat {
        &self.seat
    }
}
