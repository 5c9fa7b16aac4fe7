# SPDX-License-Identifier: GPL-2.0
"""Rules for every tracked file: headers, length, leftovers, and what is private to a machine."""

import re

LIMIT = 500
CODE = re.compile(r"(\.(rs|c|h|py|sh|S|packages)|/Kbuild|^Kbuild|Makefile)$|^scripts/[\w.-]+$|^tests/image/[\w/-]+$")


def header(source):
    """Code says its licence at the top, and a Rust file says what it is for."""
    if CODE.search(source.path) and not any("SPDX-License-Identifier:" in line for line in source.lines[:3]):
        yield 1, "no SPDX-License-Identifier in the first lines"
    if not source.is_rust:
        return
    if not source.text.startswith("// SPDX-License-Identifier: GPL-2.0\n"):
        yield 1, "the first line is not `// SPDX-License-Identifier: GPL-2.0`"
    if not any(line.startswith("//! ") for line in source.lines[1:4]):
        yield 2, "no `//!` that says what the file is for"


header.BAD = [
    ("src/a.rs", "//! A.\n"),
    ("src/a.rs", "// SPDX-License-Identifier: GPL-2.0\n\nuse x;\n"),
    ("rust/a.c", "int x;\n"),
    ("scripts/a", "#!/bin/bash\necho\n"),
]
header.GOOD = [
    ("src/a.rs", "// SPDX-License-Identifier: GPL-2.0\n\n//! A.\n"),
    ("scripts/a", "#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0\n"),
    ("README.md", "# A\n"),
]


def length(source):
    """One concept to a file, and no file beyond the limit."""
    if CODE.search(source.path) and len(source.lines) - 1 > LIMIT:
        yield LIMIT, f"{len(source.lines) - 1} lines; the limit is {LIMIT}: split it by concept"


length.BAD = [("src/a.rs", "x\n" * 501), ("scripts/a", "x\n" * 501)]
length.GOOD = [("src/a.rs", "x\n" * 500), ("docs/a.md", "x\n" * 501)]


def leftovers(source):
    """No notes to oneself and no code switched off by `#if 0`."""
    words = "TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK"
    for match in re.finditer(rf"\b({words})\b|^\s*#\s*if\s+0\b", source.text, re.MULTILINE):
        yield source.line_of(match.start()), f"`{match.group().strip()}` is left behind"


leftovers.BAD = [("src/a.rs", "// TO" + "DO: later\n"), ("docs/a.md", "FIX" + "ME\n"), ("rust/a.c", "#if 0\n#endif\n")]
leftovers.GOOD = [("src/a.rs", "// to do it, do it\n"), ("tests/a.sh", "mktemp /tmp/a.XXXXXX\n")]


def private(source):
    """No host name of a package registry and no path that only one machine has."""
    if source.path.endswith("Cargo.lock"):
        # Cargo names its default registry there; it must be no other.
        default = "registry+https://github.com/rust-lang/crates." + "io-index"
        for match in re.finditer(r'^source = "([^"]*)"', source.text, re.MULTILINE):
            if match[1] != default:
                yield source.line_of(match.start()), f"`{match[1]}` is not cargo's default registry"
        return
    hosts = r"\b(deb|security|ftp|snapshot)\.debian\." + r"org|\b(static\.|index\.)?crates\." + r"io\b"
    places = r"(?<![\w.$}])/(work|home)/(?!user\b|guest\b)[a-z]\w*"
    for match in re.finditer(f"{hosts}|{places}", source.text):
        yield source.line_of(match.start()), f"`{match.group()}` belongs to a registry or to one machine"


private.BAD = [
    ("scripts/a", "curl http://deb.debian." + "org/x\n"),
    ("docs/a.md", "see /wo" + "rk/main/x\n"),
    ("src/a.rs", 'const A: &str = "/ho' + 'me/someone/x";\n'),
    ("Cargo.lock", 'name = "a"\nsource = "registry+https://mirror.example/index"\n'),
]
private.GOOD = [
    ("tests/a.rs", 'mkdir("/home/user/x"); mkdir("/disk/work");\n'),
    ("docs/a.md", "Debian, crates and paths like $HOME/work/x\n"),
]


def one_line_helpers(source):
    """rust/helpers.c only makes inline functions and macros callable: one statement each, no policy."""
    if not re.fullmatch(r"rust/(helpers|helpers/\w+)\.c", source.path):
        return
    for match in re.finditer(r"\)\s*\n?\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", source.code):
        body = match[1]
        if body.count(";") > 1 or re.search(r"\b(if|for|while|do|switch|goto)\b|\{", body):
            yield source.line_of(match.start(1)), "a helper is one statement without control flow"


one_line_helpers.BAD = [
    ("rust/helpers.c", "int f(int a)\n{\n\tint b = a;\n\treturn b;\n}\n"),
    ("rust/helpers.c", "int f(int a)\n{\n\tif (a)\n\t\treturn 1;\n}\n"),
    ("rust/helpers.c", "void f(int a)\n{\n\twhile (a) { g(); }\n}\n"),
]
one_line_helpers.GOOD = [
    ("rust/helpers.c", "int f(int a)\n{\n\treturn g(a);\n}\n\nvoid h(void)\n{\n\tk();\n}\n"),
    ("src/other.c", "int f(int a)\n{\n\tint b = a;\n\treturn b;\n}\n"),
]

RULES = [header, length, leftovers, private, one_line_helpers]
