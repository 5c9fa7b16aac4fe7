// SPDX-License-Identifier: GPL-2.0

//! The module's place in a cluster, taken or not: what the control device changes and shows.

use core::fmt::{
    self,
    Write as _, //
};

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::membership::Membership;
use crate::{
    control::abi::{
        config::Config,
        ping,
        status::{
            Header,
            Writer, //
        },
        BuildId,
        Reason,
        BUILD_ID_LEN, //
    },
    linux::{
        bytes,
        errno::*, //
    }, //
};

/// Why a change was refused: an errno and a line for people.
pub(crate) struct Refusal {
    error: Error,
    /// Gone when there was no memory for it.
    text: Option<KBox<Reason>>,
}

impl Refusal {
    /// Refuses with `error`, because of `why`.
    pub(crate) fn new(error: Error, why: &dyn fmt::Display) -> Self {
        let mut text = Reason::EMPTY;
        // It cuts what does not fit.
        let _ = write!(text, "{why}");
        Self {
            error,
            text: KBox::new(text, GFP_KERNEL).ok(),
        }
    }

    /// The errno.
    pub(crate) fn error(&self) -> Error {
        self.error
    }

    /// One line that says why.
    pub(crate) fn text(&self) -> &str {
        let text = self.text.as_ref().and_then(|text| text.get());
        text.unwrap_or_default()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, text: None }
    }
}

/// The place.
#[pin_data(PinnedDrop)]
pub(crate) struct Seat {
    /// Held while a membership begins, changes or ends, so that these never overlap.
    #[pin]
    membership: Mutex<Option<Arc<Membership>>>,
    /// Told by the first configuration; the kernel does not give it to modules.
    #[pin]
    build_id: Mutex<BuildId>,
}

impl Seat {
    /// A free one.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                membership <- new_mutex!(None, "mosix::Seat::membership"),
                build_id <- new_mutex!([0; BUILD_ID_LEN], "mosix::Seat::build_id"),
            }),
            GFP_KERNEL,
        )
    }

    /// Joins the cluster of `config`.
    pub(crate) fn join(&self, config: &Config<'_>) -> Result<(), Refusal> {
        let mut seat = self.membership.lock();
        if seat.is_some() {
            return Err(Refusal::new(errno(EALREADY), &"this node is up already"));
        }
        let membership = Membership::begin(config)?;
        *self.build_id.lock() = *config.build_id();
        *seat = Some(membership);
        Ok(())
    }

    /// Takes a new configuration.
    pub(crate) fn reconfigure(&self, config: &Config<'_>) -> Result<(), Refusal> {
        let seat = self.membership.lock();
        match seat.as_ref() {
            Some(membership) => membership.reconfigure(config),
            None => Err(Refusal::new(errno(ENOTCONN), &"this node is not up")),
        }
    }

    /// Leaves the cluster; returns when nothing of it is left.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` when not a member.
    pub(crate) fn leave(&self) -> Result {
        let mut seat = self.membership.lock();
        let membership = seat.take().ok_or(errno(ENOTCONN))?;
        membership.end();
        Ok(())
    }

    /// Tries the link to a node; gives the report. May sleep long; ends early on a signal.
    ///
    /// # Errors
    ///
    /// See [`crate::control::abi::Op::Ping`].
    pub(crate) fn ping(&self, request: &ping::Request) -> Result<KVVec<u8>> {
        let membership = self.membership.lock().clone();
        membership.ok_or(errno(ENOTCONN))?.ping(request)
    }

    /// Build id of the kernel, zeroes until it is known.
    pub(crate) fn build_id(&self) -> BuildId {
        *self.build_id.lock()
    }

    /// The status blob and how long it is; it is cut short if that is more than `room`.
    pub(crate) fn status(&self, room: usize) -> Result<(KVVec<u8>, usize)> {
        let membership = self.membership.lock().clone();
        match membership {
            Some(membership) => membership.status(room),
            None => {
                let mut blob = bytes::zeroed(size_of::<Header>().min(room))?;
                let len = Writer::new(&mut blob).finish(Header::down());
                Ok((blob, len))
            }
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Seat {
    fn drop(self: Pin<&mut Self>) {
        let _ = self.leave();
    }
}
