// SPDX-License-Identifier: GPL-2.0

//! The client's end of a link: this node's requests to one peer.
//!
//! It outlives connections. What is not answered when one breaks is sent again on the next one, as
//! long as the session goes on; when it does not, whoever waits is told so.
//!
//! Requests for which no slot is free wait in a queue, in the order in which they came. Each has its
//! caller, who waits with it and has no other, or is a post; so the queue is bounded by the number of
//! callers and by what posts are about, which is there before.
//!
//! Lock order: `table`, then the connection's `out`. A call's own lock is taken under neither.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    call::{
        Call,
        Patience,
        Pending,
        Reply, //
    },
    conn::Conn,
    fifo::Fifo,
    frame::{
        Body,
        Content,
        Frame, //
    },
    inbox::Inbox,
    link_error::LinkError,
    requests::{
        Outgoing,
        Requests,
        Slot,
        NO_DEADLINE, //
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
use crate::linux::errno::*;

/// Slots of the table: no server is asked more at once, whatever it grants.
const SLOTS: usize = 64;

/// The requests of this node to one peer.
#[pin_data]
pub(crate) struct Client {
    #[pin]
    table: Mutex<Table>,
}

struct Table {
    requests: Requests<Arc<Call>, KVec<Slot<Arc<Call>>>>,
    /// What waits for a free slot.
    backlog: Fifo<Arc<Call>>,
    conn: Option<Arc<Conn>>,
    /// Where the replies on `conn` come in.
    inbox: Option<Arc<Inbox>>,
    /// The session to go on with; 0 for none.
    session: u64,
    /// Why new calls fail at once, while they do.
    shut: Option<u32>,
    /// How often it was shut: an attempt to connect that was begun before the last time is void.
    shuts: u64,
}

impl Table {
    /// Takes in a new call, behind those that wait for a slot.
    fn begin(&mut self, call: Arc<Call>) -> Result {
        if let Some(why) = self.shut {
            return Err(errno(why));
        }
        if self.backlog.is_empty() {
            let deadline = call.deadline_ns;
            match self.requests.start(call, deadline) {
                Ok(_) => return Ok(()),
                Err(call) => self.backlog.push(call)?,
            }
        } else {
            self.backlog.push(call)?;
        }
        Ok(())
    }

    /// Gives free slots to those who wait for one.
    fn fill(&mut self) {
        while let Some(call) = self.backlog.first() {
            if self.requests.start(call.clone(), call.deadline_ns).is_err() {
                return;
            }
            drop(self.backlog.pop());
        }
    }

    /// Hands everything that is to be sent to the connection, which has to be flushed then.
    fn push(&mut self) -> Option<Arc<Conn>> {
        self.fill();
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

    /// A slot may have become free: as [`Self::push`] if somebody waits for one.
    fn push_more(&mut self) -> Option<Arc<Conn>> {
        if self.backlog.is_empty() {
            return None;
        }
        self.push()
    }

    /// Takes out a call whose time is over.
    fn expire(&mut self, now_ns: u64) -> Option<Arc<Call>> {
        if let Some((_, call)) = self.requests.expire(now_ns) {
            return Some(call);
        }
        self.backlog.take(|call| call.deadline_ns <= now_ns)
    }

    /// Takes `call` out; false if somebody else has.
    fn abandon(&mut self, call: &Arc<Call>) -> bool {
        let same = |other: &Arc<Call>| Arc::ptr_eq(other, call);
        match self.requests.find(same) {
            Some(id) => self.requests.abandon(id).is_some(),
            None => self.backlog.take(same).is_some(),
        }
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
                content: Content::Call(payload.clone()),
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
                backlog: Fifo::new(),
                conn: None,
                inbox: None,
                session: 0,
                shut: Some(ENOTCONN),
                shuts: 0,
            }, "mosix::Client::table"),
        }))
    }

    /// Sends a request and waits for its answer. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` or `EHOSTDOWN` at once when the peer is not there, and when it goes away later;
    /// `ECONNRESET` when it came back without memory of the request; `ESHUTDOWN` when this node leaves
    /// the cluster; `EINTR` and `ETIMEDOUT` when the patience is over; `EMSGSIZE`. An error that the
    /// peer reports is not one of these: it is the reply's status.
    pub(crate) fn call(&self, kind: Kind, body: Body, patience: Patience) -> Result<Reply> {
        self.start(kind, body, patience)?.wait()
    }

    /// Hands a request over without waiting for its answer yet, so that several can be under way. They
    /// are sent in this order, and executed in any.
    ///
    /// # Errors
    ///
    /// Those of [`Self::call`] that come at once.
    pub(crate) fn start(&self, kind: Kind, body: Body, patience: Patience) -> Result<Pending<'_>> {
        let (call, inbox) = self.begin(kind, body, patience.deadline_ns())?;
        Ok(Pending::new(self, call, patience, inbox))
    }

    /// Hands over a request whose answer nobody waits for; does not sleep for the network. It is sent
    /// as long as the session lasts, even if all slots are busy now.
    ///
    /// Not bounded here: a caller posts about something that it has held until now (an open file, a
    /// handle), once, so that there are never more posts than there were such things.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and those of [`Self::call`] that come at once.
    pub(crate) fn post(&self, kind: Kind, body: Body) -> Result {
        self.begin(kind, body, NO_DEADLINE).map(drop)
    }

    fn begin(
        &self,
        kind: Kind,
        body: Body,
        deadline_ns: u64,
    ) -> Result<(Arc<Call>, Option<Arc<Inbox>>)> {
        if body.msg.len() > MSG_MAX as usize || body.data.len() > DATA_MAX as usize {
            return Err(EMSGSIZE);
        }
        let call = Call::new(kind, body, deadline_ns)?;
        let mut table = self.table.lock();
        table.begin(call.clone())?;
        let conn = table.push();
        let inbox = table.inbox.clone();
        drop(table);
        if let Some(conn) = conn {
            conn.flush();
        }
        Ok((call, inbox))
    }

    /// Nobody waits for `call` any more; returns false if it is being completed right now.
    pub(super) fn abandon(&self, call: &Arc<Call>) -> bool {
        let mut table = self.table.lock();
        let abandoned = table.abandon(call);
        let conn = table.push();
        drop(table);
        if let Some(conn) = conn {
            conn.flush();
        }
        abandoned
    }

    /// Number of the session that is going on, 0 for none: what was learnt of the peer in another one
    /// may not hold any more.
    pub(crate) fn session(&self) -> u64 {
        self.table.lock().session
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
        inbox: Arc<Inbox>,
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
        table.inbox = Some(inbox);
        table.requests.grant(credits);
        table.requests.resume();
        let conn = table.push();
        drop(table);
        if let Some(conn) = conn {
            conn.flush();
        }
        true
    }

    /// The connection is gone; what waits goes on waiting.
    pub(crate) fn disconnected(&self) {
        let mut table = self.table.lock();
        table.conn = None;
        let inbox = table.inbox.take();
        drop(table);
        if let Some(inbox) = inbox {
            // Who waits there for what does not come any more waits on elsewhere.
            inbox.look();
        }
    }

    /// The peer is gone: everything that waits fails with `why`, and so do new calls until there is a
    /// connection again.
    pub(crate) fn shut(&self, why: u32) {
        let mut table = self.table.lock();
        table.shut = Some(why);
        table.shuts = table.shuts.saturating_add(1);
        table.conn = None;
        let inbox = table.inbox.take();
        drop(table);
        self.fail(why);
        if let Some(inbox) = inbox {
            inbox.look();
        }
    }

    /// Ends the session.
    fn fail(&self, why: u32) {
        loop {
            // One at a time, so that a call's lock is never taken under the table's.
            let mut table = self.table.lock();
            let waiting = table.requests.take().or_else(|| table.backlog.pop());
            let Some(call) = waiting else {
                // Under the same lock, so that no call can begin in between and be forgotten.
                table.requests.reset();
                table.session = 0;
                break;
            };
            drop(table);
            call.complete(self, Err(errno(why)));
        }
    }

    /// To be called now and then: completes the calls whose time is over.
    pub(crate) fn beat(&self, now_ns: u64) {
        let inbox = self.table.lock().inbox.clone();
        if let Some(inbox) = inbox {
            inbox.beat();
        }
        loop {
            let mut table = self.table.lock();
            let Some(call) = table.expire(now_ns) else {
                break;
            };
            let conn = table.push();
            let inbox = table.inbox.clone();
            drop(table);
            call.complete(self, Err(ETIMEDOUT));
            if let Some(inbox) = inbox {
                inbox.look();
            }
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
        let conn = table.push_more();
        drop(table);
        if let Some(conn) = conn {
            conn.flush();
        }
        let Some(call) = call else {
            return Ok(());
        };
        if header.kind != call.kind {
            // Only what was abandoned is answered by a cancel, and nothing by another kind.
            call.complete(self, Err(errno(EPROTO)));
            return Err(FrameError::UnexpectedReply(header.id).into());
        }
        call.complete(
            self,
            Ok(Reply {
                status: header.status,
                body,
            }),
        );
        Ok(())
    }
}
