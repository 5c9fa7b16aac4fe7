// SPDX-License-Identifier: GPL-2.0

//! Memory and what the CPU does for a thread.

use super::{
    row::{
        rows, //
        Pick,
        Route,
        Row,
        LOW,
    }, //
};

/// Memory is where the process is. What is a file or is shared belongs to home, and what ties memory to one
/// node keeps the process there.
pub(super) const ROWS: &[Row] = rows! {
    9   mmap                pick: &MMAP;
    10  mprotect            local;
    11  munmap              local;
    12  brk                 local;
    25  mremap              mapping;
    26  msync               mapping;
    27  mincore             local;
    28  madvise             mapping;
    149 mlock               home: "locks memory";
    150 munlock             local;
    151 mlockall            home: "locks memory";
    152 munlockall          local;
    154 modify_ldt          home: "has segments of its own";
    158 arch_prctl          pick: &ARCH_PRCTL;
    172 iopl                home: "uses I/O ports";
    173 ioperm              home: "uses I/O ports";
    202 futex               pick: &FUTEX;
    205 set_thread_area     local;
    211 get_thread_area     local;
    216 remap_file_pages    home: "maps a file";
    237 mbind               home: "places memory on NUMA nodes";
    238 set_mempolicy       home: "places memory on NUMA nodes";
    239 get_mempolicy       local;
    256 migrate_pages       home: "places memory on NUMA nodes";
    273 set_robust_list     local;
    274 get_robust_list     pick: &GET_ROBUST_LIST;
    279 move_pages          home: "places memory on NUMA nodes";
    309 getcpu              local;
    310 process_vm_readv    home: "reads the memory of others";
    311 process_vm_writev   home: "writes to the memory of others";
    318 getrandom           local;
    323 userfaultfd         home: "handles page faults itself";
    324 membarrier          local;
    325 mlock2              home: "locks memory";
    329 pkey_mprotect       local;
    330 pkey_alloc          local;
    331 pkey_free           local;
    334 rseq                local;
    440 process_madvise     home: "advises about the memory of others";
    447 memfd_secret        home: "has secret memory";
    448 process_mrelease    home: "frees the memory of others";
    449 futex_waitv         home: "waits for several futexes";
    450 set_mempolicy_home_node home: "places memory on NUMA nodes";
    453 map_shadow_stack    home: "has a shadow stack";
    454 futex_wake          pick: &FUTEX2;
    455 futex_wait          pick: &FUTEX2;
    456 futex_requeue       home: "moves waiters between futexes";
    462 mseal               home: "seals memory";
    471 rseq_slice_yield    local;
};

/// By `MAP_TYPE`, `MAP_ANONYMOUS`, `MAP_LOCKED` and `MAP_HUGETLB`: memory of its own is local.
const MMAP: Pick = Pick {
    arg: 3,
    mask: 0xf | 0x20 | 0x2000 | 0x4_0000,
    rows: rows! {
        0x22    private_anonymous   local;
        0x28    droppable           local;
    },
    other: Route::Home("maps a file or shared memory"),
};

/// By command.
const ARCH_PRCTL: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0x1001  ARCH_SET_GS             local;
        0x1002  ARCH_SET_FS             local;
        0x1003  ARCH_GET_FS             local;
        0x1004  ARCH_GET_GS             local;
        0x1011  ARCH_GET_CPUID          local;
        0x1012  ARCH_SET_CPUID          local;
        0x1021  ARCH_GET_XCOMP_SUPP     local;
        0x1022  ARCH_GET_XCOMP_PERM     local;
    },
    other: Route::Home("uses more of the CPU than others"),
};

/// By operation and `FUTEX_PRIVATE_FLAG` (128), `FUTEX_CLOCK_REALTIME` aside. Shared ones and those that
/// pass on priority name threads and files of home.
const FUTEX: Pick = Pick {
    arg: 1,
    mask: 0xff,
    rows: rows! {
        128 FUTEX_WAIT_PRIVATE          local;
        129 FUTEX_WAKE_PRIVATE          local;
        131 FUTEX_REQUEUE_PRIVATE       local;
        132 FUTEX_CMP_REQUEUE_PRIVATE   local;
        133 FUTEX_WAKE_OP_PRIVATE       local;
        137 FUTEX_WAIT_BITSET_PRIVATE   local;
        138 FUTEX_WAKE_BITSET_PRIVATE   local;
    },
    other: Route::Home("a futex that others may share"),
};

/// By `FUTEX2_PRIVATE`.
const FUTEX2: Pick = Pick {
    arg: 3,
    mask: 128,
    rows: rows! {
        128 FUTEX2_PRIVATE      local;
    },
    other: Route::Home("a futex that others may share"),
};

/// Its own, or that of a process at home.
const GET_ROBUST_LIST: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0   own                 local;
    },
    other: Route::Home("looks at the futexes of others"),
};
