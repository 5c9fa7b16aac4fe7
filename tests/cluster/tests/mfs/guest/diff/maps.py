# SPDX-License-Identifier: GPL-2.0
"""Mapped files and programs."""

import ctypes
import mmap
import os
import subprocess

from diff import calls
from diff.data import pattern
from diff.record import O

PAGE = 4096
READ, WRITE, EXEC = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC
SHARED, PRIVATE = mmap.MAP_SHARED, mmap.MAP_PRIVATE


def mapped(fd, length, flags, protection, offset=0):
    return mmap.mmap(fd, length, flags=flags, prot=protection, offset=offset)


def private(t):
    t.put("f", pattern(5 * PAGE + 100))
    for words in ("RDONLY", "RDWR", "WRONLY"):
        f = t.open("f", O(words), name=words)
        for protection, what in ((READ, "r"), (READ | WRITE, "rw"), (READ | EXEC, "rx"), (WRITE, "w")):
            area = t(mapped, f, 3 * PAGE, PRIVATE, protection, PAGE, show=lambda _: "mapped", label=f"private {words} {what}")
            if area is None:
                continue
            if protection & READ:
                t.note(f"mapped bytes {words} {what}", str(area[:] == pattern(4 * PAGE)[PAGE:]))
            if protection & WRITE:
                area[:5] = b"mine!"
                t.note(f"own bytes {words} {what}", str(area[:5] if protection & READ else ""))
                if "RD" in words:
                    t.note(f"the file's {words} {what}", str(os.pread(f.number, 5, PAGE) == pattern(2 * PAGE)[PAGE : PAGE + 5]))
            area.close()
        t.close(f)
    f = t.open("f", O("RDONLY"))
    area = t(mapped, f, 5 * PAGE + 100, PRIVATE, READ, show=lambda area: area[5 * PAGE :])
    t(calls.syscall, 9, 0, 100 * PAGE, READ, PRIVATE, f, 0, show=lambda _: "mapped", label="more than there is")
    t(calls.syscall, 9, 0, PAGE, READ, PRIVATE, f, 100 * PAGE, show=lambda _: "mapped", label="behind the end")
    t(calls.syscall, 9, 0, PAGE, READ, PRIVATE, f, 100, show=lambda _: "mapped", label="at no page")
    d = t.open(".", O("RDONLY"), name="dir")
    t(calls.syscall, 9, 0, PAGE, READ, PRIVATE, d, 0, label="mmap of a folder")
    t.close(f, d)


def beyond(t):
    """Touching what is behind the end is SIGBUS."""
    t.put("f", b"x" * 100)

    def touch(t):
        f = os.open("f", os.O_RDONLY)
        address = calls.syscall(9, 0, 3 * PAGE, READ, PRIVATE, f, 0)
        t.note("within the page", str(ctypes.string_at(address + 50, 100)))
        ctypes.string_at(address + 2 * PAGE, 1)
    t.child(touch)


def shared(t):
    t.put("f", pattern(3 * PAGE))
    for words in ("RDONLY", "RDWR"):
        f = t.open("f", O(words), name=words)
        area = t(mapped, f, 3 * PAGE, SHARED, READ, show=lambda area: area[:16], label=f"shared r {words}")
        if area is not None:
            area.close()
        t.close(f)


def writable(t):
    """Shared and writable: the program's and the file's bytes are the same."""
    t.put("f", pattern(3 * PAGE))
    f = t.open("f", O("RDWR"))
    area = t(mapped, f, 2 * PAGE, SHARED, READ | WRITE, show=lambda _: "mapped")
    if area is not None:
        area[10:20] = b"through it"
        t(os.pread, f, 10, 10)
        os.pwrite(f.number, b"beside", 30)
        t.note("seen through the map", str(area[30:36]))
        t(area.flush, label="msync")
        area.close()
    t.close(f)
    t.look("f")
    f = t.open("f", O("RDONLY"))
    t(mapped, f, PAGE, SHARED, READ | WRITE, label="shared and writable of what is not")
    t.close(f)


def again(t):
    """A map made after a change shows it."""
    t.put("f", b"a" * PAGE)
    for letter in b"bcd":
        f = os.open("f", os.O_RDWR)
        os.pwrite(f, bytes([letter]) * PAGE, 0)
        area = mapped(f, PAGE, PRIVATE, READ)
        t.note("mapped after writing", str(area[:3] + area[-3:]))
        area.close()
        os.close(f)


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    return f"{done.returncode} {done.stdout}"


def programs(t):
    with open("/bin/true", "rb") as true:
        t.put("true", true.read(), 0o755)
    t.put("script", b"#!/bin/sh\necho script $0 $1\n", 0o755)
    t.put("plain", b"#!/bin/sh\n", 0o644)
    t(run, "./true")
    t(run, "./script", "arg")
    t(run, "./plain")
    t(os.execv, "dir", ["x"])
    f = t.open("true", O("RDWR"), name="written")
    t(run, "./true")
    t.close(f)
    t(run, "./true")
    with open("/bin/sleep", "rb") as sleep:
        t.put("sleep", sleep.read(), 0o755)
    with subprocess.Popen(["./sleep", "10"]) as running:
        t.close(t.open("sleep", O("WRONLY"), name="a running program"))
        t(os.truncate, "sleep", 5)
        t(os.rename, "sleep", "moved")
        t(os.unlink, "moved")
        t.note("still runs", str(running.poll()))
        running.kill()


SECTIONS = [("map_private", private), ("map_beyond", beyond), ("map_shared", shared), ("map_writable", writable), ("map_again", again), ("programs", programs)]
