// SPDX-License-Identifier: GPL-2.0

//! Who a task is: identity, limits and the like, to be given to another.
//!
//! C headers: [`include/linux/cred.h`](srctree/include/linux/cred.h),
//! [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h)

use core::ptr::NonNull;

use kernel::{
    cred::Credential,
    error::to_result,
    prelude::*,
    sync::aref::ARef, //
};

use super::calls::Calls;
use crate::linux::bindings;

/// Who the task is that it was taken from.
pub(crate) struct Identity {
    cred: ARef<Credential>,
    limits: [bindings::rlimit; LIMITS],
    name: [c_char; 16],
    personality: u32,
    nice: isize,
    timer_slack_ns: u64,
}

const LIMITS: usize = 16;

/// `nice` of priority 0 (`DEFAULT_PRIO`).
const DEFAULT_PRIORITY: isize = 120;

impl Identity {
    /// That of the current task.
    pub(crate) fn current() -> Self {
        // SAFETY: The current task is valid; its limits may be changed by others, which costs no more
        // than that the one or the other is taken.
        unsafe {
            let task = bindings::get_current();
            let cred = bindings::get_task_cred(task)
                .cast_mut()
                .cast::<Credential>();
            Self {
                // `get_task_cred` has taken the reference that is given away.
                cred: ARef::from_raw(NonNull::new_unchecked(cred)),
                limits: (*(*task).signal).rlim,
                name: (*task).comm,
                personality: (*task).personality,
                nice: (*task).static_prio as isize - DEFAULT_PRIORITY,
                timer_slack_ns: (*task).timer_slack_ns,
            }
        }
    }

    /// Makes the current task, a fresh process of the system's, one that has these and no rights beyond.
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; what a security module has against it.
    pub(crate) fn assume(&self, calls: &Calls) -> Result {
        let cred = self.cred.as_ptr();
        // SAFETY: The credentials are held and never change.
        let (uids, gids, groups) = unsafe {
            (
                [(*cred).uid.val, (*cred).euid.val, (*cred).suid.val],
                [(*cred).gid.val, (*cred).egid.val, (*cred).sgid.val],
                (*cred).group_info,
            )
        };
        // SAFETY: The list is held by the credentials; a reference of its own is taken.
        to_result(unsafe { bindings::set_current_groups(groups) })?;
        calls.set_ids(uids, gids)?;
        renounce()?;
        // SAFETY: The current task is valid, and nobody knows it yet. Nobody raises a limit: the new
        // process is one of the system's.
        unsafe {
            let task = bindings::get_current();
            (*(*task).signal).rlim = self.limits;
            // Counted where the program's home is.
            set_limit(task, bindings::RLIMIT_CPU, usize::MAX);
            // It dies, and dumps its core, at home.
            set_limit(task, bindings::RLIMIT_CORE, 0);
            (*task).comm = self.name;
            (*task).personality = self.personality;
            (*task).timer_slack_ns = self.timer_slack_ns;
            bindings::set_user_nice(task, self.nice);
        }
        Ok(())
    }
}

/// # Safety
///
/// `task` is the current one.
unsafe fn set_limit(task: *mut bindings::task_struct, limit: u32, value: usize) {
    // SAFETY: By this function's contract the task has its signal state.
    if let Some(limit) = unsafe { (*(*task).signal).rlim.get_mut(limit as usize) } {
        limit.rlim_cur = value;
        limit.rlim_max = value;
    }
}

/// Gives up all capabilities for good.
fn renounce() -> Result {
    // SAFETY: Has no requirements in process context.
    let Some(new) = NonNull::new(unsafe { bindings::prepare_creds() }) else {
        return Err(ENOMEM);
    };
    // SAFETY: They are new: nobody else has them yet. Committing takes them away.
    unsafe {
        let to = new.as_ptr();
        (*to).cap_inheritable.val = 0;
        (*to).cap_permitted.val = 0;
        (*to).cap_effective.val = 0;
        (*to).cap_ambient.val = 0;
        (*to).cap_bset.val = 0;
        to_result(bindings::commit_creds(to))
    }
}
