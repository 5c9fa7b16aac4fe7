// SPDX-License-Identifier: GPL-2.0

//! Numbers of system calls, and values of their arguments.
//!
//! C headers: [`arch/x86/include/generated/uapi/asm/unistd_64.h`],
//! [`include/uapi/asm-generic/mman-common.h`](srctree/include/uapi/asm-generic/mman-common.h)

use crate::linux::bindings::{
    self,
    __NR_accept,
    __NR_accept4,
    __NR_epoll_pwait,
    __NR_epoll_pwait2,
    __NR_epoll_wait,
    __NR_recvfrom,
    __NR_recvmmsg,
    __NR_recvmsg,
    __NR_rt_sigtimedwait,
    __NR_semop,
    __NR_semtimedop,
    __NR_sendmsg,
    __NR_sendto,
    MADV_DONTNEED,
    MADV_FREE,
    MADV_HUGEPAGE,
    MADV_NOHUGEPAGE,
    MADV_NORMAL,
    MADV_RANDOM,
    MADV_SEQUENTIAL,
    MADV_WILLNEED, //
};

macro_rules! numbers {
    ($($name:ident $number:ident)*) => {$(
        #[doc = concat!("`", stringify!($number), "`.")]
        pub(crate) const $name: u32 = bindings::$number;
    )*};
}

numbers! {
    ARCH_PRCTL __NR_arch_prctl
    GET_MEMPOLICY __NR_get_mempolicy
    GET_ROBUST_LIST __NR_get_robust_list
    GET_THREAD_AREA __NR_get_thread_area
    GETCPU __NR_getcpu
    GETEGID __NR_getegid
    GETEUID __NR_geteuid
    GETGID __NR_getgid
    GETPGRP __NR_getpgrp
    GETPID __NR_getpid
    GETPPID __NR_getppid
    GETTID __NR_gettid
    GETUID __NR_getuid
    MADVISE __NR_madvise
    MEMBARRIER __NR_membarrier
    MREMAP __NR_mremap
    MUNLOCK __NR_munlock
    MUNLOCKALL __NR_munlockall
    PKEY_ALLOC __NR_pkey_alloc
    PKEY_FREE __NR_pkey_free
    PKEY_MPROTECT __NR_pkey_mprotect
    PRCTL __NR_prctl
    RESTART_SYSCALL __NR_restart_syscall
    RSEQ __NR_rseq
    RSEQ_SLICE_YIELD __NR_rseq_slice_yield
    SET_ROBUST_LIST __NR_set_robust_list
    SET_THREAD_AREA __NR_set_thread_area
}

/// Calls that are interrupted without ever being restarted, and can be made again.
pub(crate) const NEVER_RESTARTED: [u32; 13] = [
    __NR_accept,
    __NR_accept4,
    __NR_epoll_pwait,
    __NR_epoll_pwait2,
    __NR_epoll_wait,
    __NR_recvfrom,
    __NR_recvmmsg,
    __NR_recvmsg,
    __NR_rt_sigtimedwait,
    __NR_semop,
    __NR_semtimedop,
    __NR_sendmsg,
    __NR_sendto,
];

/// Advice of `madvise` that concerns nothing but the caller's own memory.
pub(crate) const PLAIN_ADVICE: [usize; 8] = [
    MADV_NORMAL as usize,
    MADV_RANDOM as usize,
    MADV_SEQUENTIAL as usize,
    MADV_WILLNEED as usize,
    MADV_DONTNEED as usize,
    MADV_FREE as usize,
    MADV_HUGEPAGE as usize,
    MADV_NOHUGEPAGE as usize,
];
