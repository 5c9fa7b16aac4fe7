// SPDX-License-Identifier: GPL-2.0

//! Where each system call of a process is made that is away from home. Pure: `core` only.
//!
//! There is a row for every number of the kernel; [`route`] finds it. A number without one, of a kernel
//! that is newer than this table, is made at home. The rows lie in a file per family, in the notation
//! of [`row`]; docs/syscalls.md is generated from them.

pub(crate) mod call;
mod descriptors;
mod fcntl;
mod files;
mod identity;
mod ioctl;
mod ipc;
mod life;
mod memory;
mod notation;
mod paths;
mod prctl;
pub(crate) mod row;
mod signals;
mod sockets;
mod system;
mod time;

use self::row::{
    Route,
    Row, //
};

/// The families, with the heading of each.
pub(crate) const FAMILIES: [(&str, &[Row]); 11] = [
    ("Files", files::ROWS),
    ("Names of files", paths::ROWS),
    ("Descriptors", descriptors::ROWS),
    ("Sockets", sockets::ROWS),
    ("IPC", ipc::ROWS),
    ("Time", time::ROWS),
    ("Identity", identity::ROWS),
    ("Memory", memory::ROWS),
    ("Signals", signals::ROWS),
    ("Life", life::ROWS),
    ("System", system::ROWS),
];

/// Behind the highest number.
const END: usize = 472;

/// The rows by number. That no number has two is checked here.
static BY_NUMBER: [Option<&Row>; END] = by_number();

const fn by_number() -> [Option<&'static Row>; END] {
    let mut table = [None; END];
    let mut family = 0;
    while family < FAMILIES.len() {
        let rows = FAMILIES[family].1;
        let mut at = 0;
        while at < rows.len() {
            let row = &rows[at];
            let place = &mut table[row.number as usize];
            assert!(place.is_none(), "two rows for a number");
            *place = Some(row);
            at += 1;
        }
        family += 1;
    }
    table
}

/// The row of a system call.
pub(crate) fn row(number: u64) -> Option<&'static Row> {
    let number = usize::try_from(number).ok()?;
    BY_NUMBER.get(number).copied().flatten()
}

/// Where a system call with these arguments is made; never [`Route::Pick`].
pub(crate) fn route(number: u64, args: &[u64; 6]) -> Route {
    let route = row(number).map_or(Route::Home("a system call without a row"), |row| row.route);
    route.resolve(args)
}
