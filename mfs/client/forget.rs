// SPDX-License-Identifier: GPL-2.0

//! Telling servers which pinned objects are not used here any more.
//!
//! An inode may go while memory is reclaimed, in the middle of anybody's allocation: then nothing may
//! be sent, as who sends takes locks under which others allocate. So what an object needs to be
//! forgotten is made with its inode, put into a queue when that goes, and sent by whoever comes by
//! next.

use kernel::{
    alloc::KVVec,
    impl_list_arc_safe,
    impl_list_item,
    list::{
        List,
        ListArc,
        ListLinks, //
    },
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        SpinLock, //
    }, //
};

use super::{
    inode::Object,
    Client, //
};
use crate::{
    linux::memalloc,
    mfs::wire::{
        file::Forget,
        handle::Handle,
        op, //
    }, //
};

/// A pinned object that has an inode here.
#[pin_data]
pub(super) struct Pinned {
    object: Object,
    #[pin]
    links: ListLinks,
}

impl_list_arc_safe! {
    impl ListArcSafe<0> for Pinned { untracked; }
}

impl_list_item! {
    impl ListItem<0> for Pinned { using ListLinks { self.links }; }
}

impl Pinned {
    /// What is needed to forget `object`; `None` if nobody has to be told.
    pub(super) fn new(object: &Object) -> Result<Option<ListArc<Self>>> {
        if object.handle.fh_type != Handle::PINNED {
            return Ok(None);
        }
        let pinned = ListArc::pin_init(
            try_pin_init!(Self {
                object: *object,
                links <- ListLinks::new(),
            }? Error),
            GFP_KERNEL,
        )?;
        Ok(Some(pinned))
    }
}

/// What is to be forgotten.
#[pin_data]
pub(super) struct Forgets {
    /// Whether there is something; a hint.
    some: Atomic<bool>,
    #[pin]
    queue: SpinLock<List<Pinned>>,
}

impl Forgets {
    /// Nothing.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            some: Atomic::new(false),
            queue <- new_spinlock!(List::new(), "mosix::Forgets::queue"),
        })
    }

    /// The inode of `pinned` is gone. Does not sleep.
    pub(super) fn push(&self, pinned: ListArc<Pinned>) {
        self.queue.lock().push_back(pinned);
        self.some.store(true, Relaxed);
    }

    fn pop(&self) -> Option<ListArc<Pinned>> {
        let mut queue = self.queue.lock();
        let pinned = queue.pop_front();
        if pinned.is_none() {
            self.some.store(false, Relaxed);
        }
        pinned
    }
}

impl Client {
    /// Tells the servers what is in the queue, unless memory is being reclaimed. Does not wait for
    /// them. When one cannot be told, the end of its session tells it.
    pub(super) fn forget(&self) {
        if !self.forgets.some.load(Relaxed) || memalloc::is_reclaiming() {
            return;
        }
        while let Some(pinned) = self.forgets.pop() {
            let forget = Forget { count: 1.into() };
            let mut data = KVVec::new();
            let handle = pinned.object.handle;
            if data
                .extend_from_slice(handle.as_bytes(), GFP_KERNEL)
                .is_ok()
            {
                let _ = self.post(pinned.object.node, op::FORGET, &[forget.as_bytes()], data);
            }
        }
    }
}
