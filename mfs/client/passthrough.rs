// SPDX-License-Identifier: GPL-2.0

//! Files of this node: what their server has opened is used without asking it.

use super::Client;
use crate::{
    linux::vfs::file::File,
    mfs::wire::handle::OpenId, //
};

/// The file that this node's own server has opened as `id`; `None` for one of another node.
pub(super) fn opened_here(client: &Client, node: u16, id: OpenId) -> Option<File> {
    if client.seat().own_number() != Some(node) {
        return None;
    }
    client.server.file(id.get())
}
