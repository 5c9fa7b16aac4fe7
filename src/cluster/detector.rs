// SPDX-License-Identifier: GPL-2.0

//! Failure detection between two nodes, and the fence that makes "dead" safe to act upon.
//!
//! One [`Detector`] watches one peer. It does no I/O and reads no clock: it is told what was sent
//! and heard and when, and says what state the peer is in and whether this node may still act on
//! the peer's behalf. Times are nanoseconds of this node's own clock, which must go on while the
//! machine is suspended (CLOCK_BOOTTIME); the clocks of two nodes are never compared.
//!
//! # The fence
//!
//! When a node declares its peer dead it ends the deputies' side of everything that the peer runs
//! for it, and the cluster goes on. By then the peer must have stopped running it. Nobody can tell
//! the peer so, since it cannot be heard; so the peer has to stop by itself, and in time:
//!
//! * A node may act on behalf of its peer only while it holds the peer's *lease*
//!   ([`Detector::may_act`]). The peer's answer to a ping says how long the lease is; it counts from
//!   when this node *sent* that ping, and is over after this node's own `suspect`, if that is less.
//! * A node declares its peer dead only after it has heard nothing of it for `dead`, counted from
//!   when it *received* the newest frame, and not within twice a lease that it has granted; and it
//!   grants none after that ([`Detector::answer_ping`]). It grants leases as long as its `suspect`.
//!
//! Let A act for B. The newest ping that B granted, for the time g, was sent by A at s and received
//! by B at r; r is not before s. A stops at s + g, at the latest. B declares A dead at r + 2g at the
//! earliest, and grants no later ping then. So A has stopped before, whatever the network did in
//! between: delays, losses, one direction cut, all frames but the pings lost; and also if the two
//! nodes are configured with different times, or B's times have just been changed. What is needed of
//! the clocks is only that they run at about the same rate: with an error of at most e each, and a
//! latency of p between the end of the lease and the last instruction run, g * (1 + e) + p must be
//! less than 2g * (1 - e). With the default of 2 s there is room for e = 10 % and p = 1.4 s.
//!
//! The peer's frames alone do not help it: a peer that is heard but answers no pings is *suspect*
//! from this node's view, because this node's lease is over. If that lasts, the node stops granting
//! ([`Detector::tick`] condemns the peer) and declares it dead a full `dead` later, by when the
//! peer's own lease has ended in the same way. So every state comes to an end.
//!
//! What no lease can fence: a machine whose clock stands still while it does (a hypervisor that
//! pauses it and hides the pause). It runs on until its first exchange with the peer, which shows
//! the new epoch; everything that goes through the peer is refused by then.

use crate::control::abi::times::Times;

/// Pings that can be under way; the oldest are forgotten.
const PINGS: usize = 16;

/// Nanoseconds per millisecond.
const MS: u64 = 1_000_000;

/// The times of a detector in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How often to ping.
    pub(crate) heartbeat: u64,
    /// Silence after which the peer is suspect; the length of a lease.
    pub(crate) suspect: u64,
    /// Silence after which the peer is dead.
    pub(crate) dead: u64,
}

impl From<Times> for Limits {
    fn from(times: Times) -> Self {
        Self {
            heartbeat: u64::from(times.heartbeat).saturating_mul(MS),
            suspect: u64::from(times.suspect).saturating_mul(MS),
            dead: u64::from(times.dead).saturating_mul(MS),
        }
    }
}

/// What the peer is to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has not granted anything in this epoch yet, and there was no time to be suspicious.
    Connecting,
    /// It is heard, and answers.
    Alive,
    /// It is not heard, or does not answer: what runs here on its behalf is paused.
    Suspect,
    /// It is given up: what belongs to it has to be ended, and a new epoch begun.
    Dead,
}

/// Why a peer was declared dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// It was silent for so many nanoseconds.
    Silent(u64),
    /// It was heard, but it answered no ping for so many nanoseconds.
    Mute(u64),
}

/// A change that [`Detector::tick`] has found, or an event has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Now alive.
    Alive,
    /// Now suspect: pause what runs on the peer's behalf.
    Suspect,
    /// Now dead: end what belongs to the peer. Reported once per epoch.
    Dead(Death),
}

/// A ping that was sent.
#[derive(Clone, Copy)]
struct Ping {
    number: u64,
    sent: u64,
}

/// What the answer to a ping has granted.
#[derive(Clone, Copy)]
struct Lease {
    /// When the ping was sent.
    sent: u64,
    /// For how long, in nanoseconds.
    length: u64,
}

/// Watches one peer.
pub(crate) struct Detector {
    limits: Limits,
    state: State,
    /// When the epoch began; `None` if it did not, and the peer is just not there.
    began: Option<u64>,
    /// When the newest authenticated frame was received.
    heard: u64,
    /// The newest lease that the peer has granted; `None` if it has granted none in this epoch.
    granted: Option<Lease>,
    /// Until when, at least, the peer is not declared dead because of the leases it was granted.
    promised: u64,
    /// Since when no ping is granted any more, though the peer is heard.
    condemned: Option<u64>,
    /// Number of the next ping. Goes on over epochs, so that no late answer fits.
    next_ping: u64,
    /// When the newest ping was sent.
    pinged: Option<u64>,
    pings: [Ping; PINGS],
    round_trip: Option<u64>,
    last_round_trip: Option<u64>,
}

impl Detector {
    /// Watches a peer that was not heard of yet.
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Connecting,
            began: None,
            heard: 0,
            granted: None,
            promised: 0,
            condemned: None,
            next_ping: 1,
            pinged: None,
            pings: [Ping { number: 0, sent: 0 }; PINGS],
            round_trip: None,
            last_round_trip: None,
        }
    }

    /// Other times from now on. What is known of the peer stays as it is.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The peer's state as of the last event or tick.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Smoothed round trip of the answered pings, in nanoseconds.
    pub(crate) fn round_trip(&self) -> Option<u64> {
        self.round_trip
    }

    /// Round trip of the ping that was answered last, in nanoseconds.
    pub(crate) fn last_round_trip(&self) -> Option<u64> {
        self.last_round_trip
    }

    /// Until when this node may act on behalf of the peer, were it to hear nothing more.
    pub(crate) fn lease_end(&self) -> u64 {
        self.granted.map_or(0, |lease| {
            lease
                .sent
                .saturating_add(lease.length.min(self.limits.suspect))
        })
    }

    /// When the newest granted ping was sent, or else the epoch began.
    fn answered(&self, began: u64) -> u64 {
        self.granted.map_or(began, |lease| lease.sent)
    }

    /// Whether this node may act on behalf of the peer now. It must not between two calls that
    /// are further apart than the time that was left.
    pub(crate) fn may_act(&self, now: u64) -> bool {
        self.state != State::Dead && now < self.lease_end()
    }

    /// An epoch begins with the first connection between authenticated nodes. Before that nothing
    /// changes by itself: a peer that was never seen stays connecting, a dead one dead.
    pub(crate) fn begin_epoch(&mut self, now: u64) {
        self.state = State::Connecting;
        self.began = Some(now);
        self.heard = now;
        self.granted = None;
        self.promised = 0;
        self.condemned = None;
        self.pinged = None;
        self.pings = [Ping { number: 0, sent: 0 }; PINGS];
        self.round_trip = None;
        self.last_round_trip = None;
    }

    /// An authenticated frame of the peer was received, on either connection.
    pub(crate) fn heard(&mut self, now: u64) {
        self.heard = self.heard.max(now);
    }

    /// A ping of the peer was received; gives the length of the lease that the answer grants, in
    /// nanoseconds; 0 for none.
    pub(crate) fn answer_ping(&mut self, now: u64) -> u64 {
        self.heard(now);
        if !self.grants() {
            return 0;
        }
        let length = self.limits.suspect;
        self.promised = self
            .promised
            .max(now.saturating_add(length.saturating_mul(2)));
        length
    }

    /// Whether the peer is granted anything.
    fn grants(&self) -> bool {
        self.state != State::Dead && self.began.is_some() && self.condemned.is_none()
    }

    /// Whether it is time for a ping.
    pub(crate) fn ping_due(&self, now: u64) -> bool {
        self.pinged
            .is_none_or(|sent| now >= sent.saturating_add(self.limits.heartbeat))
    }

    /// A ping is about to be sent; gives its number. To be called *before* the frame is handed to
    /// the network, since the lease counts from here.
    pub(crate) fn ping(&mut self, now: u64) -> u64 {
        let number = self.next_ping;
        self.next_ping = self.next_ping.saturating_add(1);
        self.pinged = Some(now);
        if let Some(oldest) = self.pings.iter_mut().min_by_key(|ping| ping.number) {
            *oldest = Ping { number, sent: now };
        }
        number
    }

    /// The answer to a ping was received; `length` is that of the lease. Answers to pings that were not sent in this epoch, or
    /// so long ago that they are forgotten, mean nothing.
    pub(crate) fn pong(&mut self, now: u64, number: u64, length: u64) -> Option<Change> {
        self.heard(now);
        let sent = self
            .pings
            .iter()
            .find(|ping| ping.number == number && number != 0)?
            .sent;
        let sample = now.saturating_sub(sent);
        self.last_round_trip = Some(sample);
        self.round_trip = Some(match self.round_trip {
            None => sample,
            // Seven parts of the past, one of the present, as TCP does.
            Some(old) => old.saturating_mul(7).saturating_add(sample) / 8,
        });
        let newer = self.granted.is_none_or(|lease| lease.sent < sent);
        if length != 0 && newer {
            self.granted = Some(Lease { sent, length });
        }
        self.tick(now)
    }

    /// Looks at the time. To be called at least once per heartbeat; [`Self::next_tick`] says when
    /// something can change.
    pub(crate) fn tick(&mut self, now: u64) -> Option<Change> {
        let began = self.began.filter(|_| self.state != State::Dead)?;
        let silent = now.saturating_sub(self.heard);
        let mute = now.saturating_sub(self.answered(began));
        let promised = now < self.promised;
        if silent >= self.limits.dead && !promised {
            self.state = State::Dead;
            return Some(Change::Dead(Death::Silent(silent)));
        }
        match self.condemned {
            None if mute >= self.limits.dead => self.condemned = Some(now),
            Some(since) if now >= since.saturating_add(self.limits.dead) && !promised => {
                self.state = State::Dead;
                return Some(Change::Dead(Death::Mute(mute)));
            }
            _ => (),
        }
        let late = silent >= self.limits.suspect || mute >= self.limits.suspect;
        let state = match self.granted {
            None if !late => State::Connecting,
            Some(_) if !late && now < self.lease_end() => {
                // It answers again: nothing was decided yet, so it may be granted again, too.
                self.condemned = None;
                State::Alive
            }
            _ => State::Suspect,
        };
        if state == self.state {
            return None;
        }
        self.state = state;
        Some(match state {
            State::Alive => Change::Alive,
            _ => Change::Suspect,
        })
    }

    /// When the state can change next if nothing is heard; `u64::MAX` for never.
    pub(crate) fn next_tick(&self) -> u64 {
        let Some(began) = self.began else {
            return u64::MAX;
        };
        let answered = self.answered(began);
        match self.state {
            State::Dead => u64::MAX,
            State::Connecting => self.heard.min(answered).saturating_add(self.limits.suspect),
            State::Alive => self
                .lease_end()
                .min(self.heard.saturating_add(self.limits.suspect)),
            State::Suspect => self
                .heard
                .min(self.condemned.unwrap_or(answered))
                .saturating_add(self.limits.dead)
                .max(self.promised),
        }
    }
}
