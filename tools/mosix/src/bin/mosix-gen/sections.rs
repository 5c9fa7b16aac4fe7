// SPDX-License-Identifier: GPL-2.0
//! What the man pages say beyond the command line's own help: sections with tagged paragraphs.

use mosix_tool::failure::Exit;

/// A paragraph with a tag in front of it.
pub type Entry = (String, &'static str);

/// Files that every page tells of.
const FILES: [(&str, &str); 3] = [
    (
        "/etc/mosix/cluster.toml",
        "The nodes of the cluster, see cluster.toml(5); the same on every node.",
    ),
    (
        "/etc/mosix/key",
        "The key of the cluster; the same on every node, readable by root only.",
    ),
    ("/dev/mosix", "The device of the module."),
];

/// The columns of the table of mosix-status(8).
const COLUMNS: [(&str, &str); 8] = [
    ("NODE", "The node's number."),
    ("NAME", "Its name."),
    ("ADDRESS", "The address and the TCP port that it listens on."),
    ("STATE", "What it is to this node, see below. If there is a reason, it follows on a line of its own."),
    ("RTT", "The round trip to it and back, smoothed."),
    ("KERNEL", "The beginning of its kernel's build id. Nodes exchange processes only if it is the same."),
    ("MODULE", "The version of its module."),
    ("SINCE", "When it came into that state, in local time."),
];

/// The states of mosix-status(8).
const STATES: [(&str, &str); 7] = [
    ("self", "It is this node."),
    ("connecting", "It has not been reached yet."),
    ("alive", "It is linked and heard of."),
    (
        "suspect",
        "It was silent for the suspect time: what runs on its behalf pauses.",
    ),
    (
        "dead",
        "It was silent for the dead time: what ran there is given up. This node goes on trying to \
         reach it; when it comes back, it does so as a new incarnation.",
    ),
    (
        "incompatible",
        "It is linked, but has another kernel or speaks another version of the protocol: it is \
         used for MFS only.",
    ),
    (
        "refused",
        "It was reached, but one of the two refused the other, for a wrong key or number, say.",
    ),
];

/// The fields of `mosix status --json`.
const JSON: [(&str, &str); 12] = [
    ("up", "Whether this node has joined a cluster. If not, nodes is empty and the other fields are null."),
    ("cluster, node", "The name of the cluster, the number of this node."),
    ("incarnation", "Which of this node's lives it is: greater each time it joins."),
    ("since, uptime_ms", "When it joined (RFC 3339, UTC), and how many milliseconds ago."),
    ("listen_port, integrity", "As in cluster.toml(5)."),
    ("times_ms", "heartbeat, suspect and dead, as in cluster.toml(5)."),
    (
        "counters",
        "Counted since this node joined: connections that were accepted; that are half_open now; \
         that were limited (closed because there were too many) or timed_out before they were \
         authenticated; auth_failures; bad_frames; frames_in, frames_out, bytes_in, bytes_out.",
    ),
    ("nodes", "All nodes, by ascending number, each with the following fields."),
    (
        "number, name, address, state, reason",
        "As in the table; reason is null when there is none.",
    ),
    (
        "integrity",
        "What protects the frames on the link with it; see cluster.toml(5).",
    ),
    (
        "rtt_ns",
        "last, min and smooth: round trips in nanoseconds; null until measured.",
    ),
    (
        "kernel_build_id, module, protocol, incarnation, since, since_unix_ms, reconnects, \
         frames_in, frames_out, bytes_in, bytes_out, auth_failures",
        "What is known of the node and was counted for it; null while unknown.",
    ),
];

/// The fields of `mosix ping --json`.
const PING_JSON: [(&str, &str); 8] = [
    ("node, name, bytes, threads", "What was tried."),
    ("integrity", "How the link is protected, as in cluster.toml(5)."),
    (
        "sent, answered, interrupted",
        "Requests that were made; those of them that came back as they had been sent; those that a \
         signal ended.",
    ),
    (
        "errors",
        "How many of the others ended with which error, by its name, such as ETIMEDOUT. EHOSTDOWN, \
         ENOTCONN and ECONNRESET say that the node is not there or lost its memory; after an error \
         the rest of the requests is still made.",
    ),
    (
        "rtt_ns",
        "min, median, mean and max of the round trips in nanoseconds; null when nothing was answered.",
    ),
    ("elapsed_ns", "From the first request to the last answer."),
    (
        "requests_per_s, mb_per_s",
        "Answered requests, and millions of bytes in each direction, per second.",
    ),
    (
        "executed, executed_once",
        "With --once: how many requests of this run the node has executed, and whether that is the \
         number of those answered; else null. If it executed more than were sent or fewer than it \
         answered, the exit status is 1. Between the two it may lie when requests failed: the answer \
         was lost, not the request.",
    ),
];

/// The fields of `mosix ps --json`, for each process.
const PS_JSON: [(&str, &str); 4] = [
    ("pid, name", "The process, as ps(1) on its home node shows it."),
    (
        "place",
        "here: it is split, and its program runs in a task of its own; leaving, coming: between the \
         two; home.",
    ),
    ("moves", "How often it has left."),
    (
        "came_home",
        "Why it came home last: asked, signal, a system call by its number, or a fault by the number \
         of its signal; null if it never did.",
    ),
];

/// The sections of the page of that name, behind those made from the command line.
pub fn of(page: &str) -> Vec<(&'static str, Vec<Entry>)> {
    let mut sections = Vec::new();
    if page == "mosix-status" {
        sections.push(("COLUMNS", entries(COLUMNS)));
        sections.push(("STATES", entries(STATES)));
        sections.push(("JSON", entries(JSON)));
    }
    if page == "mosix-ping" {
        sections.push(("JSON", entries(PING_JSON)));
    }
    if page == "mosix-ps" {
        sections.push(("JSON", entries(PS_JSON)));
    }
    sections.push(("FILES", entries(FILES)));
    let codes = Exit::TABLE.map(|(exit, text)| ((exit as u8).to_string(), text));
    let mut exits = vec![("0".to_owned(), "Success.")];
    exits.extend(codes);
    sections.push(("EXIT STATUS", exits));
    sections
}

/// Entries of a constant table.
fn entries<const N: usize>(table: [(&str, &'static str); N]) -> Vec<Entry> {
    table.map(|(tag, text)| (tag.to_owned(), text)).to_vec()
}
