// SPDX-License-Identifier: GPL-2.0

//! Where a body's system calls are made: as the [`table`] says, as far as that can be done yet. A call that
//! the deputy could make brings the program home for now.

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

/// Whether the call of a body is made where the body is.
pub(super) fn is_local(call: &Call<'_>) -> bool {
    if call.is_compat() {
        return false;
    }
    let number = call.nr() as u32;
    let args = call.args();
    match table::route(number.into(), &args.map(|arg| arg as u64)) {
        Route::Local => !KEPT.contains(&number),
        // A private mapping of a file is as good as memory of its own.
        Route::Mapping => match number {
            nr::MREMAP => true,
            nr::MADVISE => {
                let [_, _, advice, ..] = args;
                nr::PLAIN_ADVICE.contains(&advice)
            }
            _ => false,
        },
        _ => false,
    }
}
