// SPDX-License-Identifier: GPL-2.0
//! `mosix init`.

use crate::{
    address::{Address, NodeArgument},
    cli::{Cli, Init},
    config::{File, DEFAULT_KEY_FILE},
    failure::{Exit, Failure, Result},
    identity::Host,
    key,
    output::{print, print_json},
};
use mosix_core::control::abi::config::is_node_name;
use serde::Serialize;
use std::{
    fs::{self, Permissions},
    io::{ErrorKind, Write as _},
    net::IpAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

pub mod template;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    config: &'a Path,
    key: &'a Path,
    cluster: &'a str,
    nodes: usize,
}

/// Writes a configuration and a key.
pub fn run(cli: &Cli, arguments: &Init) -> Result {
    let config_path = &arguments.config.config;
    let directory = config_path.parent().unwrap_or(Path::new(""));
    let key_path = match &arguments.key {
        Some(path) => std::path::absolute(path).map_err(|error| {
            Failure::io(Exit::Config, format_args!("key {}", path.display()), &error)
        })?,
        None => directory.join(DEFAULT_KEY_FILE),
    };
    let mut nodes = arguments.nodes.clone();
    if nodes.is_empty() {
        nodes.push(this_host()?);
    }
    let key_entry = arguments.key.as_ref().map(|_| key_path.as_path());
    let text = template::render(&arguments.name, key_entry, &nodes);
    // What is written must be good: duplicates and the like are found here.
    File::parse(config_path, text.clone())
        .and_then(|file| file.check_written())
        .map_err(|failure| Failure {
            cause: format!(
                "what was asked for is no good configuration: {}",
                failure.cause
            ),
            ..failure
        })?;

    if !arguments.force {
        for path in [config_path, &key_path] {
            if fs::symlink_metadata(path).is_ok() {
                return Err(exists(path));
            }
        }
    }
    let key_text = key::to_text(&key::generate()?);
    write(&key_path, key_text.as_bytes(), 0o600, arguments.force)?;
    write(config_path, text.as_bytes(), 0o644, arguments.force)?;

    if cli.json {
        let report = Report {
            config: config_path,
            key: &key_path,
            cluster: &arguments.name,
            nodes: nodes.len(),
        };
        return print_json(&report, false);
    }
    let (config, key) = (config_path.display(), key_path.display());
    print(&format!(
        "wrote {config} ({} node{}) and the key {key}\n\
         next: list every node in {config}, copy both files to each of them (the key must stay \
         readable by root only), and run \"mosix up\" there\n",
        nodes.len(),
        if nodes.len() == 1 { "" } else { "s" },
    ))
}

/// This host as node 1, with the address that it uses for other hosts.
fn this_host() -> Result<NodeArgument> {
    let host = Host::this()?;
    let name = host.name.split('.').next().unwrap_or_default();
    let usable = |ip: &&IpAddr| match ip {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    };
    let ask = |what: &str| {
        Failure::new(
            Exit::Config,
            format!("this host has no {what} to be a node with"),
        )
        .cure("name the nodes: mosix init --node 1=alpha@10.0.0.1 --node 2=beta@10.0.0.2")
    };
    if !is_node_name(name) {
        return Err(ask("host name"));
    }
    let address = host.addresses.iter().find(usable);
    Ok(NodeArgument {
        number: 1,
        name: name.to_owned(),
        address: Address {
            host: address.ok_or_else(|| ask("address"))?.to_string(),
            port: None,
        },
    })
}

/// The refusal to overwrite.
fn exists(path: &Path) -> Failure {
    Failure::new(Exit::Config, format!("{} exists", path.display()))
        .cure("to overwrite it, and the key with it, add --force")
}

/// Writes a file as a whole, with the given mode, not over one that exists unless `force` says so.
fn write(path: &Path, text: &[u8], mode: u32, force: bool) -> Result {
    let fail = |error: &std::io::Error| {
        Failure::io(
            Exit::Failure,
            format_args!("cannot write {}", path.display()),
            error,
        )
    };
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&directory).map_err(|error| fail(&error))?;
    // A temporary file is readable by its owner only from the start.
    let mut file = tempfile::NamedTempFile::new_in(&directory).map_err(|error| fail(&error))?;
    file.write_all(text)
        .and_then(|()| file.as_file().set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| fail(&error))?;
    let persisted = if force {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    match persisted {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(fail(&error.error)),
    }
}
