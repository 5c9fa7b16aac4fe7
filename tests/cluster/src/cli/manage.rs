// SPDX-License-Identifier: GPL-2.0
//! Verbs that concern whole clusters and the power of nodes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use mosix_cluster::{
    node::Power,
    progress::Step,
    spec,
    state::{self, Condition},
    Cluster, Fault, Insns, Node, Spec,
};
use serde::Serialize;

use super::args::Up;

pub(crate) fn up(name: &str, up: Up) -> Result<()> {
    let mut cluster = Cluster::builder()
        .name(name)
        .nodes(up.nodes)
        .kernel(up.kernel)
        .mem_mb(up.mem)
        .delay_ms(up.delay)
        .loss_pct(up.loss)
        .accel(up.accel)
        .icount(up.icount)
        .no_nfs_export(up.no_nfs_export)
        .pin(up.pin)
        .up()?;
    cluster.detach()
}

pub(crate) fn fault(node: &Node, fault: Fault) -> Result<()> {
    if fault != Fault::Reboot {
        return node.fault(fault);
    }
    let step = Step::begin(format!("node {}: power off and on", node.number()));
    node.fault(fault)?;
    step.done("ready");
    Ok(())
}

pub(crate) fn start(node: &Node) -> Result<()> {
    let step = Step::begin(format!("node {}: booting", node.number()));
    node.start()?;
    step.done("ready");
    Ok(())
}

pub(crate) fn down(name: &str, all: bool) -> Result<()> {
    let names: Vec<String> = match all {
        true => state::list().into_iter().map(|(name, _)| name).collect(),
        false => vec![name.to_owned()],
    };
    for name in names {
        let step = Step::begin(format!("cluster \"{name}\": taking down"));
        let found = state::tear_down(&name)?;
        step.done(if found { "gone" } else { "there is none" });
    }
    Ok(())
}

/// One cluster in `cluster status --json`.
#[derive(Serialize)]
struct ClusterStatus {
    name: String,
    condition: Condition,
    /// Seconds since it was started.
    age: Option<u64>,
    #[serde(flatten)]
    spec: Option<Spec>,
    members: Vec<NodeStatus>,
}

/// One node in `cluster status --json`.
#[derive(Serialize)]
struct NodeStatus {
    node: u8,
    name: String,
    power: Power,
    ipv4: String,
    ipv6: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    insns: Option<Insns>,
}

pub(crate) fn status(json: bool) -> Result<()> {
    let all: Vec<ClusterStatus> = state::list()
        .into_iter()
        .map(|(name, state)| collect(name, state))
        .collect();
    if json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    if all.is_empty() {
        println!("no clusters (bring one up with: cluster up -n 2)");
    }
    for cluster in &all {
        print(cluster);
    }
    Ok(())
}

fn collect(name: String, state: Option<state::State>) -> ClusterStatus {
    let condition = state
        .as_ref()
        .map_or(Condition::Stale, |state| state.condition());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let age = state
        .as_ref()
        .map(|state| now.saturating_sub(state.started));
    let nodes: Vec<Node> = match Cluster::attach(&name) {
        Ok(cluster) => cluster.nodes().collect(),
        Err(_) => Vec::new(),
    };
    let members = nodes.iter().map(|node| NodeStatus {
        node: node.number(),
        name: format!("node{}", node.number()),
        power: node.power(),
        ipv4: spec::ipv4(node.number()).to_string(),
        ipv6: spec::ipv6(node.number()).to_string(),
        insns: node.insns().ok(),
    });
    ClusterStatus {
        name,
        condition,
        age,
        members: members.collect(),
        spec: state.map(|state| state.spec),
    }
}

fn print(cluster: &ClusterStatus) {
    let Some(spec) = cluster
        .spec
        .as_ref()
        .filter(|_| cluster.condition != Condition::Stale)
    else {
        println!(
            "{}: leftover of a run that died (clear away with: cluster down --name {0})",
            cluster.name
        );
        return;
    };
    let mut extra = String::new();
    if spec.delay_ms > 0 {
        extra += &format!(", delay {} ms", spec.delay_ms);
    }
    if spec.loss_pct > 0.0 {
        extra += &format!(", loss {} %", spec.loss_pct);
    }
    let condition = if cluster.condition == Condition::Up {
        "up"
    } else {
        "starting"
    };
    println!(
        "{}: {condition} for {} s, {} kernel, {}, {} MB per node{extra}",
        cluster.name,
        cluster.age.unwrap_or(0),
        spec.kernel,
        spec.accel,
        spec.mem_mb
    );
    for node in &cluster.members {
        let power = match node.power {
            Power::On => "on",
            Power::Frozen => "frozen",
            Power::Broken => "broken",
            Power::Off => "off",
        };
        let insns = match node.insns {
            Some(insns) => format!(
                "  {} user + {} kernel instructions",
                insns.user, insns.kernel
            ),
            None => String::new(),
        };
        println!(
            "  {}  {:<7} {:<11} {:<8}{insns}",
            node.name, power, node.ipv4, node.ipv6
        );
    }
}
