// SPDX-License-Identifier: GPL-2.0

//! Numbered places for pointers, in pages that are added as needed and stay until the end.
//!
//! A place is read without a lock, in two loads; everything else happens under one spinlock that is
//! never held for long. Numbers are used again.

use core::cell::UnsafeCell;

use kernel::{
    prelude::*,
    sync::{
        barrier::smp_wmb,
        GlobalGuard, //
    }, //
};

/// Places in a page: 4 KiB.
const PER_PAGE: usize = 512;

/// Most pages: 65,536 places.
const PAGES: usize = 128;

/// Set in a place that is free; the number of the next free one is above it. Pointers are even.
const FREE: usize = 1;

/// "None" in the list of free places.
const END: usize = usize::MAX >> 1;

/// A word that is written under the lock and read at any time.
#[derive(Zeroable)]
#[repr(transparent)]
struct Word(UnsafeCell<usize>);

impl Word {
    const fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn load(&self) -> usize {
        // SAFETY: The word is valid; the volatile access makes the race with `store` defined, as
        // READ_ONCE() does.
        unsafe { self.0.get().read_volatile() }
    }

    /// What was written before, through the pointer that `value` is, is seen by who loads it.
    fn store(&self, value: usize) {
        smp_wmb();
        // SAFETY: As in `load`; there is one writer, which holds the lock.
        unsafe { self.0.get().write_volatile(value) };
    }
}

type Page = [Word; PER_PAGE];

/// Addresses of the pages, 0 for those that are not there yet.
struct Directory([Word; PAGES]);

// SAFETY: The words are read and written as a whole, see `Word`.
unsafe impl Sync for Directory {}

static DIRECTORY: Directory = Directory([const { Word::new() }; PAGES]);

struct FreeList {
    first: usize,
    pages: usize,
}

kernel::sync::global_lock! {
    // SAFETY: `init` is called before anything else of this file.
    unsafe(uninit) static FREE_LIST: SpinLock<FreeList> = FreeList { first: END, pages: 0 };
}

/// The places, locked.
pub(super) struct Locked(GlobalGuard<FREE_LIST>);

/// Makes the places ready.
///
/// # Safety
///
/// Must be called once, before everything else.
pub(super) unsafe fn init() {
    // SAFETY: By this function's contract.
    unsafe { FREE_LIST.init() };
}

/// Locks the places.
pub(super) fn lock() -> Locked {
    Locked(FREE_LIST.lock())
}

#[inline]
fn word(index: usize) -> Option<&'static Word> {
    let page = DIRECTORY.0.get(index / PER_PAGE)?.load() as *const Page;
    // SAFETY: It is null or a page that stays until `free_pages`, after which nobody reads.
    unsafe { page.as_ref() }?.get(index % PER_PAGE)
}

/// What is in place `index`: an address, or 0.
#[inline]
pub(super) fn get(index: usize) -> usize {
    match word(index) {
        Some(word) => {
            let value = word.load();
            if value & FREE == 0 {
                value
            } else {
                0
            }
        }
        None => 0,
    }
}

/// Takes a free place, which holds 0 until [`Locked::set`]. May sleep.
///
/// # Errors
///
/// `ENOMEM`; `ENOSPC` when all places are taken.
pub(super) fn take() -> Result<usize> {
    loop {
        if let Some(index) = lock().take() {
            return Ok(index);
        }
        let page = KBox::init(pin_init::init_zeroed::<Page>(), GFP_KERNEL)?;
        lock().add(page)?;
    }
}

/// Frees the pages.
///
/// # Safety
///
/// Nobody uses the places any more, nor will.
pub(super) unsafe fn free_pages() {
    for word in &DIRECTORY.0 {
        let page = word.load() as *mut Page;
        if !page.is_null() {
            // SAFETY: It came from `KBox::into_raw` in `add`, and nobody uses it by this function's
            // contract.
            drop(unsafe { KBox::from_raw(page) });
        }
    }
}

impl Locked {
    fn take(&mut self) -> Option<usize> {
        let index = self.0.first;
        let word = word(index)?;
        self.0.first = word.load() >> 1;
        word.store(0);
        Some(index)
    }

    fn add(&mut self, page: KBox<Page>) -> Result {
        let base = self.0.pages * PER_PAGE;
        let slot = DIRECTORY.0.get(self.0.pages).ok_or(ENOSPC)?;
        for (index, word) in (base + 1..).zip(page.iter()) {
            let next = if index == base + PER_PAGE {
                self.0.first
            } else {
                index
            };
            word.store(next << 1 | FREE);
        }
        slot.store(KBox::into_raw(page) as usize);
        self.0.first = base;
        self.0.pages += 1;
        Ok(())
    }

    /// Puts an even `address` into the place `index`, which was taken.
    pub(super) fn set(&mut self, index: usize, address: usize) {
        if let Some(word) = word(index) {
            word.store(address);
        }
    }

    /// Gives the taken place `index` back.
    pub(super) fn free(&mut self, index: usize) {
        if let Some(word) = word(index) {
            word.store(self.0.first << 1 | FREE);
            self.0.first = index;
        }
    }

    /// How many places there are, taken and free.
    pub(super) fn len(&self) -> usize {
        self.0.pages * PER_PAGE
    }
}
