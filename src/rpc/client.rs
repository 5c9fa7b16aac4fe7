// SPDX-License-Identifier: GPL-2.0

//! The client's end of a link: this node's requests to one peer.
//!
//! It outlives connections. What is not answered when one breaks is sent again on the next one, as
//! long as the session goes on; when it does not, whoever waits is told so.
//!
//! Lock order: `table`, then the connection's `out`. A call's own lock is taken under neither.

use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        CondVarTimeoutResult,
        Mutex, //
    },
    time::msecs_to_jiffies, //
};

use super::{
    call::{
        Call,
        Reply,
        Waited, //
    },
    conn::Conn,
    frame::{
        Body,
        Frame, //
    },
    link_error::LinkError,
    requests::{
        Outgoing,
        Requests,
        Slot, //
    },
    wire::{
        flags,
        FrameError,
        Header,
        Kind,
        DATA_MAX,
        MSG_MAX, //
    }, //
};
use crate::linux::{
    clock,
    errno::*, //
};

/// Slots of the table: no server is asked more at once, whatever it grants.
const SLOTS: usize = 64;
/// Length of one wait for a free slot, in milliseconds.
const ROOM_WAIT_MS: u32 = 1_000;

/// The requests of this node to one peer.
#[pin_data]
pub(crate) struct Client {
    #[pin]
    table: Mutex<Table>,
    /// Tells those who wait for a free slot that there may be one.
    #[pin]
    room: CondVar,
}

struct Table {
    requests: Requests<Arc<Call>, KVec<Slot<Arc<Call>>>>,
    conn: Option<Arc<Conn>>,
    /// The session to go on with; 0 for none.
    session: u64,
    /// Why new calls fail at once, while they do.
    shut: Option<u32>,
    /// How often it was shut: an attempt to connect that was begun before the last time is void.
    shuts: u64,
    /// How many sessions have ended: ids of an earlier one mean other requests now.
    ended: u64,
}

impl Table {
    /// Hands everything that is to be sent to the connection, which has to be flushed then.
    fn push(&mut self) -> Option<Arc<Conn>> {
        let conn = self.conn.clone()?;
        while self.requests.has_next() {
            let acked = self.requests.take_ack();
            let Some(frame) = self.requests.next().map(frame_of) else {
                break;
            };
            let mut frame = frame;
            frame.header.acked = acked;
            conn.enqueue(frame);
        }
        Some(conn)
    }
}

fn frame_of(outgoing: Outgoing<'_, Arc<Call>>) -> Frame {
    match outgoing {
        Outgoing::Request { id, retry, payload } => {
            let body = &payload.body;
            let mut header = Header::new(payload.kind, body.msg_len(), body.data_len());
            header.id = id.raw();
            if retry {
                header.flags |= flags::RETRY;
            }
            Frame {
                header,
                body: Some(body.clone()),
            }
        }
        Outgoing::Cancel { id } => {
            let mut header = Header::new(Kind::CANCEL, 0, 0);
            header.id = id.raw();
            Frame::bare(header)
        }
    }
}

impl Client {
    /// A client that is not connected: calls fail with `ENOTCONN`.
    pub(crate) fn new() -> Result<impl PinInit<Self>> {
        let mut slots = KVec::with_capacity(SLOTS, GFP_KERNEL)?;
        for _ in 0..SLOTS {
            slots.push(Slot::new(), GFP_KERNEL)?;
        }
        Ok(pin_init!(Self {
            table <- new_mutex!(Table {
                requests: Requests::new(slots),
                conn: None,
                session: 0,
                shut: Some(ENOTCONN),
                shuts: 0,
                ended: 0,
            }, "mosix::Client::table"),
            room <- new_condvar!("mosix::Client::room"),
        }))
    }

    /// Sends a request and waits for its answer, at most until `deadline_ns` (since boot). May sleep.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` or `EHOSTDOWN` at once when the peer is not there, `ECONNRESET` when it came back
    /// without memory of the request, `ETIMEDOUT`, `EINTR` after a signal, `EMSGSIZE`. An error that
    /// the peer reports is not one of these: it is the reply's status.
    pub(crate) fn call(&self, kind: Kind, body: Body, deadline_ns: u64) -> Result<Reply> {
        if body.msg.len() > MSG_MAX as usize || body.data.len() > DATA_MAX as usize {
            return Err(EMSGSIZE);
        }
        let call = Call::new(kind, body)?;
        let (id, life) = loop {
            let mut table = self.table.lock();
            if let Some(why) = table.shut {
                return Err(errno(why));
            }
            match table.requests.start(call.clone(), deadline_ns) {
                Ok(id) => {
                    let life = table.ended;
                    let conn = table.push();
                    drop(table);
                    if let Some(conn) = conn {
                        conn.flush();
                    }
                    break (id, life);
                }
                Err(_) => self.wait_for_room(&mut table, deadline_ns)?,
            }
        };
        loop {
            match call.wait() {
                Waited::Done(outcome) => return outcome,
                Waited::NotYet => {}
                Waited::Signal => {
                    let mut table = self.table.lock();
                    if table.ended == life && table.requests.abandon(id).is_some() {
                        let conn = table.push();
                        drop(table);
                        self.room.notify_one();
                        if let Some(conn) = conn {
                            conn.flush();
                        }
                        return Err(EINTR);
                    }
                    drop(table);
                    // Somebody has taken it and is completing it right now.
                    return call.wait_taken();
                }
            }
        }
    }

    fn wait_for_room(
        &self,
        table: &mut kernel::sync::lock::Guard<'_, Table, kernel::sync::lock::mutex::MutexBackend>,
        deadline_ns: u64,
    ) -> Result {
        let waited = self
            .room
            .wait_interruptible_timeout(table, msecs_to_jiffies(ROOM_WAIT_MS));
        let given_up = match waited {
            CondVarTimeoutResult::Signal { .. } => EINTR,
            _ if clock::boottime_ns() >= deadline_ns => ETIMEDOUT,
            _ => return Ok(()),
        };
        // The wake-up may have been for whoever still waits.
        self.room.notify_one();
        Err(given_up)
    }

    /// Begins an attempt to connect: gives the session to ask for (0 for none) and the attempt's name
    /// for [`Self::connected`].
    pub(crate) fn attempt(&self) -> (u64, u64) {
        let table = self.table.lock();
        (table.session, table.shuts)
    }

    /// A new connection is there, with the old one's receiving thread gone. Returns false, and does
    /// nothing, if the client was shut since the attempt began.
    pub(crate) fn connected(
        &self,
        attempt: u64,
        conn: Arc<Conn>,
        session: u64,
        resumed: bool,
        credits: u16,
    ) -> bool {
        if self.table.lock().shuts != attempt {
            return false;
        }
        if !resumed {
            self.fail(ECONNRESET);
        }
        let mut table = self.table.lock();
        if table.shuts != attempt {
            return false;
        }
        table.session = session;
        table.shut = None;
        table.conn = Some(conn);
        table.requests.grant(credits);
        table.requests.resume();
        let conn = table.push();
        drop(table);
        self.room.notify_all();
        if let Some(conn) = conn {
            conn.flush();
        }
        true
    }

    /// The connection is gone; what waits goes on waiting.
    pub(crate) fn disconnected(&self) {
        self.table.lock().conn = None;
    }

    /// The peer is gone: everything that waits fails with `why`, and so do new calls until there is a
    /// connection again.
    pub(crate) fn shut(&self, why: u32) {
        let mut table = self.table.lock();
        table.shut = Some(why);
        table.shuts = table.shuts.saturating_add(1);
        table.conn = None;
        drop(table);
        self.fail(why);
    }

    /// Ends the session.
    fn fail(&self, why: u32) {
        loop {
            // One at a time, so that a call's lock is never taken under the table's.
            let mut table = self.table.lock();
            let Some(call) = table.requests.take() else {
                // Under the same lock, so that no call can begin in between and be forgotten.
                table.requests.reset();
                table.session = 0;
                table.ended = table.ended.saturating_add(1);
                break;
            };
            drop(table);
            call.complete(Err(errno(why)));
        }
        self.room.notify_all();
    }

    /// Completes the calls whose time is over.
    pub(crate) fn expire(&self, now_ns: u64) {
        loop {
            let mut table = self.table.lock();
            let Some((_, call)) = table.requests.expire(now_ns) else {
                break;
            };
            let conn = table.push();
            drop(table);
            self.room.notify_one();
            call.complete(Err(ETIMEDOUT));
            if let Some(conn) = conn {
                conn.flush();
            }
        }
    }

    /// A reply has come.
    ///
    /// # Errors
    ///
    /// [`FrameError::UnexpectedReply`]: the connection has to be closed.
    pub(crate) fn reply(&self, header: &Header, body: Body) -> Result<(), LinkError> {
        let mut table = self.table.lock();
        if table.conn.is_none() {
            // The session has ended while the reply was on its way.
            return Err(LinkError::Closed);
        }
        let call = table.requests.reply(header.id)?;
        if header.credits != 0 {
            table.requests.grant(header.credits);
        }
        drop(table);
        self.room.notify_one();
        let Some(call) = call else {
            return Ok(());
        };
        if header.kind != call.kind {
            // Only what was abandoned is answered by a cancel, and nothing by another kind.
            call.complete(Err(errno(EPROTO)));
            return Err(FrameError::UnexpectedReply(header.id).into());
        }
        call.complete(Ok(Reply {
            status: header.status,
            body,
        }));
        Ok(())
    }
}
