# SPDX-License-Identifier: GPL-2.0
"""Reading directories, also while they change."""

import os
import random

from diff import calls
from diff.record import O

ROOM = 32768


def rest(fd, room=ROOM):
    """All entries from the present position on."""
    entries = []
    while part := calls.getdents(fd, room):
        entries += part
    return entries


def names(entries):
    return sorted(entry[3] for entry in entries)


def listing(t):
    t.put("file")
    os.mkdir("dir")
    os.symlink("file", "link")
    os.mkfifo("fifo")
    os.link("file", "hard")
    t.put("\udcff name \n of bytes")
    t.put("n" * 255)
    t(os.listdir, ".", show=sorted)
    t(os.listdir, "file")
    t(os.listdir, "missing")
    d = t.open(".", O("RDONLY|DIRECTORY"), name="dir")
    entries = t(rest, d, show=lambda all: sorted((name, kind) for _, _, kind, name in all))
    numbers = {name: ino for ino, _, _, name in entries or ()}
    t.note("inode numbers are those of stat", str(all(os.lstat(name).st_ino == ino for name, ino in numbers.items() if name != "..")))
    t.note("the parent's", str(os.stat("..").st_ino == numbers.get("..")))
    t(calls.getdents, d, ROOM)
    t(calls.lseek, d, 0, os.SEEK_SET)
    for room in (1, 10, 23):
        t(calls.getdents, d, room)
    t(rest, d, 300, show=len)
    for offset, whence in ((-1, 0), (0, 1), (0, 3), (0, 4), (5, 7)):
        t(calls.lseek, d, offset, whence, show=lambda _: "done")
    t(calls.lseek, d, 0, os.SEEK_SET)
    t(os.read, d, 10)
    t.close(d)
    path = t.open(".", O("PATH"), name="path")
    t(calls.getdents, path, ROOM)
    t.close(path)
    f = t.open("file", O("RDONLY"))
    t(calls.getdents, f, ROOM)
    t.close(f)


def seeking(t):
    """A cookie leads to what comes behind it, however often and in whatever order."""
    os.mkdir("many")
    for n in range(300):
        t.put(f"many/entry{n}")
    d = os.open("many", os.O_RDONLY)
    entries = rest(d, 4096)
    t.note("entries", str(len(entries)))
    order = [entry[3] for entry in entries]
    chance = random.Random(4)
    good = True
    for at in [0, 1, len(entries) - 1, *chance.sample(range(len(entries)), 20)]:
        calls.lseek(d, entries[at][1], os.SEEK_SET)
        good = good and [entry[3] for entry in rest(d)] == order[at + 1 :]
    t.note("every cookie leads to the rest", str(good))
    calls.lseek(d, 0, os.SEEK_SET)
    t.note("again from the start", str([entry[3] for entry in rest(d)] == order))
    t.put("many/late")
    calls.lseek(d, 0, os.SEEK_SET)
    t.note("a late entry after rewinding", str("late" in names(rest(d))))
    os.close(d)


def changing(t, count):
    """What is there all the time is seen once, whatever comes and goes meanwhile."""
    os.mkdir("busy")
    for n in range(count):
        os.close(os.open(f"busy/stays{n}", os.O_CREAT | os.O_WRONLY))
    for n in range(count // 4):
        os.close(os.open(f"busy/goes{n}", os.O_CREAT | os.O_WRONLY))
    d = os.open("busy", os.O_RDONLY)
    seen, turn = [], 0
    while part := calls.getdents(d, 8192):
        seen += [entry[3] for entry in part]
        for n in range(turn * 10, turn * 10 + 10):
            if os.path.lexists(f"busy/goes{n}"):
                os.unlink(f"busy/goes{n}")
            os.close(os.open(f"busy/comes{n}", os.O_CREAT | os.O_WRONLY))
        turn += 1
    os.close(d)
    stays = [name for name in seen if name.startswith("stays")]
    t.note("each that stays", f"{len(stays)} times, {len(set(stays))} names")
    t.note("none twice", str(len(seen) == len(set(seen))))
    t.note("nothing else", str(all(name in (".", "..") or name.startswith(("stays", "goes", "comes")) for name in seen)))
    d = os.open("busy", os.O_RDONLY)
    for name in names(rest(d)):
        if name not in (".", ".."):
            os.unlink("busy/" + name)
    os.close(d)
    t(os.rmdir, "busy")


def removing(t):
    """rm -r as programs do it: read some, remove them, read on."""
    os.mkdir("gone")
    for n in range(500):
        t.put(f"gone/{n}")
    d = os.open("gone", os.O_RDONLY)
    count = 0
    while part := [entry for entry in calls.getdents(d, 4096) if entry[3] not in (".", "..")]:
        for entry in part:
            os.unlink("gone/" + entry[3])
            count += 1
    t.note("removed", str(count))
    t(os.rmdir, "gone")
    t(calls.getdents, d, ROOM)
    os.close(d)


SECTIONS = [("listing", listing), ("seeking", seeking), ("removing", removing)]
