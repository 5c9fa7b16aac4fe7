// SPDX-License-Identifier: GPL-2.0
//! `mosix up`.

use crate::{
    build_id::running_kernel,
    cli::{Cli, Up},
    config::File,
    device::{not_up, Device, Joined},
    failure::{Exit, Failure, Result},
    identity::{own_number, Host},
    key,
    output::{print, print_json},
};
use mosix_core::control::abi::status::{State, Status};
use serde::Serialize;
use std::{
    io::Write as _,
    thread,
    time::{Duration, Instant},
};

/// How often the status is read while waiting.
const POLL: Duration = Duration::from_millis(50);

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    cluster: &'a str,
    node: u16,
    /// `joined` or `reconfigured`.
    action: &'static str,
    nodes: usize,
    /// Other nodes that are alive; only known when they were waited for.
    peers_alive: Option<usize>,
}

/// Joins the cluster, or takes over a changed configuration.
pub fn run(cli: &Cli, arguments: &Up) -> Result {
    let file = File::read(&arguments.config.config)?;
    let nodes = file.resolve()?;
    let own = own_number(&file, &nodes, arguments.node.as_deref(), &Host::this()?)?;
    let key = key::read(&file.key_file, 0)?;
    let blob = file.encode(&nodes, own, running_kernel()?, &key, &file.policy(own))?;

    let device = Device::open_or_load(&cli.device)?;
    let joined = device.up_or_reconfigure(&blob)?;
    let peers_alive = match arguments.wait {
        Some(limit) => Some(wait(&device, limit)?),
        None => None,
    };

    let report = Report {
        cluster: &file.cluster,
        node: own,
        action: match joined {
            Joined::Joined => "joined",
            Joined::Reconfigured => "reconfigured",
        },
        nodes: nodes.len(),
        peers_alive,
    };
    if cli.json {
        return print_json(&report, false);
    }
    let what = match joined {
        Joined::Joined => "joined cluster",
        Joined::Reconfigured => "took over the configuration of cluster",
    };
    let peers = peers_alive.map_or(String::new(), |alive| format!(", {alive} peers alive"));
    print(&format!(
        "{what} \"{}\" as node {own} of {}{peers}\n",
        report.cluster, report.nodes
    ))
}

/// Waits until all other nodes are alive and returns how many there are.
fn wait(device: &Device, limit: Duration) -> Result<usize> {
    let deadline = Instant::now() + limit;
    let mut shown = String::new();
    loop {
        let blob = device.status()?;
        let status = decode(&blob)?;
        if status.header.up == 0 {
            return Err(not_up());
        }
        let missing = missing_peers(&status);
        if missing.is_empty() {
            return Ok(status.nodes.len().saturating_sub(1));
        }
        let missing = missing.join(", ");
        if Instant::now() >= deadline {
            return Err(Failure::new(
                Exit::NotUp,
                format!(
                    "after {} s not all peers are alive: {missing}",
                    limit.as_secs_f64()
                ),
            )
            .cure("\"mosix status\" shows more; this node stays in the cluster"));
        }
        if missing != shown {
            // Progress is for people; that nobody reads it is no reason to stop.
            let _ = writeln!(std::io::stderr(), "mosix: waiting for {missing}");
            shown = missing;
        }
        thread::sleep(POLL);
    }
}

/// The peers that are not alive, each with its state and the reason for it.
fn missing_peers(status: &Status<'_>) -> Vec<String> {
    let up = [Some(State::Own), Some(State::Alive)];
    let missing = status
        .nodes
        .iter()
        .filter(|node| !up.contains(&node.state()));
    missing
        .map(|node| {
            let state = node.state().map_or("unknown", State::name);
            let name = node.name.get().unwrap_or_default();
            let reason = match node.reason.get() {
                None | Some("") => String::new(),
                Some(reason) => format!(": {reason}"),
            };
            format!("node {} ({name}, {state}{reason})", node.number)
        })
        .collect()
}

/// Reads a status blob of the module.
pub fn decode(blob: &[u8]) -> Result<Status<'_>> {
    Status::decode(blob).map_err(|error| {
        Failure::new(
            Exit::Failure,
            format!("the module gave a bad status: {error}"),
        )
        .cure("install the module and the command from the same source")
    })
}
