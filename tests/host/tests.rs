// SPDX-License-Identifier: GPL-2.0

//! Tests of the pure files.

mod handshake;
mod integrity;
mod replies;
mod requests;
mod session;
mod wire;
