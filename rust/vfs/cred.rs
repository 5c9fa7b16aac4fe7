// SPDX-License-Identifier: GPL-2.0

//! Acting on files on behalf of somebody else.
//!
//! C headers: [`include/linux/cred.h`](srctree/include/linux/cred.h)

use core::ptr::NonNull;

use kernel::{
    error::to_result,
    prelude::*,
    types::ScopeGuard, //
};
use zerocopy::little_endian::U32;

use crate::linux::bindings;

/// The capabilities that are about files, as a mask of `1 << CAP_x`.
pub(crate) const FILE_CAPS: u64 = 1 << bindings::CAP_CHOWN
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

/// Who acts on files; all in the initial user namespace.
pub(crate) struct Identity<'a> {
    /// User.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Effective capabilities; those that are not in [`FILE_CAPS`] are left out.
    pub(crate) caps: u64,
    /// Supplementary groups.
    pub(crate) groups: &'a [U32],
}

/// Credentials of the current task, but for who acts on files.
///
/// # Invariants
///
/// `cred` is valid, is not changed any more, and this owns a reference to it.
pub(crate) struct Cred {
    cred: NonNull<bindings::cred>,
}

// SAFETY: References to credentials may be given up in any context.
unsafe impl Send for Cred {}
// SAFETY: They do not change any more, by the invariant.
unsafe impl Sync for Cred {}

impl Drop for Cred {
    fn drop(&mut self) {
        // SAFETY: By the invariant the reference is ours.
        unsafe { bindings::put_cred(self.cred.as_ptr()) };
    }
}

impl Clone for Cred {
    fn clone(&self) -> Self {
        // SAFETY: By the invariant it is alive.
        unsafe { bindings::get_cred(self.cred.as_ptr()) };
        // INVARIANT: The reference was taken just above.
        Self { cred: self.cred }
    }
}

/// The number -1, which is no user and no group.
fn valid(id: u32) -> Result<u32> {
    if id == u32::MAX {
        Err(EINVAL)
    } else {
        Ok(id)
    }
}

impl Cred {
    /// Those of the current task with `who` in them.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a number that nobody can have; `ENOMEM`.
    pub(crate) fn prepare(who: Identity<'_>) -> Result<Self> {
        let uid = valid(who.uid)?;
        let gid = valid(who.gid)?;
        let count = c_int::try_from(who.groups.len()).map_err(|_| EINVAL)?;
        // SAFETY: Has no requirements in process context.
        let cred = NonNull::new(unsafe { bindings::prepare_creds() }).ok_or(ENOMEM)?;
        // INVARIANT: The new credentials are ours, and nobody changes them behind this function.
        let cred = Self { cred };
        // SAFETY: Gives a list with room for `count` numbers, or NULL.
        let groups = NonNull::new(unsafe { bindings::groups_alloc(count) }).ok_or(ENOMEM)?;
        let groups = ScopeGuard::new_with_data(groups, |groups| {
            // SAFETY: The reference of `groups_alloc` is ours.
            unsafe { bindings::mosix_put_group_info(groups.as_ptr()) };
        });
        for (at, group) in who.groups.iter().enumerate() {
            let val = valid(group.get())?;
            // SAFETY: `at` is below `count`, which there is room for, and nobody else has the list.
            unsafe {
                let to = (*groups.as_ptr()).gid.as_mut_ptr().add(at);
                to.write(bindings::kgid_t { val });
            }
        }
        // SAFETY: All of `groups` is written. The credentials are still ours alone; `set_groups` takes
        // a reference of its own.
        unsafe {
            bindings::groups_sort(groups.as_ptr());
            let raw = cred.cred.as_ptr();
            bindings::set_groups(raw, groups.as_ptr());
            (*raw).fsuid = bindings::kuid_t { val: uid };
            (*raw).fsgid = bindings::kgid_t { val: gid };
            (*raw).cap_effective.val &= who.caps & FILE_CAPS;
        }
        Ok(cred)
    }

    /// Does `work` with these credentials; afterwards the current task has its own again.
    pub(crate) fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        // SAFETY: `self` keeps the credentials alive until they are taken back below.
        let own = unsafe { bindings::mosix_override_creds(self.cred.as_ptr()) };
        let result = work();
        // SAFETY: `own` is what the task had, and nothing that a closure can do puts it.
        unsafe { bindings::mosix_revert_creds(own) };
        result
    }
}

/// Does `work` with all rights, those of the kernel itself; afterwards the current task has its own again.
pub(super) fn with_kernel<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: The kernel's credentials live for ever.
    let own = unsafe { bindings::mosix_override_creds(bindings::mosix_kernel_cred()) };
    let result = work();
    // SAFETY: `own` is what the task had, and nothing that a closure can do puts it.
    unsafe { bindings::mosix_revert_creds(own) };
    result
}

/// Does `work` with `mask` as umask, in a kernel thread; afterwards it has its own again.
///
/// # Errors
///
/// `ENOMEM`: a thread that still shares its file system state with others gets one of its own first.
pub(crate) fn with_umask<T>(mask: u16, work: impl FnOnce() -> T) -> Result<T> {
    // SAFETY: Both only look at the current task, or give it what it may have shared until now.
    unsafe {
        if !bindings::mosix_fs_is_own() {
            to_result(bindings::unshare_fs_struct())?;
        }
    }
    // SAFETY: The state is the task's own, so nobody else reads or writes it.
    let own = unsafe { bindings::mosix_swap_umask(mask & 0o777) };
    let result = work();
    // SAFETY: As above.
    unsafe { bindings::mosix_swap_umask(own) };
    Ok(result)
}

/// Does `work` with `bytes` as the limit to the size of files that the current kernel thread may make;
/// afterwards it has its own again.
pub(crate) fn with_fsize_limit<T>(bytes: u64, work: impl FnOnce() -> T) -> T {
    // SAFETY: The limits of a kernel thread are its own, and it alone looks at this one.
    let own = unsafe { bindings::mosix_swap_fsize_limit(bytes) };
    let result = work();
    // SAFETY: As above.
    unsafe { bindings::mosix_swap_fsize_limit(own) };
    result
}

/// Whether the current task is a kernel thread.
pub(crate) fn is_kthread() -> bool {
    // SAFETY: The current task is alive, and its flags are its own.
    let flags = unsafe { (*bindings::get_current()).flags };
    flags & bindings::PF_KTHREAD != 0
}
