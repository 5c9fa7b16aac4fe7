// SPDX-License-Identifier: GPL-2.0

//! Super blocks: one per mount.
//!
//! C header: [`include/linux/fs/super_types.h`](srctree/include/linux/fs/super_types.h)

use core::marker::PhantomData;

use kernel::{
    error::{
        from_result,
        to_result, //
    },
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

use super::{
    inode::{
        INode,
        Slot, //
    },
    registration::Registration,
    xattr,
    DEntry,
    FileSystem, //
};
use crate::linux::bindings;

/// Pages that are read ahead of who reads what is mapped: 1 MiB.
const READAHEAD_PAGES: c_ulong = 256;

/// A mounted file system of type `T`.
///
/// # Invariants
///
/// Made by the registration of `T`.
#[repr(transparent)]
pub(crate) struct SuperBlock<T: FileSystem>(Opaque<bindings::super_block>, PhantomData<T>);

impl<T: FileSystem> SuperBlock<T> {
    /// # Safety
    ///
    /// `sb` must be of type `T` and live for `'a`.
    pub(super) unsafe fn from_raw<'a>(sb: *mut bindings::super_block) -> &'a Self {
        // SAFETY: By this function's contract; the type is transparent.
        unsafe { &*sb.cast::<Self>() }
    }

    /// The C super block.
    pub(super) fn as_ptr(&self) -> *mut bindings::super_block {
        self.0.get()
    }

    /// What all mounts of the type share.
    pub(crate) fn fs(&self) -> &T {
        Registration::of(self).fs_data()
    }

    /// Number of the file system on this machine, in the form that user space gets.
    pub(crate) fn dev(&self) -> u32 {
        // SAFETY: Set before the super block is filled, and constant.
        super::attr::encode_dev(unsafe { (*self.as_ptr()).s_dev })
    }

    /// Fills a new one.
    ///
    /// # Safety
    ///
    /// `sb` must be new, of type `T`, and nobody else's yet.
    pub(super) unsafe fn fill(sb: *mut bindings::super_block) -> Result {
        // SAFETY: By this function's contract.
        unsafe {
            (*sb).s_op = &raw const *const { &Self::OPS };
            (*sb).s_magic = T::MAGIC;
            (*sb).s_xattr = xattr::Handlers::<T>::new::<T::Xattr>().as_ptr();
            (*sb).s_flags |= bindings::MOSIX_CONST_SB_POSIXACL;
            // No device of another machine may be opened here.
            (*sb).s_iflags |= bindings::SB_I_NODEV as c_ulong;
            // What is stacked upon it could be served by it: nothing may be, or the way down had no end.
            (*sb).s_stack_depth = bindings::FILESYSTEM_MAX_STACK_DEPTH as c_int;
            (*sb).s_maxbytes = i64::MAX;
            (*sb).s_time_gran = 1;
            (*sb).s_time_min = i64::MIN;
            (*sb).s_time_max = i64::MAX;
            (*sb).s_blocksize = bindings::PAGE_SIZE;
            (*sb).s_blocksize_bits = bindings::PAGE_SHIFT as u8;
            bindings::set_default_d_op(sb, T::DENTRY_OPS.as_ptr());
            to_result(bindings::super_setup_bdi(sb))?;
            // As much as one request brings.
            (*(*sb).s_bdi).ra_pages = READAHEAD_PAGES;
            (*(*sb).s_bdi).io_pages = READAHEAD_PAGES;
        }
        // SAFETY: By this function's contract it is alive during the call.
        let this = unsafe { Self::from_raw(sb) };
        let root: ARef<INode<T>> = this.fs().root(this)?;
        // SAFETY: The reference is given away; nobody else writes the field yet.
        unsafe {
            (*sb).s_root = bindings::d_make_root(ARef::into_raw(root).as_ref().as_ptr());
            if (*sb).s_root.is_null() {
                return Err(ENOMEM);
            }
        }
        Ok(())
    }

    const OPS: bindings::super_operations = bindings::super_operations {
        alloc_inode: Some(Self::alloc_inode),
        destroy_inode: Some(Self::destroy_inode),
        free_inode: Some(Self::free_inode),
        drop_inode: Some(Self::drop_inode),
        evict_inode: Some(Self::evict_inode),
        statfs: Some(Self::statfs),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// Called by the VFS only, with a super block of type `T`.
    unsafe extern "C" fn alloc_inode(sb: *mut bindings::super_block) -> *mut bindings::inode {
        // SAFETY: As above.
        let cache = Registration::of(unsafe { Self::from_raw(sb) }).cache();
        // SAFETY: The cache is that of the slots of `T`.
        unsafe { Slot::<T>::alloc(sb, cache.as_ptr()) }
    }

    /// # Safety
    ///
    /// Called by the VFS only, once, for an inode that nobody refers to any more.
    unsafe extern "C" fn destroy_inode(inode: *mut bindings::inode) {
        // SAFETY: As above.
        unsafe { Slot::<T>::destroy(inode) }
    }

    /// # Safety
    ///
    /// Called by the VFS only, once, a grace period after `destroy_inode`.
    unsafe extern "C" fn free_inode(inode: *mut bindings::inode) {
        // SAFETY: As above.
        unsafe { Slot::<T>::free(inode) }
    }

    /// # Safety
    ///
    /// Called by the VFS only, under the inode's `i_lock`.
    unsafe extern "C" fn drop_inode(inode: *mut bindings::inode) -> c_int {
        // Worth keeping for its pages alone: everything else is asked for anew.
        // SAFETY: The inode is alive; a racing change of these makes no difference but to memory.
        let (pages, nlink) = unsafe {
            (
                (*(*inode).i_mapping).nrpages,
                (*inode).__bindgen_anon_1.i_nlink,
            )
        };
        c_int::from(pages == 0 || nlink == 0)
    }

    /// # Safety
    ///
    /// Called by the VFS only, once, for an inode that nobody refers to any more.
    unsafe extern "C" fn evict_inode(inode: *mut bindings::inode) {
        // SAFETY: The inode is alive until `destroy_inode`, and what is called here is what the VFS
        // asks of every `evict_inode`.
        unsafe {
            bindings::truncate_inode_pages_final(&raw mut (*inode).i_data);
            bindings::clear_inode(inode);
            if Slot::<T>::is_live(inode) {
                T::evict(INode::from_raw(inode));
            }
        }
    }

    /// # Safety
    ///
    /// Called by the VFS only, with a dentry of type `T`.
    unsafe extern "C" fn statfs(
        dentry: *mut bindings::dentry,
        out: *mut kernel::bindings::kstatfs,
    ) -> c_int {
        from_result(|| {
            // SAFETY: The caller has a reference to the dentry.
            let stat = T::statfs(unsafe { DEntry::from_raw(dentry) })?;
            // SAFETY: The result is the caller's, zeroed.
            stat.fill(unsafe { &mut *out.cast::<bindings::kstatfs>() });
            Ok(0)
        })
    }
}
