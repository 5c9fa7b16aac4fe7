// SPDX-License-Identifier: GPL-2.0

//! What the current task may do.
//!
//! C headers: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use kernel::prelude::*;

use crate::linux::bindings;

/// # Errors
///
/// `EPERM` unless the current task has CAP_SYS_ADMIN in the initial user namespace.
pub(crate) fn require_sys_admin() -> Result {
    // SAFETY: Has no requirements in process context.
    if unsafe { bindings::capable(bindings::CAP_SYS_ADMIN as c_int) } {
        Ok(())
    } else {
        Err(EPERM)
    }
}
