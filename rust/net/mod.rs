// SPDX-License-Identifier: GPL-2.0

//! Kernel TCP sockets.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h)

mod addr;
mod socket;

pub(crate) use socket::{
    Received,
    Socket,
    Wait, //
};
