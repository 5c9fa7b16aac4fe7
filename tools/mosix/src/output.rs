// SPDX-License-Identifier: GPL-2.0
//! What the command prints on standard output.

use crate::failure::{Exit, Failure, Result};
use jiff::{tz::TimeZone, Timestamp};
use serde::Serialize;
use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

/// Prints `text`, which ends in a newline.
///
/// A reader that went away (`mosix status | head -1`) is no failure: there is nobody left to tell.
pub fn print(text: &str) -> Result {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io(
            Exit::Failure,
            "cannot write to standard output",
            &error,
        )),
        Err(_) => std::process::exit(0),
        Ok(()) => Ok(()),
    }
}

/// Prints a JSON document, either on several lines or, for one of a stream, on one.
pub fn print_json<T: Serialize>(value: &T, one_line: bool) -> Result {
    let text = if one_line {
        serde_json::to_string(value)
    } else {
        serde_json::to_string_pretty(value)
    };
    let text = text.map_err(|error| Failure::new(Exit::Failure, format!("JSON: {error}")))?;
    print(&(text + "\n"))
}

/// A table whose columns are as wide as their widest cell; notes below a row do not count.
#[derive(Debug)]
pub struct Table<const N: usize> {
    rows: Vec<([String; N], Option<String>)>,
}

impl<const N: usize> Table<N> {
    /// A table with a heading.
    pub fn new(heading: [&str; N]) -> Self {
        Self {
            rows: vec![(heading.map(String::from), None)],
        }
    }

    /// Adds a row, and a note on a line of its own below it.
    pub fn row(&mut self, cells: [String; N], note: Option<String>) {
        self.rows.push((cells, note));
    }

    /// The table as text.
    pub fn render(&self) -> String {
        let width = |cell: &String| cell.chars().count();
        let mut widths = [0; N];
        for (cells, _) in &self.rows {
            for (column, cell) in widths.iter_mut().zip(cells) {
                *column = width(cell).max(*column);
            }
        }
        let mut out = String::new();
        for (cells, note) in &self.rows {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(widths) {
                // Writing to a string cannot fail.
                let _ = write!(line, "{cell:width$}  ");
            }
            out += line.trim_end();
            out.push('\n');
            if let Some(note) = note {
                out += "      ";
                out += note;
                out.push('\n');
            }
        }
        out
    }
}

/// A moment for people, in local time.
pub fn local_time(unix_ms: u64) -> String {
    timestamp(unix_ms).map_or("-".into(), |time| {
        let local = time.to_zoned(TimeZone::system());
        local.strftime("%Y-%m-%d %H:%M:%S").to_string()
    })
}

/// A moment for programs, in UTC (RFC 3339).
pub fn utc_time(unix_ms: u64) -> Option<String> {
    timestamp(unix_ms).map(|time| time.to_string())
}

/// The moment, unless it is unknown or absurd.
fn timestamp(unix_ms: u64) -> Option<Timestamp> {
    let ms = i64::try_from(unix_ms).ok().filter(|ms| *ms != 0)?;
    Timestamp::from_millisecond(ms).ok()
}

/// A time in nanoseconds, with three digits or so.
pub fn nanoseconds(ns: u64) -> String {
    match ns {
        0 => "-".into(),
        1..1_000 => format!("{ns} ns"),
        1_000..100_000 => format!("{:.1} us", ns as f64 / 1e3),
        100_000..1_000_000 => format!("{:.0} us", ns as f64 / 1e3),
        1_000_000..100_000_000 => format!("{:.1} ms", ns as f64 / 1e6),
        100_000_000..1_000_000_000 => format!("{:.0} ms", ns as f64 / 1e6),
        _ => format!("{:.1} s", ns as f64 / 1e9),
    }
}

/// A build id in full, unless it is unknown.
pub fn build_id(id: &[u8]) -> Option<String> {
    id.iter().any(|byte| *byte != 0).then(|| hex::encode(id))
}

/// The first digits of a build id: enough to see whether two are the same.
pub fn short_build_id(id: &[u8]) -> String {
    build_id(id).map_or("-".into(), |text| text.chars().take(12).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned_and_have_no_trailing_blanks() {
        let mut table = Table::new(["A", "LONG", "C"]);
        table.row(["alpha".into(), "x".into(), "".into()], None);
        let note = Some("because of a very long reason".to_owned());
        table.row(["b".into(), "y".into(), "z".into()], note);
        let expected =
            "A      LONG  C\nalpha  x\nb      y     z\n      because of a very long reason\n";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn times_have_a_fitting_unit() {
        for (ns, text) in [
            (0, "-"),
            (999, "999 ns"),
            (1_234, "1.2 us"),
            (412_345, "412 us"),
            (12_345_678, "12.3 ms"),
            (345_678_901, "346 ms"),
            (2_500_000_000, "2.5 s"),
        ] {
            assert_eq!(nanoseconds(ns), text);
        }
    }

    #[test]
    fn moments() {
        assert_eq!(utc_time(0), None);
        assert_eq!(utc_time(u64::MAX), None);
        assert_eq!(utc_time(1_000).unwrap(), "1970-01-01T00:00:01Z");
        assert_eq!(local_time(0), "-");
    }

    #[test]
    fn build_ids() {
        assert_eq!(short_build_id(&[0; 20]), "-");
        assert_eq!(short_build_id(&[0xab; 20]), "abababababab");
        assert_eq!(build_id(&[0xab; 20]).unwrap().len(), 40);
    }
}
