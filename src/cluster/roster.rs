// SPDX-License-Identifier: GPL-2.0

//! Who belongs to the cluster.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    local::Local,
    peer::{
        Common,
        Peer, //
    },
    throttle::Throttle, //
};

/// The peers of this node, and what goes on at its door.
#[pin_data]
pub(crate) struct Roster {
    common: Common,
    /// In ascending order of their numbers.
    #[pin]
    peers: Mutex<KVec<Arc<Peer>>>,
    #[pin]
    throttle: Mutex<KBox<Throttle>>,
}

impl Roster {
    /// A cluster of one.
    pub(crate) fn new(common: Common) -> Result<Arc<Self>> {
        let throttle = KBox::new(Throttle::new(), GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                common,
                peers <- new_mutex!(KVec::new(), "mosix::Roster::peers"),
                throttle <- new_mutex!(throttle, "mosix::Roster::throttle"),
            }),
            GFP_KERNEL,
        )
    }

    /// This node.
    pub(crate) fn local(&self) -> &Local {
        &self.common.local
    }

    /// What all peers share.
    pub(crate) fn common(&self) -> &Common {
        &self.common
    }

    /// How often who failed at the door.
    pub(crate) fn throttle(&self) -> &Mutex<KBox<Throttle>> {
        &self.throttle
    }

    /// The peer with that number.
    pub(crate) fn find(&self, number: u16) -> Option<Arc<Peer>> {
        let peers = self.peers.lock();
        let at = peers
            .binary_search_by_key(&number, |peer| peer.number)
            .ok()?;
        peers.get(at).cloned()
    }

    /// All peers as of now, in ascending order of their numbers.
    pub(crate) fn peers(&self) -> Result<KVec<Arc<Peer>>> {
        let peers = self.peers.lock();
        let mut all = KVec::with_capacity(peers.len(), GFP_KERNEL)?;
        for peer in peers.iter() {
            all.push(peer.clone(), GFP_KERNEL)?;
        }
        Ok(all)
    }

    /// Calls `visit` for each peer, without holding the lock; peers that come or go meanwhile may be
    /// left out. Needs no memory.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Arc<Peer>)) {
        let mut last = 0;
        loop {
            let next = {
                let peers = self.peers.lock();
                peers.iter().find(|peer| peer.number > last).cloned()
            };
            let Some(peer) = next else {
                return;
            };
            last = peer.number;
            visit(&peer);
        }
    }

    /// Takes a peer in.
    pub(super) fn add(&self, peer: Arc<Peer>) -> Result {
        let mut peers = self.peers.lock();
        peers.reserve(1, GFP_KERNEL)?;
        let at = peers.partition_point(|other| other.number < peer.number);
        peers.insert_within_capacity(at, peer).map_err(|_| EINVAL)
    }

    /// Lets a peer go.
    pub(super) fn remove(&self, number: u16) -> Option<Arc<Peer>> {
        let mut peers = self.peers.lock();
        let at = peers.iter().position(|peer| peer.number == number)?;
        peers.remove(at).ok()
    }
}
