// SPDX-License-Identifier: GPL-2.0

//! Dentries: names that the VFS remembers.
//!
//! C header: [`include/linux/dcache.h`](srctree/include/linux/dcache.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    error::from_result,
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque, //
};

use super::{
    inode::LookupFlags,
    FileSystem,
    INode, //
};
use crate::linux::{
    bindings,
    bytes, //
};

/// A dentry of a file system of type `T`.
///
/// # Invariants
///
/// Its inode, if it has one, is in a live slot of `T`.
#[repr(transparent)]
pub(crate) struct DEntry<T: FileSystem>(Opaque<bindings::dentry>, PhantomData<T>);

// SAFETY: What can be done through a shared reference locks by itself.
unsafe impl<T: FileSystem> Send for DEntry<T> {}
// SAFETY: As above.
unsafe impl<T: FileSystem> Sync for DEntry<T> {}

// SAFETY: `dget()` and `dput()` count, and the dentry lives while there is a reference.
unsafe impl<T: FileSystem> AlwaysRefCounted for DEntry<T> {
    fn inc_ref(&self) {
        // SAFETY: There is a reference already.
        unsafe { bindings::mosix_dget(self.as_ptr()) }
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        // SAFETY: By the trait's contract the reference is the caller's to give back.
        unsafe { bindings::dput(this.cast::<bindings::dentry>().as_ptr()) }
    }
}

impl<T: FileSystem> DEntry<T> {
    /// # Safety
    ///
    /// `dentry` must be of type `T`, with a reference that lasts for `'a`.
    pub(super) unsafe fn from_raw<'a>(dentry: *mut bindings::dentry) -> &'a Self {
        // SAFETY: By this function's contract; the type is transparent.
        unsafe { &*dentry.cast::<Self>() }
    }

    /// The C dentry.
    pub(super) fn as_ptr(&self) -> *mut bindings::dentry {
        self.0.get()
    }

    /// The object of that name, if there is one. It does not go while somebody has the dentry.
    pub(crate) fn inode(&self) -> Option<&INode<T>> {
        // SAFETY: The VFS takes the inode from a dentry only when nobody else refers to it; it may be
        // given one at any time, which the ordering is for.
        unsafe {
            let inode = bindings::mosix_d_inode(self.as_ptr());
            (!inode.is_null()).then(|| INode::from_raw(inode))
        }
    }

    /// Whether it can be found by its name: not that of a file that was removed or never had one.
    pub(crate) fn is_hashed(&self) -> bool {
        // SAFETY: The dentry is alive; the field is read once.
        unsafe { bindings::mosix_d_is_hashed(self.as_ptr()) }
    }

    /// Whether something is mounted on it, in some namespace.
    pub(crate) fn is_mountpoint(&self) -> bool {
        // SAFETY: The dentry is alive; flags are read without a lock everywhere.
        let flags = unsafe { (&raw const (*self.as_ptr()).d_flags).read_volatile() };
        flags & bindings::dentry_flags_DCACHE_MOUNTED != 0
    }

    /// Its directory as of now.
    pub(crate) fn parent(&self) -> ARef<Self> {
        // SAFETY: The dentry is alive; the parent is of the same super block and comes with a
        // reference.
        unsafe {
            let parent = bindings::dget_parent(self.as_ptr());
            ARef::from_raw(NonNull::new_unchecked(parent.cast::<Self>()))
        }
    }

    /// Its name as of now.
    pub(crate) fn name_snapshot(&self) -> Result<KVec<u8>> {
        let mut snapshot = bindings::name_snapshot::default();
        // SAFETY: The dentry is alive; the snapshot is ours, and given back once.
        unsafe {
            bindings::take_dentry_name_snapshot(&raw mut snapshot, self.as_ptr());
            let name = bytes::concat(&[qstr(&raw const snapshot.name)], 0);
            bindings::release_dentry_name_snapshot(&raw mut snapshot);
            Ok(name?)
        }
    }

    /// Its name.
    ///
    /// # Safety
    ///
    /// The name must not change meanwhile: its directory is locked, or it is being looked up.
    pub(super) unsafe fn name(&self) -> &[u8] {
        // SAFETY: By this function's contract.
        unsafe { qstr(&raw const (*self.as_ptr()).__bindgen_anon_1.d_name) }
    }
}

/// The bytes of a name.
///
/// # Safety
///
/// It must be a name that does not change or go for `'a`.
unsafe fn qstr<'a>(name: *const bindings::qstr) -> &'a [u8] {
    // SAFETY: By this function's contract.
    unsafe {
        let len = (*name).__bindgen_anon_1.__bindgen_anon_1.len;
        core::slice::from_raw_parts((*name).name, len as usize)
    }
}

/// Whether another name, neither `.` nor `..`, follows in the path that `name` is a part of.
///
/// # Safety
///
/// It must be a name that does not change or go meanwhile, in a string that ends with NUL behind it.
unsafe fn is_followed_by_name(name: *const bindings::qstr) -> bool {
    // SAFETY: By this function's contract; nothing behind the NUL is read.
    unsafe {
        let mut at = (*name).name.add(qstr(name).len());
        if *at != b'/' {
            return false;
        }
        while *at == b'/' {
            at = at.add(1);
        }
        let mut dots = 0;
        while dots < 2 && *at == b'.' {
            at = at.add(1);
            dots += 1;
        }
        // The end, `.` or `..`; else it is a name, also one that begins with dots.
        !matches!(*at, 0 | b'/')
    }
}

/// What dentries do.
#[vtable]
pub(crate) trait Operations {
    /// The type of file system.
    type FileSystem: FileSystem;

    /// Whether `dentry` still is what `name` in `dir` means; if not, it is looked up anew. May sleep.
    fn revalidate(
        dir: &INode<Self::FileSystem>,
        name: &[u8],
        dentry: &DEntry<Self::FileSystem>,
        flags: LookupFlags,
    ) -> Result<bool>;

    /// Whether it is not worth keeping when nobody uses it. Must not sleep.
    fn delete(dentry: &DEntry<Self::FileSystem>) -> bool;
}

/// A table made from an [`Operations`].
pub(crate) struct Ops<T: FileSystem>(&'static bindings::dentry_operations, PhantomData<T>);

impl<T: FileSystem> Ops<T> {
    /// The table of `U`.
    pub(crate) const fn new<U: Operations<FileSystem = T>>() -> Self {
        Self(&Table::<U>::OPS, PhantomData)
    }

    /// The C table.
    pub(super) fn as_ptr(&self) -> *const bindings::dentry_operations {
        self.0
    }
}

struct Table<U>(PhantomData<U>);

impl<U: Operations> Table<U> {
    const OPS: bindings::dentry_operations = bindings::dentry_operations {
        d_revalidate: Some(Self::d_revalidate),
        d_delete: Some(Self::d_delete),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// Called by the VFS only, with an inode and a dentry of the type that live during the call.
    unsafe extern "C" fn d_revalidate(
        dir: *mut bindings::inode,
        name: *const bindings::qstr,
        dentry: *mut bindings::dentry,
        flags: c_uint,
    ) -> c_int {
        from_result(|| {
            if flags & bindings::MOSIX_CONST_LOOKUP_RCU != 0 {
                return Err(ECHILD);
            }
            // SAFETY: By this function's contract; without RCU the caller has references. A name that is
            // looked up with `LOOKUP_PARENT` is one of `link_path_walk()`, in the path, or one that
            // overlayfs has taken from a dentry: both are in strings that end with NUL.
            let valid = unsafe {
                let goes_on =
                    flags & bindings::MOSIX_CONST_LOOKUP_PARENT != 0 && is_followed_by_name(name);
                let flags = LookupFlags::new(flags).going_on(goes_on);
                let (dir, name) = (INode::from_raw(dir), qstr(name));
                U::revalidate(dir, name, DEntry::from_raw(dentry), flags)?
            };
            Ok(c_int::from(valid))
        })
    }

    /// # Safety
    ///
    /// Called by the VFS only, under the dentry's lock.
    unsafe extern "C" fn d_delete(dentry: *const bindings::dentry) -> c_int {
        // SAFETY: The dentry is locked: neither it nor its inode goes.
        c_int::from(U::delete(unsafe { DEntry::from_raw(dentry.cast_mut()) }))
    }
}
