// SPDX-License-Identifier: GPL-2.0

//! What this node knows about one peer at a moment: its state and what is shown of it.

use core::fmt;

use super::{
    detector,
    detector::{
        Change,
        Death,
        Detector,
        Limits, //
    },
    epoch::{
        Past,
        Verdict, //
    },
};
use crate::{
    control::abi::{
        status::State,
        Reason, //
    },
    linux::clock,
    rpc::handshake::{
        self,
        Compat, //
    }, //
};

/// Round trips of the heartbeats, in nanoseconds; 0 until measured.
#[derive(Clone, Copy, Default)]
pub(crate) struct RoundTrips {
    pub(crate) last: u64,
    pub(crate) min: u64,
}

/// One peer as this node sees it.
pub(crate) struct Watch {
    pub(crate) detector: Detector,
    pub(crate) past: Past,
    /// The epoch that the detector watches; `None` before the first.
    watched_epoch: Option<u64>,
    /// What the peer said of itself when it was connected last.
    pub(crate) peer: Option<(handshake::Peer, Compat)>,
    /// Why there is no connection, or why the peer is not alive.
    pub(crate) reason: Reason,
    /// The last attempt ended with a no from one of both sides.
    pub(crate) refused: bool,
    /// It said goodbye.
    pub(crate) left: bool,
    pub(crate) round_trips: RoundTrips,
    pub(crate) connections: u64,
    pub(crate) auth_failures: u64,
    shown: State,
    pub(crate) since_unix_ms: u64,
}

/// A change of the state that is shown.
pub(crate) struct Turn {
    pub(crate) state: State,
    pub(crate) reason: Reason,
}

impl Watch {
    /// A peer that nobody has heard of.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            detector: Detector::new(limits),
            past: Past::new(),
            watched_epoch: None,
            peer: None,
            reason: Reason::EMPTY,
            refused: false,
            left: false,
            round_trips: RoundTrips::default(),
            connections: 0,
            auth_failures: 0,
            shown: State::Connecting,
            since_unix_ms: clock::unix_ms(),
        }
    }

    /// Judges an authenticated peer; a welcome one is what is shown from now on.
    pub(crate) fn judge(
        &mut self,
        peer: &handshake::Peer,
        compat: Compat,
        same_place: bool,
        now_ns: u64,
    ) -> Verdict {
        let verdict = self.past.judge(peer, same_place);
        if verdict == Verdict::Welcome {
            self.peer = Some((*peer, compat));
            self.left = false;
            self.refused = false;
            let epoch = self.past.epoch();
            if self.watched_epoch != Some(epoch) {
                self.watched_epoch = Some(epoch);
                self.reason = Reason::EMPTY;
                self.detector.begin_epoch(now_ns);
            }
        }
        verdict
    }

    /// An attempt to connect failed.
    pub(crate) fn failed(&mut self, why: &dyn fmt::Display, refused: bool) {
        self.refused = refused;
        // That a peer which is dead or has left cannot be reached is not the reason for that.
        let gone = self.left || self.detector.state() == detector::State::Dead;
        if !gone || refused {
            self.set_reason(format_args!("{why}"));
        }
    }

    /// The peer said goodbye: nothing of its epoch is left.
    pub(crate) fn leave(&mut self) {
        self.left = true;
        self.refused = false;
        self.past.declare_dead();
        self.set_reason(format_args!("left the cluster"));
    }

    /// The detector found a change.
    pub(crate) fn changed(&mut self, change: Change) {
        if self.left {
            // What a peer that said goodbye does not answer any more is no news.
            return;
        }
        match change {
            Change::Alive => self.reason = Reason::EMPTY,
            Change::Suspect => self.set_reason(format_args!("does not answer")),
            Change::Dead(death) => {
                self.past.declare_dead();
                match death {
                    Death::Silent(ns) => {
                        self.set_reason(format_args!("silent for {} ms", ns / 1_000_000));
                    }
                    Death::Mute(ns) => {
                        self.set_reason(format_args!("no answer for {} ms", ns / 1_000_000));
                    }
                }
            }
        }
    }

    /// The answer to a heartbeat came.
    pub(crate) fn pong(&mut self, now_ns: u64, number: u64, lease: u64) -> Option<Change> {
        let before = self.detector.round_trip();
        let change = self.detector.pong(now_ns, number, lease);
        if let Some(sample) = self.detector.last_round_trip() {
            self.round_trips.last = sample;
            self.round_trips.min = match (before, self.round_trips.min) {
                (None, _) | (_, 0) => sample,
                (Some(_), min) => min.min(sample),
            };
        }
        if let Some(change) = change {
            self.changed(change);
        }
        change
    }

    fn set_reason(&mut self, args: fmt::Arguments<'_>) {
        use fmt::Write as _;
        self.reason = Reason::EMPTY;
        // It cuts what does not fit.
        let _ = self.reason.write_fmt(args);
    }

    /// The state to show.
    pub(crate) fn state(&self) -> State {
        match self.detector.state() {
            _ if self.left && self.refused => State::Refused,
            _ if self.left => State::Dead,
            detector::State::Dead if self.refused => State::Refused,
            detector::State::Dead => State::Dead,
            detector::State::Suspect => State::Suspect,
            detector::State::Alive => match self.peer {
                Some((_, compat)) if compat != Compat::Full => State::Incompatible,
                _ => State::Alive,
            },
            detector::State::Connecting if self.refused => State::Refused,
            detector::State::Connecting => State::Connecting,
        }
    }

    /// Notes since when the state is what it is; gives it if it is another than before.
    pub(crate) fn turn(&mut self) -> Option<Turn> {
        let state = self.state();
        if state == State::Incompatible {
            if let Some((_, compat)) = self.peer {
                self.set_reason(format_args!("{compat}"));
            }
        }
        if state == self.shown {
            return None;
        }
        self.shown = state;
        self.since_unix_ms = clock::unix_ms();
        Some(Turn {
            state,
            reason: self.reason,
        })
    }
}
