// SPDX-License-Identifier: GPL-2.0

//! The client's table of requests: who waits for what, what has to be sent, and again.
//!
//! A session has a fixed number of *slots*; a request occupies one from [`Requests::start`] until
//! its reply is there. The server keeps one reply per slot at most, so its memory is bounded, and
//! one request that takes hours holds up one slot and nothing else. Replies come in any order.
//! (NFSv4.1 sessions are built the same way, for the same reasons.)
//!
//! The id of a request is its slot and how often the slot has been used. It stays the same when the
//! request is sent again on another connection of the session ([`Requests::resume`]), and the
//! server ([`crate::rpc::replies`]) executes each id once. Using a slot again tells the server
//! that the earlier reply has arrived; for slots that stay idle, [`Requests::take_ack`] gives an id
//! to put into any frame that goes out anyway.
//!
//! Whoever stops waiting ([`Requests::abandon`], [`Requests::expire`]) gets its payload back at
//! once. If the request was never sent, the slot is free again; else a cancel takes its place and
//! the slot is occupied until the server has answered, because only the server knows whether it
//! was executed.
//!
//! The table is also the send queue: what is started or has to be sent again comes out of
//! [`Requests::next`] in the order in which it was started. The caller has to make sure that
//! nothing is received on an old connection any more when it calls `resume`.

use super::wire::{
    FrameError,
    RequestId, //
};
use core::{
    marker::PhantomData,
    ops::DerefMut, //
};

/// A deadline that never comes.
pub(crate) const NO_DEADLINE: u64 = u64::MAX;

/// Whether the server can have seen the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// No.
    Never,
    /// Perhaps, on an earlier connection.
    Earlier,
    /// Yes, on this one: it will be answered on this one.
    Now,
}

/// One slot of the table.
pub(crate) struct Slot<T> {
    /// How often the slot has been used.
    round: u64,
    /// When the request was started, as a running number; 0 if the slot is free.
    order: u64,
    sent: Sent,
    queued: bool,
    /// The server still keeps a reply that has arrived.
    unacked: bool,
    /// In nanoseconds.
    deadline: u64,
    /// Gone when nobody waits any more.
    payload: Option<T>,
    /// The slot behind this one in the send queue.
    behind: Option<u16>,
}

impl<T> Slot<T> {
    /// A slot that was never used.
    pub(crate) const fn new() -> Self {
        Self {
            round: 0,
            order: 0,
            sent: Sent::Never,
            queued: false,
            unacked: false,
            deadline: NO_DEADLINE,
            payload: None,
            behind: None,
        }
    }

    fn is_free(&self) -> bool {
        self.order == 0
    }

    /// Makes the slot free, and gives back what was in it.
    fn release(&mut self) -> Option<T> {
        self.order = 0;
        self.deadline = NO_DEADLINE;
        self.payload.take()
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A frame that has to be sent now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outgoing<'a, T> {
    /// The request.
    Request {
        /// Its id.
        id: RequestId,
        /// Whether the retry flag is to be set.
        retry: bool,
        /// What was given to [`Requests::start`].
        payload: &'a T,
    },
    /// A cancel: the server may have seen the request, and nobody waits for it any more.
    Cancel {
        /// The request's id.
        id: RequestId,
    },
}

/// The table; `S` is the memory for its slots, which has a fixed length of 65,535 at most.
pub(crate) struct Requests<T, S> {
    slots: S,
    /// Slots below this one may be used.
    credits: u16,
    /// Number of the last request that was started.
    last_order: u64,
    /// First and last slot of the send queue.
    queue: Option<(u16, u16)>,
    /// Number of slots with an acknowledgement to send.
    unacked: u16,
    payload: PhantomData<T>,
}

impl<T, S: DerefMut<Target = [Slot<T>]>> Requests<T, S> {
    /// An empty table, without credits.
    pub(crate) fn new(slots: S) -> Self {
        Self {
            slots,
            credits: 0,
            last_order: 0,
            queue: None,
            unacked: 0,
            payload: PhantomData,
        }
    }

    /// From now on as many slots may be used as the server says, if the table has them.
    pub(crate) fn grant(&mut self, credits: u16) {
        self.credits = credits;
    }

    /// Number of slots in use.
    pub(crate) fn in_flight(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.is_free()).count()
    }

    /// Takes a request in and queues it for sending.
    ///
    /// # Errors
    ///
    /// The payload comes back if there is no free slot: try again after a reply or a grant.
    pub(crate) fn start(&mut self, payload: T, deadline: u64) -> Result<RequestId, T> {
        let free = self
            .slots
            .iter_mut()
            .zip(0..self.credits)
            .find(|(slot, _)| slot.is_free());
        let Some((slot, index)) = free else {
            return Err(payload);
        };
        let Some(id) = RequestId::new(index, slot.round.saturating_add(1)) else {
            return Err(payload);
        };
        self.last_order = self.last_order.saturating_add(1);
        if slot.unacked {
            // Using the slot again says so.
            slot.unacked = false;
            self.unacked = self.unacked.saturating_sub(1);
        }
        slot.round = id.round();
        slot.order = self.last_order;
        slot.sent = Sent::Never;
        slot.deadline = deadline;
        slot.payload = Some(payload);
        self.enqueue(index);
        Ok(id)
    }

    /// The next frame to send, which counts as sent from now on. A caller that cannot send it has
    /// lost the connection, and will call [`Self::resume`] on the next one.
    pub(crate) fn next(&mut self) -> Option<Outgoing<'_, T>> {
        let (first, last) = self.queue?;
        let slot = self.slots.get_mut(usize::from(first))?;
        self.queue = slot.behind.take().map(|second| (second, last));
        slot.queued = false;
        let retry = slot.sent == Sent::Earlier;
        slot.sent = Sent::Now;
        let id = RequestId::new(first, slot.round)?;
        Some(match &slot.payload {
            Some(payload) => Outgoing::Request { id, retry, payload },
            None => Outgoing::Cancel { id },
        })
    }

    /// Whether [`Self::next`] has something.
    pub(crate) fn has_next(&self) -> bool {
        self.queue.is_some()
    }

    /// A request whose reply has arrived, for the header's `acked` field; 0 for none.
    pub(crate) fn take_ack(&mut self) -> u64 {
        if self.unacked == 0 {
            return 0;
        }
        let pending = self
            .slots
            .iter_mut()
            .zip(0..)
            .find(|(slot, _)| slot.unacked);
        let Some((slot, index)) = pending else {
            return 0;
        };
        slot.unacked = false;
        self.unacked = self.unacked.saturating_sub(1);
        RequestId::new(index, slot.round).map_or(0, RequestId::raw)
    }

    /// What waits for the reply with this id, before the reply's body is received; `None` if
    /// nobody does any more, and the body is to be thrown away.
    ///
    /// # Errors
    ///
    /// [`FrameError::UnexpectedReply`].
    pub(crate) fn waiting(&self, id: u64) -> Result<Option<&T>, FrameError> {
        let slot = RequestId::from_wire(id)
            .and_then(|id| Some((id, self.slots.get(usize::from(id.slot()))?)))
            .filter(|(id, slot)| slot.round == id.round())
            .map(|(_, slot)| slot)
            .filter(|slot| !slot.is_free() && slot.sent == Sent::Now)
            .ok_or(FrameError::UnexpectedReply(id))?;
        Ok(slot.payload.as_ref())
    }

    /// The reply with this id is complete: its slot is free. Gives what waited for it.
    ///
    /// # Errors
    ///
    /// [`FrameError::UnexpectedReply`].
    pub(crate) fn reply(&mut self, id: u64) -> Result<Option<T>, FrameError> {
        self.waiting(id)?;
        let unexpected = FrameError::UnexpectedReply(id);
        let index = RequestId::from_wire(id).ok_or(unexpected)?.slot();
        // A cancel may be in the queue still; it has become pointless.
        self.dequeue(index);
        let slot = self.slots.get_mut(usize::from(index)).ok_or(unexpected)?;
        slot.unacked = true;
        self.unacked = self.unacked.saturating_add(1);
        Ok(slot.release())
    }

    /// The request whose payload `is` the one.
    pub(crate) fn find(&self, is: impl Fn(&T) -> bool) -> Option<RequestId> {
        let (slot, index) = self
            .slots
            .iter()
            .zip(0..)
            .find(|(slot, _)| slot.payload.as_ref().is_some_and(&is))?;
        RequestId::new(index, slot.round)
    }

    /// Nobody waits for this request any more; gives its payload, if it still had one. A cancel is
    /// queued if the server may have seen the request.
    pub(crate) fn abandon(&mut self, id: RequestId) -> Option<T> {
        let index = id.slot();
        let slot = self
            .slots
            .get_mut(usize::from(index))
            .filter(|slot| slot.round == id.round() && slot.payload.is_some())?;
        if slot.sent == Sent::Never {
            // The server has not seen this id and never will: the next one may have it. What the
            // id would have acknowledged has to be acknowledged in another way.
            slot.round = slot.round.saturating_sub(1);
            slot.unacked = slot.round != 0;
            self.unacked = self.unacked.saturating_add(u16::from(slot.unacked));
            let payload = slot.release();
            self.dequeue(index);
            return payload;
        }
        let payload = slot.payload.take();
        slot.deadline = NO_DEADLINE;
        self.enqueue(index);
        payload
    }

    /// Abandons one request whose deadline is not after `now`; call until `None`.
    pub(crate) fn expire(&mut self, now: u64) -> Option<(RequestId, T)> {
        let (slot, index) = self
            .slots
            .iter()
            .zip(0..)
            .find(|(slot, _)| slot.payload.is_some() && slot.deadline <= now)?;
        let id = RequestId::new(index, slot.round)?;
        self.abandon(id).map(|payload| (id, payload))
    }

    /// The earliest deadline; [`NO_DEADLINE`] if there is none.
    pub(crate) fn next_deadline(&self) -> u64 {
        let deadlines = self.slots.iter().map(|slot| slot.deadline);
        deadlines.min().unwrap_or(NO_DEADLINE)
    }

    /// The session goes on with a new connection: everything that is not answered is queued, in
    /// the order in which it was started.
    pub(crate) fn resume(&mut self) {
        self.queue = None;
        for slot in self.slots.iter_mut() {
            slot.queued = false;
            slot.behind = None;
            if slot.is_free() {
                // The last acknowledgements may have been lost.
                if slot.round != 0 && !slot.unacked {
                    slot.unacked = true;
                    self.unacked = self.unacked.saturating_add(1);
                }
            } else if slot.sent == Sent::Now {
                slot.sent = Sent::Earlier;
            }
        }
        let mut done = 0;
        while let Some((order, index)) = self.first_after(done) {
            self.enqueue(index);
            done = order;
        }
    }

    /// Ends the session: takes one request that will not be answered; call until `None`, then
    /// [`Self::reset`].
    pub(crate) fn take(&mut self) -> Option<T> {
        self.slots.iter_mut().find_map(|slot| slot.payload.take())
    }

    /// Begins a new session: the table is as new.
    pub(crate) fn reset(&mut self) {
        for slot in self.slots.iter_mut() {
            *slot = Slot::new();
        }
        self.credits = 0;
        self.queue = None;
        self.unacked = 0;
    }

    /// The request that was started first after the one with number `order`.
    fn first_after(&self, order: u64) -> Option<(u64, u16)> {
        let started = self.slots.iter().zip(0..);
        let later = started.filter(|(slot, _)| slot.order > order);
        later.map(|(slot, index)| (slot.order, index)).min()
    }

    /// Puts a slot at the end of the send queue, unless it is in it.
    fn enqueue(&mut self, index: u16) {
        match self.slots.get_mut(usize::from(index)) {
            Some(slot) if !slot.queued => {
                slot.queued = true;
                slot.behind = None;
            }
            _ => return,
        }
        let Some((first, last)) = self.queue else {
            self.queue = Some((index, index));
            return;
        };
        if let Some(slot) = self.slots.get_mut(usize::from(last)) {
            slot.behind = Some(index);
        }
        self.queue = Some((first, index));
    }

    /// Takes a slot out of the send queue, if it is in it. Walks the queue, which is short, and
    /// happens only to requests that were abandoned.
    fn dequeue(&mut self, index: u16) {
        let behind = match self.slots.get_mut(usize::from(index)) {
            Some(slot) if slot.queued => {
                slot.queued = false;
                slot.behind.take()
            }
            _ => return,
        };
        let Some((first, last)) = self.queue else {
            return;
        };
        if first == index {
            self.queue = behind.map(|second| (second, last));
            return;
        }
        let before = self
            .slots
            .iter_mut()
            .zip(0..)
            .find(|(slot, _)| slot.queued && slot.behind == Some(index));
        if let Some((slot, before)) = before {
            slot.behind = behind;
            if last == index {
                self.queue = Some((first, before));
            }
        }
    }
}
