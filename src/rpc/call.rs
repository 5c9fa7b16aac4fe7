// SPDX-License-Identifier: GPL-2.0

//! A request of this node and the one who waits for its answer.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    }, //
};

use super::{
    client::Client,
    frame::Body,
    inbox::Inbox,
    requests::NO_DEADLINE,
    wire::Kind, //
};
use crate::linux::completion::Completion;

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

/// How long somebody waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until any signal comes, or the time (nanoseconds since boot) is over.
    Interruptible {
        /// When it is over.
        deadline_ns: u64,
    },
    /// Until the task is killed. The session's end ends the wait, too.
    Killable,
    /// Whatever signals come: for what has to be known to both sides. Only for requests that the peer
    /// answers at once. The session's end ends the wait.
    Uninterruptible,
}

impl Patience {
    /// When it is over, in nanoseconds since boot.
    pub(super) fn deadline_ns(self) -> u64 {
        match self {
            Self::Interruptible { deadline_ns } => deadline_ns,
            Self::Killable | Self::Uninterruptible => NO_DEADLINE,
        }
    }

    /// Waits for `event`; an error when a signal is reason not to wait on. Its deadline is kept by who
    /// completes the call.
    pub(super) fn wait(self, event: &Completion) -> Result {
        match self {
            Self::Interruptible { .. } => event.wait_interruptible(),
            Self::Killable => event.wait_killable(),
            Self::Uninterruptible => {
                event.wait();
                Ok(())
            }
        }
    }
}

/// Takes over the answer to a request that nobody waits for any more. Called in whatever thread the
/// answer comes in: must not wait.
pub(crate) type Heir = fn(&Client, Reply);

/// What became of a request.
enum Outcome {
    /// Nothing yet.
    Open,
    /// The answer, or why there is none; given out once.
    Known(Option<Result<Reply>>),
    /// Nobody waits for it.
    Left(Heir),
}

/// A request that is under way.
#[pin_data]
pub(crate) struct Call {
    pub(super) kind: Kind,
    pub(super) body: Body,
    pub(super) deadline_ns: u64,
    #[pin]
    outcome: SpinLock<Outcome>,
    #[pin]
    done: Completion,
}

impl Call {
    /// A call that nobody has sent yet.
    pub(super) fn new(kind: Kind, body: Body, deadline_ns: u64) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                kind,
                body,
                deadline_ns,
                outcome <- new_spinlock!(Outcome::Open, "mosix::Call::outcome"),
                done <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Ends the call; done once, by whoever took it out of the client's table.
    pub(super) fn complete(&self, client: &Client, outcome: Result<Reply>) {
        let heir = {
            let mut place = self.outcome.lock();
            match *place {
                Outcome::Left(heir) => heir,
                _ => {
                    *place = Outcome::Known(Some(outcome));
                    drop(place);
                    self.done.complete();
                    return;
                }
            }
        };
        if let Ok(reply) = outcome {
            heir(client, reply);
        }
    }

    /// Leaves the answer to `heir`; returns false if it is there already.
    fn leave(&self, heir: Heir) -> bool {
        let mut place = self.outcome.lock();
        let open = matches!(*place, Outcome::Open);
        if open {
            *place = Outcome::Left(heir);
        }
        open
    }

    /// Whether there is an outcome.
    pub(super) fn is_complete(&self) -> bool {
        matches!(*self.outcome.lock(), Outcome::Known(_))
    }

    /// The outcome of a call that is complete.
    fn take(&self) -> Result<Reply> {
        match &mut *self.outcome.lock() {
            Outcome::Known(outcome) => outcome.take().unwrap_or(Err(EINVAL)),
            _ => Err(EINVAL),
        }
    }
}

/// A request that was handed over and whose answer can be waited for. Dropped without that, it is
/// abandoned: the peer is told so, and only the peer knows whether it was executed.
#[must_use]
pub(crate) struct Pending<'a> {
    client: &'a Client,
    /// Gone once it was waited for.
    call: Option<Arc<Call>>,
    patience: Patience,
    /// Where the answer comes in, if nothing breaks.
    inbox: Option<Arc<Inbox>>,
}

impl<'a> Pending<'a> {
    pub(super) fn new(
        client: &'a Client,
        call: Arc<Call>,
        patience: Patience,
        inbox: Option<Arc<Inbox>>,
    ) -> Self {
        Self {
            client,
            call: Some(call),
            patience,
            inbox,
        }
    }

    /// Waits for the answer, as long as the patience lasts that the request was begun with.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub(crate) fn wait(mut self) -> Result<Reply> {
        let call = self.call.take().ok_or(EINVAL)?;
        if let Some(inbox) = &self.inbox {
            inbox.attend(&call, self.patience);
        }
        if self.patience.wait(&call.done).is_err() {
            if self.client.abandon(&call) {
                return Err(EINTR);
            }
            // Somebody has taken it and is completing it right now.
            call.done.wait();
        }
        call.take()
    }

    /// As [`Self::wait`], for a request whose answer has to be dealt with: when the patience is over it is
    /// not abandoned but left to `heir`.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub(crate) fn wait_or_leave(mut self, heir: Heir) -> Result<Reply> {
        let call = self.call.take().ok_or(EINVAL)?;
        if let Some(inbox) = &self.inbox {
            inbox.attend(&call, self.patience);
        }
        if self.patience.wait(&call.done).is_err() && call.leave(heir) {
            return Err(EINTR);
        }
        call.take()
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.client.abandon(&call);
        }
    }
}
