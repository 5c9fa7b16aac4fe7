// SPDX-License-Identifier: GPL-2.0

//! Facts about the current process that say whether it can be taken apart.
//!
//! C headers: [`include/linux/sched.h`](srctree/include/linux/sched.h),
//! [`include/linux/nsproxy.h`](srctree/include/linux/nsproxy.h)

use kernel::sync::rcu;

use crate::linux::bindings;

fn current() -> *mut bindings::task_struct {
    // SAFETY: Has no requirements.
    unsafe { bindings::get_current() }
}

macro_rules! fact {
    ($(#[$doc:meta])* $name:ident, $task:ident => $value:expr) => {
        $(#[$doc])*
        pub(crate) fn $name() -> bool {
            let $task = current();
            // SAFETY: The current task is valid with all that belongs to it; what others may change
            // meanwhile is read once.
            unsafe { $value }
        }
    };
}

fact!(
    /// Whether it is the first process.
    is_init, task => (*task).tgid == 1
);
fact!(
    /// Whether it is a thread of the kernel.
    is_kernel, task => (*task).mm.is_null()
        || (*task).flags & (bindings::PF_KTHREAD | bindings::PF_USER_WORKER) != 0
);
fact!(
    /// Whether it is a 64-bit program, in no 32-bit call.
    is_native64, _task => bindings::mosix_current_is_native64()
);
fact!(
    /// Whether it has one thread.
    is_alone, task => (*(*task).signal).nr_threads == 1
);
fact!(
    /// Whether it has an address space of its own. A look of somebody at `/proc` makes this false for a
    /// moment.
    has_own_memory, task => (*(*task).mm).__bindgen_anon_1.mm_users.counter == 1
);
fact!(
    /// Whether it shares its descriptors or its working directory with another process.
    is_in_vfork, task => !(*task).vfork_done.is_null()
);
fact!(
    /// Whether somebody traces it, or it traces somebody.
    is_traced, task => (*task).ptrace != 0
        || !core::ptr::eq((*task).ptraced.next, &raw const (*task).ptraced)
);
fact!(
    /// Whether its system calls are filtered.
    is_filtered, task => bindings::mosix_is_seccomp(task)
);
fact!(
    /// Whether it has used io_uring.
    has_io_uring, task => !(*task).io_uring.is_null()
);
fact!(
    /// Whether it has contexts for asynchronous I/O.
    has_aio, task => !(*(*task).mm).__bindgen_anon_1.ioctx_table.is_null()
);
#[cfg(CONFIG_MODIFY_LDT_SYSCALL)]
fact!(
    /// Whether it has a local descriptor table.
    has_ldt, task => !(*(*task).mm).__bindgen_anon_1.context.ldt.is_null()
);
/// Whether it has a local descriptor table, of which this kernel has none.
#[cfg(not(CONFIG_MODIFY_LDT_SYSCALL))]
pub(crate) fn has_ldt() -> bool {
    false
}
fact!(
    /// Whether it may use I/O ports.
    has_ports, task => bindings::mosix_has_io_bitmap(task)
);
fact!(
    /// Whether its scheduling class is a real-time one.
    is_real_time, task => matches!(
        (*task).policy,
        bindings::SCHED_FIFO | bindings::SCHED_RR | bindings::SCHED_DEADLINE
    )
);
fact!(
    /// Whether memory that it maps is to be locked.
    locks_memory, task => (*(*task).mm).__bindgen_anon_1.locked_vm != 0
        || (*(*task).mm).__bindgen_anon_1.__bindgen_anon_2.def_flags
            & bindings::MOSIX_CONST_VM_LOCKED != 0
);
fact!(
    /// Whether it must not make memory executable.
    denies_exec, task => (*(*task).mm).__bindgen_anon_1.flags.__mm_flags[0]
        & (1 << bindings::MMF_HAS_MDWE) != 0
);
fact!(
    /// Whether there are probes in its code.
    has_uprobes, task => !(*(*task).mm).__bindgen_anon_1.uprobes_state.xol_area.is_null()
        || (*(*task).mm).__bindgen_anon_1.flags.__mm_flags[0]
            & (1 << bindings::MMF_HAS_UPROBES) != 0
);
fact!(
    /// Whether a timer of its own CPU time is set.
    has_cpu_timer, task => (*(*task).signal).posix_cputimers.timers_active != 0
);
fact!(
    /// Whether its users are not those of the system.
    has_own_users, task => !core::ptr::eq((*(*task).cred).user_ns, &raw const bindings::init_user_ns)
);

/// Whether it is in namespaces other than those of the first process, or below another root.
pub(crate) fn is_contained() -> bool {
    let _rcu = rcu::read_lock();
    // SAFETY: RCU keeps the first process, which never ends while others run, and its namespaces are
    // replaced by itself only: a program that started everything else does not.
    unsafe {
        let init = bindings::pid_task(
            bindings::find_pid_ns(1, &raw mut bindings::init_pid_ns),
            bindings::pid_type_PIDTYPE_PID,
        );
        if init.is_null() {
            return true;
        }
        let (own, first) = ((*current()).nsproxy, (*init).nsproxy);
        if first.is_null() {
            return true;
        }
        !core::ptr::eq((*own).uts_ns, (*first).uts_ns)
            || !core::ptr::eq((*own).ipc_ns, (*first).ipc_ns)
            || !core::ptr::eq((*own).mnt_ns, (*first).mnt_ns)
            || !core::ptr::eq((*own).pid_ns_for_children, (*first).pid_ns_for_children)
            || !core::ptr::eq((*own).net_ns, (*first).net_ns)
            || !core::ptr::eq((*own).time_ns, (*first).time_ns)
            || !core::ptr::eq((*own).cgroup_ns, (*first).cgroup_ns)
    }
}
