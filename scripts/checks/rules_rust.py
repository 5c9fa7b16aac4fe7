# SPDX-License-Identifier: GPL-2.0
"""Rules for Rust files: where unsafe may be, what explains it, what must not be written at all.

Each rule is a function from a Source to findings (line, text), with examples that it must object
to (BAD) and that it must accept (GOOD): main.py tries them before it trusts the rule.
"""

import re

from source import attributes, strip


def unsafe_only_in_rust(source):
    """`unsafe`, `extern "C"` and raw bindings stay in rust/."""
    if not source.is_module_rust or source.path.startswith("rust/"):
        return
    for match in re.finditer(r"\bunsafe\b|\bbindings::", source.code):
        yield source.line_of(match.start()), f"`{match.group()}` outside rust/"
    for match in re.finditer(r'\bextern\s+"C"', source.code_and_strings):
        yield source.line_of(match.start()), '`extern "C"` outside rust/'


unsafe_only_in_rust.BAD = [
    ("src/a.rs", "fn f() { unsafe { g() } }"),
    ("mfs/a.rs", 'extern "C" fn f() {}'),
    ("dfsa/a.rs", "use kernel::bindings::file;"),
]
unsafe_only_in_rust.GOOD = [
    ("rust/a.rs", "fn f() { unsafe { g() } }"),
    ("src/a.rs", '/* unsafe */ fn f() -> &str { "unsafe" } // bindings::x'),
    ("tools/a.rs", "fn f() { unsafe { g() } }"),
]


def safety_comment(source):
    """Every unsafe block, impl and attribute has `// SAFETY:` directly above its statement."""
    if not source.is_rust:
        return
    lines, code = source.lines, source.code.split("\n")
    for number, line in enumerate(code):
        if not re.search(r"\bunsafe\s*(\{|impl\b)|\bunsafe\s*$|\bunsafe\(", line):
            continue
        if not _explained(lines, code, number):
            yield number + 1, "unsafe without a `// SAFETY:` comment directly above it"


def _explained(lines, code, number):
    """Walks up from a line: rest of the statement, attributes, then the comment."""
    above = number - 1
    while above >= 0:
        text, bare = lines[above].strip(), code[above].strip()
        if text.startswith("//"):
            break
        in_statement = bare and not bare.endswith((";", "}", "{", ",")) and number - above <= 5
        if not (bare.startswith("#[") or in_statement):
            return False
        above -= 1
    while above >= 0 and lines[above].strip().startswith("//"):
        if re.match(r"\s*//+ SAFETY: \S", lines[above]):
            return True
        above -= 1
    return False


safety_comment.BAD = [
    ("rust/a.rs", "fn f() {\n    unsafe { g() }\n}"),
    ("rust/a.rs", "// SAFETY: it is.\n\nunsafe impl Send for A {}"),
    ("rust/a.rs", "// SAFETY: first.\nunsafe { a() };\nunsafe { b() };"),
    ("rust/a.rs", "// SAFETY:\nunsafe { a() };"),
    ("tools/a.rs", "// It is safe.\nunsafe { a() };"),
]
safety_comment.GOOD = [
    ("rust/a.rs", "// SAFETY: `p` is valid.\nunsafe { g(p) }"),
    ("rust/a.rs", "// SAFETY: no state,\n// none at all.\n#[cfg(x)]\nunsafe impl Send for A {}"),
    ("rust/a.rs", "// SAFETY: `p` is valid.\nlet x = f(1)\n    + unsafe { g(p) };"),
    ("rust/a.rs", "/// # Safety\n/// `p` is valid.\npub unsafe fn f(p: *mut u8);"),
]


def no_panic(source):
    """Nothing in the module may panic: no unwrap, expect, panic! and their like."""
    if not source.is_module_rust:
        return
    pattern = r"\.(unwrap|expect|unwrap_unchecked)\s*\(|\b(panic|todo|unimplemented|unreachable)!"
    for match in re.finditer(pattern, source.without_tests()):
        yield source.line_of(match.start()), f"`{match.group().strip('.(')}` in the module"


no_panic.BAD = [
    ("src/a.rs", "fn f() { x.unwrap(); }"),
    ("src/a.rs", 'fn f() {\n    x\n        .expect("y");\n}'),
    ("mfs/a.rs", "fn f() { todo!() }"),
    ("rust/a.rs", "fn f() { panic!() }"),
]
no_panic.GOOD = [
    ("src/a.rs", "fn f() { x.unwrap_or(0); }"),
    ("src/a.rs", "#[expect(dead_code, reason = \"x\")]\nfn f() {}"),
    ("src/a.rs", "#[cfg(test)]\nmod tests {\n    fn f() { x.unwrap(); }\n}"),
    ("tests/a.rs", "fn f() { x.unwrap(); }"),
]

# Where bytes from another node or from a program are decoded and acted upon.
HOSTILE = re.compile(
    r"(src/(rpc|cluster|control|balance)(/|\.rs)|mfs/(wire|id|server/|client/)|dfsa/|migration/(wire|recv|image/|deputy|body))"
)


def no_indexing(source):
    """No `a[i]` where input is decoded or dispatched: `get` and `split_at_checked` have an answer."""
    if not (source.is_module_rust and HOSTILE.match(source.path)):
        return
    code = source.without_tests()
    code = re.sub(r"'\w+\s", lambda lifetime: " " * len(lifetime[0]), code)
    for match in re.finditer(r"(\b\w+|[)\]?])\[(?!\s*\])", code):
        if match[1] in ("mut", "dyn", "as", "in", "return", "const"):
            continue
        yield source.line_of(match.start()), "indexing can panic: use get() or a checked split"


no_indexing.BAD = [
    ("src/rpc/a.rs", "fn f(b: &[u8]) -> u8 { b[0] }"),
    ("src/control.rs", "fn f() { g(x)[1..n].len(); }"),
    ("mfs/server/a.rs", "fn f() { a.b[i] = 1; }"),
]
no_indexing.GOOD = [
    ("src/rpc/a.rs", "#[derive(Debug)]\nstruct A<'a> { a: [u8; 4], b: &'a [u8], c: &'a mut [u8] }"),
    ("src/rpc/a.rs", "fn f(b: &[u8]) -> Option<u8> { let c = [0u8; 4]; b.get(0).copied() }"),
    ("src/rpc/a.rs", "#[cfg(test)]\nmod tests { fn f() { b[0]; } }"),
    ("rust/a.rs", "fn f(b: &[u8]) -> u8 { b[0] }"),
]


def lint_reason(source):
    """`allow` and `expect` of a lint say why."""
    if not source.is_rust:
        return
    for offset, text in attributes(source):
        if re.search(r"\b(allow|expect)\s*\(", strip(text)) and not re.search(r'reason\s*=\s*"\S', text):
            yield source.line_of(offset), "a lint is switched off without a reason"


lint_reason.BAD = [
    ("src/a.rs", "#[allow(dead_code)]\nfn f() {}"),
    ("tools/a.rs", "#![allow(missing_docs)]"),
    ("rust/a.rs", "#[cfg_attr(x, expect(\n    dead_code,\n))]\nfn f() {}"),
]
lint_reason.GOOD = [
    ("src/a.rs", '#[allow(dead_code, reason = "used on 32 bit")]\nfn f() {}'),
    ("src/a.rs", "// #[allow(dead_code)]\n#[derive(Debug)]\nstruct A;"),
]

RULES = [unsafe_only_in_rust, safety_comment, no_panic, no_indexing, lint_reason]
