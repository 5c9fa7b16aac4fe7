// SPDX-License-Identifier: GPL-2.0

//! Taking back what was delegated before something is changed.
//!
//! C headers: [`include/linux/filelock.h`](srctree/include/linux/filelock.h)

use kernel::{
    error::to_result,
    prelude::*, //
};

use crate::linux::bindings;

/// Does `change`, which may find that an object is delegated to somebody and say so: then that is taken
/// back, with no lock held, and it is done again. May sleep long.
pub(super) fn retry<T>(
    mut change: impl FnMut(*mut bindings::delegated_inode) -> Result<T>,
) -> Result<T> {
    loop {
        let mut delegated = bindings::delegated_inode::default();
        let result = change(&mut delegated);
        // SAFETY: Either untouched or filled in by the VFS, with a reference to the inode.
        if !unsafe { bindings::mosix_is_delegated(&mut delegated) } {
            return result;
        }
        // SAFETY: It was just seen to hold an inode; the call gives up the reference.
        to_result(unsafe { bindings::mosix_break_deleg_wait(&mut delegated) })?;
    }
}
