// SPDX-License-Identifier: GPL-2.0

//! The server's side of a session: nothing is executed twice, nothing is answered twice.
//!
//! One slot per slot of the client's table ([`crate::rpc::requests`]): the number of the request
//! that came last in it, and whether it is executed, or its reply. A reply is kept until the
//! client has acknowledged it, by using the slot again or in the `acked` field of any frame.
//!
//! A request that comes again after the connection was lost is answered from the kept reply, or,
//! while it is still executed, when that is done. Requests that change nothing need no kept reply:
//! they are just executed again.
//!
//! A reply is sent on a connection only if its request has come in on that connection. So the
//! client, which sends everything again that is unanswered, gets each reply exactly once.

use super::wire::{
    FrameError,
    RequestId, //
};
use core::{
    marker::PhantomData,
    ops::DerefMut, //
};

/// What is known about the last request of a slot.
enum State<R> {
    /// There was none, or its reply has been acknowledged.
    Idle,
    /// It is being executed.
    Busy,
    /// It is finished and may be executed again.
    Repeatable,
    /// It is finished, and this is its reply.
    Kept(R),
}

/// One slot of the table.
pub(crate) struct Slot<R> {
    round: u64,
    /// Number of the connection on which the request came in last.
    connection: u64,
    state: State<R>,
}

impl<R> Slot<R> {
    /// A slot that was never used.
    pub(crate) const fn new() -> Self {
        Self {
            round: 0,
            connection: 0,
            state: State::Idle,
        }
    }

    /// Takes the kept reply away.
    fn forget(&mut self, state: State<R>) -> Option<R> {
        match core::mem::replace(&mut self.state, state) {
            State::Kept(reply) => Some(reply),
            _ => None,
        }
    }
}

impl<R> Default for Slot<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission<'a, R> {
    /// Execute it. A reply to an earlier request is not needed any more and may be dropped.
    Execute(Option<R>),
    /// Nothing: it is being executed and will be answered when that is done.
    InProgress,
    /// Send this reply.
    Answer(&'a R),
}

/// What to do with a cancel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cancellation<'a, R> {
    /// Answer it with "cancelled": the request was not executed, or nobody cares. As above, an
    /// earlier reply may be dropped.
    Confirm(Option<R>),
    /// Interrupt the execution if that is possible; it will be answered when it is done.
    Interrupt,
    /// Send this reply.
    Answer(&'a R),
    /// Nothing: the answer is on its way.
    Answered,
}

/// The table; `S` is the memory for its slots, which has a fixed length.
pub(crate) struct Replies<R, S> {
    slots: S,
    /// The most slots that were ever granted; a smaller grant may not have reached the client.
    granted: u16,
    /// Number of the connection that carries the session.
    connection: u64,
    reply: PhantomData<R>,
}

impl<R, S: DerefMut<Target = [Slot<R>]>> Replies<R, S> {
    /// A table for a new session, not connected yet.
    pub(crate) fn new(slots: S) -> Self {
        Self {
            slots,
            granted: 0,
            connection: 0,
            reply: PhantomData,
        }
    }

    /// Notes that the client is told that it may use `credits` slots; gives the number to tell,
    /// which is smaller if the table is.
    pub(crate) fn grant(&mut self, credits: u16) -> u16 {
        let credits = match u16::try_from(self.slots.len()) {
            Ok(len) => credits.min(len),
            Err(_) => credits,
        };
        self.granted = self.granted.max(credits);
        credits
    }

    /// A new connection carries the session; nothing may come in on the old one any more.
    pub(crate) fn connect(&mut self) {
        self.connection = self.connection.saturating_add(1);
    }

    /// Takes in a request.
    ///
    /// # Errors
    ///
    /// The client does not keep to the protocol.
    pub(crate) fn admit(
        &mut self,
        id: RequestId,
        retry: bool,
    ) -> Result<Admission<'_, R>, FrameError> {
        let connection = self.connection;
        let slot = self.slot(id)?;
        if Self::is_new(slot, id)? {
            slot.round = id.round();
            slot.connection = connection;
            return Ok(Admission::Execute(slot.forget(State::Busy)));
        }
        if !retry || slot.connection == connection {
            return Err(FrameError::DuplicateRequest(id));
        }
        slot.connection = connection;
        if let State::Repeatable = slot.state {
            slot.state = State::Busy;
            return Ok(Admission::Execute(None));
        }
        match &slot.state {
            State::Kept(reply) => Ok(Admission::Answer(reply)),
            State::Idle => Err(FrameError::StaleRequest(id)),
            _ => Ok(Admission::InProgress),
        }
    }

    /// Takes in a cancel.
    ///
    /// # Errors
    ///
    /// The client does not keep to the protocol.
    pub(crate) fn cancel(&mut self, id: RequestId) -> Result<Cancellation<'_, R>, FrameError> {
        let connection = self.connection;
        let slot = self.slot(id)?;
        if Self::is_new(slot, id)? {
            // Never seen, and now it never will be: to be confirmed again if that gets lost.
            slot.round = id.round();
            slot.connection = connection;
            return Ok(Cancellation::Confirm(slot.forget(State::Repeatable)));
        }
        let answered = slot.connection == connection;
        slot.connection = connection;
        match &slot.state {
            State::Busy => Ok(Cancellation::Interrupt),
            State::Idle => Err(FrameError::StaleRequest(id)),
            _ if answered => Ok(Cancellation::Answered),
            State::Repeatable => Ok(Cancellation::Confirm(None)),
            State::Kept(reply) => Ok(Cancellation::Answer(reply)),
        }
    }

    /// The request has been executed. `keep` is its reply if it must not be executed again.
    /// Gives whether the reply is to be sent now; else the client will ask for it again, or the
    /// session is over.
    ///
    /// # Errors
    ///
    /// `keep` comes back if the request was not being executed.
    pub(crate) fn done(&mut self, id: RequestId, keep: Option<R>) -> Result<bool, Option<R>> {
        let connection = self.connection;
        let slot = self
            .slots
            .get_mut(usize::from(id.slot()))
            .filter(|slot| slot.round == id.round() && matches!(slot.state, State::Busy));
        let Some(slot) = slot else {
            return Err(keep);
        };
        slot.state = keep.map_or(State::Repeatable, State::Kept);
        Ok(slot.connection == connection)
    }

    /// The client has this reply (`raw` is the header's `acked` field, 0 for none). Gives the
    /// reply, which may be dropped.
    ///
    /// # Errors
    ///
    /// The client does not keep to the protocol.
    pub(crate) fn acked(&mut self, raw: u64) -> Result<Option<R>, FrameError> {
        if raw == 0 {
            return Ok(None);
        }
        let id = RequestId::from_wire(raw).ok_or(FrameError::BadAck(raw))?;
        let slot = self.slot(id)?;
        if id.round() < slot.round {
            // The slot was used again before, which said the same.
            return Ok(None);
        }
        if id.round() > slot.round || matches!(slot.state, State::Busy) {
            return Err(FrameError::BadAck(raw));
        }
        Ok(slot.forget(State::Idle))
    }

    /// Number of requests being executed.
    pub(crate) fn busy(&self) -> usize {
        self.count(|state| matches!(state, State::Busy))
    }

    /// Number of replies being kept.
    pub(crate) fn kept(&self) -> usize {
        self.count(|state| matches!(state, State::Kept(_)))
    }

    fn count(&self, pick: impl Fn(&State<R>) -> bool) -> usize {
        self.slots.iter().filter(|slot| pick(&slot.state)).count()
    }

    /// The slot of an id, if the client may use it.
    fn slot(&mut self, id: RequestId) -> Result<&mut Slot<R>, FrameError> {
        let granted = self.granted;
        self.slots
            .get_mut(usize::from(id.slot()))
            .filter(|_| id.slot() < granted)
            .ok_or(FrameError::CreditExceeded {
                slot: id.slot(),
                granted,
            })
    }

    /// Whether the id is the next one of its slot; `false` if it is the present one.
    fn is_new(slot: &Slot<R>, id: RequestId) -> Result<bool, FrameError> {
        if id.round() == slot.round {
            return Ok(false);
        }
        if id.round() < slot.round {
            return Err(FrameError::StaleRequest(id));
        }
        if id.round() != slot.round.saturating_add(1) || matches!(slot.state, State::Busy) {
            return Err(FrameError::OutOfOrder(id));
        }
        Ok(true)
    }
}
