// SPDX-License-Identifier: GPL-2.0

//! What the server serves: the tree of mounts below a root, and the handles of what is in it.

use kernel::{
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        Mutex,
        SpinLock, //
    }, //
};
use zerocopy::{
    little_endian::{
        I64,
        U16,
        U32,
        U64, //
    },
    IntoBytes, //
};

mod filesystems;
mod mounts;

use super::{
    clients::Clients,
    pins::Pins,
    policy::{
        Access,
        Policy, //
    }, //
};
use crate::{
    cluster::Seat,
    control::abi::export,
    linux::{
        crypto,
        errno::*,
        vfs::{
            attr,
            handle::FileHandle,
            kept::KeptDirs,
            path::Path, //
        }, //
    },
    mfs::wire::{
        attr::{
            Attr,
            Time, //
        },
        handle::{
            Handle,
            FH_MAX, //
        }, //
    },
};

use filesystems::{
    admit,
    Numbers, //
};
use mounts::Mounts;

/// What stands in the handle of a mount's root, which is found without asking the file system.
const ROOT: FileHandle<FH_MAX> = FileHandle {
    kind: Handle::ROOT,
    len: 0,
    bytes: [0; FH_MAX],
};

/// An object of the server, and the number of the mount through which it is seen.
#[derive(Clone)]
pub(super) struct Object {
    /// The object.
    pub(super) path: Path,
    /// The mount.
    pub(super) mount: u16,
    /// What may be done with it.
    pub(super) access: Access,
}

/// A handle that is known to be good under a policy, the one with this key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    handle: Handle,
    policy: u64,
}

/// What a directory is kept as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    /// What a client calls it.
    Known(Known),
    /// What the mount with that number is on.
    Place(u16),
}

impl Known {
    fn new(policy: &Policy, handle: &Handle) -> Self {
        let [policy, _] = policy.key;
        Self {
            handle: *handle,
            policy,
        }
    }

    fn hash(&self) -> u64 {
        self.handle.tag.get()
    }
}

/// What this node serves while it is a member of a cluster.
#[pin_data]
pub(super) struct Export {
    /// Number of this node.
    pub(super) node: u16,
    /// The cluster.
    pub(super) seat: Arc<Seat>,
    /// Whom it is served to.
    #[pin]
    pub(super) clients: Clients,
    /// What of it is to be seen and changed.
    #[pin]
    policy: SpinLock<Arc<Policy>>,
    #[pin]
    mounts: Mounts,
    #[pin]
    numbers: Mutex<Numbers>,
    /// Directories that were asked about lately.
    dirs: Arc<KeptDirs<Key>>,
}

impl Export {
    /// What `rules` let see of the tree below the current task's root, as node `node`.
    pub(super) fn new(seat: Arc<Seat>, node: u16, rules: &export::Policy<'_>) -> Result<Arc<Self>> {
        let root = Path::current_root();
        admit(&root)?;
        let policy = Policy::new(root.clone(), rules)?;
        let dirs = Arc::new(KeptDirs::new()?, GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                node,
                seat,
                clients <- Clients::new(),
                policy <- new_spinlock!(policy, "mosix::Export::policy"),
                mounts <- Mounts::new(root, dirs.clone()),
                numbers <- new_mutex!(Numbers::new(), "mosix::Export::numbers"),
                dirs,
            }),
            GFP_KERNEL,
        )
    }

    /// What is to be seen and changed now.
    pub(super) fn policy(&self) -> Arc<Policy> {
        self.policy.lock().clone()
    }

    /// From now on `rules` say what is to be seen and changed. If they are others than before, handles
    /// that were given out are stale.
    ///
    /// # Errors
    ///
    /// Those of [`Policy::new`]; then nothing changes.
    pub(super) fn set_policy(&self, rules: &export::Policy<'_>) -> Result {
        let old = self.policy();
        if !old.is(rules) {
            let new = Policy::new(old.root().clone(), rules)?;
            let old = core::mem::replace(&mut *self.policy.lock(), new);
            // May be the last reference, and sleep.
            drop(old);
        }
        Ok(())
    }

    /// The root of the tree.
    pub(super) fn root(&self, policy: &Policy) -> Object {
        Object {
            path: policy.root().clone(),
            mount: 0,
            access: policy.root_access(),
        }
    }

    /// What is at `place`, a mount on it followed.
    ///
    /// # Errors
    ///
    /// `EACCES` for a file system that is not served, `ELOOP` for MFS; `ENFILE` with too many mounts.
    pub(super) fn descend(&self, place: Object) -> Result<Object> {
        if !place.path.is_mountpoint() {
            return Ok(place);
        }
        let path = place.path.clone().follow_down()?;
        if path.same_mount(&place.path) {
            return Ok(place);
        }
        admit(&path)?;
        let mount = self.mounts.number(&place, &path)?;
        Ok(Object {
            path,
            mount,
            ..place
        })
    }

    /// The handle of `object`, with the tag that shows that it is of this server's making.
    fn signed(policy: &Policy, object: &Object, fh: &FileHandle<FH_MAX>) -> Handle {
        let mut handle = Handle {
            mount: U16::new(object.mount),
            access: object.access as u8,
            fh_type: fh.kind,
            fh_len: fh.len,
            fh: fh.bytes,
            ..Handle::NONE
        };
        handle.tag = tag(policy, &handle);
        handle
    }

    /// What stands for an object in a handle, if it can be found again without `pins`; else it is held
    /// there.
    ///
    /// # Errors
    ///
    /// Those of [`Pins::hold`], and the file system's own.
    fn encode(object: &Object, pins: &Pins) -> Result<FileHandle<FH_MAX>> {
        if object.path.is_mount_root() {
            return Ok(ROOT);
        }
        if object.path.can_decode() {
            let fh: Option<FileHandle<FH_MAX>> = object.path.encode_fh()?;
            if let Some(fh) = fh.filter(|fh| !matches!(fh.kind, Handle::PINNED | Handle::ROOT)) {
                return Ok(fh);
            }
        }
        pins.hold(object)
    }

    /// The handle of an object, for the client that has `pins`.
    ///
    /// # Errors
    ///
    /// `ENFILE` if it has to be held and the client has too many such objects; the file system's own.
    pub(super) fn handle(&self, policy: &Policy, pins: &Pins, object: &Object) -> Result<Handle> {
        let fh = Self::encode(object, pins)?;
        Ok(Self::signed(policy, object, &fh))
    }

    /// The object that has a handle, which the client with `pins` got.
    ///
    /// # Errors
    ///
    /// `ESTALE` if there is none any more, or the handle is not of this server's making.
    pub(super) fn object(&self, policy: &Policy, pins: &Pins, handle: &Handle) -> Result<Object> {
        let known = Known::new(policy, handle);
        let (hash, key) = (known.hash(), Key::Known(known));
        // What is kept had a right tag.
        if !self.dirs.has(hash, &key) && handle.tag != tag(policy, handle) {
            return Err(errno(ESTALE));
        }
        if handle.fh_type == Handle::PINNED {
            return pins.get(handle);
        }
        let access = Access::from_raw(handle.access).ok_or(errno(ESTALE))?;
        let mount = handle.mount.get();
        let root = self.mounts.find(mount)?;
        let found = |path| {
            Ok(Object {
                path,
                mount,
                access,
            })
        };
        if let Some(path) = self.dirs.find(hash, &key, &root) {
            return found(path);
        }
        let path = match handle.fh_type {
            Handle::ROOT => root,
            kind => root.decode_fh(&FileHandle {
                kind,
                len: handle.fh_len,
                bytes: handle.fh,
            })?,
        };
        self.dirs.keep(hash, key, &path);
        found(path)
    }

    /// Whether `name` in the directory `dir` leads to the directory `child` with the mode `mode`, and the
    /// current task may go there. If not, this says nothing. May sleep.
    pub(super) fn leads(
        &self,
        policy: &Policy,
        dir: &Handle,
        name: &[u8],
        child: &Handle,
        mode: u16,
    ) -> bool {
        let access = dir.access;
        // Through others only what is exported is seen.
        if access == Access::Way as u8 || access != child.access {
            return false;
        }
        let (dir, to) = (Known::new(policy, dir), Known::new(policy, child));
        let (from, dir) = (dir.hash(), Key::Known(dir));
        let from = (from, &dir);
        let id = if child.fh_type == Handle::ROOT {
            let on = |place: &Path| self.dirs.has_child(from, name, place);
            let root = self.mounts.find_on(child.mount.get(), on);
            root.filter(|root| root.mode() == mode)
                .map(|root| root.object_id())
        } else {
            self.dirs
                .leads(from, name, (to.hash(), &Key::Known(to)), mode)
        };
        id.is_some_and(|id| policy.is_silent(name, id))
    }

    /// Whether `handle` is that of the root of the tree. If not, this says nothing.
    pub(super) fn is_root(&self, policy: &Policy, handle: &Handle) -> bool {
        let known = Known::new(policy, handle);
        handle.mount == U16::ZERO
            && handle.fh_type == Handle::ROOT
            && handle.access == policy.root_access() as u8
            && self.dirs.has(known.hash(), &Key::Known(known))
    }

    /// Whether `handle` stands for `object`. Its tag is not looked at: a client that has the handle of the
    /// directory in which the object was found has got none in it under another policy.
    ///
    /// # Errors
    ///
    /// As [`Self::handle`].
    pub(super) fn is(pins: &Pins, object: &Object, handle: &Handle) -> Result<bool> {
        let fh = Self::encode(object, pins)?;
        Ok(handle.mount.get() == object.mount
            && handle.access == object.access as u8
            && handle.fh_type == fh.kind
            && handle.fh_len == fh.len
            && handle.fh == fh.bytes)
    }

    /// Attributes of an object as they are now.
    pub(super) fn attr(&self, path: &Path) -> Result<Attr> {
        let stat = path.getattr()?;
        let dev = self.numbers.lock().dev(self.node, stat.dev())?;
        let (flags, flags_mask) = stat.flags();
        Ok(Attr {
            dev: U32::new(dev),
            mode: U32::new(stat.mode().into()),
            ino: U64::new(stat.ino()),
            nlink: U32::new(stat.nlink()),
            uid: U32::new(stat.uid()),
            gid: U32::new(stat.gid()),
            blksize: U32::new(stat.blksize().max(1)),
            size: U64::new(stat.size()),
            blocks: U64::new(stat.blocks()),
            rdev: U32::new(stat.rdev()),
            generation: U32::new(path.generation()),
            change: U64::new(stat.change()),
            atime: time(stat.atime()),
            mtime: time(stat.mtime()),
            ctime: time(stat.ctime()),
            btime: time(stat.btime()),
            flags: U64::new(flags),
            flags_mask: U64::new(flags_mask),
        })
    }
}

/// What shows that a handle is of this server's making.
fn tag(policy: &Policy, handle: &Handle) -> U64 {
    let bytes = handle
        .as_bytes()
        .get(size_of::<U64>()..)
        .unwrap_or_default();
    U64::new(crypto::siphash(policy.key, bytes))
}

fn time(time: attr::Time) -> Time {
    Time {
        sec: I64::new(time.sec),
        nsec: U32::new(time.nsec),
    }
}
