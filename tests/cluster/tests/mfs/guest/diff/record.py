# SPDX-License-Identifier: GPL-2.0
"""Runs operations and writes down what came of each, in words that do not depend on where it ran."""

import errno
import json
import os
import signal
import sys
import traceback
import zlib

from diff import calls

SHOWN = 48


class Fd:
    """An open file with a name to show; None where opening failed."""

    def __init__(self, number, name):
        self.number, self.name = number, name

    def __repr__(self):
        return f"<{self.name}>"


class Flags(int):
    """A number that shows itself as words."""

    def __new__(cls, prefix, words, where=os):
        value = 0
        for word in filter(None, words.split("|")):
            value |= getattr(where, prefix + word)
        self = super().__new__(cls, value)
        self.words = words or "0"
        return self

    def __repr__(self):
        return self.words


def O(words):
    """Flags of open: O("CREAT|EXCL|RDWR")."""
    return Flags("O_", words)


def shown(value):
    """A value in a record."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        return repr(data) if len(data) <= SHOWN else f"<{len(data)} bytes, crc {zlib.crc32(data):08x}>"
    if isinstance(value, str) and len(value) > SHOWN:
        return f"<name of {len(value)}: {value[:8]!r}...>"
    if isinstance(value, os.stat_result):
        kind = f"{value.st_mode:o} links {value.st_nlink} {value.st_uid}:{value.st_gid}"
        return f"{kind} size {value.st_size} blocks {value.st_blocks} blksize {value.st_blksize} rdev {value.st_rdev}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(shown(one) for one in value[:40])
        return f"[{inside}]" if len(value) <= 40 else f"[{len(value)}: {inside}, ...]"
    return "ok" if value is None else repr(value)


class Trial:
    """One run of all sections below one root."""

    def __init__(self, root):
        self.root, self.section, self.lines, self.failed, self.seconds = root, "", [], [], []

    def note(self, label, result):
        self.lines.append((f"{self.section}: {label}", result))

    def __call__(self, call, *args, show=None, label=None, **named):
        """Calls, records, and returns the result, or None after an error. An Fd stands for its number;
        a call with a file that could not be opened is recorded as such."""
        words = [shown(arg) for arg in args] + [f"{key}={shown(arg)}" for key, arg in named.items()]
        label = label or f"{call.__name__}({', '.join(words)})"
        if any(isinstance(arg, Fd) and arg.number is None for arg in args):
            self.note(label, "not open")
            return None
        plain = [arg.number if isinstance(arg, Fd) else arg for arg in args]
        try:
            value = call(*plain, **named)
        except OSError as error:
            self.note(label, errno.errorcode.get(error.errno, str(error.errno)))
            return None
        self.note(label, shown(value if show is None else show(value)))
        return value

    def open(self, path, flags, mode=0o666, name=None, **named):
        """Opens and records; the file is closed by close()."""
        number = self(os.open, path, flags, mode, show=lambda _: "open", **named)
        return Fd(number, name or os.path.basename(path)[:16])

    def close(self, *files):
        for file in files:
            if file.number is not None:
                os.close(file.number)
                file.number = None

    def put(self, path, data=b"", mode=0o644):
        """Makes a file without a record."""
        number = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        try:
            while data:
                data = data[os.write(number, data):]
            os.fchmod(number, mode)
        finally:
            os.close(number)

    def get(self, path):
        with open(path, "rb") as file:
            return file.read()

    def look(self, path):
        """Records all of a file: its attributes and what is in it."""
        self(os.lstat, path)
        if os.path.isfile(path) and not os.path.islink(path):
            self(self.get, path)

    def child(self, job, *args, uid=0, gid=0, groups=(), keep=None, caps=None):
        """Runs job(self, *args) in a child process, as somebody else; its records join ours. `keep` is
        the mask of capabilities that a user keeps, `caps` the one of those that root is left with."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(reading)
                self.lines = []
                become(uid, gid, groups, keep, caps)
                job(self, *args)
                status = 0
            except BaseException:
                self.lines.append((f"{self.section}: child", "exception " + traceback.format_exc()))
            finally:
                with os.fdopen(writing, "w") as pipe:
                    json.dump(self.lines, pipe)
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        _, status = os.waitpid(pid, 0)
        if text:
            lines = [tuple(line) for line in json.loads(text)]
            self.failed += [line for line in lines if line[1].startswith("exception ")]
            self.lines += lines
        if os.WIFSIGNALED(status):
            self.note(f"child {job.__name__}", signal.Signals(os.WTERMSIG(status)).name)
        return status

    def run(self, name, job):
        """Runs a section in a folder of its own."""
        self.section = name
        where = os.path.join(self.root, name)
        os.mkdir(where, 0o777)
        os.chmod(where, 0o777)
        os.chdir(where)
        os.umask(0o022)
        try:
            job(self)
        except BaseException:
            self.failed.append((name, traceback.format_exc()))
        os.chdir("/")


def become(uid, gid, groups, keep, caps):
    """Takes the identity."""
    if uid or gid or groups:
        if keep is not None:
            calls.keep_capabilities()
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if keep is not None:
            calls.drop_capabilities(keep)
    elif caps is not None:
        calls.drop_capabilities(caps)
