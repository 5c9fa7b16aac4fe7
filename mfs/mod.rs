// SPDX-License-Identifier: GPL-2.0

//! MFS: every node's files under `/mfs/<node>/`, with one cache, the server's.

pub(crate) mod server;
#[expect(
    dead_code,
    reason = "both sides use it as they come; goes when they are complete"
)]
pub(crate) mod client;
pub(crate) mod wire;
