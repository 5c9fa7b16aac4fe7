# SPDX-License-Identifier: GPL-2.0
"""Names: links, renames, directories, special files, and paths that lead nowhere."""

import os

from diff import calls
from diff.record import O

KINDS = ["missing", "file", "same", "dir", "full", "link", "to_dir", "fifo"]


def build(t, side, kinds=KINDS):
    """One of each kind with the side's prefix; `same` are names of one file on both sides."""
    for kind in kinds:
        name = side + kind
        if kind == "dir":
            os.makedirs(name)
        elif kind == "full":
            os.makedirs(name + "/below")
        elif kind == "link":
            os.symlink("nothing here", name)
        elif kind == "to_dir":
            os.symlink(side + "dir", name)
        elif kind == "fifo":
            os.mkfifo(name)
        elif kind == "same":
            if os.path.lexists("common"):
                os.link("common", name)
            else:
                t.put("common", b"same")
                os.link("common", name)
        elif kind != "missing":
            t.put(name, name.encode())


def state(name):
    """What a name stands for."""
    if not os.path.lexists(name):
        return "nothing"
    status = os.lstat(name)
    kind = f"{status.st_mode:o} {status.st_nlink}"
    if os.path.islink(name):
        return f"{kind} {os.readlink(name)}"
    if os.path.isdir(name):
        return f"{kind} {sorted(os.listdir(name))}"
    return kind if not os.path.isfile(name) else f"{kind} {open(name, 'rb').read()!r}"


def wipe(where="."):
    """Removes everything below."""
    for name in os.listdir(where):
        path = os.path.join(where, name)
        if os.path.isdir(path) and not os.path.islink(path):
            wipe(path)
            os.rmdir(path)
        else:
            os.unlink(path)


def renames(t):
    """Every kind onto every kind, with every flag."""
    for flags in (0, calls.NOREPLACE, calls.EXCHANGE):
        for old in KINDS:
            for new in KINDS:
                build(t, "a", [old])
                build(t, "b", [new])
                t(calls.renameat2, "a" + old, "b" + new, flags)
                t.note(f"after {old} {new} {flags}", f"{state('a' + old)}, {state('b' + new)}")
                wipe()
    wipe()
    build(t, "a")
    for old, new in (("afile", "afile"), ("adir", "adir/below"), ("afull", "afull/below/x"), ("afile", "afile/x"), ("afile", "new/"), ("adir", "new/"),
                     ("new", "."), ("afile", "."), (".", "x"), ("..", "x"), ("afull/below", ".."), ("afull", "afull/.."), ("afull/below/.", "x"),
                     ("ato_dir/", "x"), ("afile/", "x"), ("", "x"), ("afile", ""), ("a" * 256, "x"), ("afile", "b" * 256), ("acommon", "afull/below/../../y")):
        t(os.rename, old, new)
    for flags in (3, 6, 8, 1 << 20):
        t(calls.renameat2, "afile", "afifo", flags)
    t(calls.renameat2, "adir", "afull/below/deep", 0)
    t(calls.renameat2, "afull", "afull/below/deep/x", calls.EXCHANGE)
    t.note("names", str([(name, state(name)) for name in sorted(os.listdir("."))]))


def links(t):
    build(t, "a")
    for old in KINDS:
        for new in ("new", "afile", "adir", "alink", "adir/in", "afile/in", "missing/in", "new/", "", "n" * 256):
            t(os.link, "a" + old, new, label=f"link {old} {new[:9]}")
            if old in ("link", "to_dir", "file"):
                t(os.link, "a" + old, new, follow_symlinks=True, label=f"link through {old} {new[:9]}")
            for name in ("new", "adir/in"):
                if os.path.lexists(name):
                    t(os.lstat, name)
                    t(os.lstat, "a" + old)
                    os.unlink(name)
    f = t.open("afile", O("RDWR"))
    os.unlink("afile")
    t(os.fstat, f)
    t(os.link, f"/proc/self/fd/{f.number}", "again", follow_symlinks=True, label="link what has no name")
    t(calls.linkat, f, "", calls.AT_FDCWD, "again", calls.AT_EMPTY_PATH, label="linkat what has no name")
    t.close(f)
    t(os.link, "common", "/dev/shm/elsewhere")
    t(os.rename, "common", "/dev/shm/elsewhere")
    t(os.link, "/etc/passwd", "here")
    t.note("names", str([(name, state(name)) for name in sorted(os.listdir("."))]))


def symlinks(t):
    t.put("file", b"through")
    os.mkdir("dir")
    for target in ("file", "nowhere", "", "x" * 255, "y" * 256, "z/" * 2000, "w/" * 2047 + "w", "v" * 4096, "self", "dir", "\xff\udc80"):
        name = "self" if target == "self" else "l"
        t(os.symlink, target, name)
        if os.path.lexists(name):
            t(os.readlink, name)
            t(os.lstat, name)
            t(os.stat, name)
            t(os.open, name, os.O_RDONLY, show=os.close)
            t(calls.syscall, 89, name, b"\0" * 10, 3, label="readlink into 3 bytes")
            t(calls.syscall, 89, name, b"\0" * 10, 0, label="readlink into nothing")
            t(os.symlink, "again", name)
            os.unlink(name)
    t(os.readlink, "file")
    t(os.readlink, "dir")
    t(os.readlink, "missing")
    for depth in (40, 41):
        os.symlink("file", "chain0")
        for n in range(1, depth):
            os.symlink(f"chain{n - 1}", f"chain{n}")
        t(os.stat, f"chain{depth - 1}")
        for n in range(depth):
            os.unlink(f"chain{n}")
    for path in ("file", "dir", "missing", "dir/", "missing/"):
        os.symlink(path, "t")
        for call, args in ((os.mkdir, ("t",)), (os.rmdir, ("t",)), (os.mkdir, ("t/",)), (os.rmdir, ("t/",)), (os.unlink, ("t/",)), (os.listdir, ("t",)), (os.stat, ("t/",)), (os.lstat, ("t/",))):
            t(call, *args)
            if not os.path.isdir("dir"):
                os.mkdir("dir")
            if os.path.isdir("missing"):
                os.rmdir("missing")
        os.unlink("t")


def directories(t):
    build(t, "a")
    names = ["new", "afile", "adir", "afull", "alink", "ato_dir", ".", "..", "", "/", "new/", "new/.", "adir/.", "adir/..", "missing/new", "afile/new", "n" * 255, "n" * 256, "adir/" + "n" * 256, "./" * 2040 + "new", "./" * 2050 + "new"]
    whole = sorted(os.listdir("."))
    for name in names:
        t(os.mkdir, name)
        t(os.rmdir, name)
        t(os.unlink, name)
        t(os.mknod, name, 0o100644)
        t(os.rmdir, name)
        t(os.unlink, name)
        if sorted(os.listdir(".")) != whole:
            wipe()
            build(t, "a")
    t(os.stat, ".")
    for depth in range(15):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    t(os.getcwd, show=lambda path: path.count("x" * 200))
    for depth in range(15):
        os.chdir("..")
        os.rmdir("x" * 200)
    t(os.listdir, ".", show=sorted)
    os.mkdir("gone")
    os.chdir("gone")
    t.note("inside", str(os.listdir(".")))
    os.rmdir("../gone")
    t(os.getcwd, show=lambda path: path[-20:])
    for call, args in ((os.listdir, (".",)), (os.mkdir, ("x",)), (os.open, ("x", os.O_CREAT | os.O_RDWR)), (os.stat, (".",)), (os.stat, ("..",)), (os.symlink, ("a", "b")), (os.rmdir, (".",))):
        t(call, *args, show=lambda _: "done")
    os.chdir(os.path.join(t.root, t.section))
    os.mkdir("deep")
    d = t.open("deep", O("RDONLY|DIRECTORY"))
    os.rmdir("deep")
    t(os.fstat, d)
    t(os.listdir, d)
    t(os.open, "new", os.O_CREAT | os.O_RDWR, dir_fd=d.number, label="create in what was removed")
    t.close(d)


def nodes(t):
    for mode in (0o100644, 0o010600, 0o140755, 0o040755, 0o644, 0o170000, 0o120777):
        t(os.mknod, f"n{mode:o}", mode)
        t(os.mknod, f"n{mode:o}", mode)
        if os.path.lexists(f"n{mode:o}"):
            t(os.lstat, f"n{mode:o}")
    t(os.mknod, "missing/n", 0o010644)
    fifo = t.open("n10600", O("RDWR|NONBLOCK"), name="fifo")
    t(os.read, fifo, 5)
    t(os.write, fifo, b"through the fifo")
    second = t.open("n10600", O("RDONLY|NONBLOCK"), name="second end")
    t(os.read, second, 7)
    t(os.read, fifo, 100)
    t(os.fstat, fifo)
    t(os.fsync, fifo)
    t.close(fifo)
    t(os.read, second, 5)
    t.close(second)
    t(os.open, "n10600", os.O_WRONLY | os.O_NONBLOCK, show=os.close)

    def as_user(t):
        t(os.mknod, "chr", 0o020600, os.makedev(1, 3))
        t(os.mknod, "blk", 0o060600, os.makedev(7, 0))
        t(os.mknod, "fifo of a user", 0o010644)
        t(os.lstat, "fifo of a user")
    t.child(as_user, uid=1000, gid=1000)


SECTIONS = [("renames", renames), ("links", links), ("symlinks", symlinks), ("directories", directories), ("nodes", nodes)]
