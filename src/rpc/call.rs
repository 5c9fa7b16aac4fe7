// SPDX-License-Identifier: GPL-2.0

//! A request of this node and the one who waits for its answer.

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
    time::{
        msecs_to_jiffies,
        Jiffies, //
    }, //
};

use super::{
    frame::Body,
    wire::Kind, //
};

/// What a peer answered.
pub(crate) struct Reply {
    /// 0 or a negated errno.
    pub(crate) status: i32,
    /// Message and data: untrusted input.
    pub(crate) body: Body,
}

impl Reply {
    /// The body of a reply that says that it went well.
    ///
    /// # Errors
    ///
    /// What the peer says went wrong.
    pub(crate) fn check(self) -> Result<Body> {
        kernel::error::to_result(self.status)?;
        Ok(self.body)
    }
}

/// A request that is under way.
#[pin_data]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) body: Arc<Body>,
    #[pin]
    outcome: Mutex<Option<Result<Reply>>>,
    #[pin]
    ready: CondVar,
}

/// How a wait ended.
pub(crate) enum Waited {
    /// There is an outcome.
    Done(Result<Reply>),
    /// A signal came first.
    Signal,
    /// A few seconds passed: look around, then wait on.
    NotYet,
}

/// Length of one wait: shorter than what the kernel takes for a hung task.
const WAIT_MS: u32 = 10_000;

impl Call {
    /// A call that nobody has sent yet.
    pub(crate) fn new(kind: Kind, body: Body) -> Result<Arc<Self>> {
        let body = Arc::new(body, GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                kind,
                body,
                outcome <- new_mutex!(None, "mosix::Call::outcome"),
                ready <- new_condvar!("mosix::Call::ready"),
            }),
            GFP_KERNEL,
        )
    }

    /// Ends the call; only the first outcome counts.
    pub(crate) fn complete(&self, outcome: Result<Reply>) {
        let mut place = self.outcome.lock();
        if place.is_none() {
            *place = Some(outcome);
            self.ready.notify_all();
        }
    }

    /// Waits for the outcome of a call that somebody is about to complete, whatever signals come.
    pub(crate) fn wait_taken(&self) -> Result<Reply> {
        let mut outcome = self.outcome.lock();
        loop {
            if let Some(outcome) = outcome.take() {
                return outcome;
            }
            self.ready.wait(&mut outcome);
        }
    }

    /// Waits for the outcome, which is given once.
    pub(crate) fn wait(&self) -> Waited {
        let mut left: Jiffies = msecs_to_jiffies(WAIT_MS);
        let mut outcome = self.outcome.lock();
        loop {
            if let Some(outcome) = outcome.take() {
                return Waited::Done(outcome);
            }
            match self.ready.wait_interruptible_timeout(&mut outcome, left) {
                CondVarTimeoutResult::Woken { jiffies } => left = jiffies,
                CondVarTimeoutResult::Timeout => return Waited::NotYet,
                CondVarTimeoutResult::Signal { .. } if outcome.is_none() => return Waited::Signal,
                CondVarTimeoutResult::Signal { jiffies } => left = jiffies,
            }
        }
    }
}
