// SPDX-License-Identifier: GPL-2.0

//! Lives and epochs: how two nodes agree on what of their common past is over.
//!
//! Each life of a node (from `mosix up` to `down`, crash or reboot) has an *incarnation*, a number
//! that is never used twice. Besides, each pair of nodes has an *epoch*, which both sides count for
//! themselves. Sessions, and whatever one node runs on behalf of the other, belong to one epoch
//! between two incarnations; two nodes work with each other only in the same epoch.
//!
//! A node that declares its peer dead, or sees a new life of it, goes on to the next epoch and ends
//! what belonged to the old one. The peer hears of that when it dials, or is dialed: whoever is
//! behind ends its part of the old epochs as well, takes over the higher number and dials again.
//! So after a partition neither side can go on with something that the other has given up, and no
//! order of events has to be agreed on: the higher number wins.

use crate::rpc::handshake::{
    Peer,
    Refusal, //
};

/// What this node knows about its common past with one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    /// The peer's life that was seen last; `None` if none was.
    incarnation: Option<u64>,
    epoch: u64,
}

/// What to do about a peer that has proved to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Work with it.
    Welcome,
    /// Everything of the epochs before has to be ended first: the peer, or the life of it that
    /// this node knew, has given it up. [`Past`] is up to date already. A server answers
    /// [`Refusal::NotReady`], a client closes; the peer, or this node, dials again.
    EndOld,
    /// This node has given up the epoch in which the peer lives: a server answers
    /// [`Refusal::DeclaredDead`], a client closes. The peer hears from the welcome, or from this
    /// node's hello, which epoch it is.
    Behind,
    /// Another node has the peer's number, and is alive: a server answers
    /// [`Refusal::DuplicateNumber`], a client closes.
    Duplicate,
}

impl Verdict {
    /// What a server answers; `None` for yes.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Welcome => None,
            Self::EndOld => Some(Refusal::NotReady),
            Self::Behind => Some(Refusal::DeclaredDead),
            Self::Duplicate => Some(Refusal::DuplicateNumber),
        }
    }
}

impl Past {
    /// Nothing is known.
    pub(crate) const fn new() -> Self {
        Self {
            incarnation: None,
            epoch: 0,
        }
    }

    /// This node's epoch towards the peer; belongs into every hello and welcome.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The peer's life that was seen last.
    pub(crate) fn incarnation(&self) -> Option<u64> {
        self.incarnation
    }

    /// The peer was declared dead: whatever belonged to it has to be ended.
    pub(crate) fn declare_dead(&mut self) {
        self.epoch = self.epoch.saturating_add(1);
    }

    /// The peer says that it is in another epoch. Gives whether this node was behind, and has to
    /// end everything of the epochs before.
    pub(crate) fn catch_up(&mut self, epoch: u64) -> bool {
        let behind = epoch > self.epoch;
        self.epoch = self.epoch.max(epoch);
        behind
    }

    /// Judges an authenticated peer. `same_place` says whether it is where the peer is known to
    /// be, or the known one is not alive: a new life at another address, while the old one still
    /// answers, is another machine that has the same number by mistake.
    pub(crate) fn judge(&mut self, peer: &Peer, same_place: bool) -> Verdict {
        match self.incarnation {
            Some(known) if known != peer.incarnation && !same_place => Verdict::Duplicate,
            Some(known) if known != peer.incarnation => {
                self.incarnation = Some(peer.incarnation);
                // Past both numbers: nothing of the old life can be mistaken for the new one's.
                self.epoch = self.epoch.max(peer.epoch).saturating_add(1);
                Verdict::EndOld
            }
            _ => {
                if self.incarnation.is_none() {
                    self.incarnation = Some(peer.incarnation);
                    // The first life that is seen has no past here, so there is nothing to end.
                    self.catch_up(peer.epoch);
                }
                if peer.epoch < self.epoch {
                    Verdict::Behind
                } else if self.catch_up(peer.epoch) {
                    Verdict::EndOld
                } else {
                    Verdict::Welcome
                }
            }
        }
    }
}

impl Default for Past {
    fn default() -> Self {
        Self::new()
    }
}
