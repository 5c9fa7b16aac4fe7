// SPDX-License-Identifier: GPL-2.0

//! Places in the address space that the kernel remembers.

use zerocopy::little_endian::U64;
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

/// Most entries of the auxiliary vector, its end included.
pub(crate) const AUXV_MAX: usize = 64;

/// Fields of `struct mm_struct`.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Mm {
    /// The program's code.
    pub(crate) start_code: U64,
    /// Behind it.
    pub(crate) end_code: U64,
    /// The program's data.
    pub(crate) start_data: U64,
    /// Behind it.
    pub(crate) end_data: U64,
    /// The heap.
    pub(crate) start_brk: U64,
    /// Behind it.
    pub(crate) brk: U64,
    /// Where the stack began.
    pub(crate) start_stack: U64,
    /// Arguments.
    pub(crate) arg_start: U64,
    /// Behind them.
    pub(crate) arg_end: U64,
    /// Environment.
    pub(crate) env_start: U64,
    /// Behind it.
    pub(crate) env_end: U64,
    /// Where the search for room for mappings begins.
    pub(crate) mmap_base: U64,
    /// Start of `[vvar]`: what `ARCH_MAP_VDSO_64` is given; 0 if the process has unmapped it.
    pub(crate) vvar: U64,
    /// Start of `[vdso]` (`mm->context.vdso`); 0 likewise.
    pub(crate) vdso: U64,
}

impl Mm {
    /// # Errors
    ///
    /// [`Invalid`] if a range ends before it begins or leaves user space.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), Invalid> {
        let ranges = [
            (self.start_code, self.end_code),
            (self.start_data, self.end_data),
            (self.start_brk, self.brk),
            (self.arg_start, self.arg_end),
            (self.env_start, self.env_end),
        ];
        let mut ranges = ranges.into_iter();
        ensure(
            ranges.all(|(start, end)| start <= end && end.get() <= bounds.task_size),
            "a range of the address space",
        )?;
        ensure(bounds.is_user(self.start_stack.get()), "the stack's start")?;
        ensure(
            self.mmap_base.get() <= bounds.task_size,
            "where mappings begin",
        )?;
        let mut vdso = [self.vvar, self.vdso].into_iter();
        ensure(
            vdso.all(|at| bounds.is_user(at.get()) && at.get() % Bounds::PAGE == 0),
            "the place of the vDSO",
        )
    }
}

/// An entry of the auxiliary vector (`mm->saved_auxv`).
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Aux {
    /// `AT_*`.
    pub(crate) key: U64,
    /// What it says: only shown to whoever reads `/proc/PID/auxv`, so any value will do.
    pub(crate) value: U64,
}

/// Checks a whole vector.
///
/// # Errors
///
/// [`Invalid`] if it is too long or does not end with `AT_NULL`, and only there.
pub(crate) fn check_auxv(auxv: &[Aux]) -> Result<(), Invalid> {
    ensure(auxv.len() <= AUXV_MAX, "the length of the auxiliary vector")?;
    let end = auxv.iter().position(|aux| aux.key.get() == 0);
    ensure(
        end.is_some_and(|end| end + 1 == auxv.len()),
        "the end of the auxiliary vector",
    )
}
