// SPDX-License-Identifier: GPL-2.0

//! The areas of the current task's address space.
//!
//! C headers: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use core::{
    ops::Range,
    ptr::NonNull, //
};

use kernel::{
    fs::File,
    page::PAGE_SHIFT,
    prelude::*,
    sync::aref::ARef, //
};

use crate::linux::bindings;

/// What an area shows.
pub(crate) enum Backing {
    /// Memory of its own.
    Anonymous,
    /// Memory that the kernel may empty at any time.
    Droppable,
    /// A file from a byte offset on, and whether pages of it may have become the area's own.
    File(ARef<File>, usize, bool),
    /// The vDSO's code.
    Vdso,
    /// The data that the vDSO reads.
    VdsoData,
}

/// An area (`vm_area_struct`).
pub(crate) struct Area {
    start: usize,
    end: usize,
    flags: usize,
    backing: Backing,
}

/// Why an area cannot be made anew elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Others see what is written to it, and it can be written.
    Shared,
    /// Locked into memory.
    Locked,
    /// Huge pages of a file system for such.
    HugePages,
    /// Memory of a device.
    Device,
    /// Sealed.
    Sealed,
    /// A user shadow stack.
    ShadowStack,
    /// Watched by a userfaultfd.
    Userfaultfd,
    /// Has a protection key.
    Key,
    /// May have guard pages.
    Guard,
    /// Something that the kernel has put there, with a probe in it perhaps.
    Special,
}

/// The current task's address space, locked against changes.
struct Locked(NonNull<bindings::mm_struct>);

impl Locked {
    fn current() -> Result<Self> {
        // SAFETY: The current task is valid and keeps its address space while it is in the kernel.
        let mm = NonNull::new(unsafe { (*bindings::get_current()).mm }).ok_or(ESRCH)?;
        // SAFETY: As above.
        unsafe { bindings::mmap_read_lock(mm.as_ptr()) };
        Ok(Self(mm))
    }

    /// The first area that ends behind `address`.
    fn find(&self, address: usize) -> Option<&bindings::vm_area_struct> {
        // SAFETY: The lock is held for as long as the area is looked at.
        unsafe { bindings::find_vma(self.0.as_ptr(), address).as_ref() }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: Locked by `current`.
        unsafe { bindings::mmap_read_unlock(self.0.as_ptr()) };
    }
}

/// All areas of the current task, in order. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn all() -> Result<KVVec<Result<Area, Obstacle>>> {
    let mut areas = KVVec::new();
    let locked = Locked::current()?;
    let mut address = 0;
    while let Some(vma) = locked.find(address) {
        let area = Area::new(vma);
        // SAFETY: These fields are valid while the lock is held.
        address = unsafe { vma.__bindgen_anon_1.__bindgen_anon_1.vm_end };
        areas.push(area, GFP_KERNEL)?;
    }
    Ok(areas)
}

impl Area {
    fn new(vma: &bindings::vm_area_struct) -> Result<Self, Obstacle> {
        // SAFETY: These members of the unions are always valid while the lock is held.
        let (start, end, flags) = unsafe {
            let range = &vma.__bindgen_anon_1.__bindgen_anon_1;
            (range.vm_start, range.vm_end, vma.__bindgen_anon_2.vm_flags)
        };
        let has = |bits: usize| flags & bits != 0;
        let backing = if let Some(name) = special_name(vma) {
            match name.to_bytes() {
                b"[vdso]" => Backing::Vdso,
                b"[vvar]" | b"[vvar_vclock]" => Backing::VdsoData,
                _ => return Err(Obstacle::Special),
            }
        } else {
            for (bits, obstacle) in [
                (bindings::MOSIX_CONST_VM_HUGETLB, Obstacle::HugePages),
                (
                    bindings::MOSIX_CONST_VM_PFNMAP
                        | bindings::MOSIX_CONST_VM_MIXEDMAP
                        | bindings::MOSIX_CONST_VM_IO,
                    Obstacle::Device,
                ),
                (bindings::MOSIX_CONST_VM_SHADOW_STACK, Obstacle::ShadowStack),
                (bindings::MOSIX_CONST_VM_SHARED, Obstacle::Shared),
                (bindings::MOSIX_CONST_VM_LOCKED, Obstacle::Locked),
                (bindings::MOSIX_CONST_VM_SEALED, Obstacle::Sealed),
                (bindings::MOSIX_CONST_VM_PKEY, Obstacle::Key),
                (bindings::MOSIX_CONST_VM_MAYBE_GUARD, Obstacle::Guard),
            ] {
                if has(bits) {
                    return Err(obstacle);
                }
            }
            if !vma.vm_userfaultfd_ctx.ctx.is_null() {
                return Err(Obstacle::Userfaultfd);
            }
            match NonNull::new(vma.vm_file) {
                None if has(bindings::MOSIX_CONST_VM_DROPPABLE) => Backing::Droppable,
                None => Backing::Anonymous,
                Some(file) => {
                    // SAFETY: The area keeps its file while the lock is held; the reference that is
                    // taken is given away. Position and the like, which this type would forbid to
                    // share, are not used.
                    let file = unsafe {
                        ARef::from_raw(
                            NonNull::new_unchecked(bindings::get_file(file.as_ptr())).cast(),
                        )
                    };
                    Backing::File(file, vma.vm_pgoff << PAGE_SHIFT, !vma.anon_vma.is_null())
                }
            }
        };
        Ok(Self {
            start,
            end,
            flags,
            backing,
        })
    }

    /// Its addresses: whole pages.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// What it shows.
    pub(crate) fn backing(&self) -> &Backing {
        &self.backing
    }

    /// Whether it is anonymous memory that grows as it is used.
    pub(super) fn grows_down(&self) -> bool {
        self.flags & bindings::MOSIX_CONST_VM_GROWSDOWN != 0
    }

    /// `PROT_*`.
    pub(super) fn protection(&self) -> usize {
        [
            (bindings::MOSIX_CONST_VM_READ, bindings::PROT_READ),
            (bindings::MOSIX_CONST_VM_WRITE, bindings::PROT_WRITE),
            (bindings::MOSIX_CONST_VM_EXEC, bindings::PROT_EXEC),
        ]
        .into_iter()
        .filter(|(bit, _)| self.flags & bit != 0)
        .fold(0, |prot, (_, bit)| prot | bit as usize)
    }

    /// Whether it was mapped MAP_SHARED, from a file that cannot be written.
    pub(super) fn is_shared(&self) -> bool {
        self.flags & bindings::MOSIX_CONST_VM_MAYSHARE != 0
    }

    /// Whether no swap space is set aside for it.
    pub(super) fn is_unreserved(&self) -> bool {
        self.flags & bindings::MOSIX_CONST_VM_NORESERVE != 0
    }

    /// The advice that `madvise` was given about it.
    pub(super) fn advice(&self) -> impl Iterator<Item = usize> + '_ {
        [
            (bindings::MOSIX_CONST_VM_RAND_READ, bindings::MADV_RANDOM),
            (bindings::MOSIX_CONST_VM_SEQ_READ, bindings::MADV_SEQUENTIAL),
            (bindings::MOSIX_CONST_VM_DONTCOPY, bindings::MADV_DONTFORK),
            (bindings::MOSIX_CONST_VM_DONTDUMP, bindings::MADV_DONTDUMP),
            (
                bindings::MOSIX_CONST_VM_WIPEONFORK,
                bindings::MADV_WIPEONFORK,
            ),
            (bindings::MOSIX_CONST_VM_MERGEABLE, bindings::MADV_MERGEABLE),
            (bindings::MOSIX_CONST_VM_HUGEPAGE, bindings::MADV_HUGEPAGE),
            (
                bindings::MOSIX_CONST_VM_NOHUGEPAGE,
                bindings::MADV_NOHUGEPAGE,
            ),
        ]
        .into_iter()
        .filter(|(bit, _)| self.flags & bit != 0)
        .map(|(_, advice)| advice as usize)
    }
}

/// The name of an area that the kernel itself has put there.
fn special_name(vma: &bindings::vm_area_struct) -> Option<&CStr> {
    // SAFETY: The operations of an area are static or its driver's, and the lock keeps the area.
    let name = unsafe { vma.vm_ops.as_ref() }?.name?;
    // SAFETY: `name` is the area's own operation.
    let name = unsafe { name((&raw const *vma).cast_mut()) };
    if name.is_null() {
        return None;
    }
    // SAFETY: The operation returns a string that lives as long as the area.
    Some(unsafe { CStr::from_char_ptr(name) })
}
