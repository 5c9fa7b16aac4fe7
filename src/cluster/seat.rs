// SPDX-License-Identifier: GPL-2.0

//! The module's place in a cluster, taken or not: what the control device changes and shows.

use core::fmt::{
    self,
    Write as _, //
};

use kernel::{
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        Mutex,
        SpinLock, //
    }, //
};

use super::{
    membership::Membership,
    peer::Peer,
    roster::Roster, //
};
use crate::{
    control::abi::{
        config::Config,
        ping,
        status::{
            Header,
            Writer, //
        },
        BuildId,
        Name,
        Reason,
        BUILD_ID_LEN, //
    },
    linux::{
        bytes,
        errno::*, //
    },
    service::{
        Room,
        Services, //
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
///
/// Lock order: `membership` is held over everything that joining and leaving does; `nodes` is a spinlock
/// and the last.
#[pin_data]
pub(crate) struct Seat {
    /// What this node does for others when it is a member.
    #[pin]
    mfs: Mutex<Option<Arc<dyn Room>>>,
    /// Held while a membership begins, changes or ends, so that these never overlap.
    #[pin]
    membership: Mutex<Option<Arc<Membership>>>,
    /// The nodes of the cluster, from before the first request until after the last.
    #[pin]
    nodes: SpinLock<Option<Arc<Roster>>>,
    /// Told by the first configuration; the kernel does not give it to modules.
    #[pin]
    build_id: Mutex<BuildId>,
}

/// Leaves the cluster when dropped, and lets the rooms go, which may hold the seat.
pub(crate) struct Tenure(Arc<Seat>);

impl Drop for Tenure {
    fn drop(&mut self) {
        // ENOTCONN is as good.
        let _ = self.0.leave();
        let mfs = self.0.mfs.lock().take();
        drop(mfs);
    }
}

impl Seat {
    /// A free one. `mfs` has the files; without it none are served.
    pub(crate) fn new(mfs: Option<Arc<dyn Room>>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                mfs <- new_mutex!(mfs, "mosix::Seat::mfs"),
                membership <- new_mutex!(None, "mosix::Seat::membership"),
                nodes <- new_spinlock!(None, "mosix::Seat::nodes"),
                build_id <- new_mutex!([0; BUILD_ID_LEN], "mosix::Seat::build_id"),
            }),
            GFP_KERNEL,
        )
    }

    /// For the module: what ends the membership at unload, whoever else still holds the seat.
    pub(crate) fn tenure(self: &Arc<Self>) -> Tenure {
        Tenure(self.clone())
    }

    fn roster(&self) -> Option<Arc<Roster>> {
        self.nodes.lock().clone()
    }

    /// Number of this node; `None` when it is in no cluster.
    pub(crate) fn own_number(&self) -> Option<u16> {
        let nodes = self.nodes.lock();
        nodes.as_ref().map(|roster| roster.local().identity.node)
    }

    /// The node with that number. Requests to it fail at once while it is not there.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` when this node is in no cluster, `ENOENT` when there is no other node of that number.
    pub(crate) fn peer(&self, number: u16) -> Result<Arc<Peer>> {
        let roster = self.roster().ok_or(errno(ENOTCONN))?;
        roster.find(number).ok_or(ENOENT)
    }

    /// Number of the node of that name, which may be this one.
    pub(crate) fn number_of(&self, name: &[u8]) -> Option<u16> {
        let mut number = None;
        self.for_each_node(|n, own| {
            if own.get().is_some_and(|own| own.as_bytes() == name) {
                number = Some(n);
            }
        });
        number
    }

    /// Calls `visit` with number and name of each node, this one included, in ascending order; for none
    /// when this node is in no cluster. No lock is held meanwhile.
    pub(crate) fn for_each_node(&self, mut visit: impl FnMut(u16, &Name)) {
        let Some(roster) = self.roster() else {
            return;
        };
        let local = roster.local();
        let own = local.identity.node;
        let mut own_is_next = true;
        roster.for_each(|peer| {
            if own_is_next && peer.number > own {
                own_is_next = false;
                visit(own, &local.name);
            }
            visit(peer.number, &peer.name);
        });
        if own_is_next {
            visit(own, &local.name);
        }
    }

    /// Joins the cluster of `config`.
    pub(crate) fn join(self: &Arc<Self>, config: &Config<'_>) -> Result<(), Refusal> {
        let mut seat = self.membership.lock();
        if seat.is_some() {
            return Err(Refusal::new(errno(EALREADY), &"this node is up already"));
        }
        let mfs = self.mfs.lock().clone();
        let membership = Membership::new(config, Services::new(mfs.clone())?)?;
        *self.build_id.lock() = *config.build_id();
        *self.nodes.lock() = Some(membership.roster().clone());
        if let Some(mfs) = &mfs {
            mfs.joined(self, membership.own_number(), &config.policy());
        }
        if let Err(error) = membership.begin(config) {
            self.end(&membership);
            return Err(error.into());
        }
        *seat = Some(membership);
        Ok(())
    }

    /// Ends a membership, and says so.
    fn end(&self, membership: &Membership) {
        membership.end();
        let nodes = self.nodes.lock().take();
        drop(nodes);
        let mfs = self.mfs.lock().clone();
        if let Some(mfs) = mfs {
            mfs.left();
        }
    }

    /// Takes a new configuration.
    pub(crate) fn reconfigure(&self, config: &Config<'_>) -> Result<(), Refusal> {
        let seat = self.membership.lock();
        match seat.as_ref() {
            Some(membership) => {
                membership.reconfigure(config)?;
                let mfs = self.mfs.lock().clone();
                mfs.map_or(Ok(()), |mfs| mfs.reconfigured(&config.policy()))
                    .map_err(|error| {
                        let what = "what this node exports and hides stays what it was";
                        Refusal::new(error, &what)
                    })
            }
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
        self.end(&membership);
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
