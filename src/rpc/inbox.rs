// SPDX-License-Identifier: GPL-2.0

//! The replies of one connection, and who receives them.
//!
//! Usually that is the caller itself: it goes through the gate, waits there for what comes, and takes
//! its own reply out of the socket. Replies of others that it finds on the way it delivers. While
//! nobody waits for a reply, or somebody else is at the gate already, the connection's own thread
//! receives: what comes unasked, and what is for those who wait elsewhere.
//!
//! Lock order: `receiver` is the first, and held only while bytes are taken out of the socket.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        Mutex, //
    }, //
};

use super::{
    call::{
        Call,
        Patience, //
    },
    client::Client,
    frame::Body,
    gate::{
        Gate,
        Side, //
    },
    link_error::LinkError,
    receive::Receiver,
    wire::{
        Header,
        Kind, //
    }, //
};
use crate::linux::{
    memalloc::NofsScope,
    net::{
        ArrivalHook,
        Socket, //
    }, //
};

/// Who hears of what a connection brings besides replies.
pub(crate) trait Listener: Send + Sync {
    /// An authenticated frame has come.
    fn heard(&self);

    /// The answer to a heartbeat has come.
    fn pong(&self, header: &Header);

    /// Whose replies they are.
    fn client(&self) -> &Client;
}

/// What comes in on a connection that this node has made.
#[pin_data]
pub(crate) struct Inbox {
    // First: nothing is told to the gate any more when the rest goes.
    _hook: ArrivalHook<Gate>,
    gate: Arc<Gate>,
    socket: Arc<Socket>,
    listener: Arc<dyn Listener>,
    #[pin]
    receiver: Mutex<Receiver>,
    /// Why the connection has to be closed, where a caller has found out.
    #[pin]
    failed: Mutex<Option<LinkError>>,
    was_stuck: AtomicFlag,
}

impl Inbox {
    /// The inbox of a connection over `socket`. The thread that makes it is its first side.
    pub(crate) fn new(
        socket: Arc<Socket>,
        receiver: Receiver,
        listener: Arc<dyn Listener>,
    ) -> Result<Arc<Self>> {
        let gate = Gate::new()?;
        let hook = ArrivalHook::new(socket.clone(), gate.clone())?;
        Arc::pin_init(
            pin_init!(Self {
                _hook: hook,
                gate,
                socket,
                listener,
                receiver <- new_mutex!(receiver, "mosix::Inbox::receiver"),
                failed <- new_mutex!(None, "mosix::Inbox::failed"),
                was_stuck: AtomicFlag::new(false),
            }),
            GFP_KERNEL,
        )
    }

    /// The next frame that is there.
    fn poll(&self) -> Result<Option<(Header, Body)>, LinkError> {
        self.receiver.lock().poll(&self.socket)
    }

    /// Whether there may be a frame now.
    fn is_readable(&self) -> bool {
        self.socket.is_readable()
    }

    /// Takes in a frame.
    fn deliver(&self, header: &Header, body: Body) -> Result<(), LinkError> {
        self.listener.heard();
        match header.kind {
            Kind::PING => self.listener.pong(header),
            Kind::GOODBYE => return Err(LinkError::Goodbye),
            _ => self.listener.client().reply(header, body)?,
        }
        Ok(())
    }

    /// Takes in what is there.
    fn take_in(&self) -> Result<(), LinkError> {
        while let Some((header, body)) = self.poll()? {
            self.deliver(&header, body)?;
        }
        Ok(())
    }

    /// The connection's own thread: receives what no caller does, until the connection has to be
    /// closed; returns why. It has the gate then.
    pub(crate) fn run(&self) -> LinkError {
        let _nofs = NofsScope::enter();
        loop {
            if let Err(error) = self.take_in() {
                return error;
            }
            self.gate.leave_to(Side::First);
            if self.is_readable() && self.gate.take_from(Side::First) {
                continue;
            }
            // A thread of the kernel's gets no signals.
            while self.gate.bell(Side::First).wait_interruptible().is_err() {}
            if let Some(error) = self.failed.lock().take() {
                return error;
            }
        }
    }

    /// A caller waits for its reply at the gate. Returns when the reply is there, when somebody else
    /// receives it, or when the patience is over.
    pub(super) fn attend(&self, call: &Call, patience: Patience) {
        if call.is_complete() || !self.gate.take_from(Side::First) {
            return;
        }
        if !self.gate.has_second() {
            return self.leave();
        }
        let _nofs = NofsScope::enter();
        loop {
            if let Err(error) = self.take_in() {
                *self.failed.lock() = Some(error);
                return self.gate.give_to_first();
            }
            if call.is_complete() {
                return self.leave();
            }
            self.gate.leave_to(Side::Second);
            if (self.is_readable() || call.is_complete()) && self.gate.take_from(Side::Second) {
                continue;
            }
            let bell = self.gate.bell(Side::Second);
            let waited = patience.wait(bell);
            if waited.is_err() {
                if self.gate.take_from(Side::Second) {
                    return self.leave();
                }
                // It is ringing right now.
                bell.wait();
            }
            if !self.gate.confirm() {
                return;
            }
        }
    }

    /// A caller leaves the gate to the thread.
    fn leave(&self) {
        self.gate.leave_to(Side::First);
        if self.is_readable() && self.gate.take_from(Side::First) {
            self.gate.give_to_first();
        }
    }

    /// The call of whoever is at the gate may have been completed in another way.
    pub(super) fn look(&self) {
        self.gate.wake_second();
    }

    /// To be called now and then: has the thread receive if a caller was woken for it and does not get
    /// to run.
    pub(super) fn beat(&self) {
        let stuck = self.gate.is_stuck();
        if self.was_stuck.xchg(stuck, Relaxed) && stuck {
            self.gate.relieve();
        }
    }
}
