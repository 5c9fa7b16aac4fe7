// SPDX-License-Identifier: GPL-2.0

//! Reads and writes that are larger than a message.

use super::{
    memory::{
        Deputy,
        Process,
        Reach,
        PAGE,
        START, //
    },
    serve, //
};
use crate::migration::{
    marshal::{
        plan::{
            Plan,
            Step, //
        },
        unpack::unpack, //
    },
    table::{
        self,
        call::Call,
        row::Route, //
    }, //
};

const READ: u64 = 0;
const WRITE: u64 = 1;
const PREAD: u64 = 17;
const READV: u64 = 19;
const WRITEV: u64 = 20;
const PWRITEV: u64 = 296;
const PREADV2: u64 = 327;

fn call(number: u64) -> &'static Call {
    match table::route(number, &[0; 6]) {
        Route::Deputy(call) => call,
        other => panic!("{other:?}"),
    }
}

/// A file at the deputy.
struct File {
    bytes: Vec<u8>,
    position: usize,
    is_regular: bool,
    /// Bytes that a read or write moves at most.
    most: usize,
    /// Calls that were made on it.
    calls: usize,
}

impl File {
    fn new(len: usize) -> Self {
        Self {
            bytes: (0..len).map(|at| (at * 7 + at / 251) as u8).collect(),
            position: 0,
            is_regular: true,
            most: usize::MAX,
            calls: 0,
        }
    }

    /// `read`, `write` and their kin.
    fn make(&mut self, number: u64, args: &[u64; 6], memory: &mut dyn Reach) -> i64 {
        self.calls += 1;
        let segments = if matches!(number, READV | WRITEV | PWRITEV | PREADV2) {
            let vector = memory.get(args[1], args[2] * 16);
            let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("8 bytes"));
            let entries = vector.chunks_exact(16);
            entries
                .map(|entry| (word(&entry[..8]), word(&entry[8..])))
                .collect()
        } else {
            vec![(args[1], args[2])]
        };
        let at = (matches!(number, PREAD | PWRITEV | PREADV2) && args[3] != u64::MAX)
            .then_some(args[3] as usize);
        let mut position = at.unwrap_or(self.position);
        let (mut moved, mut left) = (0, self.most);
        for (base, len) in segments {
            let len = len.min(left as u64);
            let count = if matches!(number, READ | PREAD | READV | PREADV2) {
                let rest = self.bytes.get(position..).unwrap_or(&[]);
                memory.put(base, &rest[..rest.len().min(len as usize)])
            } else {
                let bytes = memory.get(base, len);
                self.bytes
                    .resize(self.bytes.len().max(position + bytes.len()), 0);
                self.bytes[position..position + bytes.len()].copy_from_slice(&bytes);
                bytes.len()
            };
            position += count;
            moved += count;
            left -= count;
            if (count as u64) < len {
                break;
            }
        }
        if at.is_none() {
            self.position = position;
        }
        if moved == 0 && self.most == 0 {
            return -11;
        }
        moved as i64
    }

    /// The whole call, piece by piece, with arenas of `size` bytes.
    fn away(&mut self, number: u64, args: [u64; 6], process: &mut Process, size: u32) -> i64 {
        let call = call(number);
        let mut plan = Plan::new(call, args);
        loop {
            let mut data = vec![0; size as usize];
            let packed = plan.pack(process, &mut data, size).expect("fits");
            data.truncate(packed.len);
            let mut deputy = Deputy::new(size);
            let mut make =
                |args: &[u64; 6], memory: &mut dyn Reach| self.make(number, args, memory);
            let (result, reply) = serve(call, &packed, &data, &mut deputy, &mut make);
            let took = unpack(call, &packed.args, (&data, size), &reply, process);
            assert_eq!(took, Ok(true));
            assert!(plan.is_part(&packed) || !packed.is_short);
            match plan.after(&packed, result, self.is_regular) {
                Step::Done(result) => return result,
                Step::More(next) => plan = next,
            }
        }
    }
}

fn process() -> Process {
    let mut next = 0_u8;
    Process::new(|| {
        next = next.wrapping_mul(5).wrapping_add(3);
        next
    })
}

/// Iovecs at the start of the third page; their memory lies in front of it.
fn iovecs(process: &mut Process, lengths: &[u64]) -> u64 {
    let vector = START + 2 * PAGE;
    let mut base = START + 16;
    for (at, len) in lengths.iter().enumerate() {
        let entry = [base.to_le_bytes(), len.to_le_bytes()].concat();
        process.put(vector + 16 * at as u64, &entry);
        base += len + 3;
    }
    vector
}

#[test]
fn a_regular_file_is_read_in_full() {
    for number in [READ, PREAD] {
        let (mut file, mut memory) = (File::new(20_000), process());
        let args = [3, START + 5, 12_000, 100, 0, 0];
        assert_eq!(file.away(number, args, &mut memory, 4096), 12_000);
        let from = if number == PREAD { 100 } else { 0 };
        assert!(memory.get(START + 5, 12_000) == file.bytes[from..from + 12_000]);
        assert!(file.calls > 2);
    }
}

#[test]
fn the_end_of_a_file_ends_a_read() {
    let (mut file, mut memory) = (File::new(5000), process());
    assert_eq!(
        file.away(READ, [3, START, 12_000, 0, 0, 0], &mut memory, 4096),
        5000
    );
    assert_eq!(
        file.away(READ, [3, START, 12_000, 0, 0, 0], &mut memory, 4096),
        0
    );
}

#[test]
fn a_stream_returns_what_there_is() {
    let (mut file, mut memory) = (File::new(20_000), process());
    file.is_regular = false;
    let result = file.away(READ, [3, START, 12_000, 0, 0, 0], &mut memory, 4096);
    assert!((3000..4096).contains(&result) && file.calls == 1);
}

#[test]
fn a_stream_is_written_to_in_full() {
    for (number, is_regular) in [(WRITE, false), (WRITE, true)] {
        let (mut file, mut memory) = (File::new(0), process());
        file.is_regular = is_regular;
        let args = [3, START + 1, 12_000, 0, 0, 0];
        assert_eq!(file.away(number, args, &mut memory, 4096), 12_000);
        assert!(file.bytes == memory.get(START + 1, 12_000));
    }
}

#[test]
fn a_piece_that_is_not_done_in_full_ends_the_call() {
    let (mut file, mut memory) = (File::new(0), process());
    file.most = 1000;
    assert_eq!(
        file.away(WRITE, [3, START, 12_000, 0, 0, 0], &mut memory, 4096),
        1000
    );
    file.most = 0;
    assert_eq!(
        file.away(WRITE, [3, START, 12_000, 0, 0, 0], &mut memory, 4096),
        -11
    );
}

#[test]
fn an_error_after_the_first_piece_is_left_for_the_next_call() {
    let mut memory = process();
    let plan = Plan::new(call(WRITE), [3, START, 12_000, 0, 0, 0]);
    let mut data = vec![0; 4096];
    let packed = plan.pack(&mut memory, &mut data, 4096).expect("fits");
    let Step::More(next) = plan.after(&packed, packed.bulk as i64, false) else {
        panic!("not in pieces");
    };
    assert!(next.is_part(&packed));
    assert_eq!(
        next.after(&packed, -4, false),
        Step::Done(packed.bulk as i64)
    );
    assert_eq!(plan.after(&packed, -4, false), Step::Done(-4));
}

#[test]
fn iovecs_are_cut_into_pieces_wherever_a_piece_ends() {
    let lengths = [700, 0, 2500, 1, 1999, 2800];
    let total: u64 = lengths.iter().sum();
    for number in [READV, WRITEV, PWRITEV] {
        let mut memory = process();
        let vector = iovecs(&mut memory, &lengths);
        let mut file = File::new(if number == READV { 20_000 } else { 0 });
        let args = [3, vector, lengths.len() as u64, 50, 0, 0];
        assert_eq!(file.away(number, args, &mut memory, 4096), total as i64);
        assert!(file.calls > 1);
        let mut all = Vec::new();
        let mut base = START + 16;
        for len in lengths {
            all.extend(memory.get(base, len));
            base += len + 3;
        }
        let from = if number == PWRITEV { 50 } else { 0 };
        assert!(all == file.bytes[from..from + total as usize]);
    }
}

#[test]
fn memory_that_ends_ends_a_write() {
    let (mut file, mut memory) = (File::new(0), process());
    // The fourth page is not there.
    let start = START + 3 * PAGE - 6000;
    assert_eq!(
        file.away(WRITE, [3, start, 12_000, 0, 0, 0], &mut memory, 4096),
        6000
    );
    assert!(file.bytes == memory.get(start, 6000));
}

#[test]
fn direct_io_finds_memory_as_aligned_as_it_was() {
    let mut memory = process();
    for pointer in [START + 512, START + 1, START + 4095] {
        let plan = Plan::new(call(READ), [3, pointer, 1024, 0, 0, 0]);
        let mut data = vec![0; 8192];
        let packed = plan.pack(&mut memory, &mut data, 8192).expect("fits");
        let mut deputy = Deputy::new(8192);
        let mut seen = 0;
        let mut make = |args: &[u64; 6], _: &mut dyn Reach| {
            seen = args[1];
            0
        };
        serve(
            call(READ),
            &packed,
            &data[..packed.len],
            &mut deputy,
            &mut make,
        );
        assert_eq!(seen % 512, pointer % 512);
    }
}

#[test]
fn an_offset_of_minus_one_stays_the_file_s_own() {
    let mut memory = process();
    let vector = iovecs(&mut memory, &[6000]);
    let mut file = File::new(20_000);
    file.position = 70;
    let args = [3, vector, 1, u64::MAX, 0, 0];
    assert_eq!(file.away(PREADV2, args, &mut memory, 4096), 6000);
    assert!(memory.get(START + 16, 6000) == file.bytes[70..6070]);
    assert_eq!(file.position, 6070);
}

#[test]
fn a_length_beyond_user_space_is_a_fault_from_the_start() {
    let mut memory = process();
    for len in [1 << 47, i64::MAX as u64] {
        for number in [READ, WRITE] {
            let plan = Plan::new(call(number), [3, START, len, 0, 0, 0]);
            let mut data = vec![0; 4096];
            let packed = plan.pack(&mut memory, &mut data, 4096).expect("fits");
            assert!(!packed.is_short && packed.args[2] == len);
            assert_eq!(data[..packed.len], (1_u32 << 31).to_le_bytes());
        }
    }
}
