// SPDX-License-Identifier: GPL-2.0

//! Arguments for a call, and the memory that they point to: mostly sound, sometimes not.

use super::memory::{
    Process,
    Reach,
    PAGE,
    PAGES,
    START, //
};
use crate::migration::table::call::{
    Arg,
    Call,
    Dir,
    Len, //
};
use std::sync::LazyLock;

pub(super) struct Scene {
    pub(super) args: [u64; 6],
    pub(super) process: Process,
}

/// Memory before anything is put there.
static NOISE: LazyLock<Process> = LazyLock::new(|| {
    let mut random = 1_u64;
    Process::new(|| {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (random >> 56) as u8
    })
});

struct Builder {
    random: u64,
    /// Where memory is not used yet.
    next: u64,
    process: Process,
}

impl Builder {
    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % below
    }

    /// Memory that nothing else uses, or a pointer that leads nowhere.
    fn pointer(&mut self, len: u64) -> u64 {
        match self.random(40) {
            0 => 0,
            1 => 0xffff_8000_0000_1000,
            2 => START + 3 * PAGE + 8,
            3 => {
                // The last bytes in front of a hole.
                let page = self.next.div_ceil(PAGE) * PAGE;
                let hole = page + (3 - (page - START) / PAGE % 4) * PAGE;
                self.next = hole + PAGE;
                hole - len.min(PAGE) / 2
            }
            _ => {
                let mut start = self.next + self.random(64);
                // Mostly all of it is there.
                if (start - START) / PAGE % 4 == 3 || (start + len - START) / PAGE % 4 == 3 {
                    start = ((start - START) / PAGE / 4 + 1) * 4 * PAGE + START;
                }
                self.next = start + len;
                start
            }
        }
    }

    fn put(&mut self, address: u64, word: u64, len: usize) {
        self.process.put(address, &word.to_le_bytes()[..len]);
    }

    fn iovec(&mut self, count: u64) -> u64 {
        let vector = self.pointer(16 * count);
        for at in 0..count {
            let len = match self.random(40) {
                0 => 0,
                1 if count > 1 => u64::MAX,
                _ => self.random(900),
            };
            let base = self.pointer(len.min(PAGE));
            self.put(vector + 16 * at, base, 8);
            self.put(vector + 16 * at + 8, len, 8);
        }
        vector
    }

    fn message(&mut self, header: u64) {
        let name_len = self.random(140);
        let name = self.pointer(name_len);
        let control_len = self.random(200);
        let control = self.pointer(control_len);
        let count = self.random(4);
        let iov = self.iovec(count);
        for (at, word) in [name, name_len, iov, count, control, control_len, 0]
            .into_iter()
            .enumerate()
        {
            self.put(header + 8 * at as u64, word, 8);
        }
    }

    fn text(&mut self, max: u32) -> u64 {
        let len = match self.random(8) {
            0 => u64::from(max),
            _ => self.random(u64::from(max).min(80)),
        };
        let pointer = self.pointer(len + 1);
        self.process.put(pointer, &vec![b'x'; len as usize]);
        self.put(pointer + len, 0, 1);
        pointer
    }

    fn argument(&mut self, call: &Call, args: &[u64; 6], arg: &Arg) -> u64 {
        match *arg {
            Arg::Long | Arg::Int | Arg::Fd => self.random(64),
            Arg::Text(max) => self.text(max),
            Arg::Memory(memory) => {
                let len = match memory.len {
                    Len::Fixed(size) => size.into(),
                    Len::Bytes { arg, more } => args[usize::from(arg)] + u64::from(more),
                    Len::Items { arg, size } => args[usize::from(arg)] * u64::from(size),
                    Len::Bits(_) => 16,
                    Len::At(_) => 256,
                };
                let pointer = self.pointer(len.min(2 * PAGE));
                let is_length = call.args.iter().any(
                    |arg| matches!(arg, Arg::Memory(memory) if matches!(memory.len, Len::At(_))),
                );
                if memory.len == Len::Fixed(4) && memory.dir == Dir::InOut && is_length {
                    let len = self.random(210).wrapping_sub(2);
                    self.put(pointer, len, 4);
                }
                pointer
            }
            Arg::Iovec { count, .. } => self.iovec(args[usize::from(count)].min(8)),
            Arg::Msghdr(_) => {
                let header = self.pointer(56);
                self.message(header);
                header
            }
            Arg::Mmsghdr { count, .. } => {
                let count = args[usize::from(count)].min(4);
                let headers = self.pointer(64 * count);
                for at in 0..count {
                    self.message(headers + 64 * at);
                }
                headers
            }
            Arg::SigsetPointer => {
                let pair = self.pointer(16);
                let mask = self.pointer(8);
                self.put(pair, mask, 8);
                self.put(pair + 8, 8, 8);
                pair
            }
        }
    }
}

impl Scene {
    pub(super) fn new(call: &'static Call, seed: u64) -> Self {
        let mut builder = Builder {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            next: START,
            process: NOISE.clone(),
        };
        let mut args = [0; 6];
        // Numbers first: they are the lengths of the rest.
        for pointers in [false, true] {
            for (at, arg) in call.args.iter().enumerate() {
                if arg.is_pointer() == pointers {
                    args[at] = builder.argument(call, &args, arg);
                }
            }
        }
        let counts = |arg: &Arg| match *arg {
            Arg::Iovec { count, .. } => Some((count, 4)),
            Arg::Mmsghdr { count, .. } => Some((count, 3)),
            _ => None,
        };
        for (count, most) in call.args.iter().filter_map(counts) {
            args[usize::from(count)] %= most;
        }
        assert!(builder.next < START + PAGES * PAGE * 4);
        Self {
            args,
            process: builder.process,
        }
    }
}
