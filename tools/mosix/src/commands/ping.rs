// SPDX-License-Identifier: GPL-2.0
//! `mosix ping`.

use crate::{
    cli::{self, Cli},
    commands::up::decode,
    device::{not_up, ping::Batch, Device},
    failure::{Exit, Failure, Result},
    output::{print, print_json},
};
use drive::Link;
use mosix_core::control::abi::{
    ping::{Request, FLAG_ONCE},
    status::{NodeRecord, State, Status},
    Integrity,
};
use report::{Plan, Report};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::{
    io::Write as _,
    sync::{atomic::AtomicBool, Arc},
};

pub mod drive;
pub mod report;

/// The requests of one thread.
struct Requests {
    device: Device,
    request: Request,
}

impl Link for Requests {
    fn attempt(&self, count: u32) -> Result<Batch> {
        self.device.ping(&Request {
            count: count.into(),
            ..self.request
        })
    }
}

/// Tries the link to a node.
pub fn run(cli: &Cli, arguments: &cli::Ping) -> Result {
    let blob = Device::open(&cli.device)?.status()?;
    let status = decode(&blob)?;
    let node = find(&status, &arguments.node)?;
    let plan = Plan {
        node: node.number.get(),
        name: node.name.get().unwrap_or_default().to_owned(),
        bytes: arguments.bytes,
        threads: arguments.threads,
        once: arguments.once,
        integrity: Integrity::from_raw(status.header.integrity),
    };
    let mut request = Request {
        node: node.number,
        bytes: arguments.bytes.into(),
        timeout_ms: (arguments.timeout.as_millis() as u32).into(),
        ..Request::default()
    };
    if arguments.once {
        request.flags.set(FLAG_ONCE);
        request.run.set(random()?);
    }
    let link = |_| -> Result<Requests> {
        let device = Device::open(&cli.device)?;
        Ok(Requests { device, request })
    };
    let links = (0..arguments.threads).map(link).collect::<Result<_>>()?;

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, stop.clone())
            .map_err(|error| Failure::io(Exit::Failure, "cannot take a signal", &error))?;
    }
    let mut outcome = drive::drive(links, arguments.count, stop, |answered| {
        // Progress is for people; that nobody reads it is no reason to stop.
        let _ = writeln!(
            std::io::stderr(),
            "mosix: {answered} of {} requests answered",
            arguments.count
        );
    });
    let failure = match outcome.failure.take() {
        // Not a single request could be made: there is nothing to report.
        Some(failure) if outcome.sent == 0 => return Err(failure),
        failure => failure,
    };
    let report = Report::new(&plan, outcome);
    if cli.json {
        print_json(&report, false)?;
    } else {
        print(&report.text())?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => report.verdict(),
    }
}

/// Finds another node by number or name.
fn find<'a>(status: &Status<'a>, asked: &str) -> Result<&'a NodeRecord> {
    if status.header.up == 0 {
        return Err(not_up());
    }
    let matches =
        |node: &&NodeRecord| node.name.get() == Some(asked) || node.number.to_string() == asked;
    let Some(node) = status.nodes.iter().find(matches) else {
        return Err(
            Failure::new(Exit::Config, format!("the cluster has no node \"{asked}\""))
                .cure("\"mosix status\" shows those it has"),
        );
    };
    if node.state() == Some(State::Own) {
        return Err(Failure::new(
            Exit::Config,
            format!("node {} is this node: there is no link to it", node.number),
        )
        .cure("choose another node"));
    }
    Ok(node)
}

/// A number that nobody has used before.
fn random() -> Result<u64> {
    getrandom::u64().map_err(|error| {
        Failure::new(
            Exit::Failure,
            format!("the kernel gave no random number: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosix_core::control::abi::{
        status::{encoded_len, Header, Writer},
        Name,
    };

    #[test]
    fn nodes_are_found_by_number_and_name() {
        let record = |number, name, state| {
            let address = std::net::SocketAddr::from(([10, 0, 0, 1], number));
            NodeRecord::new(number, Name::new(name).unwrap(), address.into(), state)
        };
        let mut blob = vec![0; encoded_len(2)];
        let mut writer = Writer::new(&mut blob);
        writer.node(&record(1, "alpha", State::Own));
        writer.node(&record(20, "beta", State::Dead));
        writer.finish(Header {
            up: 1,
            ..Header::down()
        });
        let status = Status::decode(&blob).unwrap();
        for asked in ["20", "beta"] {
            assert_eq!(find(&status, asked).unwrap().number.get(), 20);
        }
        for asked in ["1", "alpha", "2", "", "Beta", "020"] {
            assert_eq!(find(&status, asked).unwrap_err().exit, Exit::Config);
        }

        let mut blob = vec![0; encoded_len(0)];
        Writer::new(&mut blob).finish(Header::down());
        let status = Status::decode(&blob).unwrap();
        assert_eq!(find(&status, "1").unwrap_err().exit, Exit::NotUp);
    }
}
