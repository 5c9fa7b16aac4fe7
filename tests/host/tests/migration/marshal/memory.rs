// SPDX-License-Identifier: GPL-2.0

//! A process's memory, with holes, and an arena.

use crate::migration::marshal::{
    Arena,
    Memory,
    Span, //
};

pub(super) const PAGE: u64 = 4096;
/// First address.
pub(super) const START: u64 = 0x10_0000;
/// Pages; every fourth is not there.
pub(super) const PAGES: u64 = 16;
/// Behind user space.
pub(super) const TASK_SIZE: u64 = 0x7fff_ffff_f000;

/// Whatever a kernel reaches by address.
pub(super) trait Reach {
    /// What can be read from there on.
    fn get(&self, address: u64, len: u64) -> Vec<u8>;
    /// Writes what can be written; how much that was.
    fn put(&mut self, address: u64, bytes: &[u8]) -> usize;
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Process(pub(super) Vec<u8>);

impl Process {
    pub(super) fn new(fill: impl FnMut() -> u8) -> Self {
        let mut bytes = Vec::new();
        bytes.resize_with((PAGES * PAGE) as usize, fill);
        Self(bytes)
    }

    /// Bytes that are there from an address on, at most so many.
    fn there(&self, address: u64, len: u64) -> std::ops::Range<usize> {
        let mut end = address;
        while end < address.saturating_add(len) {
            let Some(page) = end.checked_sub(START).map(|offset| offset / PAGE) else {
                break;
            };
            if page >= PAGES || page % 4 == 3 {
                break;
            }
            end = START + (page + 1) * PAGE;
        }
        let end = end.min(address.saturating_add(len));
        if end == address {
            return 0..0;
        }
        (address - START) as usize..(end - START) as usize
    }
}

impl Reach for Process {
    fn get(&self, address: u64, len: u64) -> Vec<u8> {
        self.0[self.there(address, len)].to_vec()
    }

    fn put(&mut self, address: u64, bytes: &[u8]) -> usize {
        let there = self.there(address, bytes.len() as u64);
        let len = there.len();
        self.0[there].copy_from_slice(&bytes[..len]);
        len
    }
}

impl Memory for Process {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> usize {
        let got = self.get(address, bytes.len() as u64);
        bytes[..got.len()].copy_from_slice(&got);
        got.len()
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> usize {
        self.put(address, bytes)
    }

    fn reach(&mut self, address: u64, len: usize) -> usize {
        self.there(address, len as u64).len()
    }

    fn is_user(&self, address: u64, len: u64) -> bool {
        address.checked_add(len).is_some_and(|end| end <= TASK_SIZE)
    }
}

/// An arena of a deputy, full of what was there before.
pub(super) struct Deputy {
    pub(super) span: Span,
    pub(super) bytes: Vec<u8>,
}

impl Deputy {
    pub(super) fn new(size: u32) -> Self {
        Self {
            span: Span {
                base: 0x7000_0000_0000,
                size,
            },
            bytes: vec![0xee; size as usize],
        }
    }
}

impl Arena for Deputy {
    type Error = ();

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), ()> {
        let start = offset as usize;
        let place = self.bytes.get_mut(start..start + bytes.len());
        place.expect("within the arena").copy_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ()> {
        let start = offset as usize;
        let place = self.bytes.get(start..start + bytes.len());
        bytes.copy_from_slice(place.expect("within the arena"));
        Ok(())
    }
}

impl Reach for Deputy {
    fn get(&self, address: u64, len: u64) -> Vec<u8> {
        let Some(start) = address.checked_sub(self.span.base) else {
            return Vec::new();
        };
        let end = start.saturating_add(len).min(self.span.size.into());
        self.bytes
            .get(start as usize..end as usize)
            .unwrap_or(&[])
            .to_vec()
    }

    fn put(&mut self, address: u64, bytes: &[u8]) -> usize {
        let len = self.get(address, bytes.len() as u64).len();
        if len > 0 {
            let start = (address - self.span.base) as usize;
            self.bytes[start..start + len].copy_from_slice(&bytes[..len]);
        }
        len
    }
}
