// SPDX-License-Identifier: GPL-2.0

//! Calls about the node, about other processes' insides, and those that no kernel has any more.

use super::{
    notation::{
        output, //
    },
    row::{
        rows, //
        Row,
    }, //
};

/// Those that change a node or look into others are rare and are made at home. Numbers without a call are
/// local: the kernel answers them with `ENOSYS`.
pub(super) const ROWS: &[Row] = rows! {
    24  sched_yield         local;
    63  uname               cached;
    99  sysinfo             deputy [output(112)];
    101 ptrace              home: "traces others";
    103 syslog              home: "reads the kernel's log";
    134 uselib              local;
    139 sysfs               home: "asks for file systems";
    146 sched_get_priority_max local;
    147 sched_get_priority_min local;
    153 vhangup             home: "hangs up a terminal";
    155 pivot_root          home: "changes mounts";
    156 _sysctl             local;
    161 chroot              home: "changes its root";
    163 acct                home: "administers the node";
    165 mount               home: "changes mounts";
    166 umount2             home: "changes mounts";
    167 swapon              home: "administers the node";
    168 swapoff             home: "administers the node";
    169 reboot              home: "administers the node";
    170 sethostname         home: "administers the node";
    171 setdomainname       home: "administers the node";
    174 create_module       local;
    175 init_module         home: "administers the node";
    176 delete_module       home: "administers the node";
    177 get_kernel_syms     local;
    178 query_module        local;
    179 quotactl            home: "administers quotas";
    180 nfsservctl          local;
    181 getpmsg             local;
    182 putpmsg             local;
    183 afs_syscall         local;
    184 tuxcall             local;
    185 security            local;
    206 io_setup            home: "starts asynchronous I/O";
    207 io_destroy          home: "uses asynchronous I/O";
    208 io_getevents        home: "uses asynchronous I/O";
    209 io_submit           home: "uses asynchronous I/O";
    210 io_cancel           home: "uses asynchronous I/O";
    212 lookup_dcookie      local;
    214 epoll_ctl_old       local;
    215 epoll_wait_old      local;
    236 vserver             local;
    246 kexec_load          home: "administers the node";
    248 add_key             home: "uses the kernel's keys";
    249 request_key         home: "uses the kernel's keys";
    250 keyctl              home: "uses the kernel's keys";
    272 unshare             home: "changes its namespaces";
    298 perf_event_open     home: "measures with the CPU's counters";
    308 setns               home: "changes its namespaces";
    313 finit_module        home: "administers the node";
    317 seccomp             home: "filters its calls";
    320 kexec_file_load     home: "administers the node";
    321 bpf                 home: "loads programs into the kernel";
    333 io_pgetevents       home: "uses asynchronous I/O";
    335 uretprobe           local;
    336 uprobe              local;
    425 io_uring_setup      home: "uses io_uring";
    426 io_uring_enter      home: "uses io_uring";
    427 io_uring_register   home: "uses io_uring";
    428 open_tree           home: "changes mounts";
    429 move_mount          home: "changes mounts";
    430 fsopen              home: "changes mounts";
    431 fsconfig            home: "changes mounts";
    432 fsmount             home: "changes mounts";
    433 fspick              home: "changes mounts";
    442 mount_setattr       home: "changes mounts";
    443 quotactl_fd         home: "administers quotas";
    444 landlock_create_ruleset home: "confines itself";
    445 landlock_add_rule   home: "confines itself";
    446 landlock_restrict_self home: "confines itself";
    457 statmount           home: "looks at mounts";
    458 listmount           home: "looks at mounts";
    459 lsm_get_self_attr   home: "asks for its confinement";
    460 lsm_set_self_attr   home: "confines itself";
    461 lsm_list_modules    home: "asks for its confinement";
    467 open_tree_attr      home: "changes mounts";
    470 listns              home: "looks at namespaces";
};
