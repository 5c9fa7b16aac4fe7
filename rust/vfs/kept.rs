// SPDX-License-Identifier: GPL-2.0

//! Directories that are kept at hand although nothing is open: found again by a key, without asking their
//! file system.
//!
//! What is kept is the dentry alone. Its mount is not busy with it: it is let go when the mount goes
//! ([`super::mount_watch`]), before the file system is shut down. What nobody has asked for in
//! [`IDLE_MS`] is let go as well, so that a directory that was removed meanwhile does not stay.
//!
//! Only directories are kept: somebody may wait for the room of a removed file.
//!
//! Lock order: a set's lock, then a dentry's; neither is held when a dentry is let go.

use core::ptr::NonNull;

use kernel::{
    new_condvar,
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            AtomicFlag,
            Relaxed,
            Release, //
        },
        rcu,
        Arc,
        CondVar,
        Mutex,
        SpinLock, //
    },
    time::{
        msecs_to_jiffies,
        Msecs, //
    }, //
};

use super::{
    mount_watch::{
        MountAddress,
        MountGone,
        Watch, //
    },
    path::Path,
    walk::ObjectId, //
};
use crate::linux::{
    bindings,
    kthread::KThread, //
};

/// Sets of the table: a power of two.
const SETS: usize = 64;
/// Entries of a set.
const WAYS: usize = 4;
/// How long what nobody asks for is kept at least, in milliseconds; twice that at most.
const IDLE_MS: Msecs = 1000;

/// A dentry of a directory.
///
/// # Invariants
///
/// `dentry` is valid and positive, and this owns a reference to it. It is dropped before the file system
/// is shut down.
struct Dentry(NonNull<bindings::dentry>);

// SAFETY: References to dentries may be given up in any context that can sleep.
unsafe impl Send for Dentry {}

impl Drop for Dentry {
    fn drop(&mut self) {
        // SAFETY: By the invariant the reference is ours.
        unsafe { bindings::dput(self.0.as_ptr()) };
    }
}

/// Whether `dentry` has a place in what `mount` shows.
///
/// # Safety
///
/// Both are alive, or good under RCU.
unsafe fn has_place(mount: *mut bindings::vfsmount, dentry: *mut bindings::dentry) -> bool {
    // SAFETY: By this function's contract. The root of a mount is set all its life.
    unsafe { (*mount).mnt_root == dentry || bindings::mosix_d_is_hashed(dentry) }
}

/// `d_flags` of `dentry`.
///
/// # Safety
///
/// It is alive, or good under RCU.
unsafe fn flags_of(dentry: *mut bindings::dentry) -> u32 {
    // SAFETY: By this function's contract; flags are read without a lock everywhere.
    unsafe { (&raw const (*dentry).d_flags).read_volatile() }
}

/// Only its file system knows that a dentry still is what its name means.
const ASKED_FOR: u32 = bindings::dentry_flags_DCACHE_OP_REVALIDATE;

/// Something may be mounted on a dentry, or it may lead elsewhere in another way.
const LEADS_ON: u32 = bindings::dentry_flags_DCACHE_MOUNTED
    | bindings::dentry_flags_DCACHE_NEED_AUTOMOUNT
    | bindings::dentry_flags_DCACHE_MANAGE_TRANSIT;

/// A dentry is to go when nobody uses it: its file system relies on that.
const GOES_UNUSED: u32 =
    bindings::dentry_flags_DCACHE_DONTCACHE | bindings::dentry_flags_DCACHE_OP_DELETE;

/// Whether a dentry with these flags stays when nobody uses it, as far as its file system goes.
fn stays(flags: u32) -> bool {
    flags & GOES_UNUSED == 0 || flags & bindings::dentry_flags_DCACHE_PERSISTENT != 0
}

struct Entry<K> {
    key: K,
    mount: NonNull<bindings::vfsmount>,
    dentry: Dentry,
    /// Whether anybody has asked for it since the last round.
    used: bool,
}

// SAFETY: The mount is not touched but while it is known to be there.
unsafe impl<K: Send> Send for Entry<K> {}

impl<K> Entry<K> {
    fn mount(&self) -> MountAddress {
        MountAddress::from_raw(self.mount.as_ptr())
    }

    /// Whether both are the same dentry as seen through the same mount.
    fn is(&self, other: &Self) -> bool {
        self.mount == other.mount && self.dentry.0 == other.dentry.0
    }

    /// Somebody asks for it. What has no place any more is not used by that.
    fn touch(&mut self) {
        // SAFETY: While it is in the table its mount is there, and the dentry is its own.
        self.used |= unsafe { has_place(self.mount.as_ptr(), self.dentry.0.as_ptr()) };
    }
}

#[pin_data]
struct Set<K> {
    #[pin]
    entries: SpinLock<[Option<Entry<K>>; WAYS]>,
}

#[pin_data]
struct Table<K> {
    sets: Pin<KBox<[Set<K>]>>,
    /// The thread is to end.
    closed: AtomicFlag,
    /// How many there are, about.
    count: Atomic<usize>,
    #[pin]
    sleep: Mutex<()>,
    #[pin]
    wake: CondVar,
}

/// Whether a removal concerns an entry.
type Picks<'a, K> = &'a mut dyn FnMut(&mut Entry<K>) -> bool;

impl<K: Unpin> Table<K> {
    /// Lets go what `picks` says.
    fn remove(&self, picks: Picks<'_, K>) {
        for set in self.sets.iter() {
            let mut gone = [const { None }; WAYS];
            let mut entries = set.entries.lock();
            for (place, gone) in entries.iter_mut().zip(&mut gone) {
                if place.as_mut().is_some_and(&mut *picks) {
                    *gone = place.take();
                }
            }
            drop(entries);
            let count = gone.iter().flatten().count();
            self.count.fetch_sub(count, Relaxed);
        }
    }
}

impl<K: Send + Unpin + 'static> MountGone for Table<K> {
    fn gone(&self, mount: MountAddress) {
        self.remove(&mut |entry| entry.mount() == mount);
    }
}

/// The directories; `K` is what each is found by.
pub(crate) struct KeptDirs<K: Copy + Eq + Send + Unpin + 'static> {
    table: Arc<Table<K>>,
    watch: Arc<Watch>,
    thread: Option<KThread>,
}

impl<K: Copy + Eq + Send + Unpin + 'static> KeptDirs<K> {
    /// None.
    pub(crate) fn new() -> Result<Self> {
        let set = |_| {
            try_pin_init!(Set {
                entries <- new_spinlock!([const { None }; WAYS], "mosix::KeptDirs::sets"),
            }? Error)
        };
        let sets = KBox::pin_slice(set, SETS, GFP_KERNEL)?;
        let table = Arc::pin_init(
            pin_init!(Table {
                sets,
                closed: AtomicFlag::new(false),
                count: Atomic::new(0),
                sleep <- new_mutex!((), "mosix::KeptDirs::sleep"),
                wake <- new_condvar!("mosix::KeptDirs::wake"),
            }),
            GFP_KERNEL,
        )?;
        let mut kept = Self {
            watch: Watch::new(table.clone())?,
            table: table.clone(),
            thread: None,
        };
        kept.thread = Some(KThread::spawn(fmt!("mosix_dirs"), move || table.age())?);
        Ok(kept)
    }

    fn set(&self, hash: u64) -> Option<&Set<K>> {
        self.table.sets.get(hash as usize % SETS)
    }

    /// Keeps the directory `path` as `key` for a while; `hash` is some hash of that. Does nothing where
    /// that cannot be done safely. May sleep.
    pub(crate) fn keep(&self, hash: u64, key: K, path: &Path) {
        let Some(set) = self.set(hash) else {
            return;
        };
        // SAFETY: The path has references.
        let (has_place, flags) = unsafe {
            (
                has_place(path.mnt(), path.dentry()),
                flags_of(path.dentry()),
            )
        };
        if path.require_directory().is_err() || !has_place || !stays(flags) {
            return;
        }
        let (Some(mount), Some(dentry)) = (NonNull::new(path.mnt()), NonNull::new(path.dentry()))
        else {
            return;
        };
        // From now on until the caller lets go the path the mount does not go.
        if self.watch.add(path).is_err() {
            return;
        }
        // SAFETY: The path has a reference.
        unsafe { bindings::mosix_dget(dentry.as_ptr()) };
        // INVARIANT: The reference was taken just above. It is in the table while the mount is watched,
        // whose file system stays until `gone` has returned.
        let dentry = Dentry(dentry);
        let new = Entry {
            key,
            mount,
            dentry,
            used: true,
        };
        let mut entries = set.entries.lock();
        let known = (entries.iter_mut()).find(|e| e.as_ref().is_some_and(|e| e.key == key));
        if let Some(known) = known {
            let same = known.as_ref().is_some_and(|e| e.is(&new));
            let other = if same { None } else { known.replace(new) };
            drop(entries);
            return drop(other);
        }
        let rank = |entry: &Option<Entry<K>>| entry.as_ref().map_or(0, |e| 1 + u8::from(e.used));
        let place = entries.iter_mut().min_by_key(|entry| rank(entry));
        let old = place.map(|place| place.replace(new));
        drop(entries);
        if matches!(old, Some(None)) && self.table.count.fetch_add(1, Relaxed) == 0 {
            // Under the lock, so that the thread is not just about to sleep.
            let asleep = self.table.sleep.lock();
            self.table.wake.notify_all();
            drop(asleep);
        }
        drop(old);
    }

    /// Dentry and mount of `key`: good under `_rcu` only.
    fn peek(
        &self,
        _rcu: &rcu::Guard,
        hash: u64,
        key: &K,
    ) -> Option<(*mut bindings::dentry, *mut bindings::vfsmount)> {
        let mut entries = self.set(hash)?.entries.lock();
        let entry = entries.iter_mut().flatten().find(|e| e.key == *key)?;
        entry.touch();
        Some((entry.dentry.0.as_ptr(), entry.mount.as_ptr()))
    }

    /// Whether anything is kept as `key`.
    pub(crate) fn has(&self, hash: u64, key: &K) -> bool {
        self.peek(&rcu::read_lock(), hash, key).is_some()
    }

    /// The directory that is kept as `key`, if it is seen through the same mount as `beside`.
    pub(crate) fn find(&self, hash: u64, key: &K, beside: &Path) -> Option<Path> {
        let mut entries = self.set(hash)?.entries.lock();
        let entry = entries.iter_mut().flatten().find(|e| e.key == *key)?;
        if entry.mount() != MountAddress::of(beside) {
            return None;
        }
        entry.touch();
        let dentry = entry.dentry.0.as_ptr();
        // SAFETY: The mount is that of `beside`, so it is there; the entry has a reference to the dentry,
        // which is positive.
        unsafe {
            has_place(beside.mnt(), dentry).then(|| {
                Path::get(&bindings::path {
                    mnt: beside.mnt(),
                    dentry,
                })
            })
        }
    }

    /// The number of the directory kept as `child`, if it has the mode `mode`, and the name `name` in the
    /// one kept as `dir`, which the current task may search. `None` says nothing. Does not sleep.
    pub(crate) fn leads(
        &self,
        dir: (u64, &K),
        name: &[u8],
        child: (u64, &K),
        mode: u16,
    ) -> Option<ObjectId> {
        let rcu = rcu::read_lock();
        let (dir, mount) = self.peek(&rcu, dir.0, dir.1)?;
        let (child, other) = self.peek(&rcu, child.0, child.1)?;
        // SAFETY: Under RCU neither dentries, nor inodes, nor mounts are freed. A dentry that is being
        // freed has no inode any more.
        unsafe {
            let inode = NonNull::new(bindings::mosix_d_inode(child))?;
            let is = other == mount
                && has_place(mount, dir)
                && flags_of(child) & (ASKED_FOR | LEADS_ON) == 0
                && is_child(child, dir, name)
                && (&raw const (*inode.as_ptr()).i_mode).read_volatile() == mode
                && may_search(mount, dir);
            is.then(|| ObjectId::of(inode))
        }
    }
}

impl<K: Copy + Eq + Send + Unpin + 'static> KeptDirs<K> {
    /// Whether `place` has the name `name` in the directory kept as `dir`, as seen through the same mount,
    /// and the current task may search that. If not, this says nothing. Does not sleep.
    pub(crate) fn has_child(&self, dir: (u64, &K), name: &[u8], place: &Path) -> bool {
        let rcu = rcu::read_lock();
        let Some((dir, mount)) = self.peek(&rcu, dir.0, dir.1) else {
            return false;
        };
        // SAFETY: Under RCU neither dentries, nor inodes, nor mounts are freed.
        unsafe {
            mount == place.mnt()
                && has_place(mount, dir)
                && flags_of(place.dentry()) & ASKED_FOR == 0
                && is_child(place.dentry(), dir, name)
                && may_search(mount, dir)
        }
    }
}

/// Whether `child` has the name `name` in `dir`.
///
/// # Safety
///
/// Both are good under RCU.
unsafe fn is_child(child: *mut bindings::dentry, dir: *mut bindings::dentry, name: &[u8]) -> bool {
    // SAFETY: By this function's contract; while a dentry is locked neither its name nor its parent
    // changes.
    unsafe {
        bindings::mosix_d_lock(child);
        let own = &(*child).__bindgen_anon_1.d_name;
        let len = own.__bindgen_anon_1.__bindgen_anon_1.len as usize;
        let is = (*child).d_parent == dir
            && len == name.len()
            && core::slice::from_raw_parts(own.name, len) == name
            && bindings::mosix_d_is_hashed(child);
        bindings::mosix_d_unlock(child);
        is
    }
}

/// Whether the current task may search `dir` as seen through `mount`, if that is known without sleeping.
///
/// # Safety
///
/// Both are good under RCU.
unsafe fn may_search(mount: *mut bindings::vfsmount, dir: *mut bindings::dentry) -> bool {
    let mask = (bindings::MAY_EXEC | bindings::MAY_NOT_BLOCK) as c_int;
    // SAFETY: By this function's contract. A dentry that is being freed has no inode any more.
    unsafe {
        let inode = bindings::mosix_d_inode(dir);
        !inode.is_null()
            && bindings::inode_permission(bindings::mosix_mnt_idmap(mount), inode, mask) == 0
    }
}

impl<K: Unpin> Table<K> {
    /// The thread: lets go what was not used for a round, round after round.
    fn age(&self) {
        let pause = msecs_to_jiffies(IDLE_MS);
        loop {
            let mut asleep = self.sleep.lock();
            if self.closed.load(Acquire) {
                return;
            }
            if self.count.load(Relaxed) == 0 {
                let _ = self.wake.wait_interruptible(&mut asleep);
            } else {
                let _ = self.wake.wait_interruptible_timeout(&mut asleep, pause);
            }
            drop(asleep);
            self.remove(&mut |entry| !core::mem::replace(&mut entry.used, false));
        }
    }
}

impl<K: Copy + Eq + Send + Unpin + 'static> Drop for KeptDirs<K> {
    fn drop(&mut self) {
        let asleep = self.table.sleep.lock();
        self.table.closed.store(true, Release);
        self.table.wake.notify_all();
        drop(asleep);
        drop(self.thread.take());
        self.table.remove(&mut |_| true);
        self.watch.end();
    }
}
