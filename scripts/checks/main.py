#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Checks the project's own rules on every file that git tracks, or would track.

First each rule is tried on its own examples: a rule that does not object to its bad ones, or
does to its good ones, proves nothing and fails. Prints a line per rule, like a test runner.
"""

import pathlib
import subprocess
import sys

import rules_files
import rules_layers
import rules_rust
from source import Source

RULES = rules_rust.RULES + rules_layers.RULES + rules_files.RULES
SHOWN = 20


def self_test(rule):
    """What is wrong with a rule, judged by its examples."""
    if not rule.BAD or not rule.GOOD:
        yield "it has no examples"
    for path, text in rule.BAD:
        if not list(rule(Source(path, text))):
            yield f"it accepts a bad example: {path}: {text[:60]!r}"
    for path, text in rule.GOOD:
        for line, finding in rule(Source(path, text)):
            yield f"it objects to a good example: {path}:{line}: {finding}: {text[:60]!r}"


def tracked(root):
    """Every text file of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True,
    ).stdout
    for path in sorted(filter(None, listed.split("\0"))):
        file = root / path
        if file.is_symlink() or not file.is_file():
            continue
        try:
            yield Source(path, file.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue


def main():
    """Runs every rule; the status is 1 when one failed."""
    sources = list(tracked(pathlib.Path(__file__).resolve().parents[2]))
    failed = 0
    for rule in RULES:
        findings = [f"rule {rule.__name__}: {problem}" for problem in self_test(rule)]
        findings += [f"{s.path}:{line}: {text}" for s in sources for line, text in rule(s)]
        failed += bool(findings)
        print(f"check {rule.__name__} ... {'FAILED' if findings else 'ok'}")
        for finding in findings[:SHOWN]:
            print(f"  {finding}")
        if len(findings) > SHOWN:
            print(f"  ... and {len(findings) - SHOWN} more")
        if findings:
            print(f"  rule: {rule.__doc__}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
