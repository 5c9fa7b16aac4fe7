// SPDX-License-Identifier: GPL-2.0

//! Why a process does not move, in words for its owner.

use kernel::{
    alloc::AllocError,
    fmt,
    prelude::*, //
};

use crate::linux::{
    errno::*,
    hook::Refusal,
    task::{
        area::{
            self,
            Obstacle, //
        },
        launch,
        signals,
        space,
        status, //
    }, //
};

/// What a process has or is that cannot move.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The first process.
    Init,
    /// A thread of the kernel.
    Kernel,
    /// Not a 64-bit program.
    NotNative64,
    /// More than one thread.
    Threads,
    /// A vfork that has not ended.
    Vfork,
    /// Traced or tracing.
    Traced,
    /// seccomp.
    Filtered,
    /// io_uring.
    IoUring,
    /// AIO contexts.
    Aio,
    /// A local descriptor table.
    Ldt,
    /// I/O ports.
    Ports,
    /// Real-time scheduling.
    RealTime,
    /// Locked memory.
    Locked,
    /// Memory-deny-write-execute.
    DeniesExec,
    /// Uprobes.
    Uprobes,
    /// A timer of its own CPU time.
    CpuTimer,
    /// A user namespace.
    OwnUsers,
    /// Another namespace.
    Contained,
    /// An area of memory.
    Area(Obstacle),
    /// No vDSO to wait at.
    NoVdso,
    /// The hook has something against it.
    Hook(Refusal),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "it is the first process",
            Self::Kernel => "it is a thread of the kernel",
            Self::NotNative64 => "it is not a 64-bit program",
            Self::Threads => "it has several threads",
            Self::Vfork => "it has not ended its vfork",
            Self::Traced => "it is traced or traces",
            Self::Filtered => "its system calls are filtered (seccomp)",
            Self::IoUring => "it uses io_uring",
            Self::Aio => "it has contexts for asynchronous I/O",
            Self::Ldt => "it has a local descriptor table",
            Self::Ports => "it may use I/O ports",
            Self::RealTime => "its scheduling class is a real-time one",
            Self::Locked => "it locks memory",
            Self::DeniesExec => "it must not make memory executable (PR_SET_MDWE)",
            Self::Uprobes => "there are probes in its code (uprobes)",
            Self::CpuTimer => "it has set a timer of its CPU time",
            Self::OwnUsers => "it is in a user namespace",
            Self::Contained => "it is in a namespace of its own",
            Self::NoVdso => "it has no vDSO",
            Self::Hook(refusal) => return refusal.fmt(f),
            Self::Area(obstacle) => match obstacle {
                Obstacle::Shared => "it can write to memory that others share",
                Obstacle::Locked => "it locks memory",
                Obstacle::HugePages => "it uses huge pages of a file system",
                Obstacle::Device => "it maps memory of a device",
                Obstacle::Sealed => "it has sealed memory (mseal)",
                Obstacle::ShadowStack => "it has a user shadow stack",
                Obstacle::Userfaultfd => "a userfaultfd watches its memory",
                Obstacle::Key => "its memory has protection keys",
                Obstacle::Guard => "its memory has guard pages (MADV_GUARD_INSTALL)",
                Obstacle::Special => "there are probes in its code (uprobes)",
            },
        })
    }
}

/// Why a request about a process fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// There is no such process, or it is about to end.
    Gone,
    /// The caller may not decide about it.
    NotPermitted,
    /// It is the caller itself.
    Oneself,
    /// It is at home.
    AtHome,
    /// It is away.
    Away,
    /// It is about to move.
    Moving,
    /// Signals keep it busy.
    Busy,
    /// Somebody has its memory just now.
    MemoryInUse,
    /// The wait was interrupted.
    Interrupted,
    /// It cannot move.
    Reason(Reason),
    /// No process for the body.
    NoHelper(launch::Failure),
    /// The kernel failed.
    Failed(Error),
}

impl Why {
    /// Whether it may be over in a moment.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Busy | Self::MemoryInUse)
    }

    /// The error number for a system call.
    pub(crate) fn error(&self) -> Error {
        match self {
            Self::Gone => ESRCH,
            Self::NotPermitted => EPERM,
            Self::Oneself => EINVAL,
            Self::AtHome => errno(ENOTCONN),
            Self::Away | Self::Moving => errno(EALREADY),
            Self::Busy | Self::MemoryInUse => EBUSY,
            Self::Interrupted => EINTR,
            Self::Reason(_) => errno(EOPNOTSUPP),
            Self::NoHelper(_) => EAGAIN,
            Self::Failed(error) => *error,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "there is no such process",
            Self::NotPermitted => "the process belongs to somebody else",
            Self::Oneself => "a process cannot move itself in this way",
            Self::AtHome => "the process is at home",
            Self::Away => "the process is away",
            Self::Moving => "the process is about to move",
            Self::Busy => "the process is busy with signals: try again",
            Self::MemoryInUse => "the process shares its memory with another",
            Self::Interrupted => "interrupted",
            Self::Reason(reason) => return reason.fmt(f),
            Self::NoHelper(failure) => return failure.fmt(f),
            Self::Failed(error) => return write!(f, "the process could not be moved: {error:?}"),
        })
    }
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<AllocError> for Why {
    fn from(_: AllocError) -> Self {
        Self::Failed(ENOMEM)
    }
}

/// Looks whether the current process can be taken apart, here and now. May sleep.
///
/// # Errors
///
/// The first thing that is against it.
pub(super) fn check() -> Result<(), Why> {
    let against: [(fn() -> bool, Reason); 18] = [
        (status::is_init, Reason::Init),
        // First of all that looks at the address space.
        (status::is_kernel, Reason::Kernel),
        (|| !status::is_native64(), Reason::NotNative64),
        (|| !status::is_alone(), Reason::Threads),
        (status::is_in_vfork, Reason::Vfork),
        (status::is_traced, Reason::Traced),
        (status::is_filtered, Reason::Filtered),
        (status::has_io_uring, Reason::IoUring),
        (status::has_aio, Reason::Aio),
        (status::has_ldt, Reason::Ldt),
        (status::has_ports, Reason::Ports),
        (status::is_real_time, Reason::RealTime),
        (status::locks_memory, Reason::Locked),
        (status::denies_exec, Reason::DeniesExec),
        (status::has_uprobes, Reason::Uprobes),
        (status::has_cpu_timer, Reason::CpuTimer),
        (status::has_own_users, Reason::OwnUsers),
        (status::is_contained, Reason::Contained),
    ];
    for (is_so, reason) in against {
        if is_so() {
            return Err(reason.into());
        }
    }
    if space::syscall_instruction().is_none() {
        return Err(Reason::NoVdso.into());
    }
    for area in area::all()? {
        if let Err(obstacle) = area {
            return Err(Reason::Area(obstacle).into());
        }
    }
    if !status::has_own_memory() {
        return Err(Why::MemoryInUse);
    }
    if signals::is_pending() {
        return Err(Why::Busy);
    }
    Ok(())
}
