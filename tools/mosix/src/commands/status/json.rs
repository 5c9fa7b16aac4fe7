// SPDX-License-Identifier: GPL-2.0
//! The status for programs; the field names are an interface, documented in mosix-status(8).

use crate::output::{build_id, utc_time};
use mosix_core::control::abi::{
    status::{NodeRecord, State, Status},
    Integrity,
};
use serde::Serialize;

/// The whole status; everything but `up` is null while the node is not up.
#[derive(Debug, Serialize)]
pub struct Report {
    up: bool,
    cluster: Option<String>,
    node: Option<u16>,
    incarnation: Option<u64>,
    since: Option<String>,
    uptime_ms: Option<u64>,
    listen_port: Option<u16>,
    integrity: Option<&'static str>,
    times_ms: Option<TimesReport>,
    counters: Option<CountersReport>,
    nodes: Vec<NodeReport>,
}

/// The times of the failure detector.
#[derive(Debug, Serialize)]
struct TimesReport {
    heartbeat: u32,
    suspect: u32,
    dead: u32,
}

/// What the node counted since it joined.
#[derive(Debug, Serialize)]
struct CountersReport {
    accepted: u64,
    half_open: u64,
    limited: u64,
    timed_out: u64,
    auth_failures: u64,
    bad_frames: u64,
    frames_in: u64,
    frames_out: u64,
    bytes_in: u64,
    bytes_out: u64,
}

/// One node; what is not known is null.
#[derive(Debug, Serialize)]
struct NodeReport {
    number: u16,
    name: String,
    address: Option<String>,
    state: &'static str,
    integrity: Option<&'static str>,
    reason: Option<String>,
    rtt_ns: Option<RttReport>,
    kernel_build_id: Option<String>,
    module: Option<String>,
    protocol: Option<u32>,
    incarnation: Option<u64>,
    since: Option<String>,
    since_unix_ms: u64,
    reconnects: u64,
    frames_in: u64,
    frames_out: u64,
    bytes_in: u64,
    bytes_out: u64,
    auth_failures: u64,
}

/// Round trips of a link.
#[derive(Debug, Serialize)]
struct RttReport {
    last: u64,
    min: u64,
    smooth: u64,
}

/// Zero and empty stand for unknown in the blob.
fn known<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

impl From<&Status<'_>> for Report {
    fn from(status: &Status<'_>) -> Self {
        let header = status.header;
        let up = header.up != 0;
        let counters = &header.counters;
        Self {
            up,
            cluster: up.then(|| header.cluster.get().unwrap_or_default().to_owned()),
            node: up.then(|| header.own.get()),
            incarnation: up.then(|| header.incarnation.get()),
            since: utc_time(header.since_unix_ms.get()).filter(|_| up),
            uptime_ms: up.then(|| header.uptime_ms.get()),
            listen_port: up.then(|| header.listen_port.get()),
            integrity: Integrity::from_raw(header.integrity)
                .filter(|_| up)
                .map(Integrity::name),
            times_ms: up.then(|| TimesReport {
                heartbeat: header.heartbeat_ms.get(),
                suspect: header.suspect_ms.get(),
                dead: header.dead_ms.get(),
            }),
            counters: up.then(|| CountersReport {
                accepted: counters.accepted.get(),
                half_open: counters.half_open.get(),
                limited: counters.limited.get(),
                timed_out: counters.timed_out.get(),
                auth_failures: counters.auth_failures.get(),
                bad_frames: counters.bad_frames.get(),
                frames_in: counters.frames_in.get(),
                frames_out: counters.frames_out.get(),
                bytes_in: counters.bytes_in.get(),
                bytes_out: counters.bytes_out.get(),
            }),
            nodes: status.nodes.iter().map(NodeReport::from).collect(),
        }
    }
}

impl From<&NodeRecord> for NodeReport {
    fn from(node: &NodeRecord) -> Self {
        let text = |text: Option<&str>| known(text.unwrap_or_default().to_owned());
        Self {
            number: node.number.get(),
            name: node.name.get().unwrap_or_default().to_owned(),
            address: node.endpoint.socket().map(|socket| socket.to_string()),
            state: node.state().map_or("unknown", State::name),
            integrity: Integrity::from_raw(node.integrity).map(Integrity::name),
            reason: text(node.reason.get()),
            rtt_ns: known(node.rtt_last_ns.get()).map(|last| RttReport {
                last,
                min: node.rtt_min_ns.get(),
                smooth: node.rtt_smooth_ns.get(),
            }),
            kernel_build_id: build_id(&node.build_id),
            module: text(node.module.get()),
            protocol: known(node.protocol.get()),
            incarnation: known(node.incarnation.get()),
            since: utc_time(node.since_unix_ms.get()),
            since_unix_ms: node.since_unix_ms.get(),
            reconnects: node.reconnects.get(),
            frames_in: node.frames_in.get(),
            frames_out: node.frames_out.get(),
            bytes_in: node.bytes_in.get(),
            bytes_out: node.bytes_out.get(),
            auth_failures: node.auth_failures.get(),
        }
    }
}
