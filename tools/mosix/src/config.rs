// SPDX-License-Identifier: GPL-2.0
//! The configuration file, cluster.toml(5): its syntax and its meaning.
//!
//! Reading has two steps: [`File::parse`] takes the text apart and remembers where everything was
//! written; [`File::resolve`] asks for the IP addresses and has the result checked by the very
//! decoder that the module uses. Errors of both name file, line and column.

mod export;

use crate::{
    address::Address,
    failure::{Exit, Failure, Result},
};
use export::{RawExports, Written};
use mosix_core::control::abi::{
    config::{self, ConfigError, Node, Parameters, Times},
    BuildId, Integrity, BUILD_ID_LEN, KEY_LEN, MAX_NODES,
};
use serde::Deserialize;
use std::{
    fs,
    net::{Ipv6Addr, SocketAddr},
    ops::Range,
    path::{Path, PathBuf},
};
use toml::Spanned;
use zeroize::Zeroizing;

pub use export::Policy;

/// The port of a node whose address has none (registered as "mosmig").
pub const DEFAULT_PORT: u16 = 4660;

/// The key file, in the directory of the configuration, when it names none.
pub const DEFAULT_KEY_FILE: &str = "key";

/// The whole file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    cluster: Spanned<RawCluster>,
    #[serde(default)]
    node: Vec<Spanned<RawNode>>,
}

/// The table `[cluster]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCluster {
    name: Spanned<String>,
    key_file: Option<PathBuf>,
    integrity: Option<Spanned<String>>,
    heartbeat_ms: Option<Spanned<i64>>,
    suspect_ms: Option<Spanned<i64>>,
    dead_ms: Option<Spanned<i64>>,
    port: Option<Spanned<i64>>,
    #[serde(rename = "self")]
    own: Option<Spanned<i64>>,
    export: Option<RawExports>,
    read_only: Option<bool>,
    root_squash: Option<bool>,
    hidden: Option<Vec<Spanned<String>>>,
}

/// A table `[[node]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNode {
    number: Spanned<i64>,
    name: Spanned<String>,
    address: Spanned<String>,
    integrity: Option<Spanned<String>>,
    export: Option<RawExports>,
    read_only: Option<bool>,
    root_squash: Option<bool>,
    hidden: Option<Vec<Spanned<String>>>,
}

/// A configuration file that was read.
#[derive(Debug)]
pub struct File {
    source: Source,
    /// Name of the cluster.
    pub cluster: String,
    /// The key file, relative to the configuration's directory if it was written so.
    pub key_file: PathBuf,
    /// How frames between nodes are protected.
    pub integrity: Integrity,
    /// Times of the failure detector.
    pub times: Times,
    /// The number of this node, when the file says so.
    pub own: Option<u16>,
    /// The nodes, in ascending order of their numbers.
    pub nodes: Vec<FileNode>,
    port: u16,
    places: Places,
}

/// A node in a configuration file.
#[derive(Debug)]
pub struct FileNode {
    /// Node number.
    pub number: u16,
    /// Name.
    pub name: String,
    /// Address as written.
    pub address: Address,
    /// How its links are protected at least.
    pub integrity: Integrity,
    /// What it lets the others do with its files.
    pub policy: Policy,
    place: Range<usize>,
}

/// A node whose address is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedNode {
    /// Node number.
    pub number: u16,
    /// Name.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// How its links are protected at least.
    pub integrity: Integrity,
}

/// Where in the text things were written that can be wrong together with others.
#[derive(Debug)]
struct Places {
    cluster: Range<usize>,
    name: Range<usize>,
    heartbeat: Range<usize>,
    suspect: Range<usize>,
    dead: Range<usize>,
}

/// The text of the file and where it came from.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// A failure at a place in the file.
    fn failure(&self, place: &Range<usize>, message: impl std::fmt::Display) -> Failure {
        let before = self.text.get(..place.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[start..].chars().count() + 1;
        let path = self.path.display();
        Failure::new(Exit::Config, format!("{path}:{line}:{column}: {message}"))
    }

    /// An integer that must be within the range of `T`.
    fn integer<T: TryFrom<i64>>(
        &self,
        value: &Spanned<i64>,
        what: &str,
        range: Range<i64>,
    ) -> Result<T> {
        let refused = || {
            self.failure(
                &value.span(),
                format_args!("{what} must be {} to {}", range.start, range.end - 1),
            )
        };
        if !range.contains(value.get_ref()) {
            return Err(refused());
        }
        T::try_from(*value.get_ref()).map_err(|_| refused())
    }
}

/// Numbers and ports are 1 to 65535.
const U16_RANGE: Range<i64> = 1..65_536;

/// Times are milliseconds, up to an hour; the ABI narrows that down.
const MS_RANGE: Range<i64> = 1..3_600_001;

impl File {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| {
            let shown = path.display();
            let failure = Failure::io(Exit::Config, format_args!("cannot read {shown}"), &error);
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    failure.cure("copy it from another node, or make a cluster with \"mosix init\"")
                }
                _ => failure,
            }
        })?;
        Self::parse(path, text)
    }

    /// Takes the text of a configuration apart; `path` is for messages and relative file names.
    pub fn parse(path: &Path, text: String) -> Result<Self> {
        let source = Source {
            path: path.to_owned(),
            text,
        };
        let raw: RawFile = toml::from_str(&source.text).map_err(|error| {
            let end = source.text.len();
            let message = error.message().trim().replace('\n', ", ");
            // Serde's word for it is for programmers.
            let message = message.replace("expected i64", "expected an integer");
            source.failure(&error.span().unwrap_or(end..end), message)
        })?;
        let cluster_place = raw.cluster.span();
        let cluster = raw.cluster.into_inner();

        let port = match &cluster.port {
            Some(port) => source.integer(port, "port", U16_RANGE)?,
            None => DEFAULT_PORT,
        };
        let own = match &cluster.own {
            Some(own) => Some(source.integer(own, "self", U16_RANGE)?),
            None => None,
        };
        let integrity = parse_integrity(&source, cluster.integrity.as_ref(), Integrity::Header)?;
        let times = parse_times(&source, &cluster)?;
        let place = |at: Option<&Spanned<i64>>| at.map_or(cluster_place.clone(), Spanned::span);
        let places = Places {
            name: cluster.name.span(),
            heartbeat: place(cluster.heartbeat_ms.as_ref()),
            suspect: place(cluster.suspect_ms.as_ref()),
            dead: place(cluster.dead_ms.as_ref()),
            cluster: cluster_place,
        };

        let key_file = cluster.key_file.unwrap_or(DEFAULT_KEY_FILE.into());
        let common = Common {
            integrity,
            key_file: path.parent().unwrap_or(Path::new("")).join(key_file),
            written: Written {
                export: cluster.export,
                read_only: cluster.read_only,
                root_squash: cluster.root_squash,
                hidden: cluster.hidden,
            },
        };
        let mut nodes = raw
            .node
            .into_iter()
            .map(|node| parse_node(&source, node, &common))
            .collect::<Result<Vec<_>>>()?;
        if nodes.is_empty() || nodes.len() > MAX_NODES {
            let message = format!("expected 1 to {MAX_NODES} tables [[node]]");
            return Err(source.failure(&places.cluster, message));
        }
        // Stable: of two nodes with one number the later one in the file is the wrong one.
        nodes.sort_by_key(|node| node.number);

        let file = Self {
            cluster: cluster.name.into_inner(),
            key_file: common.key_file,
            source,
            integrity,
            times,
            own,
            nodes,
            port,
            places,
        };
        if let Some(own) = file.own.filter(|own| file.node(*own).is_none()) {
            let message = format!("self = {own}, but there is no node {own}");
            return Err(file.source.failure(&file.places.cluster, message));
        }
        Ok(file)
    }

    /// The node of that number.
    pub fn node(&self, number: u16) -> Option<&FileNode> {
        self.nodes.iter().find(|node| node.number == number)
    }

    /// What the node of that number lets the others do with its files, as its module wants to know it.
    pub fn policy(&self, own: u16) -> Policy {
        let node = self.node(own);
        let mut policy = node.map_or(Policy::default(), |node| node.policy.clone());
        policy.settle(&self.key_file);
        policy
    }

    /// Finds the addresses of all nodes and checks what only shows then.
    pub fn resolve(&self) -> Result<Vec<ResolvedNode>> {
        self.resolve_by(|_, address| address.resolve(self.port))
    }

    /// Checks all that can be checked without asking for the addresses of host names.
    pub fn check_written(&self) -> Result {
        self.resolve_by(|at, address| {
            if !address.is_name() {
                return address.resolve(self.port);
            }
            // An address of the range for documentation, another one for each node.
            let [high, low] = u16::try_from(at).unwrap_or(u16::MAX).to_be_bytes();
            let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, high.into(), low.into());
            Ok(SocketAddr::new(
                ip.into(),
                address.port.unwrap_or(self.port),
            ))
        })
        .map(|_| ())
    }

    /// Finds the addresses of all nodes with `resolve`, which is given their place in the list, too.
    fn resolve_by(
        &self,
        resolve: impl Fn(usize, &Address) -> std::result::Result<SocketAddr, String>,
    ) -> Result<Vec<ResolvedNode>> {
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let address = resolve(at, &node.address)
                .map_err(|message| self.source.failure(&node.place, message))?;
            // The usual trap: /etc/hosts gives the own host name a loopback address.
            if address.ip().is_loopback() && self.nodes.len() > 1 {
                let message = format!(
                    "the address of node {} is {}, where no other node can reach it",
                    node.number,
                    address.ip()
                );
                return Err(self
                    .source
                    .failure(&node.place, message)
                    .cure("write an IP address of the node's network interface"));
            }
            nodes.push(ResolvedNode {
                number: node.number,
                name: node.name.clone(),
                address,
                integrity: node.integrity,
            });
        }
        // With a stand-in for what is not in the file.
        let own = nodes.first().map_or(0, |node| node.number);
        self.encode(
            &nodes,
            own,
            [1; BUILD_ID_LEN],
            &[1; KEY_LEN],
            &Policy::default(),
        )?;
        Ok(nodes)
    }

    /// Makes the blob for the module: the configuration as the node `own` has it.
    pub fn encode(
        &self,
        nodes: &[ResolvedNode],
        own: u16,
        build_id: BuildId,
        key: &[u8; KEY_LEN],
        policy: &Policy,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let listen = nodes.iter().find(|node| node.number == own);
        let rules = policy.rules();
        let parameters = Parameters {
            cluster: &self.cluster,
            own,
            listen_port: listen.map_or(self.port, |node| node.address.port()),
            integrity: self.integrity,
            times: self.times,
            build_id,
            key,
            root_squash: policy.root_squash,
            rules: &rules,
        };
        let nodes: Vec<Node<'_>> = nodes
            .iter()
            .map(|node| Node {
                number: node.number,
                name: &node.name,
                address: node.address,
                integrity: node.integrity,
            })
            .collect();
        let mut blob = Zeroizing::new(vec![0; config::encoded_len(nodes.len(), &rules)]);
        config::encode(&mut blob, &parameters, &nodes)
            .map_err(|error| self.source.failure(self.place(&error), error))?;
        Ok(blob)
    }

    /// Where in the file the cause of an error is.
    fn place(&self, error: &ConfigError) -> &Range<usize> {
        match *error {
            ConfigError::ClusterName => &self.places.name,
            ConfigError::HeartbeatTime => &self.places.heartbeat,
            ConfigError::SuspectTime => &self.places.suspect,
            ConfigError::DeadTime { .. } => &self.places.dead,
            ConfigError::NodeName { number }
            | ConfigError::Address { number }
            | ConfigError::DuplicateName { number, .. }
            | ConfigError::DuplicateAddress { number, .. }
            | ConfigError::DuplicateNumber { number } => self
                .nodes
                .iter()
                .rfind(|node| node.number == number)
                .map_or(&self.places.cluster, |node| &node.place),
            _ => &self.places.cluster,
        }
    }
}

/// An integrity mode, `default` where none is written.
fn parse_integrity(
    source: &Source,
    word: Option<&Spanned<String>>,
    default: Integrity,
) -> Result<Integrity> {
    let Some(word) = word else {
        return Ok(default);
    };
    Integrity::ALL
        .into_iter()
        .find(|mode| mode.name() == word.get_ref())
        .ok_or_else(|| {
            let names = Integrity::ALL.map(|mode| format!("\"{}\"", mode.name()));
            source.failure(
                &word.span(),
                format_args!("integrity must be one of {}", names.join(", ")),
            )
        })
}

/// The times; those that are not written follow from the suspect time.
fn parse_times(source: &Source, cluster: &RawCluster) -> Result<Times> {
    let time = |value: &Option<Spanned<i64>>, what, default| match value {
        Some(value) => source.integer(value, what, MS_RANGE),
        None => Ok(default),
    };
    let suspect = time(&cluster.suspect_ms, "suspect_ms", Times::DEFAULT.suspect)?;
    Ok(Times {
        heartbeat: time(&cluster.heartbeat_ms, "heartbeat_ms", (suspect / 4).max(1))?,
        suspect,
        dead: time(&cluster.dead_ms, "dead_ms", suspect.saturating_mul(3))?,
    })
}

/// What the table `[cluster]` says about nodes that do not say it themselves.
struct Common {
    integrity: Integrity,
    key_file: PathBuf,
    written: Written,
}

/// A table `[[node]]`.
fn parse_node(source: &Source, node: Spanned<RawNode>, common: &Common) -> Result<FileNode> {
    let place = node.span();
    let raw = node.into_inner();
    let written = Written {
        export: raw.export,
        read_only: raw.read_only,
        root_squash: raw.root_squash,
        hidden: raw.hidden,
    };
    Ok(FileNode {
        number: source.integer(&raw.number, "number", U16_RANGE)?,
        name: raw.name.into_inner(),
        address: raw
            .address
            .get_ref()
            .parse()
            .map_err(|message: String| source.failure(&raw.address.span(), message))?,
        integrity: parse_integrity(source, raw.integrity.as_ref(), common.integrity)?,
        policy: Policy::new(
            source,
            written.or(&common.written),
            &place,
            &common.key_file,
        )?,
        place,
    })
}
