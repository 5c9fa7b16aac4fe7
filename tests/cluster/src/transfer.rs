// SPDX-License-Identifier: GPL-2.0
//! Copying files into and out of a guest, with their permission bits.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{bail, Context, Result};

use crate::{agent::Agent, interrupt, node::Node};

/// Suffix of a file that is not complete yet.
const PARTIAL: &str = ".partial";

/// Copies the host's `local` to `remote` in the guest. `remote` is replaced in one step; if it is
/// a folder, the file goes into it.
pub(crate) fn put(node: &Node, local: &Path, remote: &str) -> Result<()> {
    let shown = local.display();
    let meta = fs::metadata(local).with_context(|| format!("cannot read {shown}"))?;
    if !meta.is_file() {
        bail!("{shown} is no regular file: put copies single files");
    }
    let data = fs::read(local).with_context(|| format!("cannot read {shown}"))?;
    let name = local
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    put_bytes(
        node,
        &data,
        meta.permissions().mode() & 0o7777,
        remote,
        &name,
    )
}

/// Writes `data` to `remote` in the guest with the permission bits `mode`.
pub(crate) fn put_bytes(
    node: &Node,
    data: &[u8],
    mode: u32,
    remote: &str,
    name: &str,
) -> Result<()> {
    node.check_usable()?;
    let target = match remote.ends_with('/') || node.exec_args(["test", "-d", remote])?.success() {
        true => format!("{}/{name}", remote.trim_end_matches('/')),
        false => remote.to_owned(),
    };
    let draft = format!("{target}{PARTIAL}");
    let mut agent = Agent::connect(node)?;
    let handle = agent
        .open(&draft, "w")
        .with_context(|| format!("node {}: cannot create {target}", node.number()))?;
    let mut written = Ok(());
    for chunk in data.chunks(crate::agent::CHUNK) {
        written = agent.write(handle, chunk).and_then(|()| interrupt::check());
        if written.is_err() {
            break;
        }
    }
    if !matches!(&written, Err(e) if e.is::<interrupt::Interrupted>()) {
        written = written.and(agent.close(handle));
    }
    if let Err(error) = written {
        interrupt::clear();
        let _ = node.exec_args(["rm", "-f", &draft]);
        return Err(error)
            .with_context(|| format!("node {}: cannot write {target}", node.number()));
    }
    let mode = format!("{mode:o}");
    let script = "chmod -- \"$1\" \"$2\" && mv -fT -- \"$2\" \"$3\"";
    node.command(["sh", "-c", script, "put", &mode, &draft, &target])
        .run()
        .map(drop)
}

/// Reads all of the guest's file `remote`.
pub(crate) fn get_bytes(node: &Node, remote: &str) -> Result<Vec<u8>> {
    node.check_usable()?;
    let mut agent = Agent::connect(node)?;
    let context = || format!("node {}: cannot read {remote}", node.number());
    // The agent would wait for ever for a pipe's other end.
    if !node.exec_args(["test", "-f", remote])?.success() {
        bail!("{}: it is not there or no regular file", context());
    }
    let handle = agent.open(remote, "r").with_context(context)?;
    let mut data = Vec::new();
    loop {
        let more = agent.read(handle).with_context(context)?;
        if more.is_empty() {
            break;
        }
        data.extend_from_slice(&more);
    }
    agent.close(handle)?;
    Ok(data)
}

/// Copies the guest's `remote` to `local` on the host, or into `local` if that is a folder.
pub(crate) fn get(node: &Node, remote: &str, local: &Path) -> Result<()> {
    let data = get_bytes(node, remote)?;
    let mode = node
        .command(["stat", "-L", "-c", "%a", "--", remote])
        .run()?;
    let mode = u32::from_str_radix(&mode, 8).context("the guest's stat gave no mode")?;
    let target = match local.is_dir() {
        true => local.join(Path::new(remote).file_name().unwrap_or_default()),
        false => local.to_owned(),
    };
    let mut draft = target.clone().into_os_string();
    draft.push(PARTIAL);
    let written = fs::write(&draft, data)
        .and_then(|()| fs::set_permissions(&draft, fs::Permissions::from_mode(mode)))
        .and_then(|()| fs::rename(&draft, &target));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.with_context(|| format!("cannot write {}", target.display()))
}
