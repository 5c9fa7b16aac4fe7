// SPDX-License-Identifier: GPL-2.0

//! The records of marked tasks, found by the index in the task's own words.
//!
//! Who may do what:
//! * A record of a task is taken out by the task itself (in the hook, at exec, at exit), or when the
//!   task cannot come to the hook any more (unload, after its grace period).
//! * So the hook may look its own record up without a lock ([`Table::of_current`]). Everything else
//!   happens under the table's lock: it is short, never sleeps, and is not on the hook's path.
//! * An index is never used twice: words that fork copied never lead to somebody else's record.
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

use core::ptr::NonNull;

use kernel::{
    error::to_result,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Arc,
        ArcBorrow, //
    },
    task::Task,
    types::Opaque, //
};

use super::{
    call::Intercept,
    dispatch, //
};
use crate::linux::bindings;

/// The owner of the mark keeps it.
const LIVE: u32 = 0;
/// The owner has given it up: the task takes it off at its next call.
const RELEASED: u32 = 1;
/// The task has taken it off.
const ENDED: u32 = 2;

/// A marked task and who handles its calls.
pub(super) struct Record {
    task: ARef<Task>,
    handler: Arc<dyn Intercept>,
    index: usize,
    state: Atomic<u32>,
}

impl Record {
    /// Who handles the calls.
    pub(super) fn handler(&self) -> &dyn Intercept {
        &*self.handler
    }

    /// Whether the task is still marked and its owner wants it so.
    pub(super) fn is_live(&self) -> bool {
        self.state.load(Acquire) == LIVE
    }

    fn is_of(&self, task: &Task) -> bool {
        core::ptr::eq(self.task.as_ptr(), task.as_ptr())
    }
}

/// All records.
///
/// # Invariants
///
/// * Each entry came from `Arc::<Record>::into_raw` and owns that reference.
/// * The entry of a task that is flagged with our words is that task's record.
pub(super) struct Table {
    xa: Opaque<bindings::xarray>,
    next: Atomic<usize>,
    open: Atomic<bool>,
}

// SAFETY: The xarray has its own lock, `Record` is `Send + Sync`, the rest is atomic.
unsafe impl Sync for Table {}

/// The one table: system calls have no other way to it than a static.
pub(super) static TABLE: Table = Table {
    xa: Opaque::uninit(),
    next: Atomic::new(0),
    open: Atomic::new(false),
};

/// The table's lock, held.
struct Locked<'a>(&'a Table);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: The lock is held by this value.
        unsafe { bindings::xa_unlock(self.0.xa.get()) };
    }
}

impl Locked<'_> {
    fn get(&self, index: usize) -> Option<&Record> {
        // SAFETY: The xarray is initialised.
        let entry = NonNull::new(unsafe { bindings::xa_load(self.0.xa.get(), index) })?;
        // SAFETY: By the type invariant; entries are only removed under the lock, which is held for
        // as long as the reference is.
        Some(unsafe { &*entry.as_ptr().cast::<Record>() })
    }

    fn remove(&mut self, index: usize) -> Option<Arc<Record>> {
        // SAFETY: The xarray is initialised and its lock is held.
        let entry = NonNull::new(unsafe { bindings::__xa_erase(self.0.xa.get(), index) })?;
        // SAFETY: By the type invariant; the entry's reference goes to the caller.
        Some(unsafe { Arc::from_raw(entry.as_ptr().cast::<Record>()) })
    }

    /// The first record at `index` or above, and the index to go on from.
    fn next(&self, mut index: usize) -> Option<(usize, &Record)> {
        // SAFETY: The xarray is initialised.
        NonNull::new(unsafe {
            bindings::xa_find(
                self.0.xa.get(),
                &mut index,
                dispatch::MAX_INDEX,
                bindings::XA_PRESENT,
            )
        })?;
        self.get(index).map(|record| (index + 1, record))
    }
}

impl Table {
    /// Makes the table ready.
    ///
    /// # Errors
    ///
    /// `EBUSY` when it is in use already.
    pub(super) fn open(&self) -> Result {
        if self.open.load(Acquire) {
            return Err(EBUSY);
        }
        // SAFETY: Nobody uses the xarray: the table is closed, and only a module's init opens it.
        unsafe { bindings::xa_init_flags(self.xa.get(), 0) };
        self.open.store(true, Release);
        Ok(())
    }

    /// Drops what is left.
    ///
    /// The caller has made sure that no task is in the hook or can come to it.
    pub(super) fn close(&self) {
        self.open.store(false, Release);
        loop {
            let mut locked = self.lock();
            let Some(index) = locked.next(0).map(|(_, record)| record.index) else {
                break;
            };
            let record = locked.remove(index);
            drop(locked);
            drop(record);
        }
        // SAFETY: The xarray is initialised and empty.
        unsafe { bindings::xa_destroy(self.xa.get()) };
    }

    /// Whether marks can be made.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Acquire)
    }

    fn lock(&self) -> Locked<'_> {
        // SAFETY: The xarray is initialised.
        unsafe { bindings::xa_lock(self.xa.get()) };
        Locked(self)
    }

    /// Adds a record for `task` and flags the task, which is the current one. May sleep.
    pub(super) fn mark(&self, task: &Task, handler: Arc<dyn Intercept>) -> Result<Arc<Record>> {
        let index = self.next.fetch_add(1, Relaxed);
        if index > dispatch::MAX_INDEX {
            return Err(ENOSPC);
        }
        let record = Arc::new(
            Record {
                task: ARef::from(task),
                handler,
                index,
                state: Atomic::new(LIVE),
            },
            GFP_KERNEL,
        )?;
        let entry = record.clone().into_raw();
        // SAFETY: The xarray is initialised, and the pointer is one to an `Arc`, so it is aligned.
        let old = unsafe {
            bindings::xa_store(
                self.xa.get(),
                index,
                entry.cast_mut().cast(),
                bindings::GFP_KERNEL,
            )
        };
        // SAFETY: `old` was returned by `xa_store`.
        if let Err(error) = to_result(unsafe { bindings::xa_err(old) }) {
            // SAFETY: The reference was not taken over.
            drop(unsafe { Arc::from_raw(entry) });
            return Err(error);
        }
        // INVARIANT: The entry is in the table before the task is flagged with its index.
        dispatch::arm(task, index);
        Ok(record)
    }

    /// The record of the current task, which is in the hook. Takes no lock.
    #[inline]
    pub(super) fn of_current(&self, task: &Task) -> Option<Arc<Record>> {
        let index = dispatch::index(task)?;
        // SAFETY: The xarray is initialised: tasks are only flagged while it is.
        let entry = NonNull::new(unsafe { bindings::xa_load(self.xa.get(), index) })?;
        // SAFETY: `task` is current and flagged, so the entry is its record (type invariant), and
        // nobody but `task` itself takes that out while `task` is here.
        let record = unsafe { ArcBorrow::from_raw(entry.as_ptr().cast::<Record>()) };
        record.is_of(task).then(|| record.into())
    }

    /// Whether `task` has a record: its own, not that of the task it was forked from.
    pub(super) fn is_marked(&self, task: &Task) -> bool {
        dispatch::index(task).is_some_and(|index| {
            self.lock()
                .get(index)
                .is_some_and(|record| record.is_live() && record.is_of(task))
        })
    }

    /// Takes the mark off the current task, if it has one.
    pub(super) fn unmark_current(&self, task: &Task) {
        let Some(index) = dispatch::index(task) else {
            return;
        };
        let mut locked = self.lock();
        if !locked.get(index).is_some_and(|record| record.is_of(task)) {
            return;
        }
        dispatch::disarm(task);
        let record = locked.remove(index);
        if let Some(record) = &record {
            record.state.store(ENDED, Release);
        }
        drop(locked);
        // The handler's last reference may go here: not under the lock.
        drop(record);
    }

    /// Gives a mark up on behalf of its owner: at once on the current task; another task runs
    /// natively from its next call on, and the record stays until that task ends, execs or is
    /// marked again.
    pub(super) fn release(&self, record: &Record) {
        let current = kernel::current!();
        if record.is_of(current) && dispatch::index(current) == Some(record.index) {
            self.unmark_current(current);
            return;
        }
        let mut locked = self.lock();
        let lost = Self::give_up(record);
        let entry = if lost { locked.remove(record.index) } else { None };
        drop(locked);
        drop(entry);
    }

    /// Gives all marks up.
    pub(super) fn release_all(&self) {
        let locked = self.lock();
        let mut from = 0;
        while let Some((next, record)) = locked.next(from) {
            Self::give_up(record);
            from = next;
        }
    }

    /// Says whether the record is still in the table but its task has lost the words (a tracer wrote
    /// others), so that nobody will take it out.
    ///
    /// The table's lock is held: the task cannot take the mark off meanwhile.
    fn give_up(record: &Record) -> bool {
        if !record.is_live() {
            return false;
        }
        record.state.store(RELEASED, Release);
        if dispatch::index(&record.task) != Some(record.index) {
            return true;
        }
        // The words stay: a task that has already seen the flag must find its record.
        dispatch::unflag(&record.task);
        false
    }
}
