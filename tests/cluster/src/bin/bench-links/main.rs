// SPDX-License-Identifier: GPL-2.0
//! `bench-links`: what a request over a link costs, in each integrity mode, next to bare TCP.
//!
//! Two nodes; every repetition measures every path in turn, so that whatever else the host does hits
//! all of them alike. Times depend on the host; instructions of the guests hardly do.

mod guest;
mod measure;
mod report;

use std::{env, fs, path::PathBuf, process::ExitCode};

use anyhow::{ensure, Context, Result};
use clap::Parser;
use mosix_cluster::{
    interrupt, layout,
    mosix::{self, Config},
    progress::Step,
    Accel, Cluster,
};

use measure::{Bench, Cell, Path, IN_FLIGHT, SIZES};
use report::About;

/// Measures links in each integrity mode and bare TCP, and writes docs/bench/links.md and .json.
#[derive(Debug, Parser)]
struct Options {
    /// Repetitions of everything.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    repetitions: u32,
    /// A tenth of the requests and one repetition, to see whether it works; pair it with --out.
    #[arg(long)]
    quick: bool,
    /// Accelerator; without TCG no instructions are counted.
    #[arg(long, default_value = "tcg")]
    accel: Accel,
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
            eprintln!("bench-links: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let helper = layout::build().join("selftests/tcp-pingpong");
    ensure!(
        helper.is_file(),
        "{} is not there: run scripts/bench-links, which builds it",
        helper.display()
    );
    let cluster = Cluster::builder()
        .nodes(2)
        .accel(options.accel)
        .icount(options.accel == Accel::Tcg)
        .up()?;
    let load_before = load();
    let config = Config::of(&cluster);
    cluster.for_each_node(|node| {
        mosix::install(node, &config)?;
        node.put(&helper, "/root/tcp-pingpong")?;
        mosix::load(node)?;
        mosix::up(node)
    })?;
    mosix::wait_alive(&cluster)?;
    let bench = Bench::new(&cluster, options.quick)?;
    let mut cells = bench.cells();
    let repetitions = if options.quick {
        1
    } else {
        options.repetitions
    };
    for repetition in 1..=repetitions {
        let step = Step::begin(format!("repetition {repetition} of {repetitions}"));
        repeat(&bench, &mut cells)?;
        step.done("measured");
    }
    let about = About {
        date: date()?,
        command: command(),
        accelerator: options.accel.to_string(),
        kernel: cluster.node(1).sh("uname -r")?,
        host_cpu: cpu(),
        host_cpus: std::thread::available_parallelism().map_or(1, usize::from),
        host_load: [load_before, load()],
        repetitions,
        sizes: SIZES.map(|(bytes, _)| bytes),
        in_flight: IN_FLIGHT,
    };
    cluster.for_each_node(|node| {
        mosix::down(node)?;
        mosix::unload(node)
    })?;
    cluster.down()?;
    write(options, &about, &cells)
}

/// Measures every cell once.
fn repeat(bench: &Bench<'_>, cells: &mut [Cell]) -> Result<()> {
    for path in Path::ALL {
        bench.switch_to(path)?;
        for cell in cells.iter_mut().filter(|cell| cell.path == path) {
            bench.measure(cell)?;
        }
    }
    Ok(())
}

fn write(options: &Options, about: &About, cells: &[Cell]) -> Result<()> {
    fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make {}", options.out.display()))?;
    let markdown = report::markdown(about, cells);
    let json = serde_json::to_string_pretty(&report::Json { about, cells })? + "\n";
    for (name, text) in [("links.md", &markdown), ("links.json", &json)] {
        let path = options.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("bench-links: wrote {}", path.display());
    }
    print!("{markdown}");
    Ok(())
}

/// The command line as somebody would repeat it.
fn command() -> String {
    env::args()
        .skip(1)
        .fold("scripts/bench-links".to_owned(), |line, word| {
            line + " " + &word
        })
}

/// Today, in UTC.
fn date() -> Result<String> {
    let out = std::process::Command::new("date")
        .args(["-u", "+%F"])
        .output()?;
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
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

/// How many processes of the host ran or wanted to, over the last minute.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next().and_then(|word| word.parse().ok());
    first.unwrap_or(f64::NAN)
}
