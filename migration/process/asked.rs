// SPDX-License-Identifier: GPL-2.0

//! The part of those who ask a process to move.

use super::{
    Nudge,
    Place,
    Process,
    Why, //
};

impl Process {
    /// Begins a request to leave; [`Self::outcome`] waits for what comes of it.
    pub(in crate::migration) fn ask(&self) -> Result<u64, Why> {
        let mut state = self.state.lock();
        match state.place {
            Place::Home => {}
            Place::Away => return Err(Why::Away),
            Place::Ended => return Err(Why::Gone),
            _ => return Err(Why::Moving),
        }
        state.place = Place::Asked;
        state.outcome = None;
        state.wanted = false;
        state.ticket += 1;
        Ok(state.ticket)
    }

    /// Takes a request back that was not begun.
    pub(in crate::migration) fn cancel(&self, ticket: u64) {
        let mut state = self.state.lock();
        if state.place == Place::Asked && state.ticket == ticket {
            state.place = Place::Home;
        }
    }

    pub(in crate::migration) fn outcome(&self, ticket: u64) -> Result<(), Why> {
        let mut state = self.state.lock();
        loop {
            if state.ticket != ticket {
                // Somebody else has asked since: it was home again.
                return Ok(());
            }
            if let Some(outcome) = state.outcome {
                return outcome;
            }
            if self.changed.wait_interruptible(&mut state) {
                if state.place == Place::Asked && state.ticket == ticket {
                    state.place = Place::Home;
                }
                return Err(Why::Interrupted);
            }
        }
    }

    /// Wants the process home, and waits.
    pub(in crate::migration) fn come_home(&self) -> Result<(), Why> {
        let mut state = self.state.lock();
        match state.place {
            Place::Away | Place::Coming | Place::Leaving => {}
            Place::Asked => return Err(Why::Moving),
            Place::Home => return Err(Why::AtHome),
            Place::Ended => return Err(Why::Gone),
        }
        let ticket = state.ticket;
        state.wanted = true;
        drop(state);
        self.bell.complete();
        // It may be in a call of its body.
        Nudge::prepare()?.send(&self.task)?;
        let mut state = self.state.lock();
        loop {
            if state.ticket != ticket || state.place == Place::Home {
                return Ok(());
            }
            if state.place == Place::Ended {
                return Err(Why::Gone);
            }
            if self.changed.wait_interruptible(&mut state) {
                return Err(Why::Interrupted);
            }
        }
    }
}
