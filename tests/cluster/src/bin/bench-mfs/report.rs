// SPDX-License-Identifier: GPL-2.0
//! The results as Markdown and JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    bars::{insns_per_request, Bar},
    cells::{Cell, Cells, Spread, Work},
    path::Path,
    work::{call, long_postmark, postmark, stream, BLOCKS, CALL_BYTES, STREAMS},
};

/// Where and how it was measured.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    pub(crate) command: String,
    pub(crate) accelerator: String,
    pub(crate) integrity: String,
    pub(crate) kernel: String,
    pub(crate) host_cpu: String,
    pub(crate) host_cores: usize,
    pub(crate) pinned: bool,
    pub(crate) repetitions: u32,
    pub(crate) postmark_files_transactions: [u32; 2],
    pub(crate) long_postmark_files_transactions: [u32; 2],
    pub(crate) stream_bytes: u64,
    pub(crate) stream_limit_ms: u32,
}

/// mfs.json.
#[derive(Serialize)]
pub(crate) struct Json<'a> {
    pub(crate) about: &'a About,
    pub(crate) bars: &'a [Bar],
    pub(crate) cells: &'a Cells,
}

/// mfs.md.
pub(crate) fn markdown(about: &About, cells: &Cells, bars: &[Bar]) -> String {
    let mut text = head(about);
    postmark_tables(&mut text, about, cells);
    stream_table(&mut text, about, cells);
    metadata_table(&mut text, cells);
    round_trip_table(&mut text, cells);
    call_table(&mut text, cells);
    bar_table(&mut text, bars);
    text
}

fn head(about: &About) -> String {
    format!(
        "# MFS next to local ext4 and to NFS\n\n\
         Measured by `{}`: two nodes in one run, accelerator {}, integrity mode {}, guests' kernel {}, \
         host with {} x {}{}, {} repetitions; a repetition goes through all paths in turn before the \
         next one begins.\n\n\
         | path | what it is |\n|:--|:--|\n\
         | local | ext4 on node 2's disk, used on node 2: the base of all ratios |\n\
         | mfs-here | the same folder through /mfs/2, on node 2 |\n\
         | mfs-afar | the same through /mfs/2, on node 1 |\n\
         | nfs | the same by NFSv4.2 with default options, on node 1 (close-to-open: another node's writes may be seen late) |\n\
         | nfs-coherent | with actimeo=0: attributes are asked for each time, unless there is a delegation |\n\
         | nfs-no-deleg, nfs-coherent-no-deleg | the same two, the server gives no delegations |\n\n\
         All paths end on the same disk with the same durability: what was written is on disk when ext4 or \
         fsync() brings it there (NFS export `async`; MFS leaves it in the server's page cache). The NFS \
         client keeps what it has read and written in its cache, MFS keeps nothing there.\n\n\
         Values are medians, in parentheses minimum and maximum; ratios are to local in the same repetition. \
         Instructions are those of both guests, user and kernel, and hardly depend on how busy the host is; \
         times do, and emulation exaggerates computing over waiting. Requests: operations of the mount \
         (NFS), frames without heartbeats (MFS), counted in the first repetition.\n",
        about.command,
        about.accelerator,
        about.integrity,
        about.kernel,
        about.host_cores,
        about.host_cpu,
        if about.pinned { ", each guest pinned to a core" } else { "" },
        about.repetitions,
    )
}

fn postmark_tables(text: &mut String, about: &About, cells: &Cells) {
    let [files, transactions] = about.postmark_files_transactions;
    let _ = write!(
        text,
        "\n## PostMark\n\n\
         Debian's program, unmodified: {files} files of 500 to 10000 bytes, {transactions} transactions, \
         `set buffering false`, read and write in blocks of that many bytes. Time of the whole program: \
         seconds for local, else multiples of it.\n\n![PostMark](mfs.svg)\n\n"
    );
    let works: Vec<_> = BLOCKS
        .map(|bytes| (bytes.to_string(), postmark(bytes)))
        .into();
    matrix(text, "bytes", cells, &works, |cell, base| match base {
        None => spread(cell.time()?, 1e9, " s"),
        Some(base) => spread(cell.time_ratio(base)?, 1.0, " x"),
    });
    *text += "\nInstructions of both guests: millions for local, else multiples of it.\n\n";
    matrix(text, "bytes", cells, &works, |cell, base| match base {
        None => spread(cell.insns()?, 1e6, " M"),
        Some(base) => spread(cell.insn_ratio(base)?, 1.0, " x"),
    });
    *text += "\nRequests to the server per run.\n\n";
    matrix(text, "bytes", cells, &works, |cell, _| {
        Some(format!("{:.0}", cell.requests?))
    });
    let [files, transactions] = about.long_postmark_files_transactions;
    let _ = write!(
        text,
        "\nOn the serving node, with {files} files and {transactions} transactions:\n\n\
         | bytes | local | MFS / local | in instructions |\n|--:|--:|--:|--:|\n"
    );
    for bytes in BLOCKS {
        let work = long_postmark(bytes);
        let local = cells.get(work, Path::Local).and_then(Cell::time);
        let time = cells.time_ratio(work, Path::MfsHere, Path::Local);
        let insns = cells.insn_ratio(work, Path::MfsHere, Path::Local);
        let _ = writeln!(
            text,
            "| {bytes} | {} | {} | {} |",
            shown(local.and_then(|value| spread(value, 1e9, " s"))),
            shown(time.and_then(|value| spread(value, 1.0, " x"))),
            shown(insns.and_then(|value| spread(value, 1.0, " x"))),
        );
    }
}

fn stream_table(text: &mut String, about: &About, cells: &Cells) {
    let _ = write!(
        text,
        "\n## A file of {} MiB, from open to close\n\n\
         MB/s (10^6 bytes), and in parentheses time per byte as a multiple of local. What takes longer \
         than {} ms is cut off and counts as far as it came. *read* begins with an empty client cache (the server has \
         the file in memory), *read again* follows it.\n\n",
        about.stream_bytes >> 20,
        about.stream_limit_ms,
    );
    let mut works = Vec::new();
    for name in ["write", "read", "read again"] {
        for bytes in STREAMS {
            works.push((format!("{name}, {} KiB", bytes >> 10), stream(name, bytes)));
        }
    }
    matrix(text, "calls", cells, &works, |cell, base| {
        let rate = figure(1e9 / cell.time()?.median);
        match base.and_then(|base| cell.time_ratio(base)) {
            None => Some(rate),
            Some(ratio) => Some(format!("{rate} ({} x)", figure(ratio.median))),
        }
    });
}

fn metadata_table(text: &mut String, cells: &Cells) {
    *text += "\n## Calls on names\n\n\
              Per second, and in parentheses requests to the server per call. *create* and *open* include the \
              close; all names are in one folder; *stat*, *open+close* and *fstat* come after *create*.\n\n";
    let works: Vec<_> = ["create", "stat", "open+close", "fstat", "unlink"]
        .map(|name| (name.to_owned(), call(name, 0)))
        .into();
    matrix(text, "call", cells, &works, |cell, _| {
        let rate = figure(1e9 / cell.time()?.median);
        Some(match cell.requests {
            None => rate,
            Some(requests) => format!("{rate} ({})", figure(requests)),
        })
    });
    *text += "\nInstructions of both guests per call, in thousands.\n\n";
    matrix(text, "call", cells, &works, |cell, _| {
        Some(figure(cell.insns()?.median / 1e3))
    });
}

fn round_trip_table(text: &mut String, cells: &Cells) {
    *text += "\n## One round trip: fstat() from afar\n\n\
              | path | requests per call | us per call | kinsns per request, both guests |\n|:--|--:|--:|--:|\n";
    for path in Path::COMPARED.into_iter().filter(|path| path.is_remote()) {
        let Some(cell) = cells.get(call("fstat", 0), path) else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            path.name(),
            shown(cell.requests.map(figure)),
            shown(cell.time().and_then(|time| spread(time, 1e3, ""))),
            shown(insns_per_request(cells, path).map(|insns| figure(insns / 1e3))),
        );
    }
}

fn call_table(text: &mut String, cells: &Cells) {
    *text += "\n## Single calls on the serving node\n\n\
              Nanoseconds for each call, and instructions. overlayfs lies over the same ext4; its file is in the upper layer. \
              More: what it takes beyond local.\n\n\
              | call | local | mfs-here | overlayfs | mfs-here more | overlayfs more | local insns | mfs-here insns | overlayfs insns |\n\
              |:--|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    let mut works: Vec<(String, Work)> = Vec::new();
    for bytes in CALL_BYTES {
        for name in ["pread", "pwrite"] {
            works.push((format!("{name} {bytes} B"), call(name, bytes)));
        }
    }
    for name in ["stat", "open+close"] {
        let work = if name == "stat" {
            "stat of one"
        } else {
            "open+close of one"
        };
        works.push((name.into(), call(work, 0)));
    }
    for (name, work) in works {
        let cell = |path| cells.get(work, path);
        let time = |path| Some(cell(path)?.time()?.median);
        let more = |path| Some(time(path)? - time(Path::Local)?);
        let _ = write!(text, "| {name} |");
        for value in Path::CALLS.map(time) {
            let _ = write!(text, " {} |", shown(value.map(figure)));
        }
        for value in [more(Path::MfsHere), more(Path::Overlayfs)] {
            let _ = write!(text, " {} |", shown(value.map(figure)));
        }
        for path in Path::CALLS {
            let insns = cell(path).and_then(Cell::insns);
            let _ = write!(
                text,
                " {} |",
                shown(insns.map(|insns| figure(insns.median)))
            );
        }
        *text += "\n";
    }
}

fn bar_table(text: &mut String, bars: &[Bar]) {
    *text +=
        "\n## Bars\n\n| what | at most | measured | in instructions | |\n|:--|--:|--:|--:|:--|\n";
    for bar in bars {
        let _ = writeln!(
            text,
            "| {} | {:.2} | {} | {} | {} |",
            bar.what,
            bar.limit,
            shown(bar.measured.map(|value| format!("{value:.2}"))),
            shown(bar.insns.map(|value| format!("{value:.2}"))),
            bar.verdict()
        );
    }
}

/// A table with a row for each work and a column for each path; `show` gets no base for local itself.
fn matrix(
    text: &mut String,
    corner: &str,
    cells: &Cells,
    works: &[(String, Work)],
    show: impl Fn(&Cell, Option<&Cell>) -> Option<String>,
) {
    let paths = Path::COMPARED.into_iter().filter(|path| cells.has(*path));
    let paths: Vec<Path> = paths.collect();
    let _ = write!(text, "| {corner} |");
    for path in &paths {
        let _ = write!(text, " {} |", path.name());
    }
    let _ = writeln!(text, "\n|--:|{}", "--:|".repeat(paths.len()));
    for (name, work) in works {
        let _ = write!(text, "| {name} |");
        for path in &paths {
            let base = (*path != Path::Local).then(|| cells.get(*work, Path::Local));
            let cell = cells.get(*work, *path);
            let value = match base {
                None => cell.and_then(|cell| show(cell, None)),
                Some(base) => cell
                    .zip(base)
                    .and_then(|(cell, base)| show(cell, Some(base))),
            };
            let _ = write!(text, " {} |", shown(value));
        }
        *text += "\n";
    }
}

/// A median with minimum and maximum, all divided by `by`.
fn spread(value: Spread, by: f64, unit: &str) -> Option<String> {
    let [min, median, max] = [value.min, value.median, value.max].map(|v| figure(v / by));
    Some(format!("{median}{unit} ({min}-{max})"))
}

fn shown(value: Option<String>) -> String {
    value.unwrap_or_else(|| "-".into())
}

/// A number with three digits or so.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{bars::bars, cells::Sample};

    pub(crate) fn about() -> About {
        About {
            command: "scripts/bench-mfs".into(),
            accelerator: "TCG".into(),
            integrity: "header".into(),
            kernel: "7.2.12".into(),
            host_cpu: "a processor".into(),
            host_cores: 2,
            pinned: true,
            repetitions: 3,
            postmark_files_transactions: [1, 2],
            long_postmark_files_transactions: [3, 4],
            stream_bytes: 1 << 20,
            stream_limit_ms: 5,
        }
    }

    #[test]
    fn a_row_has_the_base_in_seconds_and_the_others_as_multiples() {
        let mut cells = Cells::default();
        for (path, scale) in [(Path::Local, 1), (Path::Nfs, 20)] {
            for seconds in [2, 1, 3] {
                let sample = Sample {
                    elapsed_ns: seconds * scale * 1_000_000_000,
                    count: 0,
                    bytes: 0,
                    insns: Some(seconds * scale * 1_000_000),
                };
                cells.add(postmark(64), path, sample);
            }
        }
        let text = markdown(&about(), &cells, &bars(&cells));
        for line in [
            "| bytes | local | nfs |",
            "| 64 | 2.00 s (1.00-3.00) | 20.0 x (20.0-20.0) |",
            "| 64 | 2.00 M (1.00-3.00) | 20.0 x (20.0-20.0) |",
            "| 512 | - | - |",
        ] {
            assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
        }
        for word in [
            "TCG",
            "mode header",
            "kernel 7.2.12",
            "2 x a processor",
            "pinned",
        ] {
            assert!(text.contains(word), "{word}");
        }
    }
}
