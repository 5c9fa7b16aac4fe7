// SPDX-License-Identifier: GPL-2.0
//! The results as Markdown and JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::measure::{Cell, Path, Sample};

/// Where and how it was measured.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    pub(crate) date: String,
    pub(crate) command: String,
    pub(crate) accelerator: String,
    pub(crate) kernel: String,
    pub(crate) host_cpu: String,
    pub(crate) host_cpus: usize,
    /// Load average over a minute, when it began and when it ended.
    pub(crate) host_load: [f64; 2],
    pub(crate) repetitions: u32,
    pub(crate) sizes: [u32; 4],
    pub(crate) in_flight: [u32; 2],
}

/// links.json.
#[derive(Serialize)]
pub(crate) struct Json<'a> {
    pub(crate) about: &'a About,
    pub(crate) cells: &'a [Cell],
}

/// Least, median and greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let upper = values.get(values.len() / 2)?;
        let lower = values.get((values.len() - 1) / 2)?;
        Some(Self {
            min: *values.first()?,
            median: (lower + upper) / 2.0,
            max: *values.last()?,
        })
    }
}

impl Cell {
    fn spread(&self, value: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.samples.iter().filter_map(value).collect())
    }

    /// Round trips in microseconds: the least and the greatest of all, and the median of the medians.
    fn round_trips(&self) -> Option<Spread> {
        let us = |ns: u64| ns as f64 / 1e3;
        let all = |pick: fn(&crate::measure::RoundTrip) -> u64| {
            self.spread(|sample| sample.rtt_ns.as_ref().map(|rtt| us(pick(rtt))))
        };
        Some(Spread {
            min: all(|rtt| rtt.min)?.min,
            median: all(|rtt| rtt.median)?.median,
            max: all(|rtt| rtt.max)?.max,
        })
    }

    /// MB/s, or requests/s where there are no bytes.
    fn throughput(&self) -> Option<Spread> {
        self.spread(|sample| {
            Some(match self.bytes {
                0 => sample.requests_per_s,
                _ => sample.mb_per_s,
            })
        })
    }

    /// Medians of user and kernel instructions per request, in thousands.
    fn insns(&self) -> Option<(f64, f64)> {
        let thousands = |value: f64| Some(value / 1e3);
        let user = self.spread(|sample| sample.insns.and_then(|insns| thousands(insns.user)))?;
        let kernel =
            self.spread(|sample| sample.insns.and_then(|insns| thousands(insns.kernel)))?;
        Some((user.median, kernel.median))
    }
}

/// links.md.
pub(crate) fn markdown(about: &About, cells: &[Cell]) -> String {
    let mut text = format!(
        "# Cost of a link\n\n\
         Measured on {} by `{}`: two nodes, accelerator {}, kernel {}, {} repetitions, \
         on a host with {} x {} (load {:.1} to {:.1}).\n\n\
         *tcp* is the base: two C programs that send as much over one TCP connection (1 byte \
         instead of 0). The other rows are `mosix ping` over a link in that integrity mode; the module \
         also fills, copies and compares what it sends, the base does not. *x tcp* is the ratio of the \
         medians. Instructions are those of both guests for one request there and back, in thousands, \
         user and kernel apart, without the programs' start; they hardly depend on how busy the host is, unlike times. The counter \
         of instructions slows all rows down.\n",
        about.date,
        about.command,
        about.accelerator,
        about.kernel,
        about.repetitions,
        about.host_cpus,
        about.host_cpu,
        about.host_load[0],
        about.host_load[1],
    );
    let [one, many] = about.in_flight;
    text += "\n## Round trip, one request at a time\n\n\
             Microseconds; minimum and maximum of all requests, median of the repetitions' medians.\n\n";
    table(&mut text, about, cells, one, Cell::round_trips);
    let _ = write!(
        text,
        "\n## Throughput, {many} requests at a time\n\n\
         MB/s in each direction (requests/s for 0 bytes), over the repetitions.\n\n"
    );
    table(&mut text, about, cells, many, Cell::throughput);
    text
}

fn table(
    text: &mut String,
    about: &About,
    cells: &[Cell],
    in_flight: u32,
    value: impl Fn(&Cell) -> Option<Spread>,
) {
    *text +=
        "| bytes | path | min | median | max | x tcp | user kinsns | kernel kinsns | x tcp |\n\
              |--:|:--|--:|--:|--:|--:|--:|--:|--:|\n";
    for bytes in about.sizes {
        let of = |path: Path| {
            cells.iter().find(|cell| {
                cell.path == path && cell.bytes == bytes && cell.in_flight == in_flight
            })
        };
        let base = of(Path::Tcp);
        for path in Path::ALL {
            let Some(cell) = of(path) else { continue };
            let ratio = |this: Option<f64>, base: Option<f64>| match (this, base) {
                (Some(this), Some(base)) if base > 0.0 => format!("{:.2}", this / base),
                _ => "-".into(),
            };
            let median = |cell: &Cell| value(cell).map(|spread| spread.median);
            let total = |cell: &Cell| cell.insns().map(|(user, kernel)| user + kernel);
            let spread = value(cell);
            let [min, mid, max] = [
                spread.map(|s| s.min),
                spread.map(|s| s.median),
                spread.map(|s| s.max),
            ]
            .map(|value| value.map_or("-".into(), figure));
            let insns = cell.insns();
            let _ = writeln!(
                text,
                "| {bytes} | {} | {min} | {mid} | {max} | {} | {} | {} | {} |",
                path.name(),
                ratio(median(cell), base.and_then(median)),
                insns.map_or("-".into(), |(user, _)| figure(user)),
                insns.map_or("-".into(), |(_, kernel)| figure(kernel)),
                ratio(total(cell), base.and_then(total)),
            );
        }
    }
}

/// A number with three digits or so.
fn figure(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{PerRequest, RoundTrip};

    fn cell(path: Path, scale: f64) -> Cell {
        let sample = |median: u64| Sample {
            rtt_ns: Some(RoundTrip {
                min: 1_000,
                median,
                max: 9_000_000,
            }),
            elapsed_ns: 1,
            requests_per_s: 1.0,
            mb_per_s: 0.0,
            insns: Some(PerRequest {
                user: 500.0 * scale,
                kernel: 1_500.0 * scale,
            }),
        };
        Cell {
            path,
            bytes: 0,
            in_flight: 1,
            requests: 1,
            samples: [7_000.0, 2_000.0, 4_000.0]
                .map(|ns| sample((ns * scale) as u64))
                .into(),
        }
    }

    #[test]
    fn rows_have_the_median_of_medians_and_ratios() {
        let about = About {
            date: "2026-01-02".into(),
            command: "scripts/bench-links".into(),
            accelerator: "tcg".into(),
            kernel: "7.2.12".into(),
            host_cpu: "a processor".into(),
            host_cpus: 2,
            host_load: [0.5, 1.0],
            repetitions: 3,
            sizes: [0, 1, 2, 3],
            in_flight: [1, 8],
        };
        let text = markdown(
            &about,
            &[cell(Path::Tcp, 1.0), cell(Path::Link("full"), 2.5)],
        );
        for line in [
            "| 0 | tcp | 1.00 | 4.00 | 9000 | 1.00 | 0.50 | 1.50 | 1.00 |",
            "| 0 | full | 1.00 | 10.0 | 9000 | 2.50 | 1.25 | 3.75 | 2.50 |",
        ] {
            assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
        }
        for word in [
            "2026-01-02",
            "scripts/bench-links",
            "accelerator tcg",
            "kernel 7.2.12",
        ] {
            assert!(text.contains(word), "{word}");
        }
    }

    #[test]
    fn an_even_number_of_values_has_the_mean_of_the_middle() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 4.0));
        assert_eq!(Spread::of(vec![]), None);
    }
}
