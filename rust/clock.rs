// SPDX-License-Identifier: GPL-2.0

//! Clocks.
//!
//! C headers: [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h)

use crate::linux::bindings;

/// Nanoseconds since boot, time asleep included: a lease must not outlive a suspended machine.
pub(crate) fn boottime_ns() -> u64 {
    // SAFETY: Has no requirements after early boot.
    unsafe { bindings::ktime_get_with_offset(bindings::tk_offsets_TK_OFFS_BOOT) }.max(0) as u64
}

/// As [`boottime_ns`], but up to a tick late, and cheaper.
pub(crate) fn coarse_boottime_ns() -> u64 {
    // SAFETY: Has no requirements after early boot.
    unsafe { bindings::ktime_get_coarse_with_offset(bindings::tk_offsets_TK_OFFS_BOOT) }.max(0)
        as u64
}

/// Milliseconds since 1970, as the wall clock has them: for people, never for decisions.
pub(crate) fn unix_ms() -> u64 {
    // SAFETY: Has no requirements after early boot.
    let ns = unsafe { bindings::ktime_get_with_offset(bindings::tk_offsets_TK_OFFS_REAL) };
    ns.max(0) as u64 / 1_000_000
}
