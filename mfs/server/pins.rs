// SPDX-License-Identifier: GPL-2.0

//! Objects that are held for a client, as their file systems would not find them again.
//!
//! An object has one pin, whatever its names, and the pin has one number, which is never used again. What
//! the client forgets is not let go at once: the message may have crossed an answer with the same object.
//! It stays for a while, and for good if it is used again.
//!
//! Lock: `table` is held alone; objects are let go outside of it.

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    }, //
};

use super::export::Object;
use crate::{
    linux::{
        clock,
        crypto,
        errno::*,
        vfs::{
            handle::FileHandle,
            walk::ObjectAddress, //
        }, //
    },
    mfs::wire::handle::{
        Handle,
        FH_MAX, //
    }, //
};

/// Most objects that are held for a client.
const PINS_MAX: usize = 65_536;
/// How long a forgotten one is held, in nanoseconds.
const LINGER_NS: u64 = 15_000_000_000;
/// Most forgotten ones that are held.
const LINGERING_MAX: usize = 1024;
/// Bytes of a pin in a handle.
const LEN: usize = 16;

/// What makes a pin the same as another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    object: ObjectAddress,
    mount: u16,
    access: u8,
}

impl Key {
    fn of(object: &Object) -> Self {
        Self {
            object: object.path.object_address(),
            mount: object.mount,
            access: object.access as u8,
        }
    }
}

struct Pin {
    object: Object,
    /// Whether the client has forgotten it.
    forgotten: bool,
}

struct Table {
    pins: RBTree<u64, Pin>,
    numbers: RBTree<Key, u64>,
    count: usize,
    last: u64,
    /// Those that were forgotten, and when, the oldest first; some may be in use again.
    lingering: KVec<(u64, u64)>,
}

impl Table {
    fn remove(&mut self, number: u64) -> Option<Pin> {
        let node = self.pins.remove_node(&number)?;
        let (_, pin) = node.to_key_value();
        self.numbers.remove(&Key::of(&pin.object));
        self.count = self.count.saturating_sub(1);
        Some(pin)
    }

    /// Takes out one that was forgotten long enough ago, or at all if there are too many.
    fn overdue(&mut self, now_ns: u64) -> Option<Pin> {
        loop {
            let (number, since_ns) = *self.lingering.first()?;
            let old = now_ns.saturating_sub(since_ns) >= LINGER_NS;
            let many = self.lingering.len() > LINGERING_MAX || self.count >= PINS_MAX;
            if !old && !many {
                return None;
            }
            let _ = self.lingering.remove(0);
            if matches!(self.pins.get(&number), Some(pin) if pin.forgotten) {
                return self.remove(number);
            }
        }
    }
}

/// The pins of a client.
#[pin_data]
pub(super) struct Pins {
    /// Tells them from those of other clients, and of the same one before.
    nonce: u64,
    /// Whether some were forgotten.
    lingering: Atomic<bool>,
    #[pin]
    table: Mutex<Table>,
}

impl Pins {
    /// None.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            nonce: crypto::random_u64(),
            lingering: Atomic::new(false),
            table <- new_mutex!(Table {
                pins: RBTree::new(),
                numbers: RBTree::new(),
                count: 0,
                last: 0,
                lingering: KVec::new(),
            }, "mosix::Pins::table"),
        })
    }

    fn encode(&self, number: u64) -> FileHandle<FH_MAX> {
        let mut bytes = [0; FH_MAX];
        let parts = number.to_le_bytes().into_iter();
        let parts = Iterator::chain(parts, self.nonce.to_le_bytes());
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = from;
        }
        FileHandle {
            kind: Handle::PINNED,
            len: LEN as u8,
            bytes,
        }
    }

    /// The number in a handle of this client.
    fn decode(&self, handle: &Handle) -> Result<u64> {
        let word = |at: usize| -> Option<u64> {
            let bytes = handle.fh.get(at..)?.first_chunk()?;
            Some(u64::from_le_bytes(*bytes))
        };
        match (word(0), word(8)) {
            (Some(number), Some(nonce))
                if handle.fh_type == Handle::PINNED && nonce == self.nonce =>
            {
                Ok(number)
            }
            _ => Err(errno(ESTALE)),
        }
    }

    /// Holds `object`; gives what stands for it in a handle.
    ///
    /// # Errors
    ///
    /// `ENFILE` if too many are held; `ENOMEM`.
    pub(super) fn hold(&self, object: &Object) -> Result<FileHandle<FH_MAX>> {
        self.sweep();
        let key = Key::of(object);
        let pin = Pin {
            object: object.clone(),
            forgotten: false,
        };
        let pin_room = RBTreeNodeReservation::new(GFP_KERNEL)?;
        let number_room = RBTreeNodeReservation::new(GFP_KERNEL)?;
        let mut table = self.table.lock();
        let known = table.numbers.get(&key).copied();
        if let Some(known) = known {
            if let Some(pin) = table.pins.get_mut(&known) {
                pin.forgotten = false;
            }
            drop(table);
            return Ok(self.encode(known));
        }
        if table.count >= PINS_MAX {
            return Err(ENFILE);
        }
        table.last = table.last.saturating_add(1);
        let last = table.last;
        table.pins.insert(pin_room.into_node(last, pin));
        table.numbers.insert(number_room.into_node(key, last));
        table.count = table.count.saturating_add(1);
        Ok(self.encode(last))
    }

    /// The object that `handle` names.
    ///
    /// # Errors
    ///
    /// `ESTALE` if it is not held.
    pub(super) fn get(&self, handle: &Handle) -> Result<Object> {
        let number = self.decode(handle)?;
        let mut table = self.table.lock();
        let pin = table.pins.get_mut(&number).ok_or(errno(ESTALE))?;
        pin.forgotten = false;
        Ok(pin.object.clone())
    }

    /// The client does not use it any more.
    pub(super) fn forget(&self, handle: &Handle) {
        let Ok(number) = self.decode(handle) else {
            return;
        };
        let mut table = self.table.lock();
        let unlinked = match table.pins.get_mut(&number) {
            Some(pin) if !pin.forgotten => {
                pin.forgotten = true;
                pin.object.path.is_unlinked()
            }
            _ => return,
        };
        let lingering = (number, clock::boottime_ns());
        // What has no name any more would only take up space.
        let gone = if unlinked || table.lingering.push(lingering, GFP_KERNEL).is_err() {
            table.remove(number)
        } else {
            None
        };
        drop(table);
        drop(gone);
        self.lingering.store(true, Relaxed);
        self.sweep();
    }

    /// Lets go what was forgotten long ago; called now and then.
    pub(super) fn sweep(&self) {
        if !self.lingering.load(Relaxed) {
            return;
        }
        let now_ns = clock::boottime_ns();
        loop {
            let mut table = self.table.lock();
            let overdue = table.overdue(now_ns);
            if overdue.is_none() {
                self.lingering.store(!table.lingering.is_empty(), Relaxed);
                return;
            }
            drop(table);
            drop(overdue);
        }
    }
}
