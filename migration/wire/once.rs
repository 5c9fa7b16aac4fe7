// SPDX-License-Identifier: GPL-2.0

//! No call is made twice, whatever happens to the connection.

use crate::rpc::message::Malformed;

/// What the deputy does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admit {
    /// It is new: make it.
    Make,
    /// It is being made: it will be answered.
    Wait,
    /// It was made: send its answer again.
    Again,
}

/// The deputy's memory of what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// Number of the last request; 0 before the first.
    last: u64,
    is_answered: bool,
}

impl Served {
    /// Before the first request.
    pub(crate) const fn new() -> Self {
        Self {
            last: 0,
            is_answered: true,
        }
    }

    /// A request has come.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it is neither the last one nor the next: a body asks one at a time.
    pub(crate) fn admit(&mut self, id: u64) -> Result<Admit, Malformed> {
        if id == self.last && id != 0 {
            return Ok(if self.is_answered {
                Admit::Again
            } else {
                Admit::Wait
            });
        }
        if Some(id) != self.last.checked_add(1) || !self.is_answered {
            return Err(Malformed);
        }
        *self = Self {
            last: id,
            is_answered: false,
        };
        Ok(Admit::Make)
    }

    /// The last request has its answer, which is kept until the next one comes.
    pub(crate) fn answered(&mut self) {
        self.is_answered = true;
    }

    /// Whether `id` is the request that is being made.
    pub(crate) const fn is_making(&self, id: u64) -> bool {
        id == self.last && !self.is_answered
    }
}

/// The body's memory of what it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    last: u64,
    is_open: bool,
}

impl Asked {
    /// Before the first request.
    pub(crate) const fn new() -> Self {
        Self {
            last: 0,
            is_open: false,
        }
    }

    /// Number of a new request; none while one is open, which is then to be gone on with.
    pub(crate) fn start(&mut self) -> Option<u64> {
        if self.is_open {
            return None;
        }
        self.last = self.last.checked_add(1)?;
        self.is_open = true;
        Some(self.last)
    }

    /// The request that waits for its answer.
    pub(crate) const fn open(&self) -> Option<u64> {
        if self.is_open {
            Some(self.last)
        } else {
            None
        }
    }

    /// An answer has come. Returns whether it is awaited: the answer to one that was asked again may come
    /// twice.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it was never asked.
    pub(crate) fn answered(&mut self, id: u64) -> Result<bool, Malformed> {
        if id == 0 || id > self.last {
            return Err(Malformed);
        }
        let is_awaited = self.is_open && id == self.last;
        if is_awaited {
            self.is_open = false;
        }
        Ok(is_awaited)
    }
}
