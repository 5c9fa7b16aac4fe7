// SPDX-License-Identifier: GPL-2.0

//! What `prctl`, `nice` and their like have set, and the CPUs that the process may use.

use zerocopy::little_endian::{
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
    Invalid, //
};

/// Most bytes of a mask of CPUs (8192 of them).
pub(crate) const AFFINITY_MAX: usize = 1024;

/// Yes or no.
pub(crate) mod flag {
    /// `PR_SET_NO_NEW_PRIVS`.
    pub(crate) const NO_NEW_PRIVS: u32 = 1 << 0;
    /// `PR_SET_CHILD_SUBREAPER`.
    pub(crate) const SUBREAPER: u32 = 1 << 1;
    /// `PR_SET_THP_DISABLE`.
    pub(crate) const THP_DISABLE: u32 = 1 << 2;
    /// `PR_SET_MEMORY_MERGE`.
    pub(crate) const MEMORY_MERGE: u32 = 1 << 3;
    /// `PR_SET_TSC`: reading the time stamp counter is a fault.
    pub(crate) const TSC_FAULTS: u32 = 1 << 4;
    /// `ARCH_SET_CPUID`: CPUID is a fault.
    pub(crate) const CPUID_FAULTS: u32 = 1 << 5;
    /// `PR_MCE_KILL_SET`, to kill early.
    pub(crate) const MCE_EARLY: u32 = 1 << 6;
    /// `PR_MCE_KILL_SET`, to either.
    pub(crate) const MCE_SET: u32 = 1 << 7;
    /// `SCHED_RESET_ON_FORK`.
    pub(crate) const RESET_ON_FORK: u32 = 1 << 8;
    /// All that there are.
    pub(crate) const ALL: u32 = (1 << 9) - 1;
}

/// The rest of what the process has set for itself.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Attributes {
    /// `PR_SET_TIMERSLACK`, in ns.
    pub(crate) timer_slack: U64,
    /// What it goes back to.
    pub(crate) default_timer_slack: U64,
    /// [`flag`].
    pub(crate) flags: U32,
    /// `personality`.
    pub(crate) personality: U32,
    /// `/proc/PID/coredump_filter`: the bits that are there.
    pub(crate) coredump_filter: U32,
    /// Permissions taken off what is created.
    pub(crate) umask: U16,
    /// `IOPRIO_*`.
    pub(crate) ioprio: U16,
    /// `/proc/PID/oom_score_adj`, -1000 to 1000, as two's complement.
    pub(crate) oom_score_adj: U16,
    /// `PR_SET_DUMPABLE`: 0, 1 or 2.
    pub(crate) dumpable: u8,
    /// `PR_SET_PDEATHSIG`: 0 to 64.
    pub(crate) pdeath_signal: u8,
    /// Nice value, -20 to 19.
    pub(crate) nice: i8,
    /// `SCHED_OTHER` (0), `SCHED_BATCH` (3) or `SCHED_IDLE` (5).
    pub(crate) policy: u8,
    /// Always 0.
    pub(crate) reserved: [u8; 6],
}

/// `PER_LINUX` or `PER_LINUX32`, which differ in what `uname` says, with the flags of `personality` that leave a program a 64-bit one:
/// UNAME26, ADDR_NO_RANDOMIZE, FDPIC_FUNCPTRS, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT, READ_IMPLIES_EXEC,
/// ADDR_LIMIT_32BIT, SHORT_INODE, WHOLE_SECONDS, STICKY_TIMEOUTS, ADDR_LIMIT_3GB.
const PERSONALITY: u32 = 0x0ffe_0008;

impl Attributes {
    /// # Errors
    ///
    /// [`Invalid`] if one has a value that none of the calls would set.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        ensure(self.flags.get() & !flag::ALL == 0, "an attribute")?;
        ensure(
            self.personality.get() & !PERSONALITY == 0,
            "the personality",
        )?;
        ensure(self.coredump_filter.get() <= 0x1ff, "the filter for cores")?;
        ensure(self.umask.get() <= 0o777, "the umask")?;
        // Classes none, real-time, best effort and idle; below them are hint and level.
        ensure(self.ioprio.get() >> 13 <= 3, "the I/O priority")?;
        let adj = i16::from_ne_bytes(self.oom_score_adj.get().to_ne_bytes());
        ensure(
            (-1000..=1000).contains(&adj),
            "the score for lack of memory",
        )?;
        ensure(self.dumpable <= 2, "whether it is dumpable")?;
        ensure(self.pdeath_signal <= 64, "the death signal")?;
        ensure((-20..=19).contains(&self.nice), "the nice value")?;
        ensure(matches!(self.policy, 0 | 3 | 5), "the scheduling policy")?;
        ensure(self.reserved == [0; 6], "the reserved part of attributes")
    }
}

/// Checks a mask of CPUs as `sched_getaffinity` gives it.
///
/// # Errors
///
/// [`Invalid`] if it is no whole number of words, too long, or empty.
pub(crate) fn check_affinity(mask: &[u8]) -> Result<(), Invalid> {
    ensure(
        mask.len() <= AFFINITY_MAX && mask.len() % 8 == 0,
        "the length of a mask of CPUs",
    )?;
    ensure(mask.iter().any(|byte| *byte != 0), "an empty mask of CPUs")
}
