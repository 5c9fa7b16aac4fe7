// SPDX-License-Identifier: GPL-2.0

//! Carries a call's memory from the body to the deputy and back. Pure: `core` and zerocopy only.
//!
//! The row of a call ([`super::table`]) says which memory its pointers lead to: *objects*, one behind
//! another in the order of [`walk`], which body and deputy go through alike, each from what it knows.
//! Nothing on the wire says where an object belongs, so nothing there can say it wrong.
//!
//! * The body [packs](pack) a call: of each object its length, and what the kernel will read.
//! * The deputy [lays it out](place) in its arena and gets arguments whose pointers lead there, those within
//!   objects too.
//! * After the call it [collects](collect) what goes back, as the result says.
//! * The body [unpacks](unpack) the reply into its own memory.
//! * [`plan`] makes a call that is too large in pieces.
//!
//! Memory that is not there is not there for the deputy either: what can be reached of an object is put
//! right in front of the arena's end, behind which nothing is mapped, or its pointer leads there. So
//! the kernel finds the fault itself, in its own order, and reports what it reports natively.
//!
//! # Data of a call
//!
//! Per object a `u32`: how many bytes can be reached, and [`CUT`] if it should be more; then the bytes if
//! the kernel reads it. Of a reply: per object that the kernel writes, a `u32` and so many bytes.

pub(crate) mod collect;
pub(crate) mod object;
pub(crate) mod pack;
pub(crate) mod place;
pub(crate) mod plan;
mod room;
pub(crate) mod unpack;
pub(crate) mod walk;

/// In the length of an object: behind these bytes memory cannot be reached.
pub(crate) const CUT: u32 = 1 << 31;

/// Most bytes that a read or write moves natively (`MAX_RW_COUNT`).
pub(crate) const RW_MAX: u64 = 0x7fff_f000;

/// Memory of the process, as the kernel would reach it on its behalf. An address and a length may be
/// anything; what lies outside user space is not there.
pub(crate) trait Memory {
    /// Reads what can be reached from `address` on; returns how many bytes that was.
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> usize;

    /// Writes what can be reached; returns how many bytes that was.
    fn write(&mut self, address: u64, bytes: &[u8]) -> usize;

    /// How many of `len` bytes could be written; they can be afterwards.
    fn reach(&mut self, address: u64, len: usize) -> usize;

    /// Whether all of it lies in user space, whether mapped or not (`access_ok`).
    fn is_user(&self, address: u64, len: u64) -> bool;
}

/// The deputy's arena: memory of its own with nothing mapped behind it.
pub(crate) trait Arena {
    /// Why it failed.
    type Error;

    /// Writes at an offset.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Reads at an offset.
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error>;
}

/// Where the arena is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its address in the deputy: a page's.
    pub(crate) base: u64,
    /// Its bytes: whole pages, and no more than a frame's data.
    pub(crate) size: u32,
}

impl Span {
    /// The address of an offset.
    pub(crate) const fn at(&self, offset: u32) -> u64 {
        self.base.saturating_add(offset as u64)
    }

    /// An address where nothing is.
    pub(crate) const fn nothing(&self) -> u64 {
        self.at(self.size)
    }
}
