// SPDX-License-Identifier: GPL-2.0

//! The module: what it is made of and the order in which it comes and goes.

#![crate_name = "mosix"]

use kernel::prelude::*;

#[path = "../rust/mod.rs"]
mod linux;

#[path = "../mfs/mod.rs"]
mod mfs;

#[path = "../migration/mod.rs"]
mod migration;

mod cluster;
mod control;
mod rpc;
mod service;

module! {
    type: Mosix,
    name: "mosix",
    authors: ["The mosix.ko developers"],
    description: "Processes that move to their data: process migration, MFS and DFSA",
    license: "GPL",
}

/// Version of the module.
pub(crate) const VERSION: rpc::handshake::Version = rpc::handshake::Version([0, 1, 0]);

/// The loaded module. Fields are dropped in this order: first the device goes, so that nobody can ask
/// for anything any more, then the membership ends, last the system call hook.
#[pin_data]
struct Mosix {
    #[pin]
    device: linux::chrdev::Registration<control::Control>,
    _mfs: Pin<KBox<linux::fs::Registration<mfs::client::Client>>>,
    _tenure: cluster::Tenure,
    _hook: Pin<KBox<linux::hook::Hook>>,
}

impl kernel::InPlaceModule for Mosix {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let hook = linux::hook::Hook::load().map_err(|unavailable| {
                pr_err!("not loaded: {unavailable}\n");
                Error::from(unavailable)
            })?;
            let room = mfs::Mfs::new()?;
            let seat = cluster::Seat::new(Some(room.clone()))?;
            let tenure = seat.tenure();
            let mfs = room.file_system(seat.clone())?;
            let mfs = KBox::pin_init(linux::fs::Registration::register(module, mfs), GFP_KERNEL)?;
            let control = control::Control::new(seat, migration::Migration::new()?);
            Ok(try_pin_init!(Self {
                _mfs: mfs,
                _tenure: tenure,
                _hook: hook,
                // Last: as soon as it is there it can be opened.
                device <- linux::chrdev::Registration::register(module, c"mosix", 0o666, control),
            }? Error))
        })
    }
}
