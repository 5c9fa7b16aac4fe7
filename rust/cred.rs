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

/// Capabilities that concern files, as a mask of `1 << CAP_x`.
const FILE_CAPS: u64 = 1 << bindings::CAP_CHOWN
    | 1 << bindings::CAP_DAC_OVERRIDE
    | 1 << bindings::CAP_DAC_READ_SEARCH
    | 1 << bindings::CAP_FOWNER
    | 1 << bindings::CAP_FSETID
    | 1 << bindings::CAP_LINUX_IMMUTABLE
    | 1 << bindings::CAP_SYS_ADMIN
    | 1 << bindings::CAP_SYS_RESOURCE
    | 1 << bindings::CAP_MKNOD
    | 1 << bindings::CAP_LEASE
    | 1 << bindings::CAP_SETFCAP;

/// What the current task is to file systems. Numbers are those of the initial user namespace.
///
/// # Invariants
///
/// `cred` are the current credentials of the task that has this, which does not change them meanwhile.
pub(crate) struct FsCred {
    cred: *const bindings::cred,
}

/// The current task's.
pub(crate) fn current_fs() -> FsCred {
    // SAFETY: The current task is alive, and its credentials are replaced by itself only.
    let cred = unsafe { (*bindings::get_current()).cred };
    // INVARIANT: Nothing that a file system does with this replaces them.
    FsCred { cred }
}

impl FsCred {
    /// `fsuid`.
    pub(crate) fn uid(&self) -> u32 {
        // SAFETY: By the invariant they are alive; credentials do not change.
        unsafe { (*self.cred).fsuid.val }
    }

    /// `fsgid`.
    pub(crate) fn gid(&self) -> u32 {
        // SAFETY: As above.
        unsafe { (*self.cred).fsgid.val }
    }

    /// Effective capabilities that concern files; none in another user namespace.
    pub(crate) fn caps(&self) -> u64 {
        // SAFETY: As above.
        let (caps, user_ns) = unsafe { ((*self.cred).cap_effective.val, (*self.cred).user_ns) };
        if core::ptr::eq(user_ns, &raw const bindings::init_user_ns) {
            caps & FILE_CAPS
        } else {
            0
        }
    }

    /// The task's umask.
    pub(crate) fn umask(&self) -> u16 {
        // SAFETY: The current task is not exiting so far that it has none.
        unsafe { bindings::mosix_current_umask() }
    }

    /// Supplementary groups.
    pub(crate) fn groups(&self) -> impl Iterator<Item = u32> + '_ {
        // SAFETY: By the invariant; the list has so many groups and does not change.
        let groups = unsafe {
            let info = (*self.cred).group_info;
            let count = usize::try_from((*info).ngroups).unwrap_or(0);
            core::slice::from_raw_parts((*info).gid.as_ptr(), count)
        };
        groups.iter().map(|gid| gid.val)
    }
}
