// SPDX-License-Identifier: GPL-2.0

//! Signals: what is done with them, which are blocked, which wait.

use zerocopy::little_endian::{
    I32,
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

/// `_NSIG`.
pub(crate) const COUNT: usize = 64;
/// Most signals that may wait: all that travel with a process, whatever the limit of its user.
pub(crate) const PENDING_MAX: u32 = 16384;

/// `SIGKILL`.
pub(crate) const KILL: u32 = 9;
/// `SIGSTOP`.
pub(crate) const STOP: u32 = 19;
/// The signals that are never blocked and have no handler, as a mask.
pub(crate) const UNBLOCKABLE: u64 = bit(KILL) | bit(STOP);

/// A signal's bit in a mask; signals go from 1 to [`COUNT`].
pub(crate) const fn bit(signal: u32) -> u64 {
    1 << ((signal.wrapping_sub(1)) & 63)
}

/// `SA_*` that a program can set (`UAPI_SA_FLAGS`): NOCLDSTOP, NOCLDWAIT, SIGINFO, EXPOSE_TAGBITS, RESTORER,
/// ONSTACK, RESTART, NODEFER, RESETHAND. `SA_IMMUTABLE` is the kernel's own.
pub(crate) const ACTION_FLAGS: u64 = 0xdc00_0807;

/// `SIG_IGN`; 0 is `SIG_DFL`.
pub(crate) const IGNORE: u64 = 1;

/// What is done with a signal (`struct sigaction` of the kernel). The chunk holds those of signals 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Action {
    /// Address of the handler, 0 or [`IGNORE`].
    pub(crate) handler: U64,
    /// [`ACTION_FLAGS`].
    pub(crate) flags: U64,
    /// What a handler returns to.
    pub(crate) restorer: U64,
    /// What is blocked meanwhile.
    pub(crate) mask: U64,
}

impl Action {
    /// Whether there is a handler.
    pub(crate) fn is_handled(&self) -> bool {
        self.handler.get() > IGNORE
    }

    /// Checks the action of `signal`.
    ///
    /// # Errors
    ///
    /// [`Invalid`] if `sigaction` could not have set it.
    pub(crate) fn check(&self, signal: u32, bounds: &Bounds) -> Result<(), Invalid> {
        ensure(
            bounds.is_user(self.handler.get()) && bounds.is_user(self.restorer.get()),
            "the address of a signal handler",
        )?;
        ensure(
            self.flags.get() & !ACTION_FLAGS == 0,
            "a flag of a signal action",
        )?;
        ensure(self.mask.get() & UNBLOCKABLE == 0, "the mask of an action")?;
        let fixed = matches!(signal, KILL | STOP);
        ensure(
            !fixed || self.handler.get() == 0,
            "an action for SIGKILL or SIGSTOP",
        )
    }
}

/// Masks and the alternate stack.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Signals {
    /// What is blocked now.
    pub(crate) blocked: U64,
    /// What will be blocked once the call that set `blocked` for its time has ended (`saved_sigmask`).
    pub(crate) saved: U64,
    /// 1 if `saved` is to be restored (`restore_sigmask`).
    pub(crate) restore: U32,
    /// `SS_DISABLE` (2), `SS_AUTODISARM` (1 << 31); whether it is in use shows in the stack pointer.
    pub(crate) altstack_flags: U32,
    /// Start of the alternate stack.
    pub(crate) altstack: U64,
    /// Its bytes; 0 for none.
    pub(crate) altstack_size: U64,
}

impl Signals {
    /// # Errors
    ///
    /// [`Invalid`] if a mask blocks what cannot be blocked, or the stack is not in user space.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), Invalid> {
        let masks = self.blocked.get() | self.saved.get();
        ensure(masks & UNBLOCKABLE == 0, "a signal mask")?;
        ensure(self.restore.get() <= 1, "whether a mask is restored")?;
        ensure(
            self.altstack_flags.get() & !(2 | (1 << 31)) == 0,
            "the flags of the alternate stack",
        )?;
        ensure(
            bounds.is_range(self.altstack.get(), self.altstack_size.get()),
            "the place of the alternate stack",
        )
    }
}

/// The part of a `siginfo_t` that is not always 0 (`kernel_siginfo_t`).
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Siginfo {
    /// Signal, 1 to 64.
    pub(crate) signo: I32,
    /// Rarely used.
    pub(crate) errno: I32,
    /// `SI_*` and the codes of each signal.
    pub(crate) code: I32,
    /// Always 0.
    pub(crate) pad: U32,
    /// Sender, value, address or status: shown to the program and to nobody else.
    pub(crate) fields: [u8; 32],
}

impl Siginfo {
    /// # Errors
    ///
    /// [`Invalid`] if it is about no signal that can wait: the process does not live to see `SIGKILL`, and
    /// a stop is for home.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let signo = u32::try_from(self.signo.get()).unwrap_or(0);
        ensure(
            (1..=64).contains(&signo) && bit(signo) & UNBLOCKABLE == 0,
            "the number of a signal",
        )?;
        ensure(self.pad.get() == 0, "the padding of a signal")
    }
}

/// A signal that waits.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Pending {
    /// It.
    pub(crate) info: Siginfo,
    /// 1 if it waits for the process (`signal->shared_pending`), 0 if for the thread.
    pub(crate) shared: U32,
    /// Always 0.
    pub(crate) reserved: U32,
}

impl Pending {
    /// # Errors
    ///
    /// [`Invalid`] as of [`Siginfo::check`].
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        ensure(
            self.shared.get() <= 1 && self.reserved.get() == 0,
            "whom a signal waits for",
        )?;
        self.info.check()
    }
}
