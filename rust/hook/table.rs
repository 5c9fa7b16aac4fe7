// SPDX-License-Identifier: GPL-2.0

//! The records of marked tasks, found by the index in the task's own words.
//!
//! Who may do what:
//! * A record of a task is taken out by the task itself (in the hook, at exec, at exit), or when the
//!   task cannot come to the hook any more (unload, after its grace period).
//! * So the hook may look its own record up without a lock ([`Table::of_current`]). Everything else
//!   happens under the table's lock: it is short, never sleeps, and is not on the hook's path.
//! * Words that fork copied may lead to the record of another task: under the lock, it is compared
//!   whose the record is.

use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Full,
            Release, //
        },
        Arc,
        ArcBorrow, //
    },
    task::Task, //
};

use super::{
    call::Intercept,
    dispatch,
    slots::{
        self,
        Locked, //
    }, //
};

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

/// All records, in the places of [`slots`].
///
/// # Invariants
///
/// * A place holds 0 or an address that came from `Arc::<Record>::into_raw` and owns that reference.
/// * The place that a task flagged with our words names holds that task's record.
pub(super) struct Table {
    used: Atomic<bool>,
    open: Atomic<bool>,
}

/// The one table: system calls have no other way to it than a static.
pub(super) static TABLE: Table = Table {
    used: Atomic::new(false),
    open: Atomic::new(false),
};

impl Locked {
    fn record(&self, index: usize) -> Option<&Record> {
        let record = slots::get(index) as *const Record;
        // SAFETY: By the table's invariants; records are only removed under the lock, which is held
        // for as long as the reference is.
        unsafe { record.as_ref() }
    }

    fn remove(&mut self, index: usize) -> Option<Arc<Record>> {
        let record = slots::get(index) as *const Record;
        if record.is_null() {
            return None;
        }
        self.free(index);
        // SAFETY: By the table's invariants; the place's reference goes to the caller.
        Some(unsafe { Arc::from_raw(record) })
    }
}

impl Table {
    /// Makes the table ready, once in the life of the module.
    ///
    /// # Errors
    ///
    /// `EBUSY` the second time.
    pub(super) fn open(&self) -> Result {
        if self.used.xchg(true, Full) {
            return Err(EBUSY);
        }
        // SAFETY: The first time is the only one that gets here.
        unsafe { slots::init() };
        self.open.store(true, Release);
        Ok(())
    }

    /// Drops what is left.
    ///
    /// # Safety
    ///
    /// No task is in the hook or a probe, or can come there.
    pub(super) unsafe fn close(&self) {
        self.open.store(false, Release);
        let len = slots::lock().len();
        for index in 0..len {
            let record = slots::lock().remove(index);
            drop(record);
        }
        // SAFETY: Nobody can mark a task any more, nor look one up, by this function's contract.
        unsafe { slots::free_pages() };
    }

    /// Whether marks can be made.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Acquire)
    }

    /// Adds a record for `task` and flags the task, which is the current one. May sleep.
    pub(super) fn mark(&self, task: &Task, handler: Arc<dyn Intercept>) -> Result<Arc<Record>> {
        let index = slots::take()?;
        let record = Arc::new(
            Record {
                task: ARef::from(task),
                handler,
                index,
                state: Atomic::new(LIVE),
            },
            GFP_KERNEL,
        );
        let mut locked = slots::lock();
        let Ok(record) = record else {
            locked.free(index);
            return Err(ENOMEM);
        };
        // INVARIANT: The record is in its place before the task is flagged with its index.
        locked.set(index, record.clone().into_raw() as usize);
        drop(locked);
        dispatch::arm(task, index);
        Ok(record)
    }

    /// The record of the current task, which is in the hook. Takes no lock.
    #[inline]
    pub(super) fn of_current(&self, task: &Task) -> Option<Arc<Record>> {
        let record = slots::get(dispatch::index(task)?) as *const Record;
        if record.is_null() {
            return None;
        }
        // SAFETY: `task` is current and flagged, so this is its record (invariant), and nobody but
        // `task` itself takes that out while `task` is here.
        let record = unsafe { ArcBorrow::from_raw(record) };
        record.is_of(task).then(|| record.into())
    }

    /// Whether `task` has a record: its own, not that of the task it was forked from.
    pub(super) fn is_marked(&self, task: &Task) -> bool {
        dispatch::index(task).is_some_and(|index| {
            slots::lock()
                .record(index)
                .is_some_and(|record| record.is_live() && record.is_of(task))
        })
    }

    /// Takes the mark off the current task, if it has one; says whose it was.
    pub(super) fn unmark_current(&self, task: &Task) -> Option<Arc<Record>> {
        let index = dispatch::index(task)?;
        let mut locked = slots::lock();
        if !locked
            .record(index)
            .is_some_and(|record| record.is_of(task))
        {
            return None;
        }
        dispatch::disarm(task);
        let record = locked.remove(index);
        if let Some(record) = &record {
            record.state.store(ENDED, Release);
        }
        drop(locked);
        // The handler's last reference may be in it: it goes when the lock is free.
        record
    }

    /// Gives a mark up on behalf of its owner: at once on the current task; another task takes it off
    /// at its next call, which is native, or at its exit or exec.
    pub(super) fn release(&self, record: &Record) {
        let current = kernel::current!();
        if record.is_of(current) && dispatch::index(current) == Some(record.index) {
            drop(self.unmark_current(current));
            return;
        }
        let mut locked = slots::lock();
        // The flag stays, so that the task's next call comes to the hook, which takes the mark off
        // before the call, whatever it is, can change the words.
        let lost = Self::give_up(record);
        let entry = if lost {
            locked.remove(record.index)
        } else {
            None
        };
        drop(locked);
        drop(entry);
    }

    /// Gives all marks up, and sees to it that no task comes to the hook any more, but for those that
    /// have already seen the flag: they find their records.
    pub(super) fn release_all(&self) {
        let locked = slots::lock();
        for index in 0..locked.len() {
            if let Some(record) = locked.record(index) {
                Self::give_up(record);
                if dispatch::index(&record.task) == Some(record.index) {
                    dispatch::unflag(&record.task);
                }
            }
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
        dispatch::index(&record.task) != Some(record.index)
    }
}
