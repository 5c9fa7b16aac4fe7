// SPDX-License-Identifier: GPL-2.0

//! The receiving half of a connection: bytes in, checked frames out.
//!
//! All lengths are checked before memory is taken for them, and nothing of a frame is given on before
//! its tag is found right.

use kernel::{
    alloc::{
        Allocator,
        Vec, //
    },
    prelude::*,
    sync::Arc, //
};

use super::{
    frame::Body,
    greet::KernelCrypto,
    integrity::Opener,
    link_error::LinkError,
    wire::{
        Header,
        Sender,
        HEADER_LEN, //
    }, //
};
use crate::{
    cluster::counters::Traffic,
    control::abi::Integrity,
    linux::{
        bytes,
        crypto,
        net::{
            Received,
            Socket, //
        }, //
    }, //
};

/// Receives the frames of one connection; used by one thread.
pub(crate) struct Receiver {
    opener: Opener,
    peer: Sender,
    traffic: Arc<Traffic>,
}

impl Receiver {
    /// A receiver for what `peer`, this being its role, sends.
    pub(crate) fn new(opener: Opener, peer: Sender, traffic: Arc<Traffic>) -> Self {
        Self {
            opener,
            peer,
            traffic,
        }
    }

    /// The next frame. Sleeps until it is there whole.
    ///
    /// # Errors
    ///
    /// Any [`LinkError`]; the connection has to be closed then.
    pub(crate) fn next(&mut self, socket: &Socket) -> Result<(Header, Body), LinkError> {
        let mut head = [0; HEADER_LEN];
        if socket.recv_exact(&mut head)? == Received::Closed {
            return Err(LinkError::Closed);
        }
        let header = Header::decode(&head, self.peer)?;
        self.opener.check_sequence(&header)?;
        let body = match self.opener.mode() {
            Integrity::Header => self.receive_header_mode(socket, &header)?,
            Integrity::Full => self.receive_full_mode(socket, &header)?,
            Integrity::Encrypt => self.receive_encrypted(socket, &header)?,
        };
        let len = HEADER_LEN.saturating_add(body.len());
        self.traffic.frames_in.bump();
        self.traffic.bytes_in.add(len as u64);
        Ok((header, body))
    }

    /// The data is not covered: the tag is checked before memory is taken for it.
    fn receive_header_mode(&mut self, socket: &Socket, header: &Header) -> Result<Body, LinkError> {
        let msg = receive(socket, header.msg_len)?;
        self.opener.open(&KernelCrypto, header, &msg, [])?;
        let data = receive(socket, header.data_len)?;
        Ok(Body { msg, data })
    }

    fn receive_full_mode(&mut self, socket: &Socket, header: &Header) -> Result<Body, LinkError> {
        let msg = receive(socket, header.msg_len)?;
        let data = receive(socket, header.data_len)?;
        self.opener.open(&KernelCrypto, header, &msg, [&*data])?;
        Ok(Body { msg, data })
    }

    fn receive_encrypted(&mut self, socket: &Socket, header: &Header) -> Result<Body, LinkError> {
        let mut text: KVVec<u8> = receive(socket, header.body_len())?;
        self.opener.open_aead(header, |aead, tag| {
            crypto::aead_open(aead.key, aead.nonce, &aead.header, &mut text, tag).is_ok()
        })?;
        let (msg, data) = text
            .split_at_checked(header.msg_len as usize)
            .ok_or(EMSGSIZE)?;
        Ok(Body {
            msg: bytes::concat(&[msg], 0)?,
            data: bytes::concat(&[data], 0)?,
        })
    }
}

/// Receives `len` bytes, a length that was checked.
fn receive<A: Allocator>(socket: &Socket, len: u32) -> Result<Vec<u8, A>, LinkError> {
    socket.recv_vec(len as usize)?.ok_or(LinkError::Closed)
}
