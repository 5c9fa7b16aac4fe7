// SPDX-License-Identifier: GPL-2.0

//! Credentials of callers of other nodes.
//!
//! Making them costs more than most operations, and a node has few callers at a time: the latest are kept.

use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};
use zerocopy::little_endian::U32;

use crate::{
    linux::vfs::cred::{
        Cred,
        Identity, //
    },
    mfs::wire::caller::Caller, //
};

/// So many are kept.
const KEPT: usize = 8;

/// The credentials of one caller.
struct Kept {
    uid: u32,
    gid: u32,
    caps: u64,
    groups: KVec<U32>,
    cred: Cred,
}

impl Kept {
    fn new(caller: &Caller<'_>) -> Result<Self> {
        let head = caller.head;
        let (uid, gid, caps) = (head.uid.get(), head.gid.get(), head.caps.get());
        let mut groups = KVec::with_capacity(caller.groups.len(), GFP_KERNEL)?;
        for group in caller.groups {
            groups.push(*group, GFP_KERNEL)?;
        }
        let cred = Cred::prepare(Identity {
            uid,
            gid,
            caps,
            groups: caller.groups,
        })?;
        Ok(Self {
            uid,
            gid,
            caps,
            groups,
            cred,
        })
    }

    fn is(&self, caller: &Caller<'_>) -> bool {
        self.uid == caller.head.uid.get()
            && self.gid == caller.head.gid.get()
            && self.caps == caller.head.caps.get()
            && *self.groups == *caller.groups
    }
}

/// The latest callers of a node, the very latest last.
#[pin_data]
pub(super) struct Identities {
    #[pin]
    kept: Mutex<KVec<Kept>>,
}

impl Identities {
    /// None yet.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            kept <- new_mutex!(KVec::new(), "mosix::Identities::kept"),
        })
    }

    /// The credentials of `caller`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn cred(&self, caller: &Caller<'_>) -> Result<Cred> {
        let known = self.find(caller);
        if let Some(cred) = known {
            return Ok(cred);
        }
        let new = Kept::new(caller)?;
        let cred = new.cred.clone();
        self.keep(new)?;
        Ok(cred)
    }

    fn find(&self, caller: &Caller<'_>) -> Option<Cred> {
        let mut kept = self.kept.lock();
        let last = kept.len().checked_sub(1)?;
        let at = kept.iter().rposition(|kept| kept.is(caller))?;
        kept.swap(at, last);
        kept.last().map(|kept| kept.cred.clone())
    }

    fn keep(&self, new: Kept) -> Result {
        let mut kept = self.kept.lock();
        let oldest = if kept.len() >= KEPT {
            kept.remove(0).ok()
        } else {
            None
        };
        kept.push(new, GFP_KERNEL)?;
        drop(kept);
        drop(oldest);
        Ok(())
    }
}
