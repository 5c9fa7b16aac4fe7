// SPDX-License-Identifier: GPL-2.0

//! Pages of the current task: what an area holds that is its own.
//!
//! C headers: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use core::ptr::NonNull;

use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

use super::area::{
    Area,
    Backing, //
};
use crate::linux::bindings;

/// How many pages are looked for at a time.
const BATCH: usize = 64;

/// A page, held.
///
/// # Invariants
///
/// The value owns a reference to the page.
pub(crate) struct Held {
    address: usize,
    page: NonNull<bindings::page>,
}

// SAFETY: References to pages may be given back anywhere.
unsafe impl Send for Held {}
// SAFETY: As above; nothing is written through a shared value.
unsafe impl Sync for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::mosix_put_page(self.page.as_ptr()) };
    }
}

impl Held {
    /// Where it is in the address space that it was taken from.
    pub(crate) fn address(&self) -> usize {
        self.address
    }

    /// Its bytes, in the kernel's own mapping. Who has the page mapped may write to it.
    pub(super) fn contents(&self) -> *const c_void {
        // SAFETY: The page is valid; on this machine all memory is mapped.
        unsafe { bindings::mosix_page_address(self.page.as_ptr()) }
    }
}

/// Adds to `pages` those of `area`, one of the current task's, that hold what nothing else holds:
/// neither a file nor zeroes that were never written. May sleep.
///
/// The task must not write to them for as long as they are held.
///
/// # Errors
///
/// `ENOMEM`; `EINTR` when the task was killed; `EHWPOISON` for memory that has failed.
pub(crate) fn hold(area: &Area, pages: &mut KVVec<Held>) -> Result {
    let flags = match area.backing() {
        // Pages that were never written stay away.
        Backing::Anonymous => bindings::FOLL_FORCE | bindings::FOLL_DUMP,
        // Those that were swapped out come back; those of the file are left out below.
        Backing::File(_, _, true) => bindings::FOLL_FORCE,
        Backing::File(_, _, false) | Backing::Droppable | Backing::Vdso | Backing::VdsoData => {
            return Ok(())
        }
    };
    let range = area.range();
    let mut address = range.start;
    let mut batch = [core::ptr::null_mut::<bindings::page>(); BATCH];
    while address < range.end {
        let wanted = ((range.end - address) / PAGE_SIZE).min(BATCH);
        let count = match get(address, wanted, flags, &mut batch) {
            Ok(count) => count,
            // A page that was never written, or one behind the end of its file.
            Err(error) if error == EFAULT => {
                address += PAGE_SIZE;
                continue;
            }
            Err(error) => return Err(error),
        };
        let got = batch
            .iter()
            .take(count)
            .filter_map(|page| NonNull::new(*page));
        let mut result = Ok(());
        for page in got {
            // INVARIANT: `get` has taken a reference, which is given away.
            let held = Held { address, page };
            address += PAGE_SIZE;
            // SAFETY: The page is held.
            let is_own = unsafe {
                bindings::mosix_page_is_anon(page.as_ptr())
                    && !bindings::mosix_page_is_zero(page.as_ptr())
            };
            if is_own && result.is_ok() {
                result = pages.push(held, GFP_KERNEL).map_err(Error::from);
            }
        }
        result?;
        // SAFETY: May be called wherever one may sleep.
        unsafe { bindings::mosix_cond_resched() };
    }
    Ok(())
}

/// Takes references to up to `wanted` pages from `address` on and says how many they are, at least 1.
fn get(
    address: usize,
    wanted: usize,
    flags: u32,
    batch: &mut [*mut bindings::page; BATCH],
) -> Result<usize> {
    // SAFETY: The current task has an address space, or null.
    let mm = NonNull::new(unsafe { (*bindings::get_current()).mm }).ok_or(ESRCH)?;
    // SAFETY: It is the current task's own; `batch` has room for `wanted`, which is no more than its
    // length.
    let count = unsafe {
        bindings::mmap_read_lock(mm.as_ptr());
        let count = bindings::get_user_pages_remote(
            mm.as_ptr(),
            address,
            wanted.min(BATCH),
            flags,
            batch.as_mut_ptr(),
            core::ptr::null_mut(),
        );
        bindings::mmap_read_unlock(mm.as_ptr());
        count
    };
    match usize::try_from(count) {
        Ok(0) => Err(EFAULT),
        Ok(count) => Ok(count),
        Err(_) => Err(Error::from_errno(count as c_int)),
    }
}
