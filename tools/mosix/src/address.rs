// SPDX-License-Identifier: GPL-2.0
//! Addresses of nodes as people write them, and their resolution to what the module takes.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    str::FromStr,
};

/// A node's address as written: an IPv4 or IPv6 address or a host name, with or without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The IP address or host name, without brackets; an IPv6 address may have a `%zone`.
    pub host: String,
    /// The port, when written.
    pub port: Option<u16>,
}

/// What can be written for an address.
const EXPECTED: &str = "expected an IPv4 address, an IPv6 address or a host name, optionally with \
                        a port: 10.0.0.1, 10.0.0.1:4660, fd77::1, [fd77::1]:4660, alpha";

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || format!("\"{text}\" is no address: {EXPECTED}");
        let (host, port) = if is_ip(text) {
            (text, None)
        } else if let Some(rest) = text.strip_prefix('[') {
            let (host, port) = rest.split_once(']').ok_or_else(refused)?;
            if !is_ip(host) || !host.contains(':') {
                return Err(refused());
            }
            match port {
                "" => (host, None),
                _ => (host, Some(port.strip_prefix(':').ok_or_else(refused)?)),
            }
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        if !is_ip(host) && !is_host_name(host) {
            return Err(refused());
        }
        let port = match port {
            None => None,
            Some(digits) => match digits.parse() {
                Ok(port) if port != 0 => Some(port),
                _ => return Err(format!("\"{digits}\" is no port: expected 1 to 65535")),
            },
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.host),
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

impl Address {
    /// Finds the IP address. A host name that has several gives the first one, as the resolver
    /// sorts them; it must be the same on all nodes, so the configuration had better name it.
    pub fn resolve(&self, default_port: u16) -> Result<SocketAddr, String> {
        let port = self.port.unwrap_or(default_port);
        let mut found = (self.host.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| format!("cannot resolve \"{}\": {error}", self.host))?;
        let first = found
            .next()
            .ok_or_else(|| format!("\"{}\" has no IP address", self.host))?;
        Ok(canonical(first))
    }

    /// Whether the host is a name that has to be resolved.
    pub fn is_name(&self) -> bool {
        !is_ip(&self.host)
    }
}

/// An IPv4 address in IPv6 clothes is taken out of them.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}

/// Whether `text` is an IP address; an IPv6 address may have a `%zone`.
fn is_ip(text: &str) -> bool {
    match text.split_once('%') {
        Some((ip, zone)) => !zone.is_empty() && ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()),
        None => text.parse::<IpAddr>().is_ok(),
    }
}

/// Whether `text` can be a host name: labels of letters, digits, `-` and `_`, and not all numbers,
/// which is a mistyped IPv4 address.
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let all_numbers = text
        .split('.')
        .all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 253 && !all_numbers && text.split('.').all(label)
}

/// A node on the command line: `NUMBER=NAME@ADDRESS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeArgument {
    /// Node number.
    pub number: u16,
    /// Name.
    pub name: String,
    /// Address.
    pub address: Address,
}

impl FromStr for NodeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text
            .split_once('=')
            .and_then(|(number, rest)| Some((number, rest.split_once('@')?)));
        let Some((number, (name, address))) = parts else {
            return Err("expected NUMBER=NAME@ADDRESS, such as 1=alpha@10.0.0.1".into());
        };
        let number = number.parse().ok().filter(|number| *number != 0);
        if !mosix_core::control::abi::config::is_node_name(name) {
            return Err("a node's name is 1 to 63 of the characters A-Z a-z 0-9 . _ -".into());
        }
        Ok(Self {
            number: number.ok_or("a node number is 1 to 65535")?,
            name: name.to_owned(),
            address: address.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Option<u16>) {
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        (address.host, address.port)
    }

    #[test]
    fn every_way_to_write_one() {
        for (text, host, port) in [
            ("10.0.0.1", "10.0.0.1", None),
            ("10.0.0.1:7000", "10.0.0.1", Some(7000)),
            ("fd77::1", "fd77::1", None),
            ("[fd77::1]", "fd77::1", None),
            ("[fd77::1]:7000", "fd77::1", Some(7000)),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("[fe80::1%eth0]:1", "fe80::1%eth0", Some(1)),
            ("alpha", "alpha", None),
            ("alpha.example.org:65535", "alpha.example.org", Some(65535)),
        ] {
            assert_eq!(parts(text), (host.to_owned(), port), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            ":1",
            "10.0.0",
            "10.0.0.256",
            "a b",
            "[10.0.0.1]:1",
            "[fd77::1",
            "[fd77::1]1",
            "alpha:",
            "alpha:0",
            "alpha:65536",
            "alpha:1:2",
            "-a",
            "a..b",
            "10.0.0.1%eth0",
            "fd77::1%",
            "alpha@x",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn resolution_keeps_or_adds_the_port() {
        let resolve = |text: &str| text.parse::<Address>().unwrap().resolve(4660);
        assert_eq!(resolve("10.0.0.1").unwrap().to_string(), "10.0.0.1:4660");
        assert_eq!(resolve("[fd77::1]:7").unwrap().to_string(), "[fd77::1]:7");
        assert_eq!(
            resolve("::ffff:10.0.0.1").unwrap().to_string(),
            "10.0.0.1:4660"
        );
        assert!(resolve("no-such-host.invalid")
            .unwrap_err()
            .contains("no-such-host"));
    }

    #[test]
    fn node_arguments() {
        let node: NodeArgument = "7=alpha@[fd77::7]:9".parse().unwrap();
        assert_eq!((node.number, node.name.as_str()), (7, "alpha"));
        assert_eq!(node.address.to_string(), "[fd77::7]:9");
        for text in [
            "",
            "1=a",
            "a@b",
            "0=a@b",
            "65536=a@b",
            "x=a@b",
            "1=@b",
            "1=a b@c",
            "1=a@",
        ] {
            assert!(text.parse::<NodeArgument>().is_err(), "{text}");
        }
    }
}
