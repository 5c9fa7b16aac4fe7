// SPDX-License-Identifier: GPL-2.0

//! The receiving half of a connection: bytes in, checked frames out.
//!
//! All lengths are checked before memory is taken for them, and nothing of a frame is given on before
//! its tag is found right. Nothing here waits. What is there is read ahead into a buffer, so that a
//! small frame costs one call of the socket; large data goes from the socket to where it stays.

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
        errno::*,
        net::Socket, //
    }, //
};

/// Bytes that are read ahead: some frames of the usual kind, which have no data.
const AHEAD: usize = 4096;
/// So many bytes of a large frame are waited for at once: less than any window that a peer is given.
const LOW_WATER_MAX: usize = 32 * 1024;

/// What was read ahead.
struct Ahead {
    bytes: KVec<u8>,
    /// Bytes that were used already.
    used: usize,
}

impl Ahead {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.used..).unwrap_or_default()
    }

    /// Reads what is there behind what is left; false if nothing is there. `partial` says that the
    /// stream must not end here, as it must not when something is left.
    fn fill(&mut self, socket: &Socket, partial: bool) -> Result<bool, LinkError> {
        if self.used == self.bytes.len() {
            self.bytes.clear();
            self.used = 0;
        } else if self.used != 0 {
            let left = self.rest().len();
            self.bytes.copy_within(self.used.., 0);
            self.bytes.truncate(left);
            self.used = 0;
        }
        let partial = partial || !self.bytes.is_empty();
        receive(socket, &mut self.bytes, AHEAD, partial)
    }

    /// The next 64 bytes, if they are there.
    fn header(&mut self) -> Option<[u8; HEADER_LEN]> {
        let head = *self.rest().first_chunk()?;
        self.used = self.used.saturating_add(HEADER_LEN);
        Some(head)
    }

    /// Moves up to `max` bytes behind those of `to`.
    fn give<A: Allocator>(&mut self, to: &mut Vec<u8, A>, max: usize) -> Result<(), LinkError> {
        let rest = self.rest();
        let part = rest.get(..max).unwrap_or(rest);
        bytes::append(to, part)?;
        self.used = self.used.saturating_add(part.len());
        Ok(())
    }
}

/// Appends up to `max` bytes to what has room for them; false if nothing is there now. `partial` says
/// that the stream must not end here.
fn receive<A: Allocator>(
    socket: &Socket,
    to: &mut Vec<u8, A>,
    max: usize,
    partial: bool,
) -> Result<bool, LinkError> {
    match socket.recv_some(to, max) {
        Ok(0) if partial => Err(errno(ECONNRESET).into()),
        Ok(0) => Err(LinkError::Closed),
        Ok(_) => Ok(true),
        Err(e) if e == EAGAIN => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// A frame of which a part has come.
struct Partial {
    header: Header,
    msg: KVec<u8>,
    data: KVVec<u8>,
    /// Mode `header`: the tag was right, and there is memory for the data.
    opened: bool,
    /// The socket waits for more than a byte.
    low_water: bool,
}

/// Receives the frames of one connection; used by one thread at a time.
pub(crate) struct Receiver {
    opener: Opener,
    peer: Sender,
    traffic: Arc<Traffic>,
    ahead: Ahead,
    partial: Option<Partial>,
}

impl Receiver {
    /// A receiver for what `peer`, this being its role, sends.
    pub(crate) fn new(opener: Opener, peer: Sender, traffic: Arc<Traffic>) -> Result<Self> {
        Ok(Self {
            opener,
            peer,
            traffic,
            ahead: Ahead {
                bytes: KVec::with_capacity(AHEAD, GFP_KERNEL)?,
                used: 0,
            },
            partial: None,
        })
    }

    /// Whether a part of what comes next is here already, so that there may be another frame without
    /// the socket having anything.
    pub(crate) fn has_more(&self) -> bool {
        !self.ahead.rest().is_empty()
    }

    /// The next frame; `None` if it is not there whole.
    ///
    /// # Errors
    ///
    /// Any [`LinkError`]; the connection has to be closed then.
    pub(crate) fn poll(&mut self, socket: &Socket) -> Result<Option<(Header, Body)>, LinkError> {
        let mut partial = match self.partial.take() {
            Some(partial) => partial,
            None => match self.begin(socket)? {
                Some(partial) => partial,
                None => return Ok(None),
            },
        };
        if !self.complete(socket, &mut partial)? {
            self.partial = Some(partial);
            return Ok(None);
        }
        if partial.low_water {
            socket.set_low_water(1);
        }
        let Partial {
            header, msg, data, ..
        } = partial;
        let body = match self.opener.mode() {
            Integrity::Encrypt => self.decrypt(&header, data)?,
            _ => Body { msg, data },
        };
        let len = HEADER_LEN.saturating_add(body.len());
        self.traffic.frames_in.bump();
        self.traffic.bytes_in.add(len as u64);
        Ok(Some((header, body)))
    }

    /// The header of the next frame, if it is there, and memory for what is needed before its tag can be
    /// checked.
    fn begin(&mut self, socket: &Socket) -> Result<Option<Partial>, LinkError> {
        let head = loop {
            if let Some(head) = self.ahead.header() {
                break head;
            }
            if !self.ahead.fill(socket, false)? {
                return Ok(None);
            }
        };
        let header = Header::decode(&head, self.peer)?;
        self.opener.check_sequence(&header)?;
        let (msg_len, data_len) = match self.opener.mode() {
            Integrity::Header => (header.msg_len, 0),
            Integrity::Full => (header.msg_len, header.data_len),
            Integrity::Encrypt => (0, header.body_len()),
        };
        Ok(Some(Partial {
            header,
            msg: KVec::with_capacity(msg_len as usize, GFP_KERNEL)?,
            data: KVVec::with_capacity(data_len as usize, GFP_KERNEL)?,
            opened: false,
            low_water: false,
        }))
    }

    /// Goes on with a frame; returns whether it is whole. In the modes without encryption its tag was
    /// right then.
    fn complete(&mut self, socket: &Socket, partial: &mut Partial) -> Result<bool, LinkError> {
        let header = partial.header;
        let (msg_len, data_len) = match self.opener.mode() {
            Integrity::Encrypt => (0, header.body_len()),
            _ => (header.msg_len, header.data_len),
        };
        let low_water = &mut partial.low_water;
        if !self.take(socket, &mut partial.msg, msg_len as usize, low_water)? {
            return Ok(false);
        }
        // The data is not covered in this mode: the tag is checked before memory is taken for it.
        if self.opener.mode() == Integrity::Header && !partial.opened {
            self.opener.open(&KernelCrypto, &header, &partial.msg, [])?;
            partial.data.reserve(data_len as usize, GFP_KERNEL)?;
            partial.opened = true;
        }
        if !self.take(socket, &mut partial.data, data_len as usize, low_water)? {
            return Ok(false);
        }
        if self.opener.mode() == Integrity::Full {
            let data = [&*partial.data];
            self.opener
                .open(&KernelCrypto, &header, &partial.msg, data)?;
        }
        Ok(true)
    }

    /// Fills `to`, which has the room, up to `len` bytes; returns whether they are there.
    fn take<A: Allocator>(
        &mut self,
        socket: &Socket,
        to: &mut Vec<u8, A>,
        len: usize,
        low_water: &mut bool,
    ) -> Result<bool, LinkError> {
        loop {
            let missing = len.saturating_sub(to.len());
            if missing == 0 {
                return Ok(true);
            }
            if self.has_more() {
                self.ahead.give(to, missing)?;
                continue;
            }
            let came = if missing < AHEAD {
                self.ahead.fill(socket, true)?
            } else {
                receive(socket, to, missing, true)?
            };
            if !came {
                if missing >= AHEAD || *low_water {
                    socket.set_low_water(missing.min(LOW_WATER_MAX));
                    *low_water = true;
                }
                return Ok(false);
            }
        }
    }

    fn decrypt(&mut self, header: &Header, mut text: KVVec<u8>) -> Result<Body, LinkError> {
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
