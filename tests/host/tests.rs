// SPDX-License-Identifier: GPL-2.0

//! Tests of the pure files.

mod backoff;
mod corpus;
mod detector;
mod epoch;
mod fence;
mod handshake;
mod integrity;
mod mfs;
mod migration;
mod replies;
mod requests;
mod selftests;
mod session;
mod wire;
