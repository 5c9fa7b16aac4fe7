// SPDX-License-Identifier: GPL-2.0
//! The binary interface of `/dev/mosix`: what the `mosix` command and the module say to each other.
//!
//! One ioctl per operation, all of them with the same argument, [`Args`], which points at an input
//! and an output buffer of the caller. The buffers hold one of the records of this file or of its
//! two children: [`config`] (what `up` hands in) and [`status`] (what `status` gets back).
//!
//! Everything is little-endian, of fixed size and without implicit padding. Reserved bytes must be
//! zero and are checked, so that they can get a meaning later. There is no negotiation: tool and
//! module must have the same [`ABI_VERSION`]; only [`Op::Version`] is answered for every version,
//! which lets either side say what the other one is.
//!
//! The file is pure (`core` and zerocopy only): the module, the command, the host tests and the
//! fuzz targets compile the same source.

use core::fmt;

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

// The paths are spelled out because the host crate includes this file by `#[path]`, which would
// make rustc look for the children beside it.
#[path = "abi/config.rs"]
pub mod config;
#[path = "abi/encode.rs"]
pub mod encode;
#[path = "abi/endpoint.rs"]
pub mod endpoint;
#[path = "abi/error.rs"]
pub mod error;
#[path = "abi/export.rs"]
pub mod export;
#[path = "abi/ping.rs"]
pub mod ping;
#[path = "abi/process.rs"]
pub mod process;
#[path = "abi/status.rs"]
pub mod status;
#[path = "abi/text.rs"]
pub mod text;
#[path = "abi/times.rs"]
pub mod times;

pub use endpoint::Endpoint;
use text::Text;

/// Version of everything in this file and its children.
pub const ABI_VERSION: u32 = 3;

/// Name of the device node, below `/dev`. All can open it for reading, which is enough for every
/// operation: each checks for itself what it needs.
pub const DEVICE_NAME: &str = "mosix";

/// ioctl type of the device (free in the kernel's ioctl-number.rst).
pub const IOC_TYPE: u8 = 0xBB;

/// Most nodes a cluster can have.
pub const MAX_NODES: usize = 1024;

/// Bytes of a kernel build id (SHA-1, `BUILD_ID_SIZE_MAX`); shorter ones are padded with zeros.
pub const BUILD_ID_LEN: usize = 20;

/// Bytes of the cluster key.
pub const KEY_LEN: usize = 32;

/// A cluster's or a node's name: at most 63 bytes.
pub type Name = Text<64>;

/// One line that says why: at most 127 bytes.
pub type Reason = Text<128>;

/// A version string: at most 31 bytes.
pub type VersionText = Text<32>;

/// The kernel's build id, which two nodes must share to exchange processes.
pub type BuildId = [u8; BUILD_ID_LEN];

/// Builds an `_IOWR` request number like the kernel's macro of that name.
const fn iowr(nr: u8, size: usize) -> u32 {
    const READ_WRITE: u32 = 3;
    // The size has 14 bits; a larger argument could not be told from a smaller one.
    assert!(size < 1 << 14);
    (READ_WRITE << 30) | ((size as u32) << 16) | ((IOC_TYPE as u32) << 8) | nr as u32
}

/// What the caller asks for.
///
/// Errors that every operation can return: `EFAULT` (a pointer), `EINVAL` (reserved fields, `op` or
/// `flags` out of range), `EPROTONOSUPPORT` ([`Args::version`] is not [`ABI_VERSION`]), `ENOMEM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Joins the cluster. In: a [`config`] blob. Out, on failure only: one line of text that says
    /// why (without a newline, cut to `out_len`).
    ///
    /// Needs CAP_SYS_ADMIN (`EPERM`). `EALREADY` when up, `E2BIG` or `EINVAL` for a bad blob,
    /// `EADDRINUSE` and `EADDRNOTAVAIL` when the own address cannot be listened on.
    Up,
    /// Leaves the cluster; returns when all links are closed. No buffers.
    ///
    /// Needs CAP_SYS_ADMIN (`EPERM`). `ENOTCONN` when not up.
    Down,
    /// Takes a new configuration while up; buffers as for [`Op::Up`]. Nodes may come and go and
    /// times may change; the links of nodes that stay as they are are not touched. The rest of the
    /// configuration must be what it was, see [`config::Fixed`].
    ///
    /// Needs CAP_SYS_ADMIN (`EPERM`). `ENOTCONN` when not up, otherwise as [`Op::Up`].
    Reconfigure,
    /// Reports the cluster as this node sees it. Out: a [`status`] blob. Open to all; works while
    /// not up, too. `EOVERFLOW` when `out_len` is too small ([`Args::out_needed`] says how much).
    Status,
    /// Says which module this is. Out: a [`VersionInfo`]. Open to all, answered for every
    /// [`Args::version`] (the record begins with the module's own).
    Version,
    /// Tries the system call hook on the calling thread; [`Args::op`] is a [`HookOp`]. Out: a
    /// [`HookCounters`] as it stands after the operation.
    ///
    /// Needs CAP_SYS_ADMIN (`EPERM`). `EALREADY` for a start when started, `ENOENT` for a read or a
    /// stop when not, `ENODEV` when the hook does not work on this kernel.
    HookTry,
    /// Tries the link to a node. In: a [`ping::Request`]. Out: a [`ping::Report`] and the round trips.
    ///
    /// Needs CAP_SYS_ADMIN (`EPERM`). `ENOTCONN` when not up, `ENOENT` for a node that is not in the
    /// configuration, `EINVAL` for this one. What goes wrong later is in the report.
    Ping,
    /// Moves a process, and waits until it has moved. In: a [`process::Request`]. Out, on failure only:
    /// one line of text that says why (without a newline, cut to `out_len`).
    ///
    /// For the process's owner and CAP_SYS_ADMIN (`EPERM`). `ESRCH` when there is no such process,
    /// `EOPNOTSUPP` when it cannot move, `EALREADY` when it is there or on its way, `ENOTCONN` when it
    /// is to come home and is there, `EBUSY` when it may be tried again, `EINTR`.
    Migrate,
    /// Tells of the processes that have moved. Out: a [`process::Report`] of each. Open to all.
    /// `EOVERFLOW` when `out_len` is too small ([`Args::out_needed`] says how much).
    Processes,
}

impl Op {
    /// All operations.
    pub const ALL: [Op; 9] = [
        Op::Up,
        Op::Down,
        Op::Reconfigure,
        Op::Status,
        Op::Version,
        Op::HookTry,
        Op::Ping,
        Op::Migrate,
        Op::Processes,
    ];

    /// The ioctl request number.
    pub const fn request(self) -> u32 {
        let nr = match self {
            Op::Up => 1,
            Op::Down => 2,
            Op::Reconfigure => 3,
            Op::Status => 4,
            Op::Version => 5,
            Op::HookTry => 6,
            Op::Ping => 7,
            Op::Migrate => 8,
            Op::Processes => 9,
        };
        iowr(nr, size_of::<Args>())
    }

    /// The operation of an ioctl request number; the caller answers `None` with `ENOTTY`.
    pub fn from_request(request: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.request() == request)
    }

    /// Whether only CAP_SYS_ADMIN (in the initial user namespace) may do this.
    pub const fn needs_admin(self) -> bool {
        !matches!(
            self,
            // Migrate looks whose process it is.
            Op::Status | Op::Version | Op::Migrate | Op::Processes
        )
    }

    /// Most input bytes that make sense; more is `E2BIG` before anything is copied.
    pub const fn max_in(self) -> usize {
        match self {
            Op::Up | Op::Reconfigure => config::MAX_LEN,
            Op::Ping => size_of::<ping::Request>(),
            Op::Migrate => size_of::<process::Request>(),
            Op::Down | Op::Status | Op::Version | Op::HookTry | Op::Processes => 0,
        }
    }
}

/// The argument of every ioctl of the device; 64 bytes, written back by the module.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Args {
    /// [`ABI_VERSION`] of the caller.
    pub version: U32,
    /// None are defined: zero.
    pub flags: U32,
    /// Address of the input buffer.
    pub in_ptr: U64,
    /// Address of the output buffer.
    pub out_ptr: U64,
    /// Bytes of input; see [`Op::max_in`].
    pub in_len: U32,
    /// Room in the output buffer.
    pub out_len: U32,
    /// Written by the module: bytes stored in the output buffer.
    pub out_written: U32,
    /// Written by the module: bytes the whole output has (more than `out_written` when it was cut
    /// or refused).
    pub out_needed: U32,
    /// [`HookOp`] for [`Op::HookTry`], else zero.
    pub op: U32,
    /// Number of the system call to watch for [`HookOp::Start`], else zero.
    pub arg: U32,
    /// Zero.
    pub reserved: [U64; 2],
}

impl Args {
    /// Bytes of the record.
    pub const LEN: usize = size_of::<Self>();

    /// Arguments without buffers.
    pub fn new() -> Self {
        Self {
            version: U32::new(ABI_VERSION),
            ..Self::default()
        }
    }

    /// Whether version and reserved fields are as this ABI has them for `op`.
    ///
    /// The version is checked first because the other fields may mean something else in another.
    pub fn check(&self, op: Op) -> Result<(), ArgsError> {
        if op != Op::Version && self.version.get() != ABI_VERSION {
            return Err(ArgsError::Version);
        }
        let hook = op == Op::HookTry;
        let start = hook && self.op.get() == HookOp::Start as u32;
        if self.flags.get() != 0
            || self.reserved.iter().any(|word| word.get() != 0)
            || (!hook && self.op.get() != 0)
            || (hook && HookOp::from_raw(self.op.get()).is_none())
            || (!start && self.arg.get() != 0)
        {
            return Err(ArgsError::Reserved);
        }
        if self.in_len.get() as usize > op.max_in() {
            return Err(ArgsError::TooLong);
        }
        Ok(())
    }
}

/// Why [`Args::check`] refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgsError {
    /// Another ABI version: `EPROTONOSUPPORT`.
    Version,
    /// A reserved field or an unknown operation: `EINVAL`.
    Reserved,
    /// More input than the operation takes: `E2BIG`.
    TooLong,
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "the mosix command and the module are of different versions",
            Self::Reserved => "a reserved field of the ioctl is set",
            Self::TooLong => "the ioctl has more input than the operation takes",
        })
    }
}

/// What [`Op::HookTry`] does with the calling thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum HookOp {
    /// Clears the counters and marks the thread: from now on each of its system calls goes through
    /// the hook, is counted and then runs as ever.
    Start = 1,
    /// Reads the counters.
    Read = 2,
    /// Takes the mark away and reads the counters for the last time. The end of the thread or the
    /// last close of the device file does the same.
    Stop = 3,
}

impl HookOp {
    /// The operation of a raw [`Args::op`].
    pub fn from_raw(raw: u32) -> Option<Self> {
        [Self::Start, Self::Read, Self::Stop]
            .into_iter()
            .find(|op| *op as u32 == raw)
    }
}

/// What the hook counted for a thread since [`HookOp::Start`].
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    KnownLayout,
    Immutable,
    Unaligned,
)]
#[repr(C)]
pub struct HookCounters {
    /// System calls that went through the hook, the ioctl that reads this included.
    pub total: U64,
    /// Those of them that had the watched number.
    pub watched: U64,
}

/// [`VersionInfo::features`]: the self-test at load proved the system call hook.
pub const FEATURE_HOOK: u32 = 1 << 0;

/// What [`Op::Version`] returns.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct VersionInfo {
    /// [`ABI_VERSION`] of the module. First in every version of the record.
    pub abi: U32,
    /// Version of the protocol between nodes.
    pub protocol: U32,
    /// `FEATURE_*` bits.
    pub features: U32,
    /// Zero.
    pub reserved: U32,
    /// Version of the module.
    pub module: VersionText,
    /// Build id of the running kernel; zeros until the first [`Op::Up`] has told it.
    pub build_id: BuildId,
    /// Zero.
    pub reserved_tail: [u8; 4],
}

/// How much of each frame between nodes is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Integrity {
    /// A keyed MAC over header and lengths.
    Header = 0,
    /// A keyed MAC over the payload, too.
    Full = 1,
    /// Everything encrypted and authenticated (AEAD).
    Encrypt = 2,
}

impl Integrity {
    /// All modes, weakest first.
    pub const ALL: [Self; 3] = [Self::Header, Self::Full, Self::Encrypt];

    /// The mode of a raw byte.
    pub fn from_raw(raw: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| *mode as u8 == raw)
    }

    /// The word that cluster.toml has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Full => "full",
            Self::Encrypt => "encrypt",
        }
    }
}

// The layout is the interface: these must never change without a new ABI_VERSION.
const _: () = assert!(Args::LEN == 64);
const _: () = assert!(size_of::<HookCounters>() == 16);
const _: () = assert!(size_of::<VersionInfo>() == 72);
