// SPDX-License-Identifier: GPL-2.0

//! MFS: every node's files under `/mfs/<node>/`, with one cache, the server's.

pub(crate) mod wire;
