// SPDX-License-Identifier: GPL-2.0

//! Registration of a type of file system.
//!
//! C headers: [`include/linux/fs_context.h`](srctree/include/linux/fs_context.h),
//! [`include/linux/slab.h`](srctree/include/linux/slab.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    container_of,
    error::{
        from_result,
        to_result, //
    },
    prelude::*,
    types::Opaque, //
};

use super::{
    inode::Slot,
    super_block::SuperBlock,
    FileSystem, //
};
use crate::linux::bindings;

/// A type of file system that can be mounted; it goes when dropped, which the module, being the owner,
/// cannot do to it while it is mounted.
///
/// Must be among the last things that a module's init does: it can be mounted from then on.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: FileSystem> {
    #[pin]
    fs: Opaque<bindings::file_system_type>,
    fs_data: T,
    // Dropped last of all: inodes come from it.
    cache: InodeCache<T>,
}

// SAFETY: `T` is `Send + Sync`, the C part is only written by init and drop.
unsafe impl<T: FileSystem> Send for Registration<T> {}
// SAFETY: As above.
unsafe impl<T: FileSystem> Sync for Registration<T> {}

impl<T: FileSystem> Registration<T> {
    const CONTEXT_OPS: bindings::fs_context_operations = bindings::fs_context_operations {
        get_tree: Some(Self::get_tree),
        ..pin_init::zeroed()
    };

    /// Registers the file system, owned by `module`.
    pub(crate) fn register(module: &'static ThisModule, fs_data: T) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            fs_data,
            cache: InodeCache::new()?,
            fs <- Opaque::try_ffi_init(move |slot: *mut bindings::file_system_type| {
                // SAFETY: `slot` is ours to write, is pinned and stays until `drop`, which
                // unregisters; the fields before it are initialised.
                unsafe {
                    slot.write(bindings::file_system_type {
                        name: T::NAME.as_char_ptr(),
                        init_fs_context: Some(Self::init_fs_context),
                        kill_sb: Some(bindings::kill_anon_super),
                        owner: module.as_ptr(),
                        ..pin_init::zeroed()
                    });
                    each_key(slot, |key| bindings::lockdep_register_key(key));
                    to_result(bindings::register_filesystem(slot)).inspect_err(|_| {
                        each_key(slot, |key| bindings::lockdep_unregister_key(key));
                    })
                }
            }),
        }? Error)
    }

    /// The registration that a super block belongs to.
    pub(super) fn of(sb: &SuperBlock<T>) -> &Self {
        // SAFETY: A super block of this type was made by `get_tree`, from the `fs` of a registration,
        // which stays as long as there is one.
        unsafe {
            let fs = Opaque::cast_from((*sb.as_ptr()).s_type.cast_const());
            &*container_of!(fs, Self, fs)
        }
    }

    /// What all mounts share.
    pub(super) fn fs_data(&self) -> &T {
        &self.fs_data
    }

    /// Where inodes come from.
    pub(super) fn cache(&self) -> &InodeCache<T> {
        &self.cache
    }

    /// # Safety
    ///
    /// Called by the VFS only, as the `init_fs_context` of this `fs`.
    unsafe extern "C" fn init_fs_context(fc: *mut kernel::bindings::fs_context) -> c_int {
        let fc = fc.cast::<bindings::fs_context>();
        // SAFETY: The context is being set up and nobody else has it yet.
        unsafe { (*fc).ops = &raw const *const { &Self::CONTEXT_OPS } };
        0
    }

    /// # Safety
    ///
    /// Called by the VFS only, as the `get_tree` of a context that `init_fs_context` has set up.
    unsafe extern "C" fn get_tree(fc: *mut bindings::fs_context) -> c_int {
        // SAFETY: The context is the caller's; the super block that it gets is filled by
        // `fill_super` of this very type.
        unsafe { bindings::get_tree_nodev(fc, Some(Self::fill_super)) }
    }

    /// # Safety
    ///
    /// Called by the VFS only, for a new super block of this type.
    unsafe extern "C" fn fill_super(
        sb: *mut bindings::super_block,
        _: *mut bindings::fs_context,
    ) -> c_int {
        // SAFETY: The super block is new, of this type, and nobody else's yet.
        from_result(|| unsafe { SuperBlock::<T>::fill(sb) }.map(|()| 0))
    }
}

/// Calls `f` with each of the classes of locks of a file system: lockdep has to be told of those that are
/// not in static memory.
///
/// # Safety
///
/// `fs` is valid.
unsafe fn each_key(
    fs: *mut bindings::file_system_type,
    mut f: impl FnMut(*mut bindings::lock_class_key),
) {
    // SAFETY: By this function's contract.
    unsafe {
        f(&raw mut (*fs).s_lock_key);
        f(&raw mut (*fs).s_umount_key);
        f(&raw mut (*fs).s_vfs_rename_key);
        f(&raw mut (*fs).i_lock_key);
        f(&raw mut (*fs).i_mutex_key);
        f(&raw mut (*fs).invalidate_lock_key);
        f(&raw mut (*fs).i_mutex_dir_key);
        for level in &mut (*fs).s_writers_key {
            f(level);
        }
    }
}

#[pinned_drop]
impl<T: FileSystem> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by `register`, once; no super block is left, as each has a reference to
        // the module. Inodes that are freed after a grace period are waited for: the code that does
        // it, and the cache, go next.
        unsafe {
            bindings::unregister_filesystem(self.fs.get());
            bindings::rcu_barrier();
            each_key(self.fs.get(), |key| bindings::lockdep_unregister_key(key));
        }
    }
}

/// The slab cache of a file system's inodes.
pub(super) struct InodeCache<T: FileSystem> {
    cache: NonNull<bindings::kmem_cache>,
    _type: PhantomData<T>,
}

impl<T: FileSystem> InodeCache<T> {
    fn new() -> Result<Self> {
        let mut args = bindings::kmem_cache_args {
            align: align_of::<Slot<T>>() as c_uint,
            ctor: Some(Slot::<T>::construct),
            ..pin_init::zeroed()
        };
        // SAFETY: The name is static, and `construct` makes of fresh memory of that size what it has
        // to be.
        let cache = unsafe {
            bindings::__kmem_cache_create_args(
                T::CACHE_NAME.as_char_ptr(),
                size_of::<Slot<T>>() as c_uint,
                &raw mut args,
                bindings::MOSIX_CONST_SLAB_INODES,
            )
        };
        Ok(Self {
            cache: NonNull::new(cache).ok_or(ENOMEM)?,
            _type: PhantomData,
        })
    }

    /// The C cache.
    pub(super) fn as_ptr(&self) -> *mut bindings::kmem_cache {
        self.cache.as_ptr()
    }
}

impl<T: FileSystem> Drop for InodeCache<T> {
    fn drop(&mut self) {
        // SAFETY: Made by `new`; every object is back, see `Registration`'s drop.
        unsafe { bindings::kmem_cache_destroy(self.cache.as_ptr()) }
    }
}
