# SPDX-License-Identifier: GPL-2.0
"""Record locks, open file description locks, flock, and leases."""

import fcntl
import os
import signal
import struct
import time

from diff.record import O

READ, WRITE, FREE = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK
OFD_GET, OFD_SET, OFD_WAIT = 36, 37, 38
NAMES = {READ: "read", WRITE: "write", FREE: "free"}


def packed(kind, start, length, whence=0, pid=0):
    return struct.pack("hhqqi4x", kind, whence, start, length, pid)


def lock(fd, kind, start=0, length=0, whence=0, command=fcntl.F_SETLK, pid=0):
    fcntl.fcntl(fd, command, packed(kind, start, length, whence, pid))


def who(fd, kind, start=0, length=0, command=fcntl.F_GETLK):
    """What is in the way; of its pid only whose it is."""
    kind, whence, start, length, pid = struct.unpack("hhqqi4x", fcntl.fcntl(fd, command, packed(kind, start, length)))
    owner = {os.getppid(): "parent", os.getpid(): "own", 0: "none", -1: "description"}.get(pid, "other")
    return f"{NAMES[kind]} {whence} {start}+{length} {owner}" if kind != FREE else "free"


def records(t):
    t.put("f", b"x" * 100)
    f = t.open("f", O("RDWR"))
    for kind, start, length, whence in ((READ, 0, 10, 0), (WRITE, 20, 10, 0), (WRITE, 50, 0, 0), (READ, -5, 5, 2), (WRITE, 40, -5, 0), (READ, -1, 5, 0), (9, 0, 0, 0), (READ, 0, 0, 9), (READ, 5, 1 << 62, 0), (WRITE, (1 << 63) - 1, 1, 0), (WRITE, (1 << 63) - 1, 2, 0)):
        t(lock, f, kind, start, length, whence)
    t(lock, f, FREE)
    t(lock, f, WRITE, 10, 80)
    t(lock, f, FREE, 30, 10)
    t(lock, f, READ, 60, 10)

    def look(t):
        g = t.open("f", O("RDWR"), name="child's")
        at = 0
        for start in (0, 15, 29, 30, 39, 40, 60, 69, 70, 89, 90):
            t(who, g, WRITE, start, 1)
            t(who, g, READ, start, 1)
        t(lock, g, WRITE, 12, 5)
        t(lock, g, READ, 62, 2)
        t(lock, g, WRITE, 30, 10)
        t(lock, g, WRITE, 0, 10)
        t(who, g, WRITE, 0, 0)
        return at
    t.child(look)
    t(who, f, WRITE, 0, 0)
    closing = t.open("f", O("RDONLY"), name="closing")
    t.close(closing)
    t.child(look)
    for words in ("RDONLY", "WRONLY", "PATH"):
        g = t.open("f", O(words), name=words)
        for kind in (READ, WRITE, FREE):
            t(lock, g, kind)
            t(lock, g, kind, command=OFD_SET)
            t(fcntl.flock, g, {READ: fcntl.LOCK_SH, WRITE: fcntl.LOCK_EX, FREE: fcntl.LOCK_UN}[kind])
        t.close(g)
    d = t.open(".", O("RDONLY"), name="dir")
    t(lock, d, READ)
    t(lock, d, WRITE)
    t(fcntl.flock, d, fcntl.LOCK_EX)
    t.close(d, f)


def descriptions(t):
    """Locks of open file descriptions, against each other and against record locks."""
    t.put("f", b"x" * 100)
    a, b = t.open("f", O("RDWR"), name="a"), t.open("f", O("RDWR"), name="b")
    t(lock, a, WRITE, 0, 10, command=OFD_SET)
    t(lock, b, WRITE, 5, 10, command=OFD_SET)
    t(who, b, WRITE, 5, 10, OFD_GET)
    t(lock, b, READ, 10, 10, command=OFD_SET)
    t(lock, a, READ, 10, 10, command=OFD_SET)
    t(lock, a, WRITE, 12, 1, command=OFD_SET)
    t(lock, a, WRITE, 30, 1, command=OFD_SET, pid=5)
    t(lock, a, WRITE, 5, 1)
    t(lock, b, WRITE, 5, 1)

    def inherited(t):
        t(lock, a, FREE, 0, 5, command=OFD_SET)
        t(lock, a, WRITE, 40, 5, command=OFD_SET)
    t.child(inherited)
    t(lock, b, WRITE, 0, 5, command=OFD_SET)
    t(lock, b, WRITE, 40, 5, command=OFD_SET)
    duplicate = os.dup(a.number)
    t.close(a)
    t(who, b, WRITE, 40, 5, OFD_GET)
    os.close(duplicate)
    t(who, b, WRITE, 40, 5, OFD_GET)
    t.close(b)


def whole(t):
    t.put("f", b"x")
    a, b, c = (t.open("f", O("RDWR"), name=name) for name in "abc")
    SH, EX, UN, NB = fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_UN, fcntl.LOCK_NB
    for file, how in ((a, SH | NB), (b, SH | NB), (c, EX | NB), (a, EX | NB), (b, UN), (a, EX | NB), (c, SH | NB), (a, SH | NB), (c, SH | NB), (b, 0), (b, 16), (b, SH | EX)):
        t(fcntl.flock, file, how)
    t(lock, b, WRITE)
    t(who, b, WRITE)

    def inherited(t):
        t(fcntl.flock, a, UN)
        t(fcntl.flock, c, EX | NB)
    t.child(inherited)
    t.close(c)
    t(fcntl.flock, b, EX | NB)
    t.close(b, a)


def waiting(t):
    """Who waits gets the lock when it is free, or EINTR by a signal, or EDEADLK."""
    t.put("f", b"x" * 100)
    for kind in ("record", "description", "flock"):
        def take(fd):
            if kind == "flock":
                fcntl.flock(fd, fcntl.LOCK_EX)
            else:
                lock(fd, WRITE, 0, 10, command=fcntl.F_SETLKW if kind == "record" else OFD_WAIT)

        held = os.open("f", os.O_RDWR)
        take(held)
        ready, told = os.pipe()

        def wait(t):
            mine = os.open("f", os.O_RDWR)
            signal.signal(signal.SIGALRM, interrupted)
            signal.setitimer(signal.ITIMER_REAL, 0.15)
            t(take, mine, label=f"interrupted {kind}")
            os.write(told, b"x")
            begin = time.monotonic()
            take(mine)
            t.note(f"got {kind}", str(time.monotonic() - begin > 0.05))

        def give_back(t):
            os.read(ready, 1)
            time.sleep(0.2)
        pid = os.fork()
        if pid == 0:
            # The description and its lock are the parent's alone.
            os.close(held)
            os.close(ready)
            t.lines = []
            wait(t)
            os.write(told, repr(t.lines).encode())
            os._exit(0)
        os.close(told)
        give_back(t)
        os.close(held)
        _, status = os.waitpid(pid, 0)
        t.note(f"wait {kind}", f"{os.waitstatus_to_exitcode(status)} {os.read(ready, 10000).decode()}")
        os.close(ready)
    deadlock(t)


class Interrupted(OSError):
    """Raised by the handler, so that Python does not try again."""


def interrupted(*_):
    raise Interrupted(4, "interrupted")


def deadlock(t):
    """Each has what the other wants."""
    f = os.open("f", os.O_RDWR)
    lock(f, WRITE, 0, 1)
    to_child, to_parent = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        lock(f, WRITE, 1, 1)
        os.write(to_parent[1], b"x")
        try:
            lock(f, WRITE, 0, 1, command=fcntl.F_SETLKW)
        except OSError:
            os._exit(1)
        os._exit(0)
    os.read(to_parent[0], 1)
    time.sleep(0.1)
    t(lock, f, WRITE, 1, 1, command=fcntl.F_SETLKW, label="deadlock")
    os.close(f)
    t.note("the other's end", str(os.waitpid(pid, 0)[1]))
    for end in (*to_child, *to_parent):
        os.close(end)


def leases(t):
    t.put("f")
    for words, kind in (("RDONLY", READ), ("RDWR", WRITE), ("RDWR", READ)):
        f = t.open("f", O(words), name=words)
        t(fcntl.fcntl, f, fcntl.F_SETLEASE, kind)
        t(fcntl.fcntl, f, fcntl.F_GETLEASE)
        t.close(f)


SECTIONS = [("records", records), ("descriptions", descriptions), ("flock", whole), ("waiting", waiting), ("leases", leases)]
