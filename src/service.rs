// SPDX-License-Identifier: GPL-2.0

//! What this node does for the others: sends each request to the room it belongs to.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use crate::{
    cluster::{
        probe::{
            Tally,
            Totals, //
        },
        Seat, //
    },
    control::abi::export::Policy,
    linux::errno::*,
    rpc::{
        frame::Body,
        kind::Service as Group,
        service::{
            Answer,
            Request,
            Service, //
        },
        wire::Kind, //
    }, //
};

/// A room of the module that serves other nodes: it is there from load to unload, and is told when this
/// node joins a cluster and when it leaves.
pub(crate) trait Room: Service {
    /// This node joins a cluster, as number `own`, and `rules` say what others may do with its files; no
    /// request comes before this returns. May sleep.
    ///
    /// The room may keep a reference to the seat until [`Self::left`], where it has to let it go.
    fn joined(&self, seat: &Arc<Seat>, own: u16, rules: &Policy<'_>);

    /// From now on `rules` say what others may do with this node's files. May sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` for paths that are too deep, `ENOMEM`; then what was said before holds.
    fn reconfigured(&self, rules: &Policy<'_>) -> Result;

    /// This node has left the cluster: all sessions have ended, and no request comes any more. May
    /// sleep.
    fn left(&self);
}

/// All services of this node while it is a member.
#[pin_data]
pub(crate) struct Services {
    /// Has the files.
    mfs: Option<Arc<dyn Room>>,
    #[pin]
    totals: Mutex<KBox<Totals>>,
}

impl Services {
    /// The services of a node that joins; without `mfs` its files are not served.
    pub(crate) fn new(mfs: Option<Arc<dyn Room>>) -> Result<Arc<Self>> {
        let totals = KBox::new(Totals::new(), GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                mfs,
                totals <- new_mutex!(totals, "mosix::Services::totals"),
            }),
            GFP_KERNEL,
        )
    }

    /// Requests by which a link is tried.
    fn try_out(&self, request: Request) -> Answer {
        match request.kind {
            Kind::ECHO => Answer {
                status: 0,
                body: request.body,
                once: false,
            },
            Kind::TALLY => self.tally(&request).unwrap_or_else(Answer::error),
            _ => Answer::error(errno(EOPNOTSUPP)),
        }
    }

    fn tally(&self, request: &Request) -> Result<Answer> {
        let tally = Tally::ref_from_bytes(&request.body.msg).map_err(|_| errno(EPROTO))?;
        // Made first: once it is counted the answer must not fail.
        let mut msg = KVec::with_capacity(8, GFP_KERNEL)?;
        let total = self.totals.lock().count(request.from, tally);
        msg.extend_from_slice(total.as_bytes(), GFP_KERNEL)?;
        Ok(Answer {
            status: 0,
            body: Body {
                msg,
                ..Body::default()
            },
            once: true,
        })
    }
}

impl Service for Services {
    fn execute(&self, request: Request) -> Answer {
        match (request.kind.service(), &self.mfs) {
            (Some(Group::Cluster), _) => self.try_out(request),
            // Whatever else two nodes are to each other, they can use each other's files.
            (Some(Group::Mfs), Some(mfs)) => mfs.execute(request),
            _ => Answer::error(errno(EOPNOTSUPP)),
        }
    }

    fn ended(&self, from: u16) {
        if let Some(mfs) = &self.mfs {
            mfs.ended(from);
        }
    }
}
