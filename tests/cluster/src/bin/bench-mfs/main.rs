// SPDX-License-Identifier: GPL-2.0
//! `bench-mfs`: MFS on the node that has the files and from afar, next to local ext4 and NFSv4.2 on the
//! same disk, in one run of two nodes.
//!
//! Every repetition takes every path in turn, so that whatever else the host does hits all of them
//! alike. Times depend on the host; instructions of the guests hardly do.

mod bars;
mod bench;
mod cells;
mod guest;
mod path;
mod plot;
mod report;
mod requests;
mod setup;
mod work;

use std::{env, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use mosix_cluster::{interrupt, layout, progress::Step, Accel, Cluster};

use bench::Bench;
use cells::Cells;
use path::Path;
use report::About;
use work::Scale;

/// Memory of a node in MiB: the big file has to fit in its page cache several times.
const MEMORY: u32 = 1024;

/// Measures MFS next to local ext4 and NFSv4.2, and writes docs/bench/mfs.md, .svg and .json.
#[derive(Debug, Parser)]
struct Options {
    /// Repetitions of everything [default: 3; with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    repetitions: Option<u32>,
    /// Little of everything, to see whether it works; pair it with --out.
    #[arg(long)]
    quick: bool,
    /// Only these paths (local is the base of ratios).
    #[arg(long, value_delimiter = ',')]
    paths: Vec<Path>,
    /// Only the rounds whose title has one of these in it.
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    only: Vec<String>,
    /// What protects the links: header, full or encrypt.
    #[arg(long, value_name = "MODE", default_value = "header")]
    integrity: String,
    /// Accelerator; without TCG no instructions are counted.
    #[arg(long, default_value = "tcg")]
    accel: Accel,
    /// Let the host move the nodes between its cores.
    #[arg(long)]
    unpinned: bool,
    /// Where the results go.
    #[arg(long, value_name = "DIR", default_value_os_t = layout::root().join("docs/bench"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    match interrupt::install().and_then(|()| run(&Options::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<interrupt::Interrupted>() => {
            ExitCode::from(interrupt::EXIT_STATUS)
        }
        Err(error) => {
            eprintln!("bench-mfs: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let mut scale = if options.quick {
        Scale::QUICK
    } else {
        Scale::FULL
    };
    if let Some(repetitions) = options.repetitions {
        scale.repetitions = repetitions;
    }
    let paths = match options.paths.as_slice() {
        [] => [&Path::COMPARED[..], &[Path::Overlayfs]].concat(),
        some => some.to_vec(),
    };
    let cluster = Cluster::builder()
        .nodes(2)
        .mem_mb(MEMORY)
        .accel(options.accel)
        .icount(options.accel == Accel::Tcg)
        .pin(!options.unpinned)
        .up()?;
    setup::begin(&cluster, &paths, &options.integrity, scale.stream)?;
    let mut cells = Cells::default();
    let bench = Bench::new(&cluster, &paths)?;
    let wanted = |title: &str| {
        options.only.is_empty() || options.only.iter().any(|text| title.contains(text))
    };
    let mut rounds = work::rounds(scale);
    rounds.retain(|round| wanted(&round.title));
    for repetition in 1..=scale.repetitions {
        for round in &rounds {
            let step = Step::begin(format!(
                "repetition {repetition} of {}: {}",
                scale.repetitions, round.title
            ));
            bench.round(round, repetition == 1, &mut cells)?;
            step.done("measured");
        }
    }
    let about = About {
        command: command(),
        accelerator: options.accel.to_string(),
        integrity: options.integrity.clone(),
        kernel: cluster.node(1).sh("uname -r")?,
        host_cpu: cpu(),
        host_cores: std::thread::available_parallelism().map_or(1, usize::from),
        pinned: !options.unpinned,
        repetitions: scale.repetitions,
        postmark_files_transactions: scale.postmark,
        long_postmark_files_transactions: scale.long_postmark,
        stream_bytes: scale.stream,
        stream_limit_ms: scale.stream_ms,
    };
    setup::end(&cluster)?;
    cluster.down()?;
    write(options, &about, &cells)
}

fn write(options: &Options, about: &About, cells: &Cells) -> Result<()> {
    fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make {}", options.out.display()))?;
    let bars = bars::bars(cells);
    let markdown = report::markdown(about, cells, &bars);
    let json = report::Json {
        about,
        bars: &bars,
        cells,
    };
    let json = serde_json::to_string_pretty(&json)? + "\n";
    let svg = plot::svg(about, cells)?;
    for (name, text) in [
        ("mfs.md", &markdown),
        ("mfs.json", &json),
        ("mfs.svg", &svg),
    ] {
        let path = options.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("bench-mfs: wrote {}", path.display());
    }
    print!("{markdown}");
    Ok(())
}

/// The command line as somebody would repeat it.
fn command() -> String {
    env::args()
        .skip(1)
        .fold("scripts/bench-mfs".to_owned(), |line, word| {
            line + " " + &word
        })
}

/// The host's processor.
fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    model.map_or("unknown".into(), |model| {
        model.trim_start_matches([' ', '\t', ':']).to_owned()
    })
}
