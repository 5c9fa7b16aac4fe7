// SPDX-License-Identifier: GPL-2.0

//! Frames in memory.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::wire::Header;

/// What comes behind a header.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) msg: KVec<u8>,
    pub(crate) data: KVVec<u8>,
}

impl Body {
    /// Bytes of the body on the wire.
    pub(crate) fn len(&self) -> usize {
        self.msg.len().saturating_add(self.data.len())
    }

    /// Length of the message, as a header has it.
    pub(crate) fn msg_len(&self) -> u32 {
        u32::try_from(self.msg.len()).unwrap_or(u32::MAX)
    }

    /// Length of the data, as a header has it.
    pub(crate) fn data_len(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap_or(u32::MAX)
    }
}

/// A frame on its way out. The body is shared: it may have to be sent again on another connection,
/// with another header.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) header: Header,
    pub(crate) body: Option<Arc<Body>>,
}

impl Frame {
    /// A frame that is a header alone.
    pub(crate) fn bare(header: Header) -> Self {
        Self { header, body: None }
    }

    /// The message; empty for a bare frame.
    pub(crate) fn msg(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |body| &body.msg)
    }

    /// The data; empty for a bare frame.
    pub(crate) fn data(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |body| &body.data)
    }
}
