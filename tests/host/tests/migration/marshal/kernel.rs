// SPDX-License-Identifier: GPL-2.0

//! A kernel that makes any call of the table: it reads what such a call reads, and writes what follows from
//! it. So a call made in the process and the same call made in the arena give the same if, and only if,
//! everything was carried over.

use super::memory::{
    Reach,
    TASK_SIZE, //
};
use crate::migration::table::call::{
    Arg,
    Back,
    Call,
    Dir,
    Len,
    Memory, //
};
use std::collections::BTreeMap;

pub(super) const EFAULT: i64 = -14;
const EINVAL: i64 = -22;

/// A number at an address, or a fault.
fn word(memory: &dyn Reach, address: u64, len: usize) -> Result<u64, i64> {
    let bytes = memory.get(address, len as u64);
    if bytes.len() < len {
        return Err(EFAULT);
    }
    let mut word = [0; 8];
    word[..len].copy_from_slice(&bytes);
    Ok(u64::from_le_bytes(word))
}

fn put_word(memory: &mut dyn Reach, address: u64, word: u64, len: usize) -> Result<(), i64> {
    if memory.put(address, &word.to_le_bytes()[..len]) < len {
        return Err(EFAULT);
    }
    Ok(())
}

/// Memory that a call writes, once it knows what.
enum Later {
    Plain { address: u64, len: u64, back: Back },
    Iovec(Vec<(u64, u64)>),
    Message(u64, Vec<(u64, u64)>),
}

pub(super) struct Kernel<'a> {
    memory: &'a mut dyn Reach,
    digest: u64,
    later: Vec<Later>,
    /// Bytes that were taken, or messages, if the call is one that takes them.
    taken: Option<u64>,
    /// What is written to lengths in memory, by address.
    sizes: BTreeMap<u64, u64>,
    /// Lengths of messages that were sent, by address.
    sent: Vec<(u64, u64)>,
}

/// The result of a call.
pub(super) fn make(call: &Call, args: &[u64; 6], memory: &mut dyn Reach) -> i64 {
    let mut kernel = Kernel {
        memory,
        digest: 1,
        later: Vec::new(),
        taken: None,
        sizes: BTreeMap::new(),
        sent: Vec::new(),
    };
    kernel.make(call, args).unwrap_or_else(|error| error)
}

impl Kernel<'_> {
    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn pattern(&self, len: u64) -> Vec<u8> {
        (0..len)
            .map(|at| (self.digest >> (at % 8 * 8)) as u8)
            .collect()
    }

    fn make(&mut self, call: &Call, args: &[u64; 6]) -> Result<i64, i64> {
        for (at, arg) in call.args.iter().enumerate() {
            match *arg {
                Arg::Long => self.mix(&args[at].to_le_bytes()),
                Arg::Int | Arg::Fd => self.mix(&(args[at] as u32).to_le_bytes()),
                _ if args[at] == 0 => self.mix(b"null"),
                _ => self.read(call, args, at)?,
            }
        }
        if self.digest % 5 == 0 {
            return Err(EINVAL);
        }
        self.write(args)
    }

    fn len(&self, call: &Call, args: &[u64; 6], memory: &Memory) -> Result<u64, i64> {
        let count = |arg: u8| {
            let value = args[usize::from(arg)];
            if call.args[usize::from(arg)] == Arg::Long {
                i64::try_from(value).map_err(|_| EINVAL)
            } else {
                Ok(i64::from(value as u32 as i32))
            }
            .and_then(|value| u64::try_from(value).map_err(|_| EINVAL))
        };
        let len = match memory.len {
            Len::Fixed(size) => size.into(),
            Len::Bytes { arg, more } => count(arg)? + u64::from(more),
            Len::Items { arg, size } => count(arg)? * u64::from(size),
            Len::Bits(arg) => count(arg)?.div_ceil(64) * 8,
            Len::At(arg) => {
                let len = word(self.memory, args[usize::from(arg)], 4)?;
                u64::try_from(i64::from(len as u32 as i32)).map_err(|_| EINVAL)?
            }
        };
        Ok(len.min(memory.max))
    }

    fn read(&mut self, call: &Call, args: &[u64; 6], at: usize) -> Result<(), i64> {
        let pointer = args[at];
        match call.args[at] {
            Arg::Text(max) => {
                let bytes = self.memory.get(pointer, max.into());
                let nul = bytes.iter().position(|byte| *byte == 0);
                match nul {
                    Some(nul) => self.mix(&bytes[..nul]),
                    None if bytes.len() < max as usize => return Err(EFAULT),
                    None => return Err(-36),
                }
            }
            Arg::Memory(memory) => {
                let len = self.len(call, args, &memory)?;
                let is_bulk = call.bulk().is_some_and(|bulk| usize::from(bulk) == at);
                if memory.dir.is_in() && len > 0 {
                    let bytes = self.memory.get(pointer, len);
                    if bytes.is_empty() || (bytes.len() as u64) < len && !is_bulk {
                        return Err(EFAULT);
                    }
                    self.mix(&bytes);
                    if is_bulk {
                        self.taken = Some(bytes.len() as u64);
                    }
                }
                if memory.dir.is_out() && len > 0 {
                    self.later.push(Later::Plain {
                        address: pointer,
                        len,
                        back: memory.back,
                    });
                }
            }
            Arg::Iovec { dir, count } => {
                let segments = self.segments(pointer, args[usize::from(count)])?;
                if dir == Dir::Out {
                    self.later.push(Later::Iovec(segments));
                } else {
                    self.taken = Some(self.take(&segments, true)?);
                }
            }
            Arg::Msghdr(dir) => {
                let taken = self.message(pointer, dir)?;
                self.taken = (dir == Dir::In).then_some(taken);
            }
            Arg::Mmsghdr { dir, count } => {
                let count = u64::from(args[usize::from(count)] as u32).min(1024);
                let mut messages = 0;
                while messages < count {
                    let header = pointer + 64 * messages;
                    match self.message(header, dir) {
                        Ok(taken) if dir == Dir::In => self.sent.push((header + 56, taken)),
                        Ok(_) => (),
                        Err(error) if messages == 0 => return Err(error),
                        Err(_) => break,
                    }
                    messages += 1;
                }
                self.taken = Some(messages);
            }
            Arg::SigsetPointer => {
                let mask = word(self.memory, pointer, 8)?;
                let size = word(self.memory, pointer + 8, 8)?;
                self.mix(&size.to_le_bytes());
                if mask != 0 {
                    let mask = word(self.memory, mask, 8)?;
                    self.mix(&mask.to_le_bytes());
                }
            }
            Arg::Long | Arg::Int | Arg::Fd => (),
        }
        Ok(())
    }

    /// Iovecs, as the kernel imports them.
    fn segments(&mut self, pointer: u64, count: u64) -> Result<Vec<(u64, u64)>, i64> {
        if count > 1024 {
            return Err(EINVAL);
        }
        let mut segments = Vec::new();
        for at in 0..count {
            let base = word(self.memory, pointer + 16 * at, 8)?;
            let len = word(self.memory, pointer + 16 * at + 8, 8)?;
            segments.push((base, len));
        }
        if segments.iter().any(|(_, len)| i64::try_from(*len).is_err()) {
            return Err(EINVAL);
        }
        // Where the arena ends is still user space.
        if segments
            .iter()
            .any(|(base, len)| *base >= TASK_SIZE || base + len > TASK_SIZE)
        {
            return Err(EFAULT);
        }
        Ok(segments)
    }

    /// Reads segments; how many bytes that was. Without `partly`, all or nothing.
    fn take(&mut self, segments: &[(u64, u64)], partly: bool) -> Result<u64, i64> {
        let mut taken = 0;
        for (base, len) in segments.iter().filter(|(_, len)| *len > 0) {
            let bytes = self.memory.get(*base, *len);
            taken += bytes.len() as u64;
            let is_whole = bytes.len() as u64 == *len;
            if !is_whole && (taken == 0 || !partly) {
                return Err(EFAULT);
            }
            self.mix(&bytes);
            if !is_whole {
                break;
            }
        }
        Ok(taken)
    }

    fn message(&mut self, header: u64, dir: Dir) -> Result<u64, i64> {
        if self.memory.get(header, 56).len() < 56 {
            return Err(EFAULT);
        }
        let field = |kernel: &Self, offset, len| word(kernel.memory, header + offset, len);
        let (name, name_len) = (field(self, 0, 8)?, field(self, 8, 4)? as u32 as i32);
        let (control, control_len) = (field(self, 32, 8)?, field(self, 40, 8)?);
        let name_len = u64::try_from(name_len).map_err(|_| EINVAL)?.min(128);
        if i32::try_from(control_len).is_err() {
            return Err(-105);
        }
        let (iov, count) = (field(self, 16, 8)?, field(self, 24, 8)?);
        let segments = self.segments(iov, count)?;
        if dir == Dir::In {
            for (pointer, len) in [(name, name_len), (control, control_len)] {
                let bytes = self.memory.get(pointer, len);
                if pointer != 0 && len > 0 {
                    if (bytes.len() as u64) < len {
                        return Err(EFAULT);
                    }
                    self.mix(&bytes);
                }
            }
        }
        if dir == Dir::Out {
            self.later.push(Later::Message(header, segments));
            return Ok(0);
        }
        self.take(&segments, false)
    }

    /// Fills segments; how many bytes that was.
    fn fill(&mut self, segments: &[(u64, u64)], partly: bool) -> Result<u64, i64> {
        let is_whole = |(base, len): &(u64, u64)| self.memory.get(*base, *len).len() as u64 == *len;
        if !partly && !segments.iter().all(is_whole) {
            return Err(EFAULT);
        }
        let total: u64 = segments.iter().map(|(_, len)| *len).sum();
        let mut left = if total == 0 {
            0
        } else {
            self.digest % total + 1
        };
        let mut written = 0;
        for (base, len) in segments.iter().filter(|(_, len)| *len > 0) {
            let want = left.min(*len);
            let there = self.memory.get(*base, want).len() as u64;
            self.memory.put(*base, &self.pattern(there));
            written += there;
            left -= there;
            if there < want {
                break;
            }
        }
        if written == 0 && total > 0 {
            return Err(EFAULT);
        }
        Ok(written)
    }

    /// Writes a received message; how long it is.
    fn receive(&mut self, header: u64, segments: &[(u64, u64)]) -> Result<u64, i64> {
        let written = self.fill(segments, false)?;
        for (pointer, at, width, most) in [(0, 8, 4, 128), (32, 40, 8, u64::MAX)] {
            let address = word(self.memory, header + pointer, 8)?;
            let room = word(self.memory, header + at, width)?.min(most);
            let mut len = if address == 0 {
                0
            } else {
                self.digest % (room + 1)
            };
            if (self.memory.get(address, room).len() as u64) < room {
                len = 0;
            }
            self.memory.put(address, &self.pattern(len));
            put_word(self.memory, header + at, len, width)?;
        }
        put_word(self.memory, header + 48, 0x20, 4)?;
        Ok(written)
    }

    /// Whether memory that is written as a whole is there.
    fn check(&self, later: &Later) -> Result<(), i64> {
        match *later {
            Later::Plain { address, len, back } => {
                let is_whole = matches!(back, Back::Always | Back::Success | Back::At(_));
                let there = self.memory.get(address, len).len() as u64;
                if is_whole && there < len {
                    return Err(EFAULT);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn plain(&mut self, args: &[u64; 6], later: &Later) -> Result<Option<u64>, i64> {
        let Later::Plain { address, len, back } = *later else {
            return Ok(None);
        };
        match back {
            Back::Always | Back::Success | Back::Try => {
                let bytes = match self.sizes.get(&address) {
                    Some(size) => size.to_le_bytes()[..4].to_vec(),
                    None => self.pattern(len),
                };
                self.memory.put(address, &bytes);
                Ok(None)
            }
            Back::At(arg) => {
                let want = self.digest % (len + 1);
                self.memory.put(address, &self.pattern(want));
                self.sizes.insert(args[usize::from(arg)], want);
                Ok(None)
            }
            Back::Result { more } => {
                let more = u64::from(more);
                let want = (self.digest % (len + 1)).max(more);
                let there = self.memory.get(address, want).len() as u64;
                if there < want && (there == 0 || more > 0) {
                    return Err(EFAULT);
                }
                self.memory.put(address, &self.pattern(there));
                Ok(Some(there - more))
            }
            Back::Items { size } => {
                let size = u64::from(size);
                let want = self.digest % (len / size + 1);
                let items = self.memory.get(address, want * size).len() as u64 / size;
                if items == 0 && want > 0 {
                    return Err(EFAULT);
                }
                self.memory.put(address, &self.pattern(items * size));
                Ok(Some(items))
            }
        }
    }

    fn write(&mut self, args: &[u64; 6]) -> Result<i64, i64> {
        let mut result = self.taken.unwrap_or(self.digest % 3);
        let mut later = std::mem::take(&mut self.later);
        later.iter().try_for_each(|later| self.check(later))?;
        for (address, len) in std::mem::take(&mut self.sent) {
            put_word(self.memory, address, len, 4)?;
        }
        // What can still fail comes first.
        later.sort_by_key(|later| {
            let Later::Plain { back, .. } = later else {
                return 0;
            };
            u8::from(!matches!(back, Back::Result { .. } | Back::Items { .. }))
        });
        for (at, later) in (0..).zip(&later) {
            match later {
                Later::Plain { .. } => {
                    if let Some(written) = self.plain(args, later)? {
                        result = written;
                    }
                }
                Later::Iovec(segments) => result = self.fill(segments, true)?,
                Later::Message(header, segments) => match self.receive(*header, segments) {
                    Ok(len) if self.taken.is_some() => {
                        put_word(self.memory, header + 56, len, 4)?;
                        result = at + 1;
                    }
                    Ok(len) => result = len,
                    Err(error) if at == 0 => return Err(error),
                    Err(_) => break,
                },
            }
        }
        Ok(result as i64)
    }
}
