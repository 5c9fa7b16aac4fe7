// SPDX-License-Identifier: GPL-2.0

//! The cluster: which nodes there are, how they are, and the links with them.
//!
//! [`Seat`] is what the module has of it from load to unload; a `Membership` is there from `mosix up`
//! to `mosix down`. It owns all threads: one that accepts connections, one that lets time pass, and one
//! per peer that dials it; each connection has one that receives and one that sends.

// Pure.
pub(crate) mod backoff;
#[allow(dead_code, reason = "the host tests look inside")]
pub(crate) mod detector;
#[allow(dead_code, reason = "the host tests look inside")]
pub(crate) mod epoch;
pub(crate) mod probe;
pub(crate) mod throttle;

mod beat;
pub(crate) mod counters;
mod dialer;
mod door;
mod line;
mod local;
mod membership;
mod peer;
mod ping;
mod reception;
mod roster;
mod seat;
mod watch;

pub(crate) use peer::{
    version_text,
    Peer, //
};
pub(crate) use seat::{
    Refusal,
    Seat, //
    Tenure,
};
