// SPDX-License-Identifier: GPL-2.0

//! Where objects lie in an arena. Body and deputy compute it alike.

/// Objects begin at a multiple of this.
const ALIGN: u32 = 16;

/// Objects of this length and more keep their place within a block of as many bytes, because direct I/O
/// asks for it.
const BLOCK: u32 = 512;

/// Bytes that each object takes besides its own: with them, the data of a call or a reply is never larger
/// than the arena.
const HEAD: u32 = size_of::<u32>() as u32;

/// An arena that is being filled: from its start, and once from its end.
#[derive(Clone, Copy)]
pub(super) struct Room {
    used: u32,
    end: u32,
    size: u32,
}

impl Room {
    /// An empty arena.
    pub(super) const fn new(size: u32) -> Self {
        Self {
            used: 0,
            end: size,
            size,
        }
    }

    /// Where an object of `len` bytes would begin that lies at `pointer` in the body.
    fn start(&self, pointer: u64, len: u64) -> Option<u32> {
        if len < u64::from(BLOCK) {
            return self.used.checked_next_multiple_of(ALIGN);
        }
        let within = u32::try_from(pointer % u64::from(BLOCK)).ok()?;
        let block = self.used - self.used % BLOCK;
        let start = block.checked_add(within)?;
        if start >= self.used {
            Some(start)
        } else {
            start.checked_add(BLOCK)
        }
    }

    /// How many bytes of an object of `len` would fit.
    pub(super) fn left(&self, pointer: u64, len: u64) -> u32 {
        let room = |len| {
            let start = self.start(pointer, len)?;
            self.end.checked_sub(start)?.checked_sub(HEAD)
        };
        let fits = u64::from(room(len).unwrap_or(0)).min(len);
        // An object that is shortened may begin elsewhere.
        let fits = u64::from(room(fits).unwrap_or(0)).min(fits);
        u32::try_from(fits).unwrap_or(0)
    }

    /// Places an object: its offset.
    pub(super) fn place(&mut self, pointer: u64, len: u32) -> Option<u32> {
        let start = self.start(pointer, len.into())?;
        let used = start.checked_add(len)?.checked_add(HEAD)?;
        if used > self.end {
            return None;
        }
        self.used = used;
        Some(start)
    }

    /// Places an object of which only `len` bytes can be reached: in front of the end, or, when another one
    /// is there already or nothing can be reached, behind it.
    pub(super) fn place_cut(&mut self, len: u32) -> Option<u32> {
        let used = self.used.checked_add(HEAD)?;
        let is_free = self.end == self.size;
        let start = if is_free {
            self.end.checked_sub(len)?
        } else {
            self.size
        };
        if used > start.min(self.end) {
            return None;
        }
        self.used = used;
        if is_free {
            self.end = start;
        }
        Some(start)
    }

    /// How many of `len` bytes are in the arena for an object that was placed there.
    pub(super) const fn reached(&self, offset: u32, len: u32) -> u32 {
        if offset == self.size {
            0
        } else {
            len
        }
    }
}
