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

use super::Object;
use crate::{
    linux::{
        errno::*,
        vfs::{
            handle::FileHandle,
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
    /// The mount of the root is busy in any case.
    fn of(place: &Object) -> Result<Self> {
        let path = &place.path;
        let fh = if place.mount != 0 && path.can_decode() {
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
    #[pin]
    table: Mutex<KVec<Arc<Mount>>>,
}

impl Mounts {
    /// Those below `root`.
    pub(super) fn new(root: Path) -> impl PinInit<Self> {
        pin_init!(Self {
            root,
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
        match &mount.place {
            Place::Kept(path) => mount.on(path),
            // As deep as DEPTH_MAX: a parent is never as deep as what is in it.
            Place::Handle(fh) => mount.on(&self.find(mount.parent)?.decode_fh(fh)?),
        }
    }

    /// Root of the mount with that number, if the directory that it is on is kept and `is` says that it is
    /// the one.
    pub(super) fn find_on(&self, number: u16, is: impl FnOnce(&Path) -> bool) -> Option<Path> {
        let mount = self.get(number)?;
        match &mount.place {
            Place::Kept(place) if is(place) => mount.on(place).ok(),
            _ => None,
        }
    }

    /// The number of the mount with the root `root`, if it was seen on `place`, which is kept, before.
    fn known(&self, place: &Object, root: &Path) -> Option<u16> {
        let identity = root.identity();
        let table = self.table.lock();
        let same = |known: &Arc<Mount>| {
            let at_place = |path: &Path| path.same_object(&place.path);
            known.parent == place.mount
                && matches!(&known.place, Place::Kept(path) if at_place(path))
                && known.identity == identity
        };
        let index = table.iter().position(same)?;
        // Below u16::MAX.
        Some(index as u16 + 1)
    }

    /// The number of the mount whose root is `root` and which is mounted on `place`.
    ///
    /// # Errors
    ///
    /// `ENFILE` if there are no more numbers, `ELOOP` if it is too deep; `ENOMEM`.
    pub(super) fn number(&self, place: &Object, root: &Path) -> Result<u16> {
        if let Some(known) = self.known(place, root) {
            return Ok(known);
        }
        let above = self.get(place.mount).map_or(0, |mount| mount.depth);
        let new = Mount {
            parent: place.mount,
            place: Place::of(place)?,
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
