// SPDX-License-Identifier: GPL-2.0
//! `mosix ps`.

use crate::{
    cli::Cli,
    device::Device,
    failure::Result,
    output::{print, print_json, Table},
};
use mosix_core::control::abi::process::{self, Cause, Place};
use serde::Serialize;

/// What `--json` prints of each process.
#[derive(Serialize)]
struct Report {
    pid: u32,
    name: String,
    place: &'static str,
    moves: u64,
    came_home: Option<String>,
}

impl From<&process::Report> for Report {
    fn from(report: &process::Report) -> Self {
        let number = report.number.get();
        Self {
            pid: report.pid.get(),
            name: report.name.get().unwrap_or("?").into(),
            place: match Place::from_raw(report.place.get()) {
                Some(Place::Home) => "home",
                Some(Place::Leaving) => "leaving",
                Some(Place::Away) => "here",
                Some(Place::Coming) => "coming",
                None => "unknown",
            },
            moves: report.moves.get(),
            came_home: match Cause::from_raw(report.cause.get()) {
                Some(Cause::None) => None,
                Some(Cause::Asked) => Some("asked".into()),
                Some(Cause::Signal) => Some("signal".into()),
                Some(Cause::Call) => Some(format!("system call {number}")),
                Some(Cause::Fault) => Some(format!("fault, signal {number}")),
                None => Some("unknown".into()),
            },
        }
    }
}

/// Shows the processes that have moved.
pub fn run(cli: &Cli) -> Result {
    let reports = Device::open(&cli.device)?.processes()?;
    let reports: Vec<Report> = reports.iter().map(Report::from).collect();
    if cli.json {
        return print_json(&reports, false);
    }
    let mut table = Table::new(["PID", "PLACE", "MOVES", "CAME HOME FOR", "NAME"]);
    for report in reports {
        let cells = [
            report.pid.to_string(),
            report.place.into(),
            report.moves.to_string(),
            report.came_home.unwrap_or_else(|| "-".into()),
            report.name,
        ];
        table.row(cells, None);
    }
    print(&table.render())
}
