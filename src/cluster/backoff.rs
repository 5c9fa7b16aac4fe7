// SPDX-License-Identifier: GPL-2.0

//! When to dial again.
//!
//! The delays double from [`FIRST`] to [`LONGEST`], which is short on purpose: a node that comes
//! back has to be seen soon, and one connection attempt per second costs nothing. Each delay is
//! spread over its second half at random, so that the nodes of a cluster do not all dial a
//! rebooted one, or two nodes each other, at the same moments.

/// First delay, in nanoseconds.
pub(crate) const FIRST: u64 = 50_000_000;

/// Longest delay, in nanoseconds.
pub(crate) const LONGEST: u64 = 1_500_000_000;

/// The delays of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    next: u64,
}

impl Backoff {
    /// Starts with the first delay.
    pub(crate) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// The time to wait before the next attempt, in nanoseconds. `random` is any random number.
    pub(crate) fn delay(&mut self, random: u64) -> u64 {
        let half = self.next / 2;
        self.next = self.next.saturating_mul(2).min(LONGEST);
        // Never by zero: `half` is at least half of FIRST.
        let spread = random.checked_rem(half).unwrap_or(0);
        half.saturating_add(spread)
    }

    /// An attempt succeeded: the next failure starts from the first delay.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}
