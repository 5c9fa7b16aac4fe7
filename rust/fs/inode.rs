// SPDX-License-Identifier: GPL-2.0

//! Inodes, and what they do.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

mod operations;
mod slot;
mod table;

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque, //
};

pub(super) use self::slot::Slot;
pub(crate) use self::{
    operations::{
        access,
        rename,
        AtomicOpen,
        LookupFlags,
        Operations, //
    },
    table::Ops, //
};
use super::{
    address_space,
    attr::{
        self,
        Attributes, //
    },
    file,
    FileSystem,
    SuperBlock, //
};
use crate::linux::{
    bindings,
    errno::*, //
};

/// An inode of a file system of type `T`.
///
/// # Invariants
///
/// Lies in a live [`Slot`] of `T`.
#[repr(transparent)]
pub(crate) struct INode<T: FileSystem>(Opaque<bindings::inode>, PhantomData<T>);

// SAFETY: What can be done through a shared reference locks by itself; the data is `Send + Sync`.
unsafe impl<T: FileSystem> Send for INode<T> {}
// SAFETY: As above.
unsafe impl<T: FileSystem> Sync for INode<T> {}

// SAFETY: `ihold()` and `iput()` count, and the inode lives while there is a reference.
unsafe impl<T: FileSystem> AlwaysRefCounted for INode<T> {
    fn inc_ref(&self) {
        // SAFETY: There is a reference already.
        unsafe { bindings::ihold(self.as_ptr()) }
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        // SAFETY: By the trait's contract the reference is the caller's to give back.
        unsafe { bindings::iput(this.cast::<bindings::inode>().as_ptr()) }
    }
}

/// Value of an inode's access control list that is asked for each time.
const ACL_DONT_CACHE: *mut bindings::posix_acl =
    core::ptr::without_provenance_mut(-3isize as usize);

/// What an inode of each type can do.
pub(crate) enum Role<T: FileSystem> {
    /// A directory.
    Dir(Ops<T>, file::Ops<T>),
    /// A regular file.
    Reg(Ops<T>, file::Ops<T>, address_space::Ops<T>),
    /// A symbolic link.
    Lnk(Ops<T>),
    /// A FIFO, a socket or a device, with its number: opening it is this kernel's business.
    Special(Ops<T>, u32),
}

impl<T: FileSystem> INode<T> {
    /// # Safety
    ///
    /// `inode` must be of type `T`, in a live slot, and stay so for `'a`.
    pub(super) unsafe fn from_raw<'a>(inode: *mut bindings::inode) -> &'a Self {
        // SAFETY: By this function's contract; the type is transparent.
        unsafe { &*inode.cast::<Self>() }
    }

    /// The C inode.
    pub(super) fn as_ptr(&self) -> *mut bindings::inode {
        self.0.get()
    }

    /// What tells it from others.
    pub(crate) fn key(&self) -> &T::Key {
        // SAFETY: By the invariant.
        unsafe { Slot::<T>::key(self.as_ptr()) }
    }

    /// What belongs to it.
    pub(crate) fn data(&self) -> &T::INodeData {
        // SAFETY: By the invariant.
        unsafe { Slot::<T>::data(self.as_ptr()) }
    }

    /// The mount it belongs to.
    pub(crate) fn super_block(&self) -> &SuperBlock<T> {
        // SAFETY: Constant; the super block lives while there are inodes.
        unsafe { SuperBlock::from_raw((*self.as_ptr()).i_sb) }
    }

    /// What all mounts share.
    pub(crate) fn fs(&self) -> &T {
        self.super_block().fs()
    }

    /// Type and permissions, the latter as of the last [`Self::refresh`].
    pub(crate) fn mode(&self) -> u16 {
        // SAFETY: The inode is alive; writers store the field as a whole.
        unsafe { (&raw const (*self.as_ptr()).i_mode).read_volatile() }
    }

    /// Type of file.
    pub(crate) fn file_type(&self) -> u16 {
        attr::file_type(self.mode())
    }

    /// Size in bytes, as of the last refresh.
    pub(crate) fn size(&self) -> u64 {
        // SAFETY: The inode is alive.
        let size = unsafe { (&raw const (*self.as_ptr()).i_size).read_volatile() };
        size as u64
    }

    /// Takes over what the owner of the object says of it. Its pages are not touched.
    ///
    /// # Errors
    ///
    /// `ESTALE` if the type is another one: it is not the same object then.
    pub(crate) fn refresh(&self, attributes: &Attributes) -> Result {
        if attr::file_type(attributes.mode) != self.file_type() {
            return Err(errno(ESTALE));
        }
        self.store(attributes);
        Ok(())
    }

    fn store(&self, of: &Attributes) {
        let inode = self.as_ptr();
        // SAFETY: The inode is alive; the lock keeps writers of these fields apart, whose readers
        // live with old values.
        unsafe {
            bindings::mosix_inode_lock_attributes(inode);
            (&raw mut (*inode).i_mode).write_volatile(of.mode);
            (*inode).i_uid = bindings::kuid_t { val: of.uid };
            (*inode).i_gid = bindings::kgid_t { val: of.gid };
            // It counts those without a name for the super block.
            bindings::set_nlink(inode, of.nlink);
            (*inode).i_blocks = of.blocks;
            (*inode).i_atime_sec = of.atime.sec;
            (*inode).i_atime_nsec = of.atime.nsec;
            (*inode).i_mtime_sec = of.mtime.sec;
            (*inode).i_mtime_nsec = of.mtime.nsec;
            (*inode).i_ctime_sec = of.ctime.sec;
            (*inode).i_ctime_nsec = of.ctime.nsec;
            bindings::mosix_i_size_write(inode, of.size as i64);
            bindings::mosix_inode_unlock_attributes(inode);
        }
    }

    /// One name of it is gone, as far as this machine knows.
    pub(super) fn lost_name(&self) {
        let inode = self.as_ptr();
        // SAFETY: The inode is alive; the lock keeps writers of the number apart.
        unsafe {
            bindings::mosix_inode_lock_attributes(inode);
            if (*inode).__bindgen_anon_1.i_nlink > 0 {
                bindings::drop_nlink(inode);
            }
            bindings::mosix_inode_unlock_attributes(inode);
        }
    }

    /// Whether the caller may make it `size` bytes long, as far as its `RLIMIT_FSIZE` and this machine go.
    /// Sends `SIGXFSZ` where POSIX says so.
    ///
    /// # Errors
    ///
    /// `EFBIG`, `ETXTBSY`.
    pub(crate) fn newsize_ok(&self, size: u64) -> Result {
        let size = i64::try_from(size).map_err(|_| EFBIG)?;
        // SAFETY: The inode is alive; the callers are in `setattr`, with the inode locked.
        to_result(unsafe { bindings::inode_newsize_ok(self.as_ptr(), size) })
    }

    /// Cuts the pages that this machine has of it, and its size here, to `size` bytes; may sleep.
    pub(crate) fn truncate_setsize(&self, size: u64) {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        // SAFETY: The inode is alive; the callers are in `setattr`, with the inode locked.
        unsafe { bindings::truncate_setsize(self.as_ptr(), size) }
    }

    fn init(&self, attributes: &Attributes, role: Role<T>) {
        let inode = self.as_ptr();
        // SAFETY: The inode is new: nobody else reads or writes it yet.
        unsafe {
            (*inode).i_ino = attributes.ino;
            (*inode).i_generation = attributes.generation;
            // The server keeps times, and takes set-user-ID and its like from what is written.
            (*inode).i_flags |= bindings::S_NOATIME | bindings::S_NOCMTIME | bindings::S_NOSEC;
            // And access control lists.
            (*inode).i_acl = ACL_DONT_CACHE;
            (*inode).i_default_acl = ACL_DONT_CACHE;
            let ops = match role {
                Role::Dir(ops, file) => {
                    (*inode).__bindgen_anon_3.i_fop = file.as_ptr();
                    ops
                }
                Role::Reg(ops, file, pages) => {
                    (*inode).__bindgen_anon_3.i_fop = file.as_ptr();
                    (*inode).i_data.a_ops = pages.as_ptr();
                    ops
                }
                Role::Lnk(ops) => ops,
                Role::Special(ops, rdev) => {
                    bindings::init_special_inode(inode, attributes.mode, attr::decode_dev(rdev));
                    ops
                }
            };
            (*inode).i_op = ops.as_ptr();
        }
        self.store(attributes);
    }
}

/// What the callbacks of `iget5_locked()` are given.
struct Wanted<T: FileSystem, I> {
    key: T::Key,
    init: Option<I>,
}

impl<T: FileSystem> SuperBlock<T> {
    /// The inode of the object `key`, made if there is none yet; `hash` is some hash of the key. `data`
    /// is only made then, and must not sleep. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `ESTALE` if there is one of another type.
    pub(crate) fn iget5_locked<I: PinInit<T::INodeData>>(
        &self,
        hash: u64,
        key: T::Key,
        data: I,
        attributes: &Attributes,
        role: Role<T>,
    ) -> Result<ARef<INode<T>>> {
        let mut wanted = Wanted::<T, I> {
            key,
            init: Some(data),
        };
        // SAFETY: The callbacks take what `wanted` is, during the call; the inodes they are called for
        // are of this super block and so of type `T`.
        let inode = unsafe {
            bindings::iget5_locked(
                self.as_ptr(),
                hash,
                Some(same::<T, I>),
                Some(set::<T, I>),
                (&raw mut wanted).cast(),
            )
        };
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: It is in the hash, and so was `set`: its slot is live. The reference is ours.
        let inode: ARef<INode<T>> = unsafe { ARef::from_raw(inode.cast()) };
        // SAFETY: The inode is alive.
        let state = unsafe { (&raw const (*inode.as_ptr()).i_state.__state).read_volatile() };
        if state & bindings::inode_state_flags_enum_I_NEW == 0 {
            inode.refresh(attributes)?;
            return Ok(inode);
        }
        inode.init(attributes, role);
        // SAFETY: It is new, and this is who has it locked.
        unsafe { bindings::unlock_new_inode(inode.as_ptr()) };
        Ok(inode)
    }

    /// A new inode that no other lookup finds. May sleep.
    pub(crate) fn new_inode<I: PinInit<T::INodeData>>(
        &self,
        key: T::Key,
        data: I,
        attributes: &Attributes,
        role: Role<T>,
    ) -> Result<ARef<INode<T>>> {
        // SAFETY: The super block is alive.
        let inode = NonNull::new(unsafe { bindings::new_inode(self.as_ptr()) }).ok_or(ENOMEM)?;
        // SAFETY: It is new, and its slot not live yet.
        unsafe { Slot::<T>::set(inode.as_ptr(), key, data) };
        // SAFETY: Its slot is live now; the reference is ours.
        let inode: ARef<INode<T>> = unsafe { ARef::from_raw(inode.cast()) };
        inode.init(attributes, role);
        Ok(inode)
    }
}

/// # Safety
///
/// `inode` must be of type `T` and have been in the hash; `wanted` must be a [`Wanted`].
unsafe extern "C" fn same<T: FileSystem, I>(
    inode: *mut bindings::inode,
    wanted: *mut c_void,
) -> c_int {
    // SAFETY: As above; a key stays until its inode is freed, a grace period after its end.
    let same = unsafe { *Slot::<T>::key(inode) == (*wanted.cast::<Wanted<T, I>>()).key };
    c_int::from(same)
}

/// # Safety
///
/// `inode` must be of type `T` and new; `wanted` must be a [`Wanted`] whose init was not used.
unsafe extern "C" fn set<T: FileSystem, I: PinInit<T::INodeData>>(
    inode: *mut bindings::inode,
    wanted: *mut c_void,
) -> c_int {
    // SAFETY: As above.
    let wanted = unsafe { &mut *wanted.cast::<Wanted<T, I>>() };
    if let Some(init) = wanted.init.take() {
        // SAFETY: As above.
        unsafe { Slot::<T>::set(inode, wanted.key, init) };
    }
    0
}

/// A pointer that the VFS takes for an error, or the result.
pub(super) fn err_ptr<P>(result: Result<*mut P>) -> *mut P {
    result.unwrap_or_else(|e| e.to_ptr())
}

/// `d_splice_alias()`: gives the unhashed negative `dentry` its inode, or finds the one that the
/// directory `inode` has already, with a reference.
///
/// # Safety
///
/// The directory must be locked as in the operation that this is called from.
pub(super) unsafe fn splice<T: FileSystem>(
    inode: ARef<INode<T>>,
    dentry: *mut bindings::dentry,
) -> Result<*mut bindings::dentry> {
    // SAFETY: The reference is given away. A dentry that is hashed, as a name that was removed leaves
    // it, is unhashed first, as `d_splice_alias()` asks for.
    from_err_ptr(unsafe {
        if bindings::mosix_d_is_hashed(dentry) {
            bindings::d_drop(dentry);
        }
        bindings::d_splice_alias(ARef::into_raw(inode).as_ref().as_ptr(), dentry)
    })
}
