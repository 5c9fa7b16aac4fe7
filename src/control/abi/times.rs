// SPDX-License-Identifier: GPL-2.0
//! The times of the failure detector and what they must be to each other.

use core::ops::RangeInclusive;

use super::error::ConfigError;

/// Times of the failure detector, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A link that has nothing to say says so this often.
    pub heartbeat: u32,
    /// A peer that was silent for so long is suspect.
    pub suspect: u32,
    /// A peer that was silent for so long is dead.
    pub dead: u32,
}

impl Times {
    /// What a cluster.toml without times gets.
    pub const DEFAULT: Self = Self {
        heartbeat: 500,
        suspect: 2_000,
        dead: 6_000,
    };

    /// Bounds of [`Self::suspect`].
    pub const SUSPECT_RANGE: RangeInclusive<u32> = 100..=600_000;

    /// Longest [`Self::dead`].
    pub const DEAD_MAX: u32 = 3_600_000;

    /// Whether a peer can be declared dead with these times.
    ///
    /// What runs for a suspect peer pauses at its own end of the link, `suspect` after the last
    /// frame it got; that can be as late as a heartbeat and a delayed frame (which is late, but not
    /// `suspect` late) after the last frame it sent. Hence twice `suspect` and two heartbeats.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !Self::SUSPECT_RANGE.contains(&self.suspect) {
            return Err(ConfigError::SuspectTime);
        }
        if self.heartbeat == 0 || self.heartbeat > self.suspect / 3 {
            return Err(ConfigError::HeartbeatTime);
        }
        // The ranges above keep this far from overflow.
        let least = 2 * self.suspect + 2 * self.heartbeat;
        if self.dead < least || self.dead > Self::DEAD_MAX {
            return Err(ConfigError::DeadTime { least });
        }
        Ok(())
    }
}
