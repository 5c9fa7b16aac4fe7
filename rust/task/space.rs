// SPDX-License-Identifier: GPL-2.0

//! Making the current task's address space.
//!
//! C headers: [`include/linux/mm.h`](srctree/include/linux/mm.h),
//! [`include/uapi/linux/mman.h`](srctree/include/uapi/linux/mman.h)

use core::ptr::{
    null_mut,
    NonNull, //
};

use kernel::{
    error::to_result,
    page::{
        page_align,
        PAGE_SIZE, //
    },
    prelude::*,
    types::NotThreadSafe, //
};

use super::{
    area::{
        Area,
        Backing, //
    },
    calls::Calls,
    page::Held,
    user, //
};
use crate::linux::bindings;

/// Words of the auxiliary vector that the kernel keeps.
const AUXV: usize = 56;

/// Where the parts of a program are in its address space.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    code: [usize; 2],
    data: [usize; 2],
    brk: [usize; 2],
    stack: usize,
    args: [usize; 2],
    env: [usize; 2],
    auxv: [usize; AUXV],
    vdso: usize,
}

/// Memory of the current task that goes when the value does.
pub(crate) struct Scratch {
    address: usize,
    len: usize,
    _task: NotThreadSafe,
}

impl Scratch {
    /// Maps `len` bytes of zeroes wherever there is room. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(len: usize) -> Result<Self> {
        let prot = bindings::PROT_READ | bindings::PROT_WRITE;
        let flags = bindings::MAP_PRIVATE | bindings::MAP_ANONYMOUS;
        let len = page_align(len).ok_or(ENOMEM)?;
        let address = map_at(null_mut(), 0, len, prot as usize, flags as usize, 0)?;
        Ok(Self {
            address,
            len,
            _task: NotThreadSafe,
        })
    }

    /// Where it begins: at a page.
    pub(crate) fn address(&self) -> usize {
        self.address
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: The current task's own memory, which nobody else knows of.
        let result = to_result(unsafe { bindings::vm_munmap(self.address, self.len) });
        if let Err(error) = result {
            pr_err!("memory for a signal frame cannot be unmapped: {error:?}\n");
        }
    }
}

/// Memory of the current task with nothing behind it. It goes with [`clear`], or with the task.
#[derive(Clone, Copy)]
pub(crate) struct Arena {
    base: usize,
    size: usize,
}

impl Arena {
    /// Maps `size` bytes, whole pages, wherever there is room. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(size: usize) -> Result<Self> {
        let flags = bindings::MAP_PRIVATE | bindings::MAP_ANONYMOUS;
        let whole = size.checked_add(PAGE_SIZE).ok_or(EINVAL)?;
        let base = map_at(null_mut(), 0, whole, 0, flags as usize, 0)?;
        let prot = bindings::PROT_READ | bindings::PROT_WRITE;
        let flags = flags | bindings::MAP_FIXED;
        map_at(null_mut(), base, size, prot as usize, flags as usize, 0)?;
        Ok(Self { base, size })
    }

    /// Where it begins.
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    fn address(&self, offset: u32, len: usize) -> Result<usize> {
        let offset = offset as usize;
        let end = offset.checked_add(len).ok_or(EINVAL)?;
        if end > self.size {
            return Err(EINVAL);
        }
        Ok(self.base + offset)
    }

    /// Writes at an offset. May sleep.
    pub(crate) fn write(&self, offset: u32, bytes: &[u8]) -> Result {
        let address = self.address(offset, bytes.len())?;
        if user::write(address, bytes) == bytes.len() {
            Ok(())
        } else {
            Err(ENOMEM)
        }
    }

    /// Reads at an offset. May sleep.
    pub(crate) fn read(&self, offset: u32, bytes: &mut [u8]) -> Result {
        let address = self.address(offset, bytes.len())?;
        if user::read(address, bytes) == bytes.len() {
            Ok(())
        } else {
            Err(ENOMEM)
        }
    }
}

fn mm() -> Result<NonNull<bindings::mm_struct>> {
    // SAFETY: The current task is valid and keeps its address space while it is in the kernel.
    NonNull::new(unsafe { (*bindings::get_current()).mm }).ok_or(ESRCH)
}

fn map_at(
    file: *mut bindings::file,
    address: usize,
    len: usize,
    prot: usize,
    flags: usize,
    offset: usize,
) -> Result<usize> {
    // SAFETY: The file is null or held by the caller; everything else is checked as for `mmap`.
    let result = unsafe { bindings::vm_mmap(file, address, len, prot, flags, offset) };
    let error = result as isize;
    if (-4095..0).contains(&error) {
        return Err(Error::from_errno(error as c_int));
    }
    Ok(result)
}

impl Layout {
    /// That of the current task.
    pub(crate) fn current() -> Result<Self> {
        let mm = mm()?.as_ptr();
        // SAFETY: The address space stays. The lock keeps the words from being changed by
        // `prctl(PR_SET_MM)`, which only the task itself could call anyway.
        unsafe {
            bindings::mosix_arg_lock(mm);
            let from = &(*mm).__bindgen_anon_1;
            let layout = Self {
                code: [from.start_code, from.end_code],
                data: [from.start_data, from.end_data],
                brk: [from.start_brk, from.brk],
                stack: from.start_stack,
                args: [from.arg_start, from.arg_end],
                env: [from.env_start, from.env_end],
                auxv: from.saved_auxv,
                vdso: from.context.vdso as usize,
            };
            bindings::mosix_arg_unlock(mm);
            Ok(layout)
        }
    }

    /// Makes it that of the current task, but for the vDSO, which [`map`] has put there. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOEXEC` when the vDSO is not where it should be.
    pub(crate) fn apply(&self) -> Result {
        let mm = mm()?.as_ptr();
        // SAFETY: As in `current`.
        let vdso = unsafe {
            bindings::mosix_arg_lock(mm);
            let to = &mut (*mm).__bindgen_anon_1;
            [to.start_code, to.end_code] = self.code;
            [to.start_data, to.end_data] = self.data;
            [to.start_brk, to.brk] = self.brk;
            to.start_stack = self.stack;
            [to.arg_start, to.arg_end] = self.args;
            [to.env_start, to.env_end] = self.env;
            to.saved_auxv = self.auxv;
            let vdso = to.context.vdso as usize;
            bindings::mosix_arg_unlock(mm);
            vdso
        };
        if vdso == self.vdso {
            Ok(())
        } else {
            Err(ENOEXEC)
        }
    }

    /// The addresses that `ps` reads the command line and the environment from.
    pub(crate) fn shown(&self) -> core::ops::Range<usize> {
        let [args, _] = self.args;
        let [_, env] = self.env;
        args & !(PAGE_SIZE - 1)..page_align(env).unwrap_or(env)
    }
}

/// Where a `syscall` instruction is in the current task's vDSO.
pub(crate) fn syscall_instruction() -> Option<usize> {
    const SYSCALL: [u8; 2] = [0x0f, 0x05];

    let mm = mm().ok()?.as_ptr();
    // SAFETY: The address space stays, and images of the vDSO are never freed.
    let (base, code) = unsafe {
        let context = &raw const (*mm).__bindgen_anon_1.context;
        let image = (*context).vdso_image.as_ref()?;
        let code = core::slice::from_raw_parts(image.data.cast_const().cast::<u8>(), image.size);
        ((*context).vdso as usize, code)
    };
    let at = code
        .windows(SYSCALL.len())
        .position(|pair| pair == SYSCALL)?;
    (base != 0).then_some(base + at)
}

/// Unmaps everything that the current task has mapped. May sleep.
pub(crate) fn clear() -> Result {
    // SAFETY: It is the current task's own memory, and what runs now is the kernel.
    to_result(unsafe { bindings::vm_munmap(0, bindings::mosix_task_size()) })
}

/// Maps an area like `area`, at its place, without its pages. May sleep.
///
/// The vDSO is mapped with its data, by the first of those areas.
///
/// # Errors
///
/// `EEXIST` when there is something, `ENOEXEC` when a vDSO comes out elsewhere; else as `mmap`.
pub(crate) fn map(area: &Area, calls: &Calls) -> Result {
    let range = area.range();
    let mut flags = bindings::MAP_FIXED_NOREPLACE
        | if area.grows_down() {
            bindings::MAP_GROWSDOWN
        } else {
            0
        }
        | if area.is_unreserved() {
            bindings::MAP_NORESERVE
        } else {
            0
        };
    let mut from = (null_mut(), 0);
    match area.backing() {
        Backing::Anonymous => flags |= bindings::MAP_PRIVATE | bindings::MAP_ANONYMOUS,
        Backing::Droppable => flags |= bindings::MAP_DROPPABLE | bindings::MAP_ANONYMOUS,
        Backing::File(file, offset, _) => {
            flags |= if area.is_shared() {
                bindings::MAP_SHARED
            } else {
                bindings::MAP_PRIVATE
            };
            from = (file.as_ptr(), *offset);
        }
        // Comes with its data.
        Backing::Vdso => return Ok(()),
        Backing::VdsoData => {
            return match calls.map_vdso(range.start) {
                // A second piece of the data.
                Err(error) if error == EEXIST => Ok(()),
                result => result.map(drop),
            };
        }
    }
    let (file, offset) = from;
    let address = map_at(
        file,
        range.start,
        range.end - range.start,
        area.protection(),
        flags as usize,
        offset,
    )?;
    if address != range.start {
        return Err(ENOEXEC);
    }
    for advice in area.advice() {
        // Droppable memory has been given its own already.
        if !matches!(area.backing(), Backing::Droppable) {
            calls.madvise(range.start, range.end - range.start, advice)?;
        }
    }
    Ok(())
}

/// Fills the page of the current task that is where `page` was with the same bytes, whatever its
/// protection. May sleep.
///
/// # Errors
///
/// `EFAULT` when nothing is mapped there, `ENOMEM`.
pub(crate) fn fill(page: &Held) -> Result {
    // SAFETY: The source is a page of the kernel's own mapping, which is only read; what is written is
    // the current task's memory.
    let written = unsafe {
        bindings::access_process_vm(
            bindings::get_current(),
            page.address(),
            page.contents().cast_mut(),
            PAGE_SIZE as c_int,
            bindings::FOLL_WRITE | bindings::FOLL_FORCE,
        )
    };
    if written as usize == PAGE_SIZE {
        Ok(())
    } else {
        Err(EFAULT)
    }
}

/// Lets go of the pages in `range`, which is mapped by the current task. May sleep.
pub(crate) fn forget(range: core::ops::Range<usize>, calls: &Calls) -> Result {
    let advice = bindings::MADV_DONTNEED as usize;
    calls.madvise(range.start, range.end - range.start, advice)
}
