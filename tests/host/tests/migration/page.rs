// SPDX-License-Identifier: GPL-2.0

//! docs/syscalls.md is generated from the table. To write it anew:
//! `MOSIX_UPDATE=1 scripts/in-tree cargo test -p mosix-core migration::page`.

use crate::migration::table::{
    call::{
        Arg,
        Back,
        Call,
        Dir,
        Large,
        Len,
        Memory,
        Then, //
    },
    row::{
        Pick,
        Route,
        Row, //
    },
    FAMILIES, //
};
use std::{
    env,
    fmt::Write as _,
    fs,
    path::Path, //
};

const HEAD: &str = "\
# System calls away from home

<!-- Generated from migration/table/ by tests/host/tests/migration/page.rs: do not edit. -->

Where each system call is made that a process makes away from home:

- **local**: by the body, natively.
- **cached**: answered from what came with the process.
- **deputy**: by the deputy at home, in one round trip. The arguments show what travels.
- **mapping**: local, unless a file is mapped where it points; then at home.
- **signal**: local, and home is told or asked.
- **life**: fork, exec, exit: both have their part.
- **home**: the process goes home for it; the reason is what `mosix ps` says.

Arguments: `fd`, `int` and `long` are numbers. `in`, `out` and `in/out` is memory that the kernel reads, writes
or both, with its length: a number of bytes, or the argument that says it (arguments count from 1).
";

fn number(arg: u8) -> u8 {
    arg + 1
}

fn length(memory: &Memory) -> String {
    let length = match memory.len {
        Len::Fixed(size) => size.to_string(),
        Len::Bytes { arg, more: 0 } => format!("arg {}", number(arg)),
        Len::Bytes { arg, more } => format!("arg {} + {more}", number(arg)),
        Len::Items { arg, size } => format!("arg {} × {size}", number(arg)),
        Len::At(arg) => format!("\\*arg {}", number(arg)),
        Len::Bits(arg) => format!("arg {} bits", number(arg)),
    };
    let bound = match memory.back {
        Back::Result { .. } | Back::Items { .. } if memory.dir.is_out() => ", as the result says",
        _ => "",
    };
    length + bound
}

fn direction(dir: Dir) -> &'static str {
    match dir {
        Dir::In => "in",
        Dir::Out => "out",
        Dir::InOut => "in/out",
    }
}

fn argument(arg: &Arg) -> String {
    match arg {
        Arg::Long => "long".to_owned(),
        Arg::Int => "int".to_owned(),
        Arg::Fd => "fd".to_owned(),
        Arg::Text(4096) => "path".to_owned(),
        Arg::Text(max) => format!("text ({max})"),
        Arg::Memory(memory) => format!("{} ({})", direction(memory.dir), length(memory)),
        Arg::Iovec { dir, count } => {
            format!("iovec {} (arg {})", direction(*dir), number(*count))
        }
        Arg::Msghdr(dir) => format!("msghdr {}", direction(*dir)),
        Arg::Mmsghdr { dir, count } => {
            format!("mmsghdr {} (arg {})", direction(*dir), number(*count))
        }
        Arg::SigsetPointer => "pointer to sigset".to_owned(),
    }
}

fn call(call: &Call) -> String {
    let args: Vec<_> = call.args.iter().map(argument).collect();
    let mut text = args.join(", ");
    let notes = [
        (call.blocks, "may wait"),
        (
            matches!(call.large, Large::Fewer { .. }),
            "may ask for less",
        ),
        (matches!(call.large, Large::Pieces { .. }), "in pieces"),
        (call.then == Then::Native, "then also local"),
        (call.then == Then::Credentials, "new credentials come back"),
    ];
    let notes: Vec<_> = notes
        .iter()
        .filter_map(|(on, note)| on.then_some(*note))
        .collect();
    if !notes.is_empty() {
        let dash = if text.is_empty() { "" } else { "; " };
        write!(text, "{dash}*{}*", notes.join(", ")).expect("a string");
    }
    text
}

fn route(this: &Route) -> (&'static str, String) {
    match this {
        Route::Local => ("local", String::new()),
        Route::Cached => ("cached", String::new()),
        Route::Deputy(what) => ("deputy", call(what)),
        Route::Mapping => ("mapping", String::new()),
        Route::Signal(None) => ("signal", String::new()),
        Route::Signal(Some(what)) => ("signal", call(what)),
        Route::Life => ("life", String::new()),
        Route::Home(reason) => ("home", (*reason).to_owned()),
        Route::Pick(pick) => (
            "by argument",
            format!("see below: argument {}", number(pick.arg)),
        ),
    }
}

fn pick(page: &mut String, name: &str, this: &Pick) {
    write!(page, "\n### {name}\n\nBy argument {}", number(this.arg)).expect("a string");
    if this.mask != 0xffff_ffff {
        write!(page, " & {:#x}", this.mask).expect("a string");
    }
    page.push_str(".\n\n| value | name | route | arguments or reason |\n|---|---|---|---|\n");
    for row in this.rows {
        let (place, what) = route(&row.route);
        let value = if row.number > 4096 {
            format!("{:#x}", row.number)
        } else {
            row.number.to_string()
        };
        writeln!(page, "| {value} | {} | {place} | {what} |", row.name).expect("a string");
    }
    let (place, what) = route(&this.other);
    writeln!(page, "| | otherwise | {place} | {what} |").expect("a string");
    picks(page, name, this.rows);
}

fn picks(page: &mut String, of: &str, rows: &[Row]) {
    for row in rows {
        if let Route::Pick(this) = row.route {
            let name = if of.is_empty() {
                row.name.to_owned()
            } else {
                format!("{of} {}", row.name)
            };
            pick(page, &name, this);
        }
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (family, rows) in FAMILIES {
        write!(
            page,
            "\n## {family}\n\n| number | name | route | arguments or reason |\n|---|---|---|---|\n"
        )
        .expect("a string");
        for row in rows {
            let (place, what) = route(&row.route);
            writeln!(page, "| {} | {} | {place} | {what} |", row.number, row.name)
                .expect("a string");
        }
        picks(&mut page, "", rows);
    }
    page
}

#[test]
fn the_page_says_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/syscalls.md");
    if env::var_os("MOSIX_UPDATE").is_some() {
        fs::write(&path, page()).expect("writable");
    }
    let written = fs::read_to_string(&path).expect("docs/syscalls.md");
    assert!(
        written == page(),
        "docs/syscalls.md is out of date: run this test with MOSIX_UPDATE=1"
    );
}
