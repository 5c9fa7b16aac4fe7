// SPDX-License-Identifier: GPL-2.0

//! Open files of a client.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    budget::Budget,
    holders::Holders,
    policy::Access,
    stage::Stage, //
};
use crate::linux::{
    crypto,
    errno::*,
    vfs::file::File, //
};

/// Most that a client can have open at once.
const OPENS_MAX: usize = 65_536;
/// Bits of a number that say where in the table it is; above them is how often that place was used.
const PLACE_BITS: u32 = 20;
/// All rounds that there can be.
const ROUNDS: u64 = u64::MAX >> PLACE_BITS;

/// An open file of a client.
#[pin_data(PinnedDrop)]
pub(super) struct Open {
    /// The file.
    pub(super) file: File,
    /// What may be done with it, besides what it was opened for.
    pub(super) access: Access,
    /// What is kept of a write that has not come whole.
    #[pin]
    pub(super) stage: Stage,
    /// Who may have locks of `fcntl()` by it.
    #[pin]
    pub(super) holders: Holders,
}

/// The VFS gives back the locks of an open file when it goes, but not those of processes: these go with
/// the process there.
#[pinned_drop]
impl PinnedDrop for Open {
    fn drop(self: Pin<&mut Self>) {
        self.holders.release(&self.file);
    }
}

impl Open {
    /// An open file that nothing was done with yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; then the file is closed.
    pub(super) fn new(file: File, access: Access, locks: &Arc<Budget>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                file,
                access,
                stage <- Stage::new(),
                holders <- Holders::new(locks.clone()),
            }),
            GFP_KERNEL,
        )
    }
}

/// A place in the table.
struct Place {
    /// How often it was used.
    round: u64,
    open: Option<Arc<Open>>,
    /// While this one is free: number of the next free place.
    next: u32,
}

/// Places are numbered from 1; 0 is none.
struct Table {
    /// Where the counting of rounds begins: at random, so that a number of an earlier session, which some
    /// client may still know, is not one of this.
    first_round: u64,
    places: KVVec<Place>,
    /// Number of the first free place.
    free: u32,
}

/// Number of the place that `id` means.
fn number_of(id: u64) -> u32 {
    // Keeps the low bits on purpose.
    (id & ((1 << PLACE_BITS) - 1)) as u32
}

impl Table {
    fn new() -> Self {
        Self {
            first_round: crypto::random_u64() & ROUNDS,
            places: KVVec::new(),
            free: 0,
        }
    }

    fn at(&mut self, number: u32) -> Option<&mut Place> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.places.get_mut(index)
    }

    fn place(&mut self, id: u64) -> Result<&mut Place> {
        self.at(number_of(id))
            .filter(|place| place.round == id >> PLACE_BITS)
            .ok_or(errno(ESTALE))
    }

    /// Number of a free place.
    fn reserve(&mut self) -> Result<u32> {
        if self.free == 0 {
            if self.places.len() >= OPENS_MAX {
                return Err(ENFILE);
            }
            let place = Place {
                round: self.first_round,
                open: None,
                next: 0,
            };
            self.places.push(place, GFP_KERNEL)?;
            // At most OPENS_MAX.
            self.free = self.places.len() as u32;
        }
        Ok(self.free)
    }
}

/// The table. A number that was given out is not given out again within the session.
#[pin_data]
pub(super) struct Opens {
    #[pin]
    table: Mutex<Table>,
}

impl Opens {
    /// An empty table.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            table <- new_mutex!(Table::new(), "mosix::Opens::table"),
        })
    }

    /// Puts a file in; gives its number, which is not 0.
    ///
    /// # Errors
    ///
    /// `ENFILE` if the client has too many open, `ENOMEM`.
    pub(super) fn insert(&self, open: Arc<Open>) -> Result<u64> {
        let mut table = self.table.lock();
        let number = table.reserve()?;
        let place = table.at(number).ok_or(ENFILE)?;
        place.round = place.round.wrapping_add(1) & ROUNDS;
        place.open = Some(open);
        let (next, round) = (place.next, place.round);
        table.free = next;
        Ok(round << PLACE_BITS | u64::from(number))
    }

    /// The file of that number.
    ///
    /// # Errors
    ///
    /// `ESTALE` if there is none.
    pub(super) fn get(&self, id: u64) -> Result<Arc<Open>> {
        let mut table = self.table.lock();
        table.place(id)?.open.clone().ok_or(errno(ESTALE))
    }

    /// Takes a file out. It is closed when it is dropped everywhere.
    ///
    /// # Errors
    ///
    /// `ESTALE` if there is none of that number.
    pub(super) fn remove(&self, id: u64) -> Result<Arc<Open>> {
        let mut table = self.table.lock();
        let free = table.free;
        let place = table.place(id)?;
        let open = place.open.take().ok_or(errno(ESTALE))?;
        place.next = free;
        table.free = number_of(id);
        Ok(open)
    }
}
