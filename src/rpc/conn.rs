// SPDX-License-Identifier: GPL-2.0

//! One authenticated connection: whole frames in, whole frames out.
//!
//! Anybody may post a frame. What the socket takes at once is sent in the poster's own context, which
//! never sleeps for the network and cannot be cut short by a signal; the rest is the sender thread's,
//! one per connection. The order of the numbers in the frames is the order on the wire, so numbering
//! and sending are done under one lock, which is not held while anybody waits for the network.

use core::mem::replace;

use kernel::{
    alloc::AllocError,
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        Mutex, //
    }, //
};

use super::{
    fifo::Fifo,
    frame::Frame,
    greet::KernelCrypto,
    integrity::{
        Aead,
        Sealer,
        TAG_LEN, //
    },
    session::CREDITS,
    wire::{
        DATA_MAX,
        HEADER_LEN,
        MSG_MAX, //
    }, //
};
use crate::{
    cluster::counters::Traffic,
    control::abi::Integrity,
    linux::{
        bytes,
        crypto,
        memalloc::NofsScope,
        net::{
            Socket,
            Wait, //
        }, //
    }, //
};

/// Frames that can wait to be sent: more than all credits of a link and its heartbeats.
const QUEUE_MAX: usize = 256;
/// Bytes that can wait to be sent: as many as a request or a reply per credit can have. A peer that
/// keeps to the credits asks for no more before it has read what it asked for.
const QUEUE_BYTES_MAX: usize = CREDITS as usize * (HEADER_LEN + (MSG_MAX + DATA_MAX) as usize);

/// An authenticated connection.
#[pin_data]
pub(crate) struct Conn {
    pub(crate) socket: Arc<Socket>,
    traffic: Arc<Traffic>,
    #[pin]
    out: Mutex<Outgoing>,
    /// Tells the sender thread that there is something to do.
    #[pin]
    work: CondVar,
}

struct Outgoing {
    sealer: Sealer,
    /// Frames that have no number yet, first in first out.
    queue: Fifo<Frame>,
    /// Bytes of the bodies in `queue`.
    queued: usize,
    /// A numbered frame of which a part is sent; nothing else may be sent before its rest.
    current: Option<Wire>,
    /// The sender thread is sending without the lock.
    busy: bool,
    closed: bool,
}

/// A frame as it is sent on one connection.
struct Wire {
    head: [u8; HEADER_LEN],
    frame: Frame,
    /// The encrypted body, in mode `encrypt`.
    sealed: Option<KVVec<u8>>,
    sent: usize,
}

impl Wire {
    fn seal(sealer: &mut Sealer, frame: Frame) -> Result<Self, AllocError> {
        let (head, sealed) = match sealer.mode() {
            Integrity::Header | Integrity::Full => (
                sealer.seal(&KernelCrypto, frame.header, frame.msg(), [frame.data()]),
                None,
            ),
            Integrity::Encrypt => {
                let mut body = KVVec::new();
                let head =
                    sealer.seal_aead(frame.header, |aead| encrypt(&frame, aead, &mut body))?;
                (head, Some(body))
            }
        };
        Ok(Self {
            head,
            frame,
            sealed,
            sent: 0,
        })
    }

    /// What is still to be sent.
    fn rest(&self) -> [&[u8]; 3] {
        let mut parts = match &self.sealed {
            Some(body) => [self.head.as_slice(), body, &[]],
            None => [self.head.as_slice(), self.frame.msg(), self.frame.data()],
        };
        let mut skip = self.sent;
        for part in &mut parts {
            let here = skip.min(part.len());
            *part = part.get(here..).unwrap_or_default();
            skip = skip.saturating_sub(here);
        }
        parts
    }

    /// Sends what it can; returns whether that was all.
    fn send(&mut self, socket: &Socket, wait: Wait) -> Result<bool> {
        loop {
            let rest = self.rest();
            let left: usize = rest.iter().map(|part| part.len()).sum();
            if left == 0 {
                return Ok(true);
            }
            match socket.send(&rest, wait) {
                Ok(sent) => self.sent = self.sent.saturating_add(sent),
                Err(e) if e == EAGAIN && wait == Wait::No => return Ok(false),
                Err(e) => return Err(e),
            }
        }
    }
}

/// Encrypts message and data into `body`; returns the tag.
fn encrypt(
    frame: &Frame,
    aead: Aead<'_>,
    body: &mut KVVec<u8>,
) -> Result<[u8; TAG_LEN], AllocError> {
    *body = bytes::concat(&[frame.msg(), frame.data()], TAG_LEN)?;
    crypto::aead_seal(aead.key, aead.nonce, &aead.header, body)
}

impl Conn {
    /// A connection over `socket`, whose outgoing frames are sealed by `sealer`.
    pub(crate) fn new(
        socket: Arc<Socket>,
        sealer: Sealer,
        traffic: Arc<Traffic>,
    ) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                socket,
                traffic,
                out <- new_mutex!(Outgoing {
                    sealer,
                    queue: Fifo::new(),
                    queued: 0,
                    current: None,
                    busy: false,
                    closed: false,
                }, "mosix::Conn::out"),
                work <- new_condvar!("mosix::Conn::work"),
            }),
            GFP_KERNEL,
        )
    }

    /// Puts `frame` behind those that wait to be sent; [`Self::flush`] has to follow. A connection
    /// that is or gets broken drops it: whoever needs an answer sends it again on the next one.
    ///
    /// Does not touch the network, so that it can be called under the lock that the order of frames
    /// depends on.
    pub(crate) fn enqueue(&self, frame: Frame) {
        let mut out = self.out.lock();
        if out.closed {
            return;
        }
        // More cannot be while both sides keep to the credits.
        out.queued = out.queued.saturating_add(frame.body_len());
        let full = out.queue.len() >= QUEUE_MAX || out.queued > QUEUE_BYTES_MAX;
        if full || out.queue.push(frame).is_err() {
            self.close_locked(&mut out);
        }
    }

    /// Sends what the socket takes at once; the rest is the sender thread's.
    ///
    /// May sleep for memory, not for the network.
    pub(crate) fn flush(&self) {
        let _nofs = NofsScope::enter();
        let mut out = self.out.lock();
        if out.closed || out.busy {
            return;
        }
        match self.advance(&mut out) {
            Ok(true) => {}
            Ok(false) => self.work.notify_one(),
            Err(_) => self.close_locked(&mut out),
        }
    }

    /// As [`Self::post`], before everything that waits to be sent: a heartbeat must not be late because
    /// there is much to do.
    pub(crate) fn post_first(&self, frame: Frame) {
        let mut out = self.out.lock();
        if !out.closed && out.queue.push_first(frame).is_err() {
            self.close_locked(&mut out);
        }
        drop(out);
        self.flush();
    }

    /// [`Self::enqueue`] and [`Self::flush`] of a frame whose place among others does not matter.
    pub(crate) fn post(&self, frame: Frame) {
        self.enqueue(frame);
        self.flush();
    }

    /// Sends frame after frame as long as the socket takes them; returns whether all are sent.
    fn advance(&self, out: &mut Outgoing) -> Result<bool> {
        loop {
            let Some(mut wire) = self.next(out)? else {
                return Ok(true);
            };
            if !wire.send(&self.socket, Wait::No)? {
                out.current = Some(wire);
                return Ok(false);
            }
        }
    }

    /// The frame to go on with.
    fn next(&self, out: &mut Outgoing) -> Result<Option<Wire>> {
        if let Some(wire) = out.current.take() {
            return Ok(Some(wire));
        }
        let Some(frame) = out.queue.pop() else {
            return Ok(None);
        };
        out.queued = out.queued.saturating_sub(frame.body_len());
        let len = HEADER_LEN.saturating_add(frame.body_len());
        self.traffic.frames_out.bump();
        self.traffic.bytes_out.add(len as u64);
        Ok(Some(Wire::seal(&mut out.sealer, frame)?))
    }

    /// The sender thread: sends what could not be sent at once. Returns when the connection is closed.
    pub(crate) fn run_sender(&self) {
        let _nofs = NofsScope::enter();
        let mut out = self.out.lock();
        while !out.closed {
            let wire = match self.next(&mut out) {
                Ok(Some(wire)) => wire,
                Ok(None) => {
                    let _ = self.work.wait_interruptible(&mut out);
                    continue;
                }
                Err(_) => return self.close_locked(&mut out),
            };
            out.busy = true;
            drop(out);
            let mut wire = wire;
            let sent = wire.send(&self.socket, Wait::Yes);
            out = self.out.lock();
            out.busy = false;
            if sent.is_err() {
                return self.close_locked(&mut out);
            }
        }
    }

    /// Ends the connection: everybody who waits in it returns, what was not sent is dropped.
    pub(crate) fn close(&self) {
        self.close_locked(&mut self.out.lock());
    }

    fn close_locked(&self, out: &mut Outgoing) {
        if !out.closed {
            out.closed = true;
            out.current = None;
            drop(replace(&mut out.queue, Fifo::new()));
            self.socket.shutdown();
            self.work.notify_all();
        }
    }
}
