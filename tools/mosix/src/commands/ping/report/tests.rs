// SPDX-License-Identifier: GPL-2.0
//! The report and the verdict.

use super::*;
use std::time::Duration;

fn plan(once: bool, bytes: u32) -> Plan {
    Plan {
        node: 2,
        name: "beta".into(),
        bytes,
        threads: 1,
        once,
        integrity: Some(Integrity::Full),
    }
}

fn outcome(sent: u64, times: &[u64], executed: u64) -> Outcome {
    Outcome {
        sent,
        round_trips_ns: times.to_vec(),
        executed,
        elapsed: Duration::from_secs(2),
        ..Outcome::default()
    }
}

#[test]
fn round_trips() {
    assert_eq!(RoundTrips::of(vec![]), None);
    let times = |min, median, mean, max| {
        Some(RoundTrips {
            min,
            median,
            mean,
            max,
        })
    };
    assert_eq!(RoundTrips::of(vec![7]), times(7, 7, 7, 7));
    assert_eq!(RoundTrips::of(vec![9, 1, 2]), times(1, 2, 4, 9));
    assert_eq!(RoundTrips::of(vec![10, 1, 4, 3]), times(1, 3, 4, 10));
    let most = u64::MAX;
    assert_eq!(RoundTrips::of(vec![most; 3]), times(most, most, most, most));
}

#[test]
fn the_text() {
    let mut outcome = outcome(6, &[1_000_000, 3_000_000, 2_000_000, 2_000_000], 0);
    outcome.interrupted = 1;
    outcome.errors.insert(Errno::ETIMEDOUT as i32, 1);
    let report = Report::new(&plan(false, 1_000_000), outcome);
    assert_eq!(
        report.text(),
        "node 2 (beta): 1000000 bytes each way, 1 thread, integrity full\n\
         sent 6, answered 4, errors 1, interrupted 1\n\
         \x20 1 x ETIMEDOUT (Connection timed out)\n\
         round trip: min 1.0 ms, median 2.0 ms, mean 2.0 ms, max 3.0 ms\n\
         rate: 2.0 requests/s, 2.00 MB/s each way\n"
    );
    let failure = report.verdict().unwrap_err();
    assert_eq!(failure.cause, "1 of 6 requests to node 2 (beta) failed");
}

#[test]
fn the_json() {
    let mut outcome = outcome(3, &[5, 7], 2);
    outcome.errors.insert(Errno::EHOSTDOWN as i32, 1);
    let json = serde_json::to_value(Report::new(&plan(true, 0), outcome)).unwrap();
    let expected = serde_json::json!({
        "node": 2, "name": "beta", "bytes": 0, "threads": 1, "integrity": "full",
        "sent": 3, "answered": 2, "interrupted": 0, "errors": {"EHOSTDOWN": 1},
        "rtt_ns": {"min": 5, "median": 6, "mean": 6, "max": 7},
        "elapsed_ns": 2_000_000_000_u64, "requests_per_s": 1.0, "mb_per_s": 0.0,
        "executed": 2, "executed_once": true,
    });
    assert_eq!(json, expected);
}

#[test]
fn nothing_answered_is_said_without_figures() {
    let report = Report::new(&plan(true, 0), outcome(0, &[], 0));
    let text = report.text();
    assert!(!text.contains("round trip") && text.contains("executed at the node: 0, as many"));
    assert!(report.verdict().is_ok());
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["rtt_ns"].is_null());
}

#[test]
fn the_node_must_execute_each_request_once() {
    let verdict = |sent, answered: usize, executed| {
        let times = vec![1; answered];
        let report = Report::new(&plan(true, 0), outcome(sent, &times, executed));
        report.verdict().map_err(|failure| failure.cause)
    };
    assert_eq!(verdict(3, 3, 3), Ok(()));
    // An answer was lost; whether the request was executed is not known.
    assert_eq!(verdict(4, 3, 4), Ok(()));
    let twice = verdict(3, 3, 4).unwrap_err();
    assert!(twice.contains("more than once"), "{twice}");
    let lost = verdict(3, 3, 2).unwrap_err();
    assert!(lost.contains("executed only 2"), "{lost}");
}

#[test]
fn without_a_count_there_is_no_word_of_it() {
    let report = Report::new(&plan(false, 0), outcome(1, &[1], 0));
    assert!(!report.text().contains("executed"));
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["executed"].is_null() && json["executed_once"].is_null());
}
