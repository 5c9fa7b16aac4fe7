// SPDX-License-Identifier: GPL-2.0

//! The mounts below the root that handles speak of, none of them held busy.
//!
//! A mount is known by the directory that it is mounted on, in the mount above, and by what it was that
//! was mounted there: so it is found again each time, and when something else is there meanwhile, handles
//! of the old one are stale.
//!
//! Lock: `table` is held alone.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    Key,
    Object, //
};
use crate::{
    linux::{
        errno::*,
        vfs::{
            handle::FileHandle,
            kept::KeptDirs,
            path::{
                Identity,
                Path, //
            }, //
        }, //
    },
    mfs::wire::handle::FH_MAX, //
};

/// So many mounts may lie upon one another's directories.
const DEPTH_MAX: u8 = 16;

/// A directory on which something is mounted.
#[derive(Clone)]
enum Place {
    /// One that its file system finds again.
    Handle(FileHandle<FH_MAX>),
    /// One that has to be kept. The mount that it is in is busy; what is mounted upon it is not.
    Kept(Path),
}

impl Place {
    fn of(path: &Path) -> Result<Self> {
        let fh = if path.can_decode() {
            path.encode_fh()?
        } else {
            None
        };
        Ok(match fh {
            Some(fh) => Self::Handle(fh),
            None => Self::Kept(path.clone()),
        })
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Handle(one), Self::Handle(other)) => one == other,
            (Self::Kept(one), Self::Kept(other)) => one.same_object(other),
            _ => false,
        }
    }
}

/// A mount that was seen.
#[derive(Clone)]
struct Mount {
    /// Number of the mount above.
    parent: u16,
    /// Where it is there.
    place: Place,
    /// What was mounted.
    identity: Identity,
    /// How many mounts are above it.
    depth: u8,
}

impl Mount {
    /// Its root, if it is on `place` now.
    fn on(&self, place: &Path) -> Result<Path> {
        let found = place.clone().follow_down()?;
        if !found.same_mount(place) && found.identity() == self.identity {
            Ok(found)
        } else {
            Err(errno(ESTALE))
        }
    }
}

/// Mounts by their numbers: 0 is that of the root, which is held.
#[pin_data]
pub(super) struct Mounts {
    root: Path,
    /// Has the directories that mounts are on, for a while.
    dirs: Arc<KeptDirs<Key>>,
    #[pin]
    table: Mutex<KVec<Arc<Mount>>>,
}

impl Mounts {
    /// Those below `root`; the directories that they are on are kept in `dirs`.
    pub(super) fn new(root: Path, dirs: Arc<KeptDirs<Key>>) -> impl PinInit<Self> {
        pin_init!(Self {
            root,
            dirs,
            table <- new_mutex!(KVec::new(), "mosix::Mounts::table"),
        })
    }

    fn get(&self, number: u16) -> Option<Arc<Mount>> {
        let index = usize::from(number).checked_sub(1)?;
        self.table.lock().get(index).cloned()
    }

    /// Root of the mount with that number.
    ///
    /// # Errors
    ///
    /// `ESTALE` if it is not there any more.
    pub(super) fn find(&self, number: u16) -> Result<Path> {
        if number == 0 {
            return Ok(self.root.clone());
        }
        let mount = self.get(number).ok_or(errno(ESTALE))?;
        mount.on(&self.place(number, &mount)?)
    }

    /// Where mount `number` is, or was.
    fn place(&self, number: u16, mount: &Mount) -> Result<Path> {
        let fh = match &mount.place {
            Place::Kept(path) => return Ok(path.clone()),
            Place::Handle(fh) => fh,
        };
        // As deep as DEPTH_MAX: a parent is never as deep as what is in it.
        let above = self.find(mount.parent)?;
        let (hash, key) = (number.into(), Key::Place(number));
        if let Some(place) = self.dirs.find(hash, &key, &above) {
            return Ok(place);
        }
        let place = above.decode_fh(fh)?;
        self.dirs.keep(hash, key, &place);
        Ok(place)
    }

    /// Root of the mount with that number, if `is` says that it is on the right directory.
    pub(super) fn find_on(&self, number: u16, is: impl FnOnce(&Path) -> bool) -> Option<Path> {
        let mount = self.get(number)?;
        let place = self.place(number, &mount).ok()?;
        if is(&place) {
            mount.on(&place).ok()
        } else {
            None
        }
    }

    /// The number of the mount whose root is `root` and which is mounted on `place`.
    ///
    /// # Errors
    ///
    /// `ENFILE` if there are no more numbers, `ELOOP` if it is too deep; `ENOMEM`.
    pub(super) fn number(&self, place: &Object, root: &Path) -> Result<u16> {
        let above = self.get(place.mount).map_or(0, |mount| mount.depth);
        let new = Mount {
            parent: place.mount,
            place: Place::of(&place.path)?,
            identity: root.identity(),
            depth: above.saturating_add(1),
        };
        if new.depth > DEPTH_MAX {
            return Err(errno(ELOOP));
        }
        let new = Arc::new(new, GFP_KERNEL)?;
        let mut table = self.table.lock();
        let known = table.iter().position(|known| {
            known.parent == new.parent
                && known.identity == new.identity
                && known.place.is(&new.place)
        });
        let index = match known {
            Some(index) => index,
            None => {
                if table.len() >= usize::from(u16::MAX) {
                    return Err(ENFILE);
                }
                table.push(new.clone(), GFP_KERNEL)?;
                table.len() - 1
            }
        };
        drop(table);
        // Below u16::MAX.
        Ok(index as u16 + 1)
    }
}
