// SPDX-License-Identifier: GPL-2.0
//! Random operations on one file from several nodes, against a model that knows what has to be there.

use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};

use crate::world::{long, on_mfs, World};

/// Longest file, in bytes.
const LONGEST: u64 = 6 << 20;

/// Ways to the file: node and path. The last goes past MFS.
const WAYS: [(u8, &str); 4] = [
    (1, "/mfs/2/data/t/f"),
    (3, "/mfs/2/data/t/f"),
    (2, "/mfs/2/data/t/f"),
    (2, "/data/t/f"),
];

/// What the guests need: bytes made of a number, and a checksum of what they read.
const TOOLS: &str = "import zlib
def made(seed, length):
    unit = bytes((seed + k * 7) & 255 for k in range(251))
    return (unit * (length // 251 + 1))[:length]
def told(data): return f'{len(data)} {zlib.adler32(data)}'
def mapped(fd):
    size = os.fstat(fd).st_size
    if not size: return told(b'')
    with mmap.mmap(fd, size, mmap.MAP_PRIVATE, mmap.PROT_READ) as area: return told(area[:])
";

/// Numbers that look random and are the same for the same seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A length: mostly small, sometimes more than one message of the protocol.
    fn length(&mut self) -> u64 {
        match self.below(20) {
            0 => self.below(2_500_000),
            1..=4 => self.below(200_000),
            5..=10 => self.below(9_000),
            _ => self.below(300),
        }
    }
}

/// What has to be in the file.
#[derive(Default)]
struct Model(Vec<u8>);

impl Model {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn resize(&mut self, size: u64) {
        self.0.resize(size as usize, 0);
    }

    fn write(&mut self, at: u64, data: &[u8]) {
        let (at, end) = (at as usize, at as usize + data.len());
        if self.0.len() < end && !data.is_empty() {
            self.0.resize(end, 0);
        }
        if let Some(range) = self.0.get_mut(at..end) {
            range.copy_from_slice(data);
        }
    }

    fn zero(&mut self, at: u64, length: u64) {
        let end = (at + length).min(self.size());
        if let Some(range) = self.0.get_mut(at as usize..end as usize) {
            range.fill(0);
        }
    }

    fn read(&self, at: u64, length: u64) -> &[u8] {
        let end = (at + length).min(self.size());
        self.0.get(at as usize..end as usize).unwrap_or_default()
    }
}

/// As the guests make it.
fn made(seed: u64, length: u64) -> Vec<u8> {
    (0..length).map(|at| (seed + at % 251 * 7) as u8).collect()
}

/// As the guests tell it: length and Adler-32.
fn told(data: &[u8]) -> String {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    format!("{} {}", data.len(), (b << 16) | a)
}

/// One operation: Python for the guest, and what it has to say. Changes the model.
fn operation(chance: &mut Chance, model: &mut Model) -> (String, String) {
    let size = model.size();
    let (at, length) = (chance.below(size + size / 4 + 100), chance.length());
    let room = LONGEST.saturating_sub(at);
    match chance.below(14) {
        0..=3 => {
            let (length, seed) = (length.min(room), chance.below(256));
            model.write(at, &made(seed, length));
            (
                format!("os.pwrite(fd, made({seed}, {length}), {at})"),
                length.to_string(),
            )
        }
        4..=6 => (
            format!("told(os.pread(fd, {length}, {at}))"),
            told(model.read(at, length)),
        ),
        7 if size + length < LONGEST => {
            let seed = chance.below(256);
            model.write(size, &made(seed, length));
            (
                format!("os.write(log, made({seed}, {length}))"),
                length.to_string(),
            )
        }
        7 | 8 => {
            let to = if chance.below(3) == 0 {
                at.min(LONGEST)
            } else {
                size - size.min(length)
            };
            model.resize(to);
            (
                format!("os.ftruncate(fd, {to}); os.stat(path).st_size"),
                to.to_string(),
            )
        }
        9 => {
            let length = length.max(1);
            model.zero(at.min(size), length);
            (
                format!(
                    "calls.fallocate(fd, {}, {at}, {length})",
                    if chance.below(2) == 0 { 3 } else { 17 }
                ),
                "0".into(),
            )
        }
        10 => {
            let length = length.max(1).min(room.max(1));
            if at + length > size {
                model.resize(at + length);
            }
            (
                format!("calls.fallocate(fd, 0, {at}, {length})"),
                "0".into(),
            )
        }
        11 => {
            // Within the file, and not onto itself.
            let length = length.min(size / 2);
            let to = chance.below(size / 2 + 1) + length.max(size / 2);
            let data = model.read(0, length).to_vec();
            model.write(to, &data);
            (format!("copied(0, {to}, {length})"), length.to_string())
        }
        12 => (
            "os.close(fd); os.close(log); opened()".to_owned(),
            size.to_string(),
        ),
        _ => {
            let code = if chance.below(2) == 0 {
                "mapped(fd)"
            } else {
                "told(get(path))"
            };
            (code.to_owned(), told(model.read(0, size)))
        }
    }
}

/// Opens the file, and copies within it.
const OPEN: &str = "def opened():
    global fd, log
    fd, log = os.open(path, os.O_RDWR), os.open(path, os.O_WRONLY | os.O_APPEND)
    return os.fstat(fd).st_size
def copied(source, target, length):
    # As cp does: the kernel shortens the copy to the size that this node saw last (docs/limits.md).
    os.fstat(fd)
    done = 0
    while done < length:
        count = calls.copy_file_range(fd, source + done, fd, target + done, length - done)[0]
        if count == 0: break
        done += count
    return done
opened()";

fn run(w: &World<'_>, seed: u64, count: u32) -> Result<()> {
    let (mut chance, mut model) = (Chance(seed), Model::default());
    let mut last = VecDeque::new();
    w.py(2, "put('/data/t/f')")?;
    for (at, (node, path)) in WAYS.iter().enumerate() {
        // Node 2 looks in two ways: each has variables of its own.
        w.py(
            *node,
            &format!(
                "way{at} = dict(globals(), path='{path}'); exec('''{TOOLS}{OPEN}''', way{at})"
            ),
        )?;
    }
    for number in 0..count {
        let at = chance.below(WAYS.len() as u64) as usize;
        let (code, wanted) = operation(&mut chance, &mut model);
        let node = WAYS.get(at).context("no such way")?.0;
        let (before, value) = match code.rsplit_once("; ") {
            Some((before, value)) => (before, value),
            None => ("", code.as_str()),
        };
        last.push_back(format!("{number}: node {node}, way {at}: {code}"));
        if last.len() > 12 {
            last.pop_front();
        }
        w.expect(
            node,
            &format!("exec('{before}', way{at}); eval('{value}', way{at})"),
            &wanted,
        )
        .with_context(|| format!("seed {seed}, the last operations: {last:#?}"))?;
    }
    let all = told(model.read(0, model.size()));
    for at in 0..WAYS.len() {
        let node = WAYS.get(at).context("no such way")?.0;
        w.expect(node, &format!("eval('told(get(path))', way{at})"), &all)?;
        w.py(
            node,
            &format!("eval('[os.close(one) for one in (fd, log)]', way{at})"),
        )?;
    }
    Ok(())
}

#[test]
fn random_operations_do_what_the_model_says() {
    on_mfs(|w| {
        let (runs, count) = if long() { (20, 2000) } else { (2, 250) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
        // MOSIX_SEED repeats a run.
        let wanted = std::env::var("MOSIX_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        for run_number in 0..runs {
            let seed = wanted.unwrap_or(now % 1_000_000_000 + run_number);
            println!("MOSIX_SEED={seed}: {count} operations");
            run(w, seed, count)?;
        }
        Ok(())
    });
}
