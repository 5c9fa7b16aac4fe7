// SPDX-License-Identifier: GPL-2.0

//! Commands of `prctl`.

use super::{
    call::Arg,
    notation::{
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
        LOW,
    }, //
};

/// By the first argument. What only says how the body runs is local and travels with it; what home has to know,
/// or knows better, is the deputy's.
pub(super) const PRCTL: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        1   PR_SET_PDEATHSIG            deputy [INT, LONG];
        2   PR_GET_PDEATHSIG            deputy [INT, output(4)];
        3   PR_GET_DUMPABLE             deputy [INT];
        4   PR_SET_DUMPABLE             deputy [INT, LONG];
        7   PR_GET_KEEPCAPS             deputy [INT];
        8   PR_SET_KEEPCAPS             deputy [INT, LONG];
        15  PR_SET_NAME                 deputy [INT, Arg::Text(16)] [NATIVE];
        16  PR_GET_NAME                 deputy [INT, output(16)];
        21  PR_GET_SECCOMP              deputy [INT];
        23  PR_CAPBSET_READ             deputy [INT, LONG];
        24  PR_CAPBSET_DROP             deputy [INT, LONG] [CREDENTIALS];
        25  PR_GET_TSC                  local;
        26  PR_SET_TSC                  local;
        27  PR_GET_SECUREBITS           deputy [INT];
        28  PR_SET_SECUREBITS           deputy [INT, LONG, LONG, LONG, LONG] [CREDENTIALS];
        29  PR_SET_TIMERSLACK           local;
        30  PR_GET_TIMERSLACK           local;
        33  PR_MCE_KILL                 local;
        34  PR_MCE_KILL_GET             local;
        36  PR_SET_CHILD_SUBREAPER      deputy [INT, LONG];
        37  PR_GET_CHILD_SUBREAPER      deputy [INT, output(4)];
        38  PR_SET_NO_NEW_PRIVS         deputy [INT, LONG, LONG, LONG, LONG] [NATIVE];
        39  PR_GET_NO_NEW_PRIVS         deputy [INT, LONG, LONG, LONG, LONG];
        40  PR_GET_TID_ADDRESS          local;
        41  PR_SET_THP_DISABLE          local;
        42  PR_GET_THP_DISABLE          local;
        47  PR_CAP_AMBIENT              deputy [INT, LONG, LONG, LONG, LONG] [CREDENTIALS];
        66  PR_GET_MDWE                 local;
        67  PR_SET_MEMORY_MERGE         local;
        68  PR_GET_MEMORY_MERGE         local;
        0x41555856 PR_GET_AUXV          local;
        0x53564d41 PR_SET_VMA           local;
        0x59616d61 PR_SET_PTRACER       deputy [INT, LONG];
    },
    other: Route::Home("a command of prctl without a row"),
};
