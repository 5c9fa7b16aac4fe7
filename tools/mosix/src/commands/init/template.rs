// SPDX-License-Identifier: GPL-2.0
//! The text of a new configuration.

use crate::{address::NodeArgument, config::DEFAULT_PORT};
use mosix_core::control::abi::config::Times;
use std::{fmt::Write as _, path::Path};

/// A new configuration; `key` is the key file when it is not where it is looked for anyway.
pub fn render(cluster: &str, key: Option<&Path>, nodes: &[NodeArgument]) -> String {
    let Times { suspect, dead, .. } = Times::DEFAULT;
    let key = match key {
        Some(path) => format!("key_file = {}", quote(&path.to_string_lossy())),
        None => "#key_file = \"key\"".into(),
    };
    let mut text = format!(
        "\
# The nodes of a mosix cluster; the same file on every node. See cluster.toml(5).
# After a change run \"mosix up\" on every node: links between nodes that stay are not disturbed.

[cluster]
name = {name}

# The key that all nodes share: 64 hexadecimal digits, readable by root only. A relative path
# starts at the directory of this file.
{key}

# What protects the frames between nodes: \"header\" (a keyed MAC over header and lengths),
# \"full\" (over the payload, too) or \"encrypt\". It must be the same on every node.
#integrity = \"header\"

# A node that was silent for so many milliseconds is suspect, then dead.
#suspect_ms = {suspect}
#dead_ms = {dead}

# The TCP port of every node whose address has none.
#port = {DEFAULT_PORT}

# One table for each node: its number (1 to 65535), its name, and its address (IPv4, IPv6 or a host
# name, with or without a port).
",
        name = quote(cluster),
    );
    for node in nodes {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n[[node]]\nnumber = {}\nname = {}\naddress = {}\n",
            node.number,
            quote(&node.name),
            quote(&node.address.to_string()),
        );
    }
    text
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::File;
    use mosix_core::control::abi::Integrity;

    #[test]
    fn what_is_written_can_be_read() {
        let nodes = ["2=beta@[fd77::2]:7000", "1=alpha@alpha.example.org"].map(|text| {
            let node: NodeArgument = text.parse().unwrap();
            node
        });
        let key = Path::new("/a \"quoted\"\\path");
        let text = render("two \"quotes\" \\ and ü", Some(key), &nodes);
        let file = File::parse(Path::new("/x/cluster.toml"), text).unwrap();
        assert_eq!(file.cluster, "two \"quotes\" \\ and ü");
        assert_eq!(file.key_file, key);
        assert_eq!(file.nodes[1].name, "beta");
        assert_eq!(file.nodes[1].address, nodes[0].address);
    }

    #[test]
    fn the_comments_show_the_defaults() {
        let node: NodeArgument = "1=alpha@10.0.0.1".parse().unwrap();
        let text = render("x", None, &[node]);
        // Prose has a blank behind the number sign.
        let shown: String = text
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        assert_ne!(shown, text);
        let path = Path::new("/x/cluster.toml");
        let (file, shown) = (
            File::parse(path, text).unwrap(),
            File::parse(path, shown).unwrap(),
        );
        assert_eq!(file.key_file, shown.key_file);
        assert_eq!(file.times, shown.times);
        assert_eq!(file.times, Times::DEFAULT);
        assert_eq!(
            (file.integrity, shown.integrity),
            (Integrity::Header, Integrity::Header)
        );
        assert_eq!(file.resolve().unwrap(), shown.resolve().unwrap());
        assert_eq!(file.resolve().unwrap()[0].address.port(), DEFAULT_PORT);
    }
}
