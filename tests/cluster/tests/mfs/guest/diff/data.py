# SPDX-License-Identifier: GPL-2.0
"""Reading, writing and the shape of files."""

import ctypes
import fcntl
import mmap
import os
import random
import resource
import select
import signal
import socket

from diff import calls
from diff.record import O

PAGE = 4096
KEEP, PUNCH, COLLAPSE, ZERO, INSERT, UNSHARE = 1, 2, 8, 16, 32, 64
HUGE = (1 << 63) - 1


def pattern(length, seed=1):
    """Bytes in which no position is like another; the longer begins with the shorter."""
    return random.Random(seed).randbytes((length + 7) // 8 * 8)[:length]


def reads(t):
    t.put("f", pattern(10000))
    t.put("empty")
    for words in ("RDONLY", "WRONLY", "RDWR", "PATH", "RDWR|APPEND"):
        f = t.open("f", O(words), name=words)
        for offset, length in ((0, 0), (0, 10), (9990, 100), (10000, 1), (20000, 5), (4090, 12), (-1, 5), (HUGE, 1)):
            t(os.pread, f, length, offset)
        t(os.read, f, 0)
        t(os.read, f, 7)
        t(os.read, f, 100000)
        t(os.read, f, 5)
        t(calls.read_to, f, ctypes.c_void_p(1), 10)
        t(calls.read_to, f, ctypes.c_void_p(1), 0)
        t(os.lseek, f, 0, os.SEEK_CUR)
        t(calls.lseek, f, 0, os.SEEK_SET)
        parts = [bytearray(3), bytearray(0), bytearray(5000)]
        t(os.readv, f, parts, show=lambda n: f"{n} {bytes(parts[0])} {len(parts[2])}")
        t(os.preadv, f, [bytearray(1)] * 1024, 5)
        t(os.preadv, f, [bytearray(1)] * 1025, 5)
        for flag in (os.RWF_HIPRI, 0x10, 0x40000000):
            t(os.preadv, f, [bytearray(10)], 0, flag)
        t(select.select, [f.number], [f.number], [f.number], 0, label=f"select {words}", show=lambda r: str([len(x) for x in r]))
        t.close(f)
    d = t.open(".", O("RDONLY"), name="dir")
    t(os.read, d, 10)
    t(os.pread, d, 10, 0)
    t(os.write, d, b"x")
    t.close(d)
    poll = select.epoll()
    f = t.open("empty", O("RDWR"))
    t(poll.register, f)
    t(fcntl.ioctl, f, 0x541B, b"\0" * 4)
    t(os.read, f, 10)
    t.close(f)


def writes(t):
    for words in ("RDWR", "WRONLY", "RDONLY", "RDWR|APPEND", "RDWR|SYNC", "RDWR|DSYNC"):
        t.put("f", pattern(100))
        f = t.open("f", O(words), name=words)
        t(os.write, f, b"")
        t(os.write, f, b"start")
        t(os.pwrite, f, b"at fifty", 50)
        t(os.pwrite, f, b"", 50)
        t(os.pwrite, f, b"x", -1)
        t(os.pwrite, f, b"far", 9000)
        t(os.write, f, b"next")
        t(os.lseek, f, 0, os.SEEK_CUR)
        t(os.lseek, f, 20000, os.SEEK_SET)
        t(os.write, f, b"behind the end")
        t(calls.write_from, f, ctypes.c_void_p(1), 10)
        t(calls.write_from, f, ctypes.c_void_p(1), 0)
        t(os.writev, f, [b"a", b"", b"b" * 5000, b"c"])
        t(os.pwritev, f, [b"1", b"2"], 3)
        t(os.pwritev, f, [b"x"] * 1025, 3)
        for flag in (os.RWF_APPEND, os.RWF_DSYNC, os.RWF_SYNC, os.RWF_HIPRI, 0x20, 0x40000000):
            t(os.pwritev, f, [b"flag"], 10, flag)
        t(os.lseek, f, 0, os.SEEK_CUR)
        t.look("f")
        t.close(f)
    f = t.open("f", O("RDWR"))
    t(os.pwrite, f, b"x", HUGE)
    t(os.pwrite, f, b"x", HUGE - 1)
    big = pattern(3 << 20, 7)
    t(os.pwrite, f, big, 1000)
    t(os.pread, f, 3 << 20, 1000)
    t(os.pread, f, 5 << 20, 999)
    half = mmap.mmap(-1, 2 * PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(half))
    calls.LIBC.mprotect(ctypes.c_void_p(address + PAGE), PAGE, 0)
    t(calls.write_from, f, ctypes.c_void_p(address + PAGE - 100), 200, label="write() from memory of which half is there")
    t(calls.read_to, f, ctypes.c_void_p(address + PAGE - 100), 200, label="read() to memory of which half is there")
    t.close(f)
    t.look("f")


def appends(t):
    """O_APPEND set and taken away on an open file; offsets of files that share it."""
    t.put("f", b"0123456789")
    f = t.open("f", O("RDWR"))
    t(fcntl.fcntl, f, fcntl.F_GETFL)
    t(os.pwrite, f, b"A", 0)
    for words in ("RDWR|APPEND", "RDWR|NONBLOCK", "RDWR|NOATIME", "RDWR|DIRECT", "RDWR"):
        t(fcntl.fcntl, f, fcntl.F_SETFL, O(words))
        t(fcntl.fcntl, f, fcntl.F_GETFL)
        if "DIRECT" not in words:
            t(os.write, f, b"<>")
            t(os.pwrite, f, b"[]", 4)
            t(os.lseek, f, 0, os.SEEK_CUR)
            t(os.lseek, f, 2, os.SEEK_SET)
    t.look("f")
    other = os.dup(f.number)
    t(os.lseek, other, 5, os.SEEK_SET, label="lseek of the duplicate")
    t(os.read, f, 3)

    def in_child(t):
        t(os.read, f, 2)
        t(os.write, f, b"child")
    t.child(in_child)
    t(os.lseek, f, 0, os.SEEK_CUR)
    os.close(other)
    second = t.open("f", O("RDWR|APPEND"), name="second")
    t(os.write, second, b"second")
    t(os.write, f, b"first")
    t.look("f")
    t.close(f, second)


def seeks(t):
    f = t.open("f", O("CREAT|RDWR"))
    t(os.pwrite, f, b"x" * PAGE, 16 * PAGE)
    t(os.pwrite, f, b"y", 64 * PAGE)
    t(os.ftruncate, f, 100 * PAGE)
    for whence in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END, os.SEEK_DATA, os.SEEK_HOLE, 5, -1):
        for offset in (0, 1, 16 * PAGE, 17 * PAGE - 1, 17 * PAGE, 64 * PAGE, 65 * PAGE, 100 * PAGE, 100 * PAGE + 1, -1, 1 << 40):
            t(calls.lseek, f, 5 * PAGE, os.SEEK_SET)
            t(calls.lseek, f, offset, whence)
    t(os.fstat, f)
    t.close(f)
    for name, words in ((".", "RDONLY"), ("p", "RDWR|NONBLOCK")):
        if name == "p":
            os.mkfifo("p")
        g = t.open(name, O(words), name="special")
        for whence in (os.SEEK_SET, os.SEEK_END if name == "p" else os.SEEK_CUR, os.SEEK_DATA if name == "p" else os.SEEK_SET):
            t(calls.lseek, g, 0, whence)
        t.close(g)


def truncates(t):
    t.put("f", pattern(10000))
    os.mkdir("d")
    os.symlink("f", "l")
    os.mkfifo("p")
    for name in ("f", "d", "l", "missing", "p"):
        for length in (5000, 12345, 0, -1, HUGE, 1 << 50):
            t(os.truncate, name, length)
        if name in ("f", "l"):
            t.look("f")
    for words in ("RDONLY", "WRONLY", "RDWR", "RDWR|APPEND", "PATH"):
        f = t.open("f", O(words), name=words)
        for length in (100, 5000, 50, -1, HUGE):
            t(os.ftruncate, f, length)
        t.close(f)
        t.look("f")
    f = t.open("f", O("RDWR"))
    os.unlink("f")
    t(os.ftruncate, f, 70000)
    t(os.pread, f, 10, 45)
    t(os.fstat, f)
    t.close(f)


def allocations(t):
    modes = (0, KEEP, PUNCH | KEEP, PUNCH, ZERO, ZERO | KEEP, COLLAPSE, INSERT, UNSHARE, 1 << 12, COLLAPSE | KEEP)
    for mode in modes:
        for words in ("RDWR", "RDONLY", "RDWR|APPEND"):
            t.put("f", pattern(10 * PAGE))
            f = t.open("f", O(words), name=f"{mode:x} {words}")
            for offset, length in ((PAGE, 2 * PAGE), (100, 50), (5 * PAGE - 10, 20), (20 * PAGE, PAGE), (0, 0), (-1, 5), (5, -1), (HUGE, 1), (1 << 45, PAGE)):
                t(calls.fallocate, f, mode, offset, length)
            t(os.fstat, f)
            t.close(f)
            t(t.get, "f")
    d = t.open(".", O("RDONLY"), name="dir")
    t(calls.fallocate, d, 0, 0, 100)
    os.mkfifo("p")
    p = t.open("p", O("RDWR"))
    t(calls.fallocate, p, 0, 0, 100)
    t(os.posix_fallocate, p, 0, 100)
    t.close(d, p)


def syncs(t):
    t.put("f", b"x" * 10000)
    os.mkfifo("p")
    for name, words in (("f", "RDWR"), ("f", "RDONLY"), (".", "RDONLY"), ("p", "RDWR"), ("f", "PATH")):
        f = t.open(name, O(words), name=f"{name} {words}")
        t(os.fsync, f)
        t(os.fdatasync, f)
        t(calls.syscall, 306, f, label=f"syncfs {f}")
        t(calls.syscall, 277, f, 0, 100, 7, label=f"sync_file_range {f}")
        t(calls.syscall, 277, f, 0, 100, 64, label=f"sync_file_range badly {f}")
        for advice in (0, 3, 4, 99):
            t(os.posix_fadvise, f, 0, 100, advice)
        t(calls.syscall, 187, f, 0, 100, label=f"readahead {f}")
        t.close(f)


def copies(t):
    """copy_file_range, sendfile, splice and clones."""
    t.put("a", pattern(100000, 3))
    t.put("b", b"b" * 1000)
    a, b = t.open("a", O("RDONLY")), t.open("b", O("RDWR"))
    for args in ((0, 0, 5000), (99000, 500, 5000), (100000, 0, 10), (200000, 0, 10), (-1, 0, 10), (0, -1, 10), (10, None, 100), (None, 7, 100), (0, 0, 0)):
        t(calls.copy_file_range, a, args[0], b, args[1], args[2])
        t(os.fstat, b)
    t(calls.copy_file_range, a, 0, b, 0, 10, 1)
    t(calls.copy_file_range, b, 0, a, 0, 10)
    t(calls.copy_file_range, b, 0, b, 100, 1000)
    t(calls.copy_file_range, b, 0, b, 2000, 1000)
    append, path, directory = t.open("b", O("WRONLY|APPEND"), name="append"), t.open("b", O("PATH"), name="path"), t.open(".", O("RDONLY"), name="dir")
    for other in (append, path, directory):
        t(calls.copy_file_range, a, 0, other, None, 10)
        t(calls.copy_file_range, other, 0, b, 0, 10)
    t(t.get, "b")
    for offset, count in ((0, 3000), (99990, 100), (None, 10), (200000, 5)):
        t(os.sendfile, b.number, a.number, offset, count, label=f"sendfile {offset} {count}")
    t(t.get, "b")
    reading, writing = os.pipe()
    t(os.splice, a.number, writing, 300, offset_src=50, label="splice to a pipe")
    t(os.read, reading, 1000, label="read the pipe")
    os.write(writing, b"through a pipe")
    t(os.splice, reading, b.number, 100, offset_dst=10, label="splice from a pipe")
    os.write(writing, b"through a pipe")
    t(os.splice, reading, append.number, 100, label="splice from a pipe, appending")
    one, two = socket.socketpair()
    t(os.sendfile, one.fileno(), a.number, 1000, 4000, label="sendfile to a socket")
    t(two.recv, 10000, label="recv", show=len)
    t(t.get, "b")
    t(fcntl.ioctl, b.number, 0x40049409, a.number, label="FICLONE")
    for end in (one, two):
        end.close()
    os.close(reading)
    os.close(writing)
    t.close(a, b, append, path, directory)


def limits(t):
    """RLIMIT_FSIZE: short writes, then SIGXFSZ, or EFBIG where that is ignored."""
    def limited(t, ignore):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignore else signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        f = t.open("f", O("CREAT|RDWR|TRUNC"))
        t(os.write, f, b"x" * 4000)
        t(os.write, f, b"x" * 4000)
        t(os.fstat, f)
        t(os.pwrite, f, b"y", 4999)
        t(os.ftruncate, f, 5000)
        if ignore:
            t(os.write, f, b"x")
            t(os.pwrite, f, b"x" * 10, 4995)
            t(os.pwrite, f, b"x", 6000)
            t(os.ftruncate, f, 5001)
            t(calls.fallocate, f, 0, 4000, 2000)
            t(calls.fallocate, f, KEEP, 4000, 2000)
            t(calls.copy_file_range, f, 0, f, 4990, 20)
            t(os.fstat, f)
        append = t.open("f", O("WRONLY|APPEND"), name="append")
        if ignore:
            t(os.write, append, b"x")
        else:
            os.write(append.number, b"x")
    t.child(limited, True)
    t.child(limited, False)
    t(os.stat, "f")

    def fatal(t, call, *args):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        call(*args)
    t.child(fatal, os.truncate, "f", 6000)


def direct(t):
    """O_DIRECT: what is aligned is the same."""
    f = t.open("f", O("CREAT|RDWR|DIRECT"))
    space = mmap.mmap(-1, 4 * PAGE)
    space[:] = pattern(4 * PAGE, 9)
    t(os.pwrite, f, space, 0)
    t(os.pwrite, f, memoryview(space)[:PAGE], 8 * PAGE)
    into = mmap.mmap(-1, 2 * PAGE)
    for offset in (0, PAGE, 4 * PAGE, 8 * PAGE, 9 * PAGE, 100 * PAGE):
        t(os.preadv, f, [into], offset, show=lambda n: f"{n} {into[:16]!r}")
    t.close(f)
    t.look("f")


SECTIONS = [("reads", reads), ("writes", writes), ("appends", appends), ("seeks", seeks), ("truncates", truncates),
            ("allocations", allocations), ("syncs", syncs), ("copies", copies), ("limits", limits), ("direct", direct)]
