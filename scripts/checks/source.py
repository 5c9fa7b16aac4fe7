# SPDX-License-Identifier: GPL-2.0
"""Source files as the rules see them: with and without comments and literals."""

import re
from dataclasses import dataclass
from functools import cached_property

MODULE_DIRS = ("rust/", "src/", "mfs/", "dfsa/", "migration/")

_TOKEN = re.compile(
    r"""
      (?P<line>//[^\n]*)
    | (?P<block>/\*)
    | (?P<raw>\b(?:br|cr|r)(?P<hashes>\#*)")
    | (?P<str>\b[bc]?"|")
    | (?P<char>\bb?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^\\'\n])'|'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^\\'\n])')
    """,
    re.VERBOSE,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip(text, keep_strings=False):
    """Rust or C text with comments (and the insides of literals) blanked, lines kept."""
    out, at = [], 0
    while match := _TOKEN.search(text, at):
        out.append(text[at : match.start()])
        start, end = match.start(), match.end()
        if match["block"]:
            depth = 1
            while depth and (mark := re.compile(r"/\*|\*/").search(text, end)):
                depth += 1 if mark.group() == "/*" else -1
                end = mark.end()
            end = end if not depth else len(text)
        elif match["raw"]:
            close = text.find('"' + match["hashes"], end)
            end = len(text) if close < 0 else close + 1 + len(match["hashes"])
        elif match["str"]:
            close = re.compile(r'(?:\\.|[^"\\])*"', re.DOTALL).match(text, end)
            end = close.end() if close else len(text)
        is_comment = match["line"] or match["block"]
        if is_comment or (match["char"] and not keep_strings):
            out.append(_blank(text[start:end]))
        elif keep_strings:
            out.append(text[start:end])
        else:
            out.append('"' + _blank(text[start + 1 : end - 1]) + '"')
        at = end
    out.append(text[at:])
    return "".join(out)


@dataclass
class Source:
    """One tracked text file."""

    path: str
    text: str

    @cached_property
    def lines(self):
        """The file's lines as written."""
        return self.text.split("\n")

    @cached_property
    def code(self):
        """The text with comments and literals blanked."""
        return strip(self.text)

    @cached_property
    def code_and_strings(self):
        """The text with comments blanked."""
        return strip(self.text, keep_strings=True)

    @property
    def is_rust(self):
        """Whether this is a Rust file."""
        return self.path.endswith(".rs")

    @property
    def is_module_rust(self):
        """Whether this is a Rust file that is built into the module."""
        return self.is_rust and self.path.startswith(MODULE_DIRS)

    def line_of(self, offset):
        """The line number (from 1) of an offset."""
        return self.text.count("\n", 0, offset) + 1

    def without_tests(self):
        """The code with everything under #[cfg(test)] blanked."""
        code = self.code
        for match in reversed(list(re.finditer(r"#\[cfg\(test\)\]", code))):
            end = end_of_item(code, match.end())
            code = code[: match.start()] + _blank(code[match.start() : end]) + code[end:]
        return code


def end_of_item(code, start):
    """The offset behind the item that begins at start: its closing brace or semicolon."""
    depth = 0
    for index in range(start, len(code)):
        if code[index] in "{([":
            depth += 1
        elif code[index] in "})]":
            depth -= 1
            if depth == 0 and code[index] == "}":
                return index + 1
        elif code[index] == ";" and depth == 0:
            return index + 1
    return len(code)


def attributes(source):
    """Every attribute as (offset, text), with strings."""
    code = source.code
    for match in re.finditer(r"#!?\[", code):
        depth, end = 0, match.end() - 1
        while end < len(code):
            depth += {"[": 1, "]": -1}.get(code[end], 0)
            end += 1
            if depth == 0:
                break
        yield match.start(), source.code_and_strings[match.start() : end]
