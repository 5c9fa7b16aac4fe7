// SPDX-License-Identifier: GPL-2.0

//! What the server serves: the tree of mounts below a root, and the handles of what is in it.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
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

use super::clients::Clients;
use crate::{
    cluster::Seat,
    linux::{
        crypto,
        errno::*,
        vfs::{
            attr,
            handle::FileHandle,
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
    /// Key of the handles.
    key: [u64; 2],
    #[pin]
    mounts: Mounts,
    #[pin]
    numbers: Mutex<Numbers>,
}

impl Export {
    /// The tree below the current task's root, as node `node`.
    pub(super) fn new(seat: Arc<Seat>, node: u16) -> Result<Arc<Self>> {
        let root = Path::current_root();
        admit(&root)?;
        Arc::pin_init(
            pin_init!(Self {
                node,
                seat,
                clients <- Clients::new(),
                key: [crypto::random_u64(), crypto::random_u64()],
                mounts <- Mounts::new(root),
                numbers <- new_mutex!(Numbers::new(), "mosix::Export::numbers"),
            }),
            GFP_KERNEL,
        )
    }

    /// The root of the tree.
    pub(super) fn root(&self) -> Object {
        self.mounts.root()
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
        Ok(Object { path, mount })
    }

    /// A handle of `mount`, with the tag that shows that it is of this server's making.
    fn signed(&self, mount: u16, fh: &FileHandle<FH_MAX>) -> Handle {
        let mut handle = Handle {
            mount: U16::new(mount),
            fh_type: fh.kind,
            fh_len: fh.len,
            fh: fh.bytes,
            ..Handle::NONE
        };
        handle.tag = self.tag(&handle);
        handle
    }

    fn tag(&self, handle: &Handle) -> U64 {
        let bytes = handle
            .as_bytes()
            .get(size_of::<U64>()..)
            .unwrap_or_default();
        U64::new(crypto::siphash(self.key, bytes))
    }

    /// The handle of an object.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if its file system has none for it.
    pub(super) fn handle(&self, object: &Object) -> Result<Handle> {
        if object.path.is_mount_root() {
            return Ok(self.signed(object.mount, &ROOT));
        }
        if !object.path.can_decode() {
            return Err(errno(EOPNOTSUPP));
        }
        let fh: FileHandle<FH_MAX> = object.path.encode_fh()?.ok_or(errno(EOPNOTSUPP))?;
        if matches!(fh.kind, Handle::PINNED | Handle::ROOT) {
            return Err(errno(EOPNOTSUPP));
        }
        Ok(self.signed(object.mount, &fh))
    }

    /// The object that has a handle.
    ///
    /// # Errors
    ///
    /// `ESTALE` if there is none any more, or the handle is not of this server's making.
    pub(super) fn object(&self, handle: &Handle) -> Result<Object> {
        if handle.tag != self.tag(handle) {
            return Err(errno(ESTALE));
        }
        let mount = handle.mount.get();
        let root = self.mounts.find(mount)?;
        let path = match handle.fh_type {
            Handle::ROOT => root,
            kind => root.decode_fh(&FileHandle {
                kind,
                len: handle.fh_len,
                bytes: handle.fh,
            })?,
        };
        Ok(Object { path, mount })
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

fn time(time: attr::Time) -> Time {
    Time {
        sec: I64::new(time.sec),
        nsec: U32::new(time.nsec),
    }
}
