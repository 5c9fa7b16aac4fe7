// SPDX-License-Identifier: GPL-2.0

//! Calls of the body on their way to the deputy and back.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::linux::task::work::{
    Errand,
    Prepared, //
};

use super::{
    super::forward::{
        Arena,
        Reply,
        Request, //
    },
    Process, //
};

/// Wakes a deputy from a call that it makes for its body; what it was woken for it finds itself.
pub(in crate::migration) struct Nudge;

impl Nudge {
    /// One that can be sent. May sleep.
    pub(in crate::migration) fn prepare() -> Result<Prepared<Self>> {
        Prepared::new(Arc::new(Self, GFP_KERNEL)?)
    }
}

impl Errand for Nudge {
    fn run(_: &Arc<Self>) {}

    fn missed(_: &Arc<Self>) {}
}

impl Process {
    /// Answers the body's request; at once, or once [`Self::release`] is called.
    pub(in crate::migration) fn answer(&self, reply: KBox<Reply>, hold: bool) {
        let mut state = self.state.lock();
        if hold {
            state.held = Some(reply);
            return;
        }
        state.reply = Some(reply);
        drop(state);
        self.answered.complete();
    }

    /// Sends an answer that was held back.
    pub(in crate::migration) fn release(&self) {
        let mut state = self.state.lock();
        let Some(reply) = state.held.take() else {
            return;
        };
        state.reply = Some(reply);
        drop(state);
        self.answered.complete();
    }

    /// The deputy's memory for calls, which the current task has, or gets now.
    pub(in crate::migration) fn arena(&self) -> Result<Arena> {
        let arena = self.state.lock().arena;
        if let Some(arena) = arena {
            return Ok(arena);
        }
        let arena = Arena::new()?;
        self.state.lock().arena = Some(arena);
        Ok(arena)
    }

    /// Has the deputy make a call of the current task, the body. `None` when the body was killed.
    pub(in crate::migration) fn request(&self, request: KBox<Request>) -> Option<KBox<Reply>> {
        self.state.lock().request = Some(request);
        self.bell.complete();
        loop {
            let reply = self.state.lock().reply.take();
            if reply.is_some() {
                return reply;
            }
            self.answered.wait_killable().ok()?;
        }
    }
}
