// SPDX-License-Identifier: GPL-2.0

//! The table of system calls: it has what the kernel has, and its descriptions make sense.

use crate::migration::table::{
    self,
    call::{
        Arg,
        Back,
        Call,
        Dir,
        Large,
        Len,
        Memory, //
    },
    row::{
        Pick,
        Route,
        Row, //
    },
    FAMILIES, //
};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf, //
};

/// The kernel's source, as `scripts/setup` has unpacked it.
fn kernel(path: &str) -> String {
    let build = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("build");
    let entries = fs::read_dir(&build).expect("build/: run scripts/setup first");
    let mut found = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("linux-"))
        });
    let source = found
        .next()
        .expect("build/linux-*: run scripts/setup first");
    fs::read_to_string(source.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Numbers and names of the 64-bit system calls of the kernel.
fn numbers() -> BTreeMap<u64, String> {
    let table = kernel("arch/x86/entry/syscalls/syscall_64.tbl");
    let mut numbers = BTreeMap::new();
    for line in table.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let [number, "common" | "64", name, ..] = words[..] {
            let number = number.parse().expect("a number");
            assert!(numbers.insert(number, name.to_owned()).is_none());
        }
    }
    assert!(numbers.len() > 300, "the kernel's table was not understood");
    numbers
}

/// Goes over a row and all that are picked from by it.
fn each<'a>(row: &'a Row, name: String, visit: &mut impl FnMut(&str, &'a Route)) {
    route(&row.route, name, visit);
}

fn route<'a>(this: &'a Route, name: String, visit: &mut impl FnMut(&str, &'a Route)) {
    visit(&name, this);
    if let Route::Pick(pick) = this {
        for row in pick.rows {
            each(row, format!("{name} {}", row.name), visit);
        }
        route(&pick.other, format!("{name} otherwise"), visit);
    }
}

fn every_route(visit: &mut impl FnMut(&str, &'static Route)) {
    for row in FAMILIES.iter().flat_map(|(_, rows)| *rows) {
        each(row, row.name.to_owned(), visit);
    }
}

fn every_call(visit: &mut impl FnMut(&str, &'static Call)) {
    every_route(&mut |name, route| match route {
        Route::Deputy(call) | Route::Signal(Some(call)) => visit(name, call),
        _ => (),
    });
}

#[test]
fn every_number_of_the_kernel_has_a_row_with_its_name() {
    let numbers = numbers();
    for (number, name) in &numbers {
        let row = table::row(*number).unwrap_or_else(|| panic!("no row for {number} {name}"));
        assert_eq!((row.number, row.name), (*number, name.as_str()));
    }
    let rows = FAMILIES.iter().flat_map(|(_, rows)| *rows);
    assert_eq!(rows.count(), numbers.len(), "rows that the kernel has not");
}

#[test]
fn rows_of_a_family_are_in_order() {
    for (family, rows) in FAMILIES {
        assert!(
            rows.is_sorted_by(|one, next| one.number < next.number),
            "{family}"
        );
    }
    every_route(&mut |name, route| {
        if let Route::Pick(Pick { rows, mask, .. }) = route {
            assert!(
                rows.is_sorted_by(|one, next| one.number < next.number),
                "{name}"
            );
            for row in *rows {
                assert_eq!(row.number & !mask, 0, "{name} {}: never chosen", row.name);
            }
        }
    });
}

#[test]
fn what_has_no_row_is_made_at_home() {
    for number in [335 + 30, 472, 0x4000_0000, u64::MAX] {
        assert!(table::row(number).is_none());
        assert!(matches!(table::route(number, &[0; 6]), Route::Home(_)));
    }
}

/// Whether an argument is a number that can be a length.
fn is_number(call: &Call, arg: u8) -> bool {
    matches!(call.args.get(usize::from(arg)), Some(Arg::Long | Arg::Int))
}

/// Whether an argument is a length in memory.
fn is_length(call: &Call, arg: u8) -> bool {
    let length = Memory {
        dir: Dir::InOut,
        len: Len::Fixed(4),
        max: u64::MAX,
        back: Back::Always,
    };
    call.args.get(usize::from(arg)) == Some(&Arg::Memory(length))
}

#[test]
fn lengths_are_where_the_rows_say() {
    every_call(&mut |name, call| {
        assert!(call.args.len() <= 6, "{name}");
        for arg in call.args {
            let sound = match *arg {
                Arg::Memory(Memory { len, .. }) => match len {
                    Len::Fixed(size) => size > 0 && size <= 4096,
                    Len::Bytes { arg, .. } | Len::Items { arg, .. } | Len::Bits(arg) => {
                        is_number(call, arg)
                    }
                    Len::At(arg) => is_length(call, arg),
                },
                Arg::Iovec { count, .. } | Arg::Mmsghdr { count, .. } => is_number(call, count),
                Arg::Text(max) => (1..=4096).contains(&max),
                _ => true,
            };
            assert!(sound, "{name}: {arg:?}");
        }
    });
}

#[test]
fn what_comes_back_is_known() {
    every_call(&mut |name, call| {
        for arg in call.args {
            let Arg::Memory(memory) = *arg else { continue };
            let sound = match memory.back {
                // What did not come from the body may not go back as a whole after a failure.
                Back::Always | Back::Try => memory.dir != Dir::Out,
                Back::Success | Back::Result { .. } | Back::Items { .. } => memory.dir == Dir::Out,
                Back::At(at) => memory.dir == Dir::Out && memory.len == Len::At(at),
            };
            assert!(sound, "{name}: {memory:?}");
        }
    });
}

#[test]
fn large_calls_have_a_bulk() {
    every_call(&mut |name, call| {
        let (len, offset) = match call.large {
            Large::Home => return,
            Large::Fewer { arg } => (arg, None),
            Large::Pieces { len, offset } => (len, offset),
        };
        let bulk = call.bulk().map(usize::from);
        let arg = bulk.and_then(|bulk| call.args.get(bulk));
        let counted = match arg {
            Some(Arg::Memory(Memory {
                len: Len::Bytes { arg, more: 0 } | Len::Items { arg, .. },
                ..
            })) => *arg,
            Some(Arg::Iovec { count, .. }) => *count,
            _ => panic!("{name}: {arg:?}"),
        };
        assert_eq!(counted, len, "{name}");
        assert!(is_number(call, len), "{name}");
        assert!(
            offset.is_none_or(|offset| is_number(call, offset)),
            "{name}"
        );
    });
}

#[test]
fn picks_end() {
    for (_, rows) in FAMILIES {
        for row in rows {
            for value in [0, 1, 0x20, 0x22, 0x5401, u64::MAX] {
                let route = table::route(row.number, &[value; 6]);
                assert!(!matches!(route, Route::Pick(_)), "{}", row.name);
            }
        }
    }
}

/// Values of `#define NAME NUMBER` in a header.
fn defined(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(|line| line.split_whitespace());
    lines.find_map(|mut words| {
        if words.next()? != "#define" || words.next()? != name {
            return None;
        }
        let value = words.next()?;
        match value.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => value.parse().ok(),
        }
    })
}

#[test]
fn commands_have_the_numbers_of_the_kernel() {
    let headers = [
        "include/uapi/linux/prctl.h",
        "include/uapi/linux/sched.h",
        "include/uapi/linux/time.h",
        "include/uapi/linux/ipc.h",
        "include/uapi/linux/sem.h",
        "include/uapi/linux/shm.h",
        "include/uapi/linux/msg.h",
        "include/uapi/linux/sockios.h",
        "include/uapi/asm-generic/ioctls.h",
        "include/uapi/asm-generic/sockios.h",
        "include/uapi/asm-generic/fcntl.h",
        "include/uapi/asm-generic/socket.h",
        "include/uapi/linux/tcp.h",
        "arch/x86/include/uapi/asm/prctl.h",
    ];
    let text: String = headers.map(kernel).concat();
    let mut known = 0;
    every_route(&mut |name, route| {
        let Route::Pick(pick) = route else { return };
        for row in pick.rows {
            // What is defined by an expression is not understood here.
            if let Some(number) = defined(&text, row.name) {
                assert_eq!(row.number, number, "{name} {}", row.name);
                known += 1;
            }
        }
    });
    assert!(
        known > 120,
        "only {known} commands were found in the headers"
    );
}

#[test]
fn some_routes() {
    let call = |number, args: &[u64]| {
        let mut all = [0; 6];
        all[..args.len()].copy_from_slice(args);
        table::route(number, &all)
    };
    let is_home = |route| matches!(route, Route::Home(_));
    let is_deputy = |route| matches!(route, Route::Deputy(_));
    // mmap: anonymous, of a file, shared.
    assert_eq!(call(9, &[0, 4096, 3, 0x22, u64::MAX, 0]), Route::Local);
    assert_eq!(call(9, &[0, 4096, 3, 0x20022, u64::MAX, 0]), Route::Local);
    assert!(is_home(call(9, &[0, 4096, 3, 2, 5, 0])));
    assert!(is_home(call(9, &[0, 4096, 3, 0x21, 0, 0])));
    // futex: private, shared, with priority.
    assert_eq!(call(202, &[1, 128]), Route::Local);
    assert_eq!(call(202, &[1, 128 + 9 + 256]), Route::Local);
    assert!(is_home(call(202, &[1, 0])));
    assert!(is_home(call(202, &[1, 128 + 6])));
    // ioctl: garbage in the upper half of a register does not matter.
    assert!(is_deputy(call(16, &[1, 0x5413, 7])));
    assert!(is_deputy(call(16, &[1, 0xdead_0000_5413, 7])));
    assert!(is_home(call(16, &[1, 0x1234_5678, 7])));
    // Clocks.
    assert_eq!(call(228, &[1]), Route::Local);
    assert!(is_deputy(call(228, &[2])) && is_deputy(call(228, &[-6_i64 as u64])));
    // Options of sockets.
    assert!(is_deputy(call(54, &[3, 1, 2])));
    assert!(is_home(call(54, &[3, 1, 26])));
    assert!(is_home(call(54, &[3, 0, 64])));
    assert!(is_deputy(call(54, &[3, 0, 63])));
}
