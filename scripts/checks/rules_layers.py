# SPDX-License-Identifier: GPL-2.0
"""Which room of the module may use which: rust < src < mfs, migration < dfsa.

mfs and migration never import each other, and only src/main.rs sees everything.
"""

import re

ROOMS = ("linux", "mfs", "migration", "dfsa")
ALLOWED = {
    "rust/": {"linux"},
    "src/": {"linux"},
    "mfs/": {"linux", "mfs"},
    "migration/": {"linux", "migration"},
    "dfsa/": {"linux", "mfs", "migration", "dfsa"},
}


def flatten(tree, prefix=""):
    """The paths of a use tree: a::{b, c::{d}} gives a::b and a::c::d, with their offsets."""
    depth, start, parts = 0, 0, []
    for index, char in enumerate(tree):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append((start, tree[start:index]))
            start = index + 1
    parts.append((start, tree[start:]))
    for offset, part in parts:
        text = part.strip()
        lead = offset + len(part) - len(part.lstrip())
        if brace := re.match(r"([\w:\s]*)\{(.*)\}\s*$", text, re.DOTALL):
            inner = lead + part.lstrip().index("{") + 1
            for at, path in flatten(brace[2], prefix + re.sub(r"\s", "", brace[1])):
                yield inner + at, path
        elif text:
            yield lead, prefix + re.split(r"\s+as\s+", text)[0].replace(" ", "")


def paths(source):
    """Every path from the crate's root that the file names, as (offset, path)."""
    code = source.code
    for match in re.finditer(r"\buse\s+([^;]+);", code):
        for at, path in flatten(match[1]):
            yield match.start(1) + at, path
    for match in re.finditer(r"(?<![\w:])(crate|super(?:::super)*)(::\w+)+", code):
        yield match.start(), match.group()


def layers(source):
    """Imports go only downwards between rust/, src/, mfs/, migration/ and dfsa/."""
    room = next((room for room in ALLOWED if source.path.startswith(room)), None)
    if room is None or not source.is_rust or source.path == "src/main.rs":
        return
    seen = set()
    for offset, path in paths(source):
        match = re.match(r"(crate|super(?:::super)*)::(\w+)", path)
        if not match:
            continue
        name, line = match[2], source.line_of(offset)
        upward = name in ROOMS and name not in ALLOWED[room]
        foreign = room == "rust/" and match[1] == "crate" and name != "linux"
        if (upward or foreign) and (line, name) not in seen:
            seen.add((line, name))
            yield line, f"{room} must not use crate::{name}"


layers.BAD = [
    ("rust/a.rs", "use crate::rpc::wire;"),
    ("src/a.rs", "use crate::mfs::api;"),
    ("src/a/b.rs", "use super::super::dfsa::x;"),
    ("mfs/a.rs", "use crate::{\n    error::Error,\n    migration::{self, state}, //\n};"),
    ("migration/a.rs", "fn f() { crate::dfsa::g() }"),
    ("mfs/a.rs", "use crate::dfsa as d;"),
]
layers.GOOD = [
    ("src/main.rs", "use crate::mfs::api;"),
    ("rust/a.rs", "use crate::linux::{self, net::socket};"),
    ("dfsa/a.rs", "use crate::{mfs::api, migration::client};"),
    ("mfs/a.rs", "// use crate::dfsa;\nuse crate::{linux::fs, rpc::wire};\nuse super::migration_like;"),
]

RULES = [layers]
