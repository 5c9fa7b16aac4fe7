// SPDX-License-Identifier: GPL-2.0

//! Children, the end, and the way home.

use zerocopy::little_endian::{
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

use super::signal::is_mask;

/// Longest CPU time in ns that is believed: a hundred years on one CPU.
const TIME_MAX: u64 = 100 * 366 * 24 * 3600 * 1_000_000_000;

/// What the body has used since it left home, as `getrusage` counts it.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Usage {
    /// CPU time in user mode, in ns.
    pub(crate) utime: U64,
    /// CPU time in the kernel, in ns.
    pub(crate) stime: U64,
    /// Page faults without I/O.
    pub(crate) minflt: U64,
    /// Page faults with I/O.
    pub(crate) majflt: U64,
    /// Voluntary context switches.
    pub(crate) nvcsw: U64,
    /// Involuntary ones.
    pub(crate) nivcsw: U64,
    /// Most memory at once, in KiB.
    pub(crate) maxrss: U64,
}

impl Usage {
    /// Whether a body can have used so much.
    pub(crate) fn is_sound(&self) -> bool {
        self.utime.get() <= TIME_MAX && self.stime.get() <= TIME_MAX
    }
}

/// Flags of `clone` that a child of a process away from home can be made with: the signal at its end, FS,
/// FILES, VFORK, PARENT, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID, DETACHED, UNTRACED, CHILD_SETTID, IO
/// and CLEAR_SIGHAND. For all others the process goes home.
pub(crate) const CLONE_FLAGS: u64 = 0xff
    | 0x200
    | 0x400
    | 0x4000
    | 0x8000
    | 0x4_0000
    | 0x8_0000
    | 0x10_0000
    | 0x20_0000
    | 0x40_0000
    | 0x80_0000
    | 0x100_0000
    | 0x8000_0000
    | 0x1_0000_0000;

/// Makes a child at home. The answer is that of a call, with the child's number; the deputy of the child
/// knows its body by the `token`.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Fork {
    /// Number of the request.
    pub(crate) id: U64,
    /// [`CLONE_FLAGS`], the signal included.
    pub(crate) flags: U64,
    /// What the program has blocked.
    pub(crate) mask: U64,
    /// Chosen by the body at random; never 0.
    pub(crate) token: U64,
    /// What the body has used so far.
    pub(crate) usage: Usage,
}

impl Fork {
    /// Whether a body can have asked so.
    pub(crate) fn is_sound(&self) -> bool {
        let flags = self.flags.get();
        self.id.get() != 0
            && self.token.get() != 0
            && flags & !CLONE_FLAGS == 0
            && flags & 0xff <= 64
            && is_mask(self.mask.get())
            && self.usage.is_sound()
    }
}

/// The program has ended.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Exit {
    /// As `wait` gives it: a code from 0 to 255 in the second byte, or a signal in the first.
    pub(crate) status: U32,
    /// Always 0.
    pub(crate) reserved: U32,
    /// What the body has used.
    pub(crate) usage: Usage,
}

impl Exit {
    /// Whether a program can end so. Who dies with a core does so at home.
    pub(crate) fn is_sound(&self) -> bool {
        let status = self.status.get();
        let exited = status & !0xff00 == 0;
        let killed = (1..=64).contains(&status);
        (exited || killed) && self.reserved.get() == 0 && self.usage.is_sound()
    }
}

/// Why a program comes home.
pub(crate) mod why {
    /// It was called.
    pub(crate) const RECALLED: u32 = 1;
    /// For a call, whose number is with it.
    pub(crate) const CALL: u32 = 2;
    /// To die there of a signal that is with its image.
    pub(crate) const FATAL: u32 = 3;
    /// This node sends it away.
    pub(crate) const EXPELLED: u32 = 4;
}

/// The program comes home. Its image follows.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Return {
    /// [`why`].
    pub(crate) why: U32,
    /// Number of the system call, or all ones.
    pub(crate) number: U32,
    /// What the body has used.
    pub(crate) usage: Usage,
}

impl Return {
    /// Whether a body can say so.
    pub(crate) fn is_sound(&self) -> bool {
        let why = self.why.get();
        (why::RECALLED..=why::EXPELLED).contains(&why)
            && (why == why::CALL) == (self.number.get() != u32::MAX)
            && self.usage.is_sound()
    }
}

/// Why a deputy calls its program home.
pub(crate) mod recall {
    /// Somebody asked for it.
    pub(crate) const ASKED: u32 = 1;
    /// Somebody traces the process.
    pub(crate) const TRACED: u32 = 2;
    /// Home leaves the cluster.
    pub(crate) const ENDS: u32 = 3;
}

/// Come home.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Recall {
    /// [`recall`].
    pub(crate) why: U32,
}

impl Recall {
    /// Whether a deputy can say so.
    pub(crate) fn is_sound(&self) -> bool {
        (recall::ASKED..=recall::ENDS).contains(&self.why.get())
    }
}
