// SPDX-License-Identifier: GPL-2.0

//! Why an image is refused, and the checks that many of its parts share.

use crate::rpc::message::Malformed;

/// Something in an image that no process has: the reason, for the log and for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(pub(crate) &'static str);

impl From<Malformed> for Invalid {
    fn from(_: Malformed) -> Self {
        Self("a chunk is cut short or too long")
    }
}

/// `what` is wrong unless `sound`.
pub(crate) const fn ensure(sound: bool, what: &'static str) -> Result<(), Invalid> {
    if sound {
        Ok(())
    } else {
        Err(Invalid(what))
    }
}

/// What this node can take in; every check that depends on the machine asks here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// First address behind user space (`TASK_SIZE_MAX`).
    pub(crate) task_size: u64,
    /// Lowest address that may be mapped (`mmap_min_addr`), one page at least.
    pub(crate) min_addr: u64,
    /// Features that an XSAVE area may hold (`fpu_user_cfg.max_features`, as in XCR0).
    pub(crate) xfeatures: u64,
    /// Bytes of the XSTATE regset on this CPU.
    pub(crate) xstate_size: u32,
    /// Bits of MXCSR that may be set (`mxcsr_feature_mask`).
    pub(crate) mxcsr_mask: u32,
}

impl Bounds {
    /// Size of a page in bytes.
    pub(crate) const PAGE: u64 = 4096;

    /// Whether a pointer may have this value: in user space, or null.
    pub(crate) const fn is_user(&self, address: u64) -> bool {
        address < self.task_size
    }

    /// Whether `len` bytes from `start` lie in user space.
    pub(crate) const fn is_range(&self, start: u64, len: u64) -> bool {
        match start.checked_add(len) {
            Some(end) => end <= self.task_size,
            None => false,
        }
    }

    /// Whether these are whole pages that can be mapped.
    pub(crate) const fn is_mappable(&self, start: u64, end: u64) -> bool {
        start >= self.min_addr
            && start >= Self::PAGE
            && start < end
            && end <= self.task_size
            && start % Self::PAGE == 0
            && end % Self::PAGE == 0
    }
}
