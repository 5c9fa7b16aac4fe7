// SPDX-License-Identifier: GPL-2.0
//! `mosix status`.

use crate::{
    cli::{self, Cli},
    commands::up::decode,
    device::{not_up, Device},
    failure::{Exit, Result},
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
    let Some(interval) = arguments.watch else {
        return show(cli, false);
    };
    loop {
        match show(cli, true) {
            // Whoever watches may be waiting for the node to join.
            Err(failure) if failure.exit != Exit::NotUp => return Err(failure),
            _ => thread::sleep(interval),
        }
    }
}

/// Shows every node; the device is open for as long as that takes only, because an open file keeps
/// the module from being unloaded.
fn show(cli: &Cli, watch: bool) -> Result {
    let blob = Device::open(&cli.device)?.status()?;
    let status = decode(&blob)?;
    if cli.json {
        print_json(&json::Report::from(&status), watch)?;
    } else if watch {
        let clear = if std::io::stdout().is_terminal() {
            CLEAR
        } else {
            ""
        };
        print(&format!("{clear}{}\n", table(&status)))?;
    } else if status.header.up != 0 {
        print(&table(&status))?;
    }
    if status.header.up == 0 {
        return Err(not_up());
    }
    Ok(())
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
