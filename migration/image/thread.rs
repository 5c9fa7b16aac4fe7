// SPDX-License-Identifier: GPL-2.0

//! What the kernel keeps for a thread besides its registers, and how an interrupted call goes on.

use zerocopy::little_endian::{
    I32,
    I64,
    U16,
    U32,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::invalid::{
    ensure,
    Bounds,
    Invalid, //
};

/// Most bytes of a registered `struct rseq`.
const RSEQ_LEN_MAX: u32 = 4096;

/// Addresses that a thread has registered. Its TLS is in the bases of the general registers.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Thread {
    /// `set_tid_address`: cleared and woken at its end; 0 for none.
    pub(crate) clear_child_tid: U64,
    /// Head of its list of robust futexes; 0 for none.
    pub(crate) robust_list: U64,
    /// Bytes of that head: 24, or 0 for none.
    pub(crate) robust_len: U64,
    /// Its `struct rseq`; 0 for none.
    pub(crate) rseq: U64,
    /// Bytes of it.
    pub(crate) rseq_len: U32,
    /// Signature in front of abort handlers.
    pub(crate) rseq_sig: U32,
    /// Flags that it was registered with.
    pub(crate) rseq_flags: U32,
    /// Always 0.
    pub(crate) reserved: U32,
}

impl Thread {
    /// # Errors
    ///
    /// [`Invalid`] if the calls that register these would not have accepted them.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), Invalid> {
        ensure(
            bounds.is_range(self.clear_child_tid.get(), 4),
            "the address of the thread's number",
        )?;
        let (robust, len) = (self.robust_list.get(), self.robust_len.get());
        ensure(
            (robust == 0 && len == 0) || (bounds.is_range(robust, 24) && len == 24),
            "the list of robust futexes",
        )?;
        let (rseq, len) = (self.rseq.get(), self.rseq_len.get());
        let other = self.rseq_sig.get() | self.rseq_flags.get();
        let registered = (32..=RSEQ_LEN_MAX).contains(&len)
            && rseq % 32 == 0
            && bounds.is_range(rseq, len.into());
        ensure(
            if rseq == 0 {
                len | other == 0
            } else {
                registered
            },
            "the rseq area",
        )?;
        ensure(self.reserved.get() == 0, "the reserved part of a thread")
    }
}

/// Calls whose rest is done by `restart_syscall` (`struct restart_block`).
pub(crate) mod restart {
    /// `nanosleep`, `clock_nanosleep`: `address` is where the rest of the time is written, or 0.
    pub(crate) const NANOSLEEP: u16 = 1;
    /// `poll`: `address` and `value` are the array and its length.
    pub(crate) const POLL: u16 = 2;
    /// `futex`: `address`, `value`, `bitset` as in the call.
    pub(crate) const FUTEX: u16 = 3;
}

/// How a call that was interrupted with `-ERESTART_RESTARTBLOCK` goes on.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Restart {
    /// [`restart`].
    pub(crate) kind: U16,
    /// 1 if there is a deadline.
    pub(crate) timed: U16,
    /// `CLOCK_*` of the deadline.
    pub(crate) clock: I32,
    /// The deadline on that clock, in ns: as the process sees it, that is with its time namespace's offset.
    pub(crate) deadline: I64,
    /// An address of the call.
    pub(crate) address: U64,
    /// A value of the call.
    pub(crate) value: U32,
    /// Another.
    pub(crate) bitset: U32,
    /// `futex`: its flags, `FUTEX_PRIVATE_FLAG` (128) and `FUTEX_CLOCK_REALTIME` (256).
    pub(crate) flags: U32,
    /// Always 0.
    pub(crate) reserved: U32,
}

impl Restart {
    /// # Errors
    ///
    /// [`Invalid`] if no call leaves such a rest.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), Invalid> {
        ensure(
            (restart::NANOSLEEP..=restart::FUTEX).contains(&self.kind.get()),
            "the kind of an interrupted call",
        )?;
        ensure(
            self.timed.get() <= 1 && (0..=11).contains(&self.clock.get()),
            "the clock of an interrupted call",
        )?;
        ensure(self.deadline.get() >= 0, "the deadline of a call")?;
        ensure(
            bounds.is_user(self.address.get()),
            "an address of an interrupted call",
        )?;
        ensure(
            self.flags.get() & !(128 | 256) == 0 && self.reserved.get() == 0,
            "a flag of an interrupted call",
        )
    }
}
