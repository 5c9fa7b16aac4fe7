// SPDX-License-Identifier: GPL-2.0

//! Who the process is, what it may, and how it is treated: numbers, users, groups, priorities, limits.

use super::{
    call::Arg,
    notation::{
        at_most,
        both,
        data_both,
        data_in,
        data_out,
        input,
        items_in,
        items_out,
        output, //
        CREDENTIALS,
        INT,
        LONG,
        NATIVE,
    },
    row::{
        rows, //
        Pick,
        Route,
        Row,
        LOW,
    }, //
};

/// What does not change, or only by the process itself, is answered from what came with it. The rest is
/// true at home only.
pub(super) const ROWS: &[Row] = rows! {
    39  getpid              cached;
    97  getrlimit           deputy [INT, output(16)];
    102 getuid              cached;
    104 getgid              cached;
    105 setuid              deputy [INT] [CREDENTIALS];
    106 setgid              deputy [INT] [CREDENTIALS];
    107 geteuid             cached;
    108 getegid             cached;
    109 setpgid             deputy [INT, INT];
    110 getppid             deputy [];
    111 getpgrp             deputy [];
    112 setsid              deputy [];
    113 setreuid            deputy [INT, INT] [CREDENTIALS];
    114 setregid            deputy [INT, INT] [CREDENTIALS];
    115 getgroups           deputy [INT, items_out(0, 4)];
    116 setgroups           deputy [INT, items_in(0, 4)] [CREDENTIALS];
    117 setresuid           deputy [INT, INT, INT] [CREDENTIALS];
    118 getresuid           deputy [output(4), output(4), output(4)];
    119 setresgid           deputy [INT, INT, INT] [CREDENTIALS];
    120 getresgid           deputy [output(4), output(4), output(4)];
    121 getpgid             deputy [INT];
    122 setfsuid            deputy [INT] [CREDENTIALS];
    123 setfsgid            deputy [INT] [CREDENTIALS];
    124 getsid              deputy [INT];
    125 capget              deputy [both(8), both(24)];
    126 capset              deputy [both(8), input(24)] [CREDENTIALS];
    135 personality         deputy [INT] [NATIVE];
    140 getpriority         deputy [INT, INT];
    141 setpriority         deputy [INT, INT, INT] [NATIVE];
    142 sched_setparam      deputy [INT, input(4)] [NATIVE];
    143 sched_getparam      deputy [INT, output(4)];
    144 sched_setscheduler  pick: &SCHED_SETSCHEDULER;
    145 sched_getscheduler  deputy [INT];
    148 sched_rr_get_interval deputy [INT, output(16)];
    157 prctl               pick: &super::prctl::PRCTL;
    160 setrlimit           deputy [INT, input(16)] [NATIVE];
    186 gettid              cached;
    203 sched_setaffinity   deputy [INT, INT, mask(data_in(1))];
    204 sched_getaffinity   deputy [INT, INT, mask(data_out(1))];
    251 ioprio_set          deputy [INT, INT, INT] [NATIVE];
    252 ioprio_get          deputy [INT, INT];
    302 prlimit64           deputy [INT, INT, input(16), output(16)] [NATIVE];
    312 kcmp                pick: &KCMP;
    314 sched_setattr       home: "may become a real-time process";
    315 sched_getattr       deputy [INT, at_most(data_both(2), 4096), INT, INT];
};

/// A mask of CPUs: those of home; no kernel has more.
const fn mask(arg: Arg) -> Arg {
    at_most(arg, 1024)
}

/// By policy, `SCHED_RESET_ON_FORK` aside.
const SCHED_SETSCHEDULER: Pick = Pick {
    arg: 1,
    mask: LOW & !0x4000_0000,
    rows: rows! {
        0   SCHED_OTHER         deputy [INT, INT, input(4)] [NATIVE];
        3   SCHED_BATCH         deputy [INT, INT, input(4)] [NATIVE];
        5   SCHED_IDLE          deputy [INT, INT, input(4)] [NATIVE];
    },
    other: Route::Home("may become a real-time process"),
};

/// By what is compared.
const KCMP: Pick = Pick {
    arg: 2,
    mask: LOW,
    rows: rows! {
        0   KCMP_FILE           deputy [INT, INT, INT, LONG, LONG];
        1   KCMP_VM             deputy [INT, INT, INT];
        2   KCMP_FILES          deputy [INT, INT, INT];
        3   KCMP_FS             deputy [INT, INT, INT];
        4   KCMP_SIGHAND        deputy [INT, INT, INT];
        5   KCMP_IO             deputy [INT, INT, INT];
        6   KCMP_SYSVSEM        deputy [INT, INT, INT];
        7   KCMP_EPOLL_TFD      deputy [INT, INT, INT, LONG, input(12)];
    },
    other: Route::Home("a comparison without a row"),
};
