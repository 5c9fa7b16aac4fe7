// SPDX-License-Identifier: GPL-2.0

//! A queue.
//!
//! The kernel crate has none; taking the first of a vector moves all the others.

use core::mem::swap;

use kernel::{
    alloc::AllocError,
    prelude::*, //
};

/// First in, first out. What is put in lies in `back`; when `front`, which is in reverse, is used up,
/// the two change places.
pub(crate) struct Fifo<T> {
    front: KVec<T>,
    back: KVec<T>,
}

impl<T> Fifo<T> {
    /// An empty queue.
    pub(crate) const fn new() -> Self {
        Self {
            front: KVec::new(),
            back: KVec::new(),
        }
    }

    /// Number of items.
    pub(crate) fn len(&self) -> usize {
        self.front.len().saturating_add(self.back.len())
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.front.is_empty() && self.back.is_empty()
    }

    /// Puts `item` behind all others.
    pub(crate) fn push(&mut self, item: T) -> Result<(), AllocError> {
        self.back.push(item, GFP_KERNEL)
    }

    /// Puts `item` before all others.
    pub(crate) fn push_first(&mut self, item: T) -> Result<(), AllocError> {
        self.front.push(item, GFP_KERNEL)
    }

    /// Makes the first item the last of `front`.
    fn turn(&mut self) {
        if self.front.is_empty() {
            swap(&mut self.front, &mut self.back);
            self.front.reverse();
        }
    }

    /// The first item.
    pub(crate) fn first(&mut self) -> Option<&T> {
        self.turn();
        self.front.last()
    }

    /// Takes the first item out.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.turn();
        self.front.pop()
    }

    /// Takes out one item that `pick` names.
    pub(crate) fn take(&mut self, pick: impl Fn(&T) -> bool) -> Option<T> {
        for part in [&mut self.front, &mut self.back] {
            if let Some(at) = part.iter().position(&pick) {
                return part.remove(at).ok();
            }
        }
        None
    }
}
