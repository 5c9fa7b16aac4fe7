// SPDX-License-Identifier: GPL-2.0

//! Files of this node: what their server has opened is used without asking it.

use kernel::{
    fs::File,
    sync::aref::ARef, //
};

use super::Client;
use crate::mfs::wire::handle::OpenId;

/// The file that this node's own server has opened as `id`; `None` for one of another node.
pub(super) fn opened_here(_client: &Client, _node: u16, _id: OpenId) -> Option<ARef<File>> {
    None
}
