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
    cluster::probe::{
        Tally,
        Totals, //
    },
    linux::errno::*,
    rpc::{
        frame::Body,
        handshake::Compat,
        kind::Service as Room,
        service::{
            Answer,
            Request,
            Service, //
        },
        wire::Kind, //
    }, //
};

/// All services of this node.
#[pin_data]
pub(crate) struct Services {
    #[pin]
    totals: Mutex<KBox<Totals>>,
}

impl Services {
    /// The services of a node that joins.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let totals = KBox::new(Totals::new(), GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                totals <- new_mutex!(totals, "mosix::Services::totals"),
            }),
            GFP_KERNEL,
        )
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
        if request.kind.service() == Some(Room::Migration) && request.compat != Compat::Full {
            return Answer::error(errno(EOPNOTSUPP));
        }
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
}
