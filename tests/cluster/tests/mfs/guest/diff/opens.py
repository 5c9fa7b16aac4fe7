# SPDX-License-Identifier: GPL-2.0
"""open() with all its flags on all kinds of names."""

import itertools
import os
import socket

from diff import calls
from diff.record import O

ACCESS = ["RDONLY", "WRONLY", "RDWR", "WRONLY|RDWR"]
FLAGS = ["CREAT", "EXCL", "TRUNC", "APPEND", "DIRECTORY", "NOFOLLOW", "PATH"]
EXTRA = ["", "DIRECT", "SYNC", "DSYNC", "NOATIME", "NONBLOCK", "CLOEXEC", "NOCTTY", "LARGEFILE", "TMPFILE"]
KINDS = ["missing", "file", "dir", "to_file", "to_dir", "dangling", "loop", "fifo", "locked",
         "file/below", "file/", "missing/", "dir/", "dir/missing", "missing/below", "to_dir/file", "to_file/", ".", "..", ""]


def build(t):
    """One name of each kind."""
    os.makedirs("dir")
    restore(t)
    t.put("locked", b"locked", 0)
    for name, target in (("to_file", "file"), ("to_dir", "dir"), ("dangling", "nowhere"), ("loop", "loop")):
        os.symlink(target, name)
    os.mkfifo("fifo")


def restore(t):
    """What an open may have changed is as before."""
    t.put("file", b"contents of a file")
    t.put("dir/file", b"inside")
    for name in ("missing", "nowhere", "dir/missing"):
        if os.path.lexists(name):
            os.unlink(name)


def attempt(t, kind, words, mode=0o640):
    """One open, and what it did."""
    fd = t.open(kind, O(words + "|NONBLOCK" if kind == "fifo" else words), mode)
    if fd.number is None:
        return
    status = os.stat(fd.number)
    t.note(f"then {kind} {words}", f"{status.st_mode:o} {status.st_size} {status.st_nlink}")
    t.close(fd)
    if "TRUNC" in words or "CREAT" in words:
        t.note(f"names after {kind} {words}", str(sorted(os.listdir("."))))
        restore(t)


def combinations(t, long):
    """All flags with each other: the common ones in full, the others one at a time."""
    build(t)
    for kind in KINDS:
        common = kind in ("missing", "file", "dir", "to_file", "dangling")
        sizes = range(len(FLAGS) + 1) if long else range(3 if common else 2)
        for access in ACCESS if long else ACCESS[:2]:
            for size in sizes:
                for chosen in itertools.combinations(FLAGS, size):
                    attempt(t, kind, "|".join((access, *chosen)))
    for access in ACCESS[2:]:
        for chosen in ("", "|CREAT", "|TRUNC"):
            attempt(t, "file", access + chosen)
    for kind in ("missing", "file", "dir"):
        for extra in EXTRA:
            attempt(t, kind, "RDWR|" + extra)
            attempt(t, kind, "WRONLY|CREAT|EXCL|" + extra)
    for words in ("RDWR|CREAT|EXCL|TRUNC|APPEND", "RDONLY|CREAT|TRUNC", "RDWR|CREAT|DIRECTORY|EXCL", "PATH|NOFOLLOW|DIRECTORY", "PATH|CREAT|TRUNC"):
        for kind in KINDS:
            attempt(t, kind, words)


def modes(t):
    """Permissions of what is created, under several umasks."""
    for umask in (0, 0o022, 0o077, 0o777):
        os.umask(umask)
        for mode in (0o777, 0o666, 0o7755, 0):
            name = f"m{umask:o}_{mode:o}"
            t.close(t.open(name, O("CREAT|EXCL|WRONLY"), mode))
            t(os.lstat, name)
            t(os.mkdir, name + "d", mode)
            t(os.lstat, name + "d")
            t(os.mknod, name + "n", 0o100000 | mode)
            t(os.lstat, name + "n")
            t(os.mkfifo, name + "p", mode)
            t(os.lstat, name + "p")
    os.umask(0o022)


def paths(t):
    """O_PATH files: what can and what cannot be done with them."""
    build(t)
    for kind, words in (("file", "PATH"), ("to_file", "PATH|NOFOLLOW"), ("dir", "PATH"), ("fifo", "PATH"), ("locked", "PATH")):
        fd = t.open(kind, O(words))
        t(os.fstat, fd)
        t(os.read, fd, 5)
        t(os.write, fd, b"x")
        t(os.ftruncate, fd, 0)
        t(os.fchmod, fd, 0o600)
        t(os.fchown, fd, 0, 0)
        t(os.fsync, fd)
        t(os.lseek, fd, 0, 0)
        t(os.readlink, "", dir_fd=fd.number, label=f"readlinkat {kind} itself")
        t(calls.fchownat, "", -1, -1, calls.AT_EMPTY_PATH, directory=fd.number, label=f"fchownat {kind} itself")
        t(os.open, "file", os.O_RDONLY, dir_fd=fd.number, show=lambda n: os.close(n), label=f"openat below {kind}")
        again = t.open(f"/proc/self/fd/{fd.number}", O("RDONLY|NONBLOCK"), name="again")
        t(os.fstat, again)
        t.close(again, fd)


def unnamed(t):
    """O_TMPFILE: a file without a name, which may get one."""
    os.mkdir("d")
    for words in ("TMPFILE|RDWR", "TMPFILE|WRONLY", "TMPFILE|RDONLY", "TMPFILE|RDWR|EXCL", "TMPFILE|RDWR|CREAT"):
        fd = t.open("d", O(words), 0o640, name=words)
        t(os.write, fd, b"unnamed")
        t(os.fstat, fd)
        t(os.listdir, "d")
        if fd.number is not None:
            t(os.link, f"/proc/self/fd/{fd.number}", "d/name", follow_symlinks=True, label=f"link {words}")
            t.look("d/name")
            t(calls.linkat, fd.number, "", calls.AT_FDCWD, "d/second", calls.AT_EMPTY_PATH, label=f"linkat {words}")
            t(os.fstat, fd)
            for name in ("d/name", "d/second"):
                t(os.unlink, name)
        t.close(fd)
    t.put("plain")
    t.close(t.open("plain", O("TMPFILE|RDWR")))
    t.close(t.open("nowhere", O("TMPFILE|RDWR")))


def resolve(t):
    """openat2() and its limits on the way."""
    build(t)
    os.symlink("/", "to_root")
    os.symlink("../" + os.path.basename(os.getcwd()) + "/file", "up")
    NO_XDEV, NO_MAGIC, NO_LINKS, BENEATH, IN_ROOT = 1, 2, 4, 8, 16
    for path in ("file", "dir/file", "to_file", "to_dir/file", "../", "up", "to_root", "missing", "loop", "/"):
        for limit in (0, NO_XDEV if path not in ("to_root", "/") else 0, NO_MAGIC, NO_LINKS, BENEATH, IN_ROOT, BENEATH | IN_ROOT, 64):
            number = t(calls.openat2, path, os.O_RDONLY, resolve=limit, show=lambda _: "open")
            if number is not None:
                os.close(number)
    t(calls.openat2, "file", os.O_RDONLY | 1 << 40)
    t(calls.openat2, "file", os.O_RDONLY, 0o644)
    t(calls.openat2, "new", os.O_RDWR | os.O_CREAT, 0o100644)


def sockets(t):
    """A socket's name; rendezvous is local to a node."""
    for name in ("socket", "x" * 50):
        server = socket.socket(socket.AF_UNIX)
        t(server.bind, name, label=f"bind {len(name)}")
        t(os.lstat, name)
        t(server.bind, name, label="bind again")
        client = socket.socket(socket.AF_UNIX)
        t(client.connect, name, label="connect to nobody")
        server.listen(1)
        t(client.connect, name, label="connect")
        client.close()
        server.close()
        t.close(t.open(name, O("RDWR"), name="socket"))
        t(os.unlink, name)


SECTIONS = [("open_modes", modes), ("open_path", paths), ("open_unnamed", unnamed), ("open_resolve", resolve),
            ("open_sockets", sockets)]
