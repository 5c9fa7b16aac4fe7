// SPDX-License-Identifier: GPL-2.0

//! Signals.

use super::{
    notation::{
        both, //
        BLOCKS,
        INT,
        LONG,
        SIGINFO,
        SIGSET,
        TIMESPEC,
    },
    row::{
        rows, //
        Row,
    }, //
};

/// Actions and masks are the body's, and home is told, so that it forwards only what is handled and not
/// blocked. Signals are sent from home, where all processes are: one to the process itself arrives with the
/// reply.
pub(super) const ROWS: &[Row] = rows! {
    13  rt_sigaction        signal;
    14  rt_sigprocmask      signal;
    15  rt_sigreturn        local;
    34  pause               signal;
    62  kill                deputy [INT, INT];
    127 rt_sigpending       signal [both(8), LONG] [];
    128 rt_sigtimedwait     signal [SIGSET, both(128), TIMESPEC, LONG] [BLOCKS];
    129 rt_sigqueueinfo     deputy [INT, INT, SIGINFO];
    130 rt_sigsuspend       signal;
    131 sigaltstack         local;
    200 tkill               deputy [INT, INT];
    219 restart_syscall     signal;
    234 tgkill              deputy [INT, INT, INT];
    297 rt_tgsigqueueinfo   deputy [INT, INT, INT, SIGINFO];
};
