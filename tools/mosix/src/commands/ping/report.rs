// SPDX-License-Identifier: GPL-2.0
//! What `mosix ping` says of its requests.

use super::drive::Outcome;
use crate::{
    failure::{Exit, Failure, Result},
    output::nanoseconds,
};
use mosix_core::control::abi::Integrity;
use nix::errno::Errno;
use serde::{Serialize, Serializer};
use std::{collections::BTreeMap, fmt::Write as _};

/// What was tried.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The node's number.
    pub node: u16,
    /// Its name.
    pub name: String,
    /// Bytes of data with each request.
    pub bytes: u32,
    /// Requests at a time.
    pub threads: u32,
    /// Whether the node counted what it executed.
    pub once: bool,
    /// How the link is protected.
    pub integrity: Option<Integrity>,
}

/// What `--json` prints; the field names are an interface, documented in mosix-ping(8).
#[derive(Debug, Serialize)]
pub struct Report {
    node: u16,
    name: String,
    bytes: u32,
    threads: u32,
    integrity: Option<&'static str>,
    sent: u64,
    answered: u64,
    interrupted: u64,
    /// By number here, by name in JSON.
    #[serde(serialize_with = "by_name")]
    errors: BTreeMap<i32, u64>,
    rtt_ns: Option<RoundTrips>,
    elapsed_ns: u64,
    requests_per_s: f64,
    /// Millions of bytes per second in each direction.
    mb_per_s: f64,
    /// Null unless the node counted.
    executed: Option<u64>,
    /// Null unless the node counted.
    executed_once: Option<bool>,
}

/// Round trips in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct RoundTrips {
    min: u64,
    median: u64,
    mean: u64,
    max: u64,
}

/// The name of an error, such as `ETIMEDOUT`.
fn name(number: i32) -> String {
    match Errno::from_raw(number) {
        Errno::UnknownErrno => format!("errno {number}"),
        errno => format!("{errno:?}"),
    }
}

fn by_name<S: Serializer>(
    errors: &BTreeMap<i32, u64>,
    to: S,
) -> std::result::Result<S::Ok, S::Error> {
    to.collect_map(errors.iter().map(|(number, count)| (name(*number), count)))
}

impl RoundTrips {
    fn of(mut times: Vec<u64>) -> Option<Self> {
        times.sort_unstable();
        let (min, max) = (*times.first()?, *times.last()?);
        let upper = *times.get(times.len() / 2)?;
        let lower = *times.get((times.len() - 1) / 2)?;
        let sum: u128 = times.iter().map(|time| u128::from(*time)).sum();
        Some(Self {
            min,
            median: lower.midpoint(upper),
            // The mean of 64-bit numbers is one.
            mean: (sum / times.len() as u128) as u64,
            max,
        })
    }
}

impl Report {
    /// The report of `outcome`.
    pub fn new(plan: &Plan, outcome: Outcome) -> Self {
        let answered = outcome.answered();
        let seconds = outcome.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        let requests_per_s = answered as f64 / seconds;
        let executed = plan.once.then_some(outcome.executed);
        Self {
            node: plan.node,
            name: plan.name.clone(),
            bytes: plan.bytes,
            threads: plan.threads,
            integrity: plan.integrity.map(Integrity::name),
            sent: outcome.sent,
            answered,
            interrupted: outcome.interrupted,
            errors: outcome.errors,
            rtt_ns: RoundTrips::of(outcome.round_trips_ns),
            elapsed_ns: u64::try_from(outcome.elapsed.as_nanos()).unwrap_or(u64::MAX),
            requests_per_s,
            mb_per_s: requests_per_s * f64::from(plan.bytes) / 1e6,
            executed,
            executed_once: executed.map(|executed| executed == answered),
        }
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let plural = |count: u32, what| {
            let s = if count == 1 { "" } else { "s" };
            format!("{count} {what}{s}")
        };
        let errors: u64 = self.errors.values().sum();
        let mut text = format!(
            "node {} ({}): {} each way, {}, integrity {}\nsent {}, answered {}, errors {errors}",
            self.node,
            self.name,
            plural(self.bytes, "byte"),
            plural(self.threads, "thread"),
            self.integrity.unwrap_or("unknown"),
            self.sent,
            self.answered,
        );
        // Writing to a string cannot fail.
        if self.interrupted != 0 {
            let _ = write!(text, ", interrupted {}", self.interrupted);
        }
        text.push('\n');
        for (number, count) in &self.errors {
            let words = Errno::from_raw(*number).desc();
            let _ = writeln!(text, "  {count} x {} ({words})", name(*number));
        }
        if let Some(times) = self.rtt_ns {
            let _ = writeln!(
                text,
                "round trip: min {}, median {}, mean {}, max {}",
                nanoseconds(times.min),
                nanoseconds(times.median),
                nanoseconds(times.mean),
                nanoseconds(times.max),
            );
            let _ = write!(text, "rate: {:.1} requests/s", self.requests_per_s);
            if self.bytes != 0 {
                let _ = write!(text, ", {:.2} MB/s each way", self.mb_per_s);
            }
            text.push('\n');
        }
        if let Some(executed) = self.executed {
            let equal = match self.executed_once {
                Some(true) => "as many as were answered",
                _ => "not as many as were answered",
            };
            let _ = writeln!(text, "executed at the node: {executed}, {equal}");
        }
        text
    }

    /// Whether everything was as it must be: the node executed all that it answered and nothing
    /// twice, and it answered every request.
    pub fn verdict(&self) -> Result {
        let node = format!("node {} ({})", self.node, self.name);
        if let Some(executed) = self.executed {
            let wrong = |what: String| {
                Err(Failure::new(Exit::Failure, what).cure(
                    "if the node did not leave the cluster and join again meanwhile, this is an \
                     error of the module: report it with the output of \"mosix version\"",
                ))
            };
            if executed > self.sent {
                return wrong(format!(
                    "{node} executed {executed} requests, but only {} were sent: it executed some \
                     more than once",
                    self.sent
                ));
            }
            if executed < self.answered {
                return wrong(format!(
                    "{node} answered {} requests, but executed only {executed} of them",
                    self.answered
                ));
            }
        }
        let errors: u64 = self.errors.values().sum();
        if errors != 0 {
            let what = format!("{errors} of {} requests to {node} failed", self.sent);
            return Err(Failure::new(Exit::Failure, what)
                .cure("\"mosix status\" shows the state of the node"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
