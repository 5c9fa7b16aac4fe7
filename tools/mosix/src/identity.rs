// SPDX-License-Identifier: GPL-2.0
//! Which node of the configuration this host is.

use crate::{
    config::{File, ResolvedNode},
    failure::{Exit, Failure, Result},
};
use std::net::IpAddr;

/// What this host is known by.
#[derive(Debug, Default)]
pub struct Host {
    /// The host name, with or without a domain; empty when it has none.
    pub name: String,
    /// The addresses of its interfaces.
    pub addresses: Vec<IpAddr>,
}

impl Host {
    /// Asks the system.
    pub fn this() -> Result<Self> {
        let name = nix::unistd::gethostname().map_err(|error| {
            Failure::io(Exit::Failure, "cannot read the host name", &error.into())
        })?;
        let interfaces = nix::ifaddrs::getifaddrs().map_err(|error| {
            Failure::io(
                Exit::Failure,
                "cannot list the addresses of this host",
                &error.into(),
            )
        })?;
        let addresses = interfaces
            .filter_map(|interface| {
                let address = interface.address?;
                let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
                v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
            })
            .collect();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            addresses,
        })
    }

    /// Whether `name` is this host's, with or without the domain.
    fn is_named(&self, name: &str) -> bool {
        let short = self.name.split('.').next().unwrap_or_default();
        !self.name.is_empty()
            && (name.eq_ignore_ascii_case(&self.name) || name.eq_ignore_ascii_case(short))
    }
}

/// Finds the number of this node: by `asked` (a number or name from the command line), else by
/// `self` in the file, else by what `host` is known by.
pub fn own_number(
    file: &File,
    nodes: &[ResolvedNode],
    asked: Option<&str>,
    host: &Host,
) -> Result<u16> {
    if let Some(asked) = asked {
        let matches = |node: &&ResolvedNode| node.name == asked || node.number.to_string() == asked;
        return match nodes.iter().find(matches) {
            Some(node) => Ok(node.number),
            None => Err(Failure::new(
                Exit::Config,
                format!("the configuration has no node \"{asked}\""),
            )
            .cure(format!("choose one of {}", list(nodes)))),
        };
    }
    if let Some(own) = file.own {
        return Ok(own);
    }
    let by_name = nodes.iter().find(|node| host.is_named(&node.name));
    let mut by_address = nodes.iter().filter(|node| {
        // A loopback address is every host's.
        !node.address.ip().is_loopback() && host.addresses.contains(&node.address.ip())
    });
    let ambiguous = |one: &ResolvedNode, other: &ResolvedNode, why: &str| {
        Failure::new(
            Exit::Config,
            format!(
                "this host may be node {} ({}) or node {} ({}): {why}",
                one.number, one.name, other.number, other.name
            ),
        )
        .cure("say which with --node")
    };
    match (by_name, by_address.next(), by_address.next()) {
        (Some(named), Some(addressed), other) => {
            let agrees = [Some(addressed), other].contains(&Some(named))
                || by_address.any(|node| node == named);
            if agrees {
                Ok(named.number)
            } else {
                let why = "it has the name of one and the address of the other";
                Err(ambiguous(named, addressed, why))
            }
        }
        (None, Some(one), Some(other)) => {
            Err(ambiguous(one, other, "it has the addresses of both"))
        }
        (Some(node), None, _) | (None, Some(node), None) => Ok(node.number),
        (None, None, _) => Err(Failure::new(
            Exit::Config,
            format!(
                "this host (\"{}\") has neither the name nor the address of a node",
                host.name
            ),
        )
        .cure(format!("say with --node which it is: {}", list(nodes)))),
    }
}

/// The nodes in one line, the first few of them.
fn list(nodes: &[ResolvedNode]) -> String {
    const SHOWN: usize = 8;
    let mut words: Vec<String> = nodes
        .iter()
        .take(SHOWN)
        .map(|node| format!("{} ({})", node.number, node.name))
        .collect();
    if nodes.len() > SHOWN {
        words.push("...".into());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn file(own: &str) -> (File, Vec<ResolvedNode>) {
        let text = format!(
            "[cluster]\nname = 'x'\n{own}\n\
             [[node]]\nnumber = 1\nname = 'alpha'\naddress = '10.0.0.1'\n\
             [[node]]\nnumber = 2\nname = 'beta'\naddress = '10.0.0.2'\n\
             [[node]]\nnumber = 3\nname = '3beta'\naddress = '10.0.0.3'\n"
        );
        let file = File::parse(Path::new("cluster.toml"), text).unwrap();
        let nodes = file.resolve().unwrap();
        (file, nodes)
    }

    fn host(name: &str, addresses: &[&str]) -> Host {
        Host {
            name: name.into(),
            addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
        }
    }

    #[track_caller]
    fn check(own: &str, asked: Option<&str>, host: &Host, expected: Option<u16>) {
        let (file, nodes) = file(own);
        let found = own_number(&file, &nodes, asked, host);
        if let Err(failure) = &found {
            assert_eq!(failure.exit, Exit::Config);
            assert!(failure.cure.is_some());
        }
        assert_eq!(found.ok(), expected);
    }

    #[test]
    fn the_command_line_comes_first() {
        check(
            "self = 1",
            Some("2"),
            &host("alpha", &["10.0.0.1"]),
            Some(2),
        );
        check("self = 1", Some("beta"), &host("alpha", &[]), Some(2));
        check("", Some("gamma"), &host("alpha", &[]), None);
    }

    #[test]
    fn the_file_comes_second() {
        check("self = 2", None, &host("alpha", &["10.0.0.1"]), Some(2));
    }

    #[test]
    fn the_host_name_with_or_without_domain() {
        check("", None, &host("beta", &[]), Some(2));
        check("", None, &host("Beta.example.org", &[]), Some(2));
        check("", None, &host("bet", &[]), None);
        check("", None, &host("", &[]), None);
    }

    #[test]
    fn the_address() {
        check(
            "",
            None,
            &host("other", &["127.0.0.1", "10.0.0.2"]),
            Some(2),
        );
        check("", None, &host("beta", &["10.0.0.2"]), Some(2));
    }

    #[test]
    fn doubt_is_an_error() {
        check("", None, &host("alpha", &["10.0.0.2"]), None);
        check("", None, &host("other", &["10.0.0.1", "10.0.0.2"]), None);
        check("", None, &host("other", &["10.0.0.9"]), None);
        // The name settles which of several own addresses counts.
        let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
        check("", None, &host("3beta", &all), Some(3));
    }
}
