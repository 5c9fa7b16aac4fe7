// SPDX-License-Identifier: GPL-2.0

//! Finding a process, and whether the current one may do something with it.
//!
//! C headers: [`include/linux/pid.h`](srctree/include/linux/pid.h),
//! [`include/linux/cred.h`](srctree/include/linux/cred.h)

use core::ptr::NonNull;

use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::Task, //
};

use crate::linux::{
    bindings,
    cred,
    process::ProcessId, //
};

/// The process with number `pid` in the current task's namespace, by its first thread.
pub(crate) fn by_pid(pid: i32) -> Option<ARef<Task>> {
    let _rcu = rcu::read_lock();
    // SAFETY: RCU keeps the `struct pid`, if there is one, until its task is had; both functions take
    // a number or a pointer that leads to nothing.
    let task = unsafe {
        bindings::get_pid_task(bindings::find_vpid(pid), bindings::pid_type_PIDTYPE_TGID)
    };
    // SAFETY: `get_pid_task` has taken the reference that is given away; `Task` is transparent.
    NonNull::new(task).map(|task| unsafe { ARef::from_raw(task.cast::<Task>()) })
}

/// Which process `task` is the first thread of.
pub(crate) fn id(task: &Task) -> ProcessId {
    let task = task.as_ptr();
    // SAFETY: The task is valid, and neither ever changes.
    let (tgid, start_ns) = unsafe { ((*task).tgid, (*task).start_boottime) };
    ProcessId { tgid, start_ns }
}

/// Whether `task` has begun to exit, or has exited.
pub(crate) fn is_exiting(task: &Task) -> bool {
    // SAFETY: The task is valid; the read is a snapshot.
    let flags = unsafe { (&raw const (*task.as_ptr()).flags).read_volatile() };
    flags & bindings::PF_EXITING != 0
}

/// The name of the program, as `ps` shows it.
pub(crate) fn name(task: &Task) -> [u8; 16] {
    // SAFETY: The task is valid; its name may change meanwhile, which costs no more than a mixture.
    let mut name = unsafe { (&raw const (*task.as_ptr()).comm).read_volatile() };
    // The last byte is always the end.
    if let Some(last) = name.last_mut() {
        *last = 0;
    }
    name
}

/// # Errors
///
/// `EPERM` unless the current task has all the identity of `task`, or CAP_SYS_ADMIN.
pub(crate) fn require_control(task: &Task) -> Result {
    // SAFETY: The current task is valid and replaces its credentials itself.
    let (uid, gid) = unsafe {
        let own = (*bindings::get_current()).cred;
        ((*own).euid.val, (*own).egid.val)
    };
    // SAFETY: The task is valid.
    let theirs = unsafe { bindings::get_task_cred(task.as_ptr()) };
    // SAFETY: The reference was taken just now.
    let same = unsafe {
        [(*theirs).uid.val, (*theirs).euid.val, (*theirs).suid.val] == [uid; 3]
            && [(*theirs).gid.val, (*theirs).egid.val, (*theirs).sgid.val] == [gid; 3]
    };
    // SAFETY: As above; given back once.
    unsafe { bindings::put_cred(theirs) };
    if same {
        return Ok(());
    }
    cred::require_sys_admin()
}
