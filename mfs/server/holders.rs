// SPDX-License-Identifier: GPL-2.0

//! Who has locks of `fcntl()` by an open file, and how many at most.
//!
//! An owner is noted before it takes its first lock and until it surely has none any more, so that none
//! is left behind when the file is closed: the VFS would go on using the file.

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    budget::Budget,
    opens::Open, //
};
use crate::linux::{
    errno::*,
    vfs::{
        file::File,
        lock::Owner, //
    }, //
};

/// Locks that one request can add: one that lies within another one cuts it in two.
const MORE: usize = 2;
/// So many requests' locks are assumed to be there before they are counted.
const SLACK: usize = 64 * MORE;

/// What is known of one owner.
struct Holder {
    /// Locks that it has at most; taken from the budget.
    most: usize,
    /// Locks that it had when they were counted.
    counted: usize,
    /// Requests of it that are under way.
    active: usize,
}

/// The owners of an open file; `None` is the file itself.
#[pin_data]
pub(super) struct Holders {
    budget: Arc<Budget>,
    #[pin]
    table: Mutex<RBTree<Option<Owner>, Holder>>,
}

impl Holders {
    /// None; their locks are taken from `budget`.
    pub(super) fn new(budget: Arc<Budget>) -> impl PinInit<Self> {
        pin_init!(Self {
            budget,
            table <- new_mutex!(RBTree::new(), "mosix::Holders::table"),
        })
    }

    fn enter(&self, owner: Option<Owner>) -> Result {
        let new = RBTreeNode::new(
            owner,
            Holder {
                most: 0,
                counted: 0,
                active: 0,
            },
            GFP_KERNEL,
        )?;
        if !self.budget.take(MORE) {
            return Err(errno(ENOLCK));
        }
        let mut table = self.table.lock();
        if table.get(&owner).is_none() {
            table.insert(new);
        }
        if let Some(holder) = table.get_mut(&owner) {
            holder.most = holder.most.saturating_add(MORE);
            holder.active = holder.active.saturating_add(1);
        }
        Ok(())
    }

    /// A request is over; `all` if it gave back everything.
    fn leave(&self, owner: Option<Owner>, file: &File, all: bool) {
        let mut table = self.table.lock();
        let Some(holder) = table.get_mut(&owner) else {
            return;
        };
        holder.active = holder.active.saturating_sub(1);
        let grown = holder.most.saturating_sub(holder.counted);
        if holder.active != 0 || !(all || grown > SLACK) {
            return;
        }
        // Nobody else can take locks for it now.
        let count = file.count_locks(owner);
        self.budget.give(holder.most.saturating_sub(count));
        holder.most = count.min(holder.most);
        holder.counted = holder.most;
        let gone = if count == 0 {
            table.remove_node(&owner)
        } else {
            None
        };
        drop(table);
        drop(gone);
    }

    /// Gives back all locks that are held by `file`, which is about to be closed.
    pub(super) fn release(&self, file: &File) {
        let table = core::mem::replace(&mut *self.table.lock(), RBTree::new());
        for (owner, holder) in &table {
            if let Some(owner) = owner {
                file.remove_posix_locks(*owner);
            }
            self.budget.give(holder.most);
        }
    }
}

/// A request that may take locks for an owner by an open file.
pub(super) struct Entered {
    open: Arc<Open>,
    owner: Option<Owner>,
    /// Whether it gave back everything that the owner has.
    pub(super) all: bool,
}

impl Entered {
    /// # Errors
    ///
    /// `ENOLCK` if the client has too many locks; `ENOMEM`.
    pub(super) fn new(open: &Arc<Open>, owner: Option<Owner>) -> Result<Self> {
        open.holders.enter(owner)?;
        Ok(Self {
            open: open.clone(),
            owner,
            all: false,
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.open
            .holders
            .leave(self.owner, &self.open.file, self.all);
    }
}
