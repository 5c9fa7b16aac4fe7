// SPDX-License-Identifier: GPL-2.0
//! `mosix config check`.

use crate::{
    cli::Cli,
    config::File,
    failure::{Exit, Result},
    identity::{own_number, Host},
    key,
    output::{print, print_json},
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    cluster: String,
    nodes: usize,
    /// The number of this host; none when it is no node of the cluster.
    own: Option<u16>,
    key_file: PathBuf,
    /// Whether the key file was read; it can only be by its owner.
    key_checked: bool,
    /// Exported paths of this host that are not there.
    missing: Vec<String>,
}

/// Checks everything that `mosix up` does before it turns to the module.
pub fn run(cli: &Cli, path: &Path) -> Result {
    let file = File::read(path)?;
    let nodes = file.resolve()?;
    let key_checked = match key::read(&file.key_file, 0) {
        Ok(_) => true,
        Err(failure) if failure.exit == Exit::NotPermitted => false,
        Err(failure) => return Err(failure),
    };
    let own = own_number(&file, &nodes, None, &Host::this()?);
    let report = Report {
        cluster: file.cluster.clone(),
        nodes: nodes.len(),
        own: own.as_ref().ok().copied(),
        key_file: file.key_file.clone(),
        key_checked,
        missing: own
            .as_ref()
            .map_or(Vec::new(), |own| file.policy(*own).missing()),
    };
    if cli.json {
        return print_json(&report, false);
    }
    let mut text = format!(
        "{}: cluster \"{}\" with {} node{}\n",
        path.display(),
        report.cluster,
        report.nodes,
        if report.nodes == 1 { "" } else { "s" },
    );
    text += &match own {
        Ok(number) => format!("this host is node {number}\n"),
        Err(failure) => format!("note: {}\n", failure.cause),
    };
    for path in &report.missing {
        text += &format!("note: {path} is exported, but not there\n");
    }
    if !key_checked {
        text += &format!(
            "note: only root can check the key {}\n",
            file.key_file.display()
        );
    }
    print(&text)
}
