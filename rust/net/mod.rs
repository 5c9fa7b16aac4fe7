// SPDX-License-Identifier: GPL-2.0

//! Kernel TCP sockets.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h)

mod addr;
mod arrival;
mod socket;

pub(crate) use arrival::{
    Arrival,
    ArrivalHook, //
};
pub(crate) use socket::{
    Received,
    Socket,
    Wait, //
};
