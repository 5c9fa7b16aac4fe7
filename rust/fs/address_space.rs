// SPDX-License-Identifier: GPL-2.0

//! Page caches that are only read: nothing in them is ever newer than the file.
//!
//! C headers: [`include/linux/fs.h`](srctree/include/linux/fs.h),
//! [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)

use core::{
    marker::PhantomData,
    ops::Deref, //
};

use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    file::File,
    FileSystem,
    INode, //
};
use crate::linux::{
    bindings,
    memalloc::NofsScope, //
};

/// Where the pages come from.
pub(crate) trait Operations: 'static {
    /// Whose files they are.
    type FileSystem: FileSystem;
    /// What was read.
    type Data: Deref<Target = [u8]>;
    /// Most that is read at once, in bytes: a multiple of the page size.
    const READ_MAX: usize;

    /// Reads `len` bytes at `pos`; less only at the end of the file. The pages are locked meanwhile.
    fn read(file: &File<Self::FileSystem>, pos: u64, len: usize) -> Result<Self::Data>;
}

/// A table for files of `T`.
pub(crate) struct Ops<T: FileSystem> {
    table: &'static bindings::address_space_operations,
    _type: PhantomData<T>,
}

impl<T: FileSystem> Ops<T> {
    /// The table of `U`.
    pub(crate) const fn new<U: Operations<FileSystem = T>>() -> Self {
        Self {
            table: &Table::<U>::TABLE,
            _type: PhantomData,
        }
    }

    /// The C table.
    pub(super) const fn as_ptr(&self) -> *const bindings::address_space_operations {
        self.table
    }
}

struct Table<U: Operations>(PhantomData<U>);

impl<U: Operations> Table<U> {
    const TABLE: bindings::address_space_operations = bindings::address_space_operations {
        read_folio: Some(Self::read_folio),
        readahead: Some(Self::readahead),
        // Nothing is mapped for writing, but C calls this without a look.
        dirty_folio: Some(bindings::noop_dirty_folio),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// Called by the VFS only, with a locked folio of such a file.
    unsafe extern "C" fn read_folio(
        file: *mut bindings::file,
        folio: *mut bindings::folio,
    ) -> c_int {
        // As the readahead code does: memory must not be sought in file systems while a folio is locked.
        let _nofs = NofsScope::enter();
        // SAFETY: By this function's contract the folio is locked.
        let (pos, len) = unsafe {
            (
                bindings::mosix_folio_pos(folio),
                bindings::mosix_folio_size(folio),
            )
        };
        let read = if file.is_null() {
            Err(EIO)
        } else {
            // SAFETY: By this function's contract.
            U::read(unsafe { File::from_raw(file) }, pos as u64, len)
        };
        // SAFETY: The folio is locked by the caller for us, and given back once.
        unsafe {
            match read {
                Ok(data) => {
                    fill(folio, &data);
                    bindings::folio_end_read(folio, true);
                    0
                }
                Err(error) => {
                    bindings::folio_end_read(folio, false);
                    error.to_errno()
                }
            }
        }
    }

    /// # Safety
    ///
    /// Called by the VFS only, with a window of locked folios of such a file.
    unsafe extern "C" fn readahead(rac: *mut bindings::readahead_control) {
        // SAFETY: By this function's contract. What is left of the window is unlocked by the caller, and
        // read one by one when it is needed.
        unsafe {
            let file = (*rac).file;
            if file.is_null() {
                return;
            }
            loop {
                let len = bindings::mosix_readahead_length(rac).min(U::READ_MAX);
                let start = bindings::mosix_readahead_pos(rac);
                if len == 0 {
                    return;
                }
                let Ok(data) = U::read(File::from_raw(file), start as u64, len) else {
                    return;
                };
                if !Self::fill(rac, start, len, &data) {
                    return;
                }
            }
        }
    }

    /// Fills the folios from `start` to `start + len` with `data`, and with zeroes behind it. Returns
    /// whether there may be more.
    ///
    /// # Safety
    ///
    /// `rac` is what `readahead` was called with, and stands at `start`.
    unsafe fn fill(
        rac: *mut bindings::readahead_control,
        start: i64,
        len: usize,
        data: &[u8],
    ) -> bool {
        let end = start.saturating_add_unsigned(len as u64);
        // SAFETY: By this function's contract; each folio that is taken is locked and given back once.
        unsafe {
            while bindings::mosix_readahead_pos(rac) < end {
                let folio = bindings::mosix_readahead_folio(rac);
                if folio.is_null() {
                    return false;
                }
                let at = bindings::mosix_folio_pos(folio).saturating_sub(start);
                let size = bindings::mosix_folio_size(folio);
                let inside = usize::try_from(at)
                    .ok()
                    .filter(|at| at.saturating_add(size) <= len);
                let Some(at) = inside else {
                    bindings::folio_end_read(folio, false);
                    return false;
                };
                let part = data.get(at..).unwrap_or_default();
                fill(folio, part);
                bindings::folio_end_read(folio, true);
            }
        }
        true
    }
}

/// Fills `folio` with `data`, which may be longer, and with zeroes behind it.
///
/// # Safety
///
/// The folio is the caller's to fill: locked, and not up to date.
unsafe fn fill(folio: *mut bindings::folio, data: &[u8]) {
    // SAFETY: By this function's contract; nothing goes beyond the folio, nor the data.
    unsafe {
        let size = bindings::mosix_folio_size(folio);
        let len = data.len().min(size);
        bindings::mosix_memcpy_to_folio(folio, data.as_ptr().cast(), len);
        bindings::mosix_folio_zero_range(folio, len, size - len);
    }
}

impl<T: FileSystem> INode<T> {
    /// Whether there are pages of it in memory.
    pub(crate) fn has_pages(&self) -> bool {
        // SAFETY: The inode is alive; the number may be an old one by the time it is looked at.
        unsafe { (&raw const (*(*self.as_ptr()).i_mapping).nrpages).read_volatile() != 0 }
    }

    /// Drops all pages of it, also those that are mapped: they are read anew. May sleep, not under a
    /// page's lock.
    ///
    /// # Errors
    ///
    /// `EBUSY` if a page is in use in a way that it cannot be dropped now.
    pub(crate) fn invalidate_pages(&self) -> Result {
        // SAFETY: The inode is alive.
        to_result(unsafe { bindings::invalidate_inode_pages2((*self.as_ptr()).i_mapping) })
    }

    /// As [`Self::invalidate_pages`], for the `len` bytes at `pos`.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn invalidate_pages_range(&self, pos: u64, len: u64) -> Result {
        if len == 0 {
            return Ok(());
        }
        let last = pos.saturating_add(len - 1);
        let (first, last) = (pos >> bindings::PAGE_SHIFT, last >> bindings::PAGE_SHIFT);
        // SAFETY: The inode is alive.
        to_result(unsafe {
            bindings::invalidate_inode_pages2_range(
                (*self.as_ptr()).i_mapping,
                first as c_ulong,
                last as c_ulong,
            )
        })
    }

    /// The file is at least `size` bytes long: it was written up to there.
    pub(crate) fn extend_size(&self, size: u64) {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        // SAFETY: The inode is alive; the lock keeps writers of the size apart.
        unsafe {
            let inode = self.as_ptr();
            bindings::mosix_inode_lock_attributes(inode);
            if bindings::mosix_i_size_read(inode) < size {
                bindings::mosix_i_size_write(inode, size);
            }
            bindings::mosix_inode_unlock_attributes(inode);
        }
    }
}
