// SPDX-License-Identifier: GPL-2.0

//! Memory of the current task's program, of which a part may not be there.
//!
//! C headers: [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)

use kernel::prelude::*;

use crate::linux::bindings;

/// Reads what can be read from `address` on, into the beginning of `to`; returns how many bytes that was. May
/// sleep.
pub(crate) fn read(address: usize, to: &mut [u8]) -> usize {
    // SAFETY: `to` has so many bytes; the function checks the address.
    let left = unsafe {
        bindings::copy_from_user(to.as_mut_ptr().cast(), address as *const c_void, to.len())
    };
    to.len().saturating_sub(left)
}

/// Writes what can be written from `address` on; returns how many bytes that was. May sleep.
pub(crate) fn write(address: usize, from: &[u8]) -> usize {
    // SAFETY: `from` has so many bytes; the function checks the address.
    let left =
        unsafe { bindings::copy_to_user(address as *mut c_void, from.as_ptr().cast(), from.len()) };
    from.len().saturating_sub(left)
}

/// Makes `len` bytes from `address` on writable at once, as far as they can be written; returns how far. May
/// sleep.
pub(crate) fn reach(address: usize, len: usize) -> usize {
    if !contains(address, len) {
        let end = end();
        return if address < end {
            reach(address, end - address)
        } else {
            0
        };
    }
    // SAFETY: The function checks the address, and changes nothing that is there.
    len.saturating_sub(unsafe { bindings::fault_in_writeable(address as *mut c_char, len) })
}

/// Whether all of it lies where memory of programs can be.
pub(crate) fn contains(address: usize, len: usize) -> bool {
    address.checked_add(len).is_some_and(|last| last <= end())
}

fn end() -> usize {
    // SAFETY: Has no requirements.
    unsafe { bindings::mosix_task_size() }
}
