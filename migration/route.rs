// SPDX-License-Identifier: GPL-2.0

//! Where a body's system calls are made: as the [`table`] says, as far as that can be done yet; else at home.

use crate::linux::{
    hook::Call,
    nr, //
};

use super::table::{
    self,
    row::Route, //
};

/// Local calls whose effect is a property of the body's task that does not come home with the program.
const KEPT: [u32; 16] = [
    nr::ARCH_PRCTL,
    nr::GET_MEMPOLICY,
    nr::GET_ROBUST_LIST,
    nr::GET_THREAD_AREA,
    nr::GETCPU,
    nr::MEMBARRIER,
    nr::MUNLOCK,
    nr::MUNLOCKALL,
    nr::PKEY_ALLOC,
    nr::PKEY_FREE,
    nr::PKEY_MPROTECT,
    nr::PRCTL,
    nr::RSEQ,
    nr::RSEQ_SLICE_YIELD,
    nr::SET_ROBUST_LIST,
    nr::SET_THREAD_AREA,
];

/// Calls whose answer a deputy knows, and that have no arguments.
const KNOWN: [u32; 8] = [
    nr::GETEGID,
    nr::GETEUID,
    nr::GETGID,
    nr::GETPGRP,
    nr::GETPID,
    nr::GETPPID,
    nr::GETTID,
    nr::GETUID,
];

static NO_ARGUMENTS: table::call::Call = table::call::Call::new(&[]);

/// Where the call of a body is made.
pub(super) enum Where {
    /// By the body.
    Here,
    /// By the deputy.
    Deputy(&'static table::call::Call),
    /// By the process, which goes home for it.
    Home,
}

/// Says where the call of a body is made.
pub(super) fn of(call: &Call<'_>) -> Where {
    if call.is_compat() {
        return Where::Home;
    }
    let number = call.nr() as u32;
    let args = call.args();
    match table::route(number.into(), &args.map(|arg| arg as u64)) {
        Route::Local if !KEPT.contains(&number) => Where::Here,
        Route::Deputy(call) => Where::Deputy(call),
        Route::Cached if KNOWN.contains(&number) => Where::Deputy(&NO_ARGUMENTS),
        // A private mapping of a file is as good as memory of its own.
        Route::Mapping => match number {
            nr::MREMAP => Where::Here,
            nr::MADVISE => {
                let [_, _, advice, ..] = args;
                if nr::PLAIN_ADVICE.contains(&advice) {
                    Where::Here
                } else {
                    Where::Home
                }
            }
            _ => Where::Home,
        },
        _ => Where::Home,
    }
}
