// SPDX-License-Identifier: GPL-2.0

//! Where an inode and what belongs to it lie in memory.

use core::mem::MaybeUninit;

use kernel::{
    container_of,
    prelude::*,
    types::Opaque, //
};

use crate::linux::{
    bindings,
    fs::FileSystem, //
};

/// An object of the slab cache: the C inode and what the file system has with it.
///
/// # Invariants
///
/// While `live`, `data` is initialised; `key` is from the moment it first became live on, until the slot
/// is freed. RCU readers look at the key alone.
#[repr(C)]
pub(in super::super) struct Slot<T: FileSystem> {
    key: MaybeUninit<T::Key>,
    data: MaybeUninit<T::INodeData>,
    live: bool,
    inode: Opaque<bindings::inode>,
}

impl<T: FileSystem> Slot<T> {
    /// # Safety
    ///
    /// `inode` must lie in a slot of `T`.
    unsafe fn of(inode: *mut bindings::inode) -> *mut Self {
        let inode = Opaque::cast_from(inode.cast_const());
        // SAFETY: By this function's contract.
        unsafe { container_of!(inode, Self, inode) }.cast_mut()
    }

    /// Constructor of the slab cache.
    ///
    /// # Safety
    ///
    /// `slot` must be fresh memory of the cache.
    pub(in super::super) unsafe extern "C" fn construct(slot: *mut c_void) {
        // SAFETY: By this function's contract.
        unsafe {
            let slot = slot.cast::<Self>();
            (*slot).live = false;
            bindings::inode_init_once(Opaque::cast_into(&raw const (*slot).inode));
        }
    }

    /// A new inode of `sb`, null without memory; its slot is not live.
    ///
    /// # Safety
    ///
    /// `cache` must be the cache of these slots, `sb` of type `T`.
    pub(in super::super) unsafe fn alloc(
        sb: *mut bindings::super_block,
        cache: *mut bindings::kmem_cache,
    ) -> *mut bindings::inode {
        // SAFETY: By this function's contract.
        let slot = unsafe { bindings::mosix_alloc_inode_sb(sb, cache) }.cast::<Self>();
        if slot.is_null() {
            return core::ptr::null_mut();
        }
        // SAFETY: The slot is constructed and ours.
        unsafe {
            (*slot).live = false;
            Opaque::cast_into(&raw const (*slot).inode)
        }
    }

    /// Makes the slot live. Does not sleep.
    ///
    /// # Safety
    ///
    /// The inode must be in a slot of `T` that is not live, and nobody else's.
    pub(super) unsafe fn set<I>(inode: *mut bindings::inode, key: T::Key, data: I)
    where
        I: PinInit<T::INodeData>,
    {
        // SAFETY: By this function's contract; the slot does not move. The initialiser cannot fail.
        unsafe {
            let slot = Self::of(inode);
            (*slot).key.write(key);
            match data.__pinned_init((*slot).data.as_mut_ptr()) {
                Ok(()) => {}
            }
            // INVARIANT: Key and data were just initialised.
            (*slot).live = true;
        }
    }

    /// Whether the slot is live.
    ///
    /// # Safety
    ///
    /// The inode must be in a slot of `T` and not be in the middle of being made.
    pub(in super::super) unsafe fn is_live(inode: *mut bindings::inode) -> bool {
        // SAFETY: By this function's contract.
        unsafe { (*Self::of(inode)).live }
    }

    /// # Safety
    ///
    /// The slot must be or have been live, and not be freed for `'a`.
    pub(super) unsafe fn key<'a>(inode: *mut bindings::inode) -> &'a T::Key {
        // SAFETY: By this function's contract and the invariant.
        unsafe { (*Self::of(inode)).key.assume_init_ref() }
    }

    /// # Safety
    ///
    /// The slot must be live for `'a`.
    pub(super) unsafe fn data<'a>(inode: *mut bindings::inode) -> &'a T::INodeData {
        // SAFETY: By this function's contract and the invariant.
        unsafe { (*Self::of(inode)).data.assume_init_ref() }
    }

    /// Ends the slot's life: drops the data.
    ///
    /// # Safety
    ///
    /// Nobody refers to the inode any more, RCU readers excepted.
    pub(in super::super) unsafe fn destroy(inode: *mut bindings::inode) {
        // SAFETY: By this function's contract and the invariant.
        unsafe {
            let slot = Self::of(inode);
            if (*slot).live {
                (*slot).live = false;
                (*slot).data.assume_init_drop();
            }
        }
    }

    /// Frees the slot.
    ///
    /// # Safety
    ///
    /// A grace period has passed since `destroy`.
    pub(in super::super) unsafe fn free(inode: *mut bindings::inode) {
        // SAFETY: By this function's contract; `kfree()` takes objects of slab caches too.
        unsafe { bindings::kfree(Self::of(inode).cast()) }
    }
}
