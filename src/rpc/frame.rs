// SPDX-License-Identifier: GPL-2.0

//! Frames in memory.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    call::Call,
    wire::Header, //
};

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

/// Where the body of a frame lies.
#[derive(Clone)]
pub(crate) enum Content {
    /// There is none.
    Nothing,
    /// A request's, which may have to be sent again on another connection, with another header.
    Call(Arc<Call>),
    /// A reply's, which may be kept to be sent again.
    Reply(Arc<Body>),
}

/// A frame on its way out.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) header: Header,
    pub(crate) content: Content,
}

impl Frame {
    /// A frame that is a header alone.
    pub(crate) fn bare(header: Header) -> Self {
        Self {
            header,
            content: Content::Nothing,
        }
    }

    fn body(&self) -> Option<&Body> {
        match &self.content {
            Content::Nothing => None,
            Content::Call(call) => Some(&call.body),
            Content::Reply(body) => Some(body),
        }
    }

    /// Bytes behind the header.
    pub(crate) fn body_len(&self) -> usize {
        self.body().map_or(0, Body::len)
    }

    /// The message; empty for a bare frame.
    pub(crate) fn msg(&self) -> &[u8] {
        self.body().map_or(&[], |body| &body.msg)
    }

    /// The data; empty for a bare frame.
    pub(crate) fn data(&self) -> &[u8] {
        self.body().map_or(&[], |body| &body.data)
    }
}
