// SPDX-License-Identifier: GPL-2.0
//! `mosix status`.

use crate::{
    cli::{self, Cli},
    commands::up::decode,
    device::{not_up, Device},
    failure::Result,
    output::{local_time, nanoseconds, print, print_json, short_build_id, Table},
};
use mosix_core::control::abi::{
    status::{NodeRecord, State, Status},
    Integrity,
};
use std::{io::IsTerminal as _, thread};

pub mod json;

/// Moves the cursor home and clears the screen behind it.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Shows every node once, or again and again.
pub fn run(cli: &Cli, arguments: &cli::Status) -> Result {
    let device = Device::open(&cli.device)?;
    let Some(interval) = arguments.watch else {
        let blob = device.status()?;
        let status = decode(&blob)?;
        if cli.json {
            print_json(&json::Report::from(&status), false)?;
        } else if status.header.up != 0 {
            print(&table(&status))?;
        }
        return if status.header.up == 0 {
            Err(not_up())
        } else {
            Ok(())
        };
    };
    let terminal = std::io::stdout().is_terminal();
    loop {
        let blob = device.status()?;
        let status = decode(&blob)?;
        if cli.json {
            print_json(&json::Report::from(&status), true)?;
        } else {
            let clear = if terminal { CLEAR } else { "" };
            print(&format!("{clear}{}\n", table(&status)))?;
        }
        thread::sleep(interval);
    }
}

/// The status for people.
pub fn table(status: &Status<'_>) -> String {
    let header = status.header;
    if header.up == 0 {
        return "this node is not up\n".into();
    }
    let integrity = Integrity::from_raw(header.integrity).map_or("unknown", Integrity::name);
    let mut table = Table::new([
        "NODE", "NAME", "ADDRESS", "STATE", "RTT", "KERNEL", "MODULE", "SINCE",
    ]);
    for node in status.nodes {
        let reason = node.reason.get().filter(|reason| !reason.is_empty());
        table.row(cells(node), reason.map(str::to_owned));
    }
    format!(
        "cluster \"{}\", node {}, integrity {integrity}, up since {}\n\n{}",
        header.cluster.get().unwrap_or_default(),
        header.own,
        local_time(header.since_unix_ms.get()),
        table.render(),
    )
}

/// One row of the table.
fn cells(node: &NodeRecord) -> [String; 8] {
    let or_dash = |text: Option<&str>| match text {
        None | Some("") => "-".to_owned(),
        Some(text) => text.to_owned(),
    };
    [
        node.number.to_string(),
        or_dash(node.name.get()),
        node.endpoint
            .socket()
            .map_or("-".into(), |socket| socket.to_string()),
        node.state().map_or("unknown", State::name).into(),
        nanoseconds(node.rtt_smooth_ns.get()),
        short_build_id(&node.build_id),
        or_dash(node.module.get()),
        local_time(node.since_unix_ms.get()),
    ]
}
