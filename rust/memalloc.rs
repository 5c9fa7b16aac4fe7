// SPDX-License-Identifier: GPL-2.0

//! Scopes that limit what an allocation may do to get memory.
//!
//! C headers: [`include/linux/sched/mm.h`](srctree/include/linux/sched/mm.h)

use kernel::types::NotThreadSafe;

use crate::linux::bindings;

/// Whether the current task is freeing memory for somebody's allocation: it must not wait for locks
/// under which others allocate.
pub(crate) fn is_reclaiming() -> bool {
    // SAFETY: The current task is alive, and its flags are written by itself only.
    let flags = unsafe { (*bindings::get_current()).flags };
    flags & bindings::PF_MEMALLOC != 0
}

/// While it lives, allocations of this task do not enter file systems to free memory: an RPC made
/// under a file system's locks must not wait for that file system.
#[must_use]
pub(crate) struct NofsScope {
    flags: u32,
    _task: NotThreadSafe,
}

impl NofsScope {
    /// Opens the scope; scopes nest.
    pub(crate) fn enter() -> Self {
        Self {
            // SAFETY: Only changes the current task's flags.
            flags: unsafe { bindings::mosix_memalloc_nofs_save() },
            _task: NotThreadSafe,
        }
    }
}

impl Drop for NofsScope {
    fn drop(&mut self) {
        // SAFETY: `flags` came from the save of this same task: the type does not leave its thread.
        unsafe { bindings::mosix_memalloc_nofs_restore(self.flags) }
    }
}
