// SPDX-License-Identifier: GPL-2.0

//! Why a connection ended, as it is logged and shown.

use core::fmt;

use kernel::{
    error::Error,
    prelude::*, //
};

use super::{
    handshake::HandshakeError,
    wire::FrameError, //
};
use crate::linux::errno::*;

/// Why a connection ended or never came to be.
pub(crate) enum LinkError {
    /// The other side, or somebody on the way, sent what must not be.
    Frame(FrameError),
    /// The two sides did not come to terms.
    Handshake(HandshakeError),
    /// The socket failed.
    Socket(Error),
    /// The other side closed the stream.
    Closed,
    /// The other side said goodbye: it leaves the cluster.
    Goodbye,
}

impl From<FrameError> for LinkError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl From<HandshakeError> for LinkError {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<Error> for LinkError {
    fn from(error: Error) -> Self {
        Self::Socket(error)
    }
}

impl From<kernel::alloc::AllocError> for LinkError {
    fn from(error: kernel::alloc::AllocError) -> Self {
        Self::Socket(error.into())
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => write!(f, "{error}"),
            Self::Handshake(error) => write!(f, "{error}"),
            Self::Socket(error) if *error == EAGAIN || *error == ETIMEDOUT => {
                f.write_str("no answer in time")
            }
            Self::Socket(error) if *error == errno(ECONNRESET) => {
                f.write_str("connection reset, or closed in the middle of a frame")
            }
            Self::Socket(error) => match error.name().and_then(|name| name.to_str().ok()) {
                Some(name) => write!(f, "connection failed: {name}"),
                None => write!(f, "connection failed: error {}", error.to_errno()),
            },
            Self::Closed => f.write_str("connection closed by the other side"),
            Self::Goodbye => f.write_str("left the cluster"),
        }
    }
}
