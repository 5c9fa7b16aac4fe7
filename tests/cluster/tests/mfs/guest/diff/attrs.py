# SPDX-License-Identifier: GPL-2.0
"""Attributes: modes, owners, times, and what changes them."""

import os
import time

from diff import calls
from diff.record import O

NOW, OMIT = calls.UTIME_NOW, calls.UTIME_OMIT
TICK = 0.012


def build(t):
    t.put("f", b"contents")
    os.mkdir("d")
    os.symlink("f", "l")
    os.symlink("nowhere", "dangling")
    os.mkfifo("p")


def modes(t):
    build(t)
    for name in ("f", "d", "l", "p", "dangling", "missing", "f/x", ""):
        for mode in (0, 0o7777, 0o100644, 0o644):
            t(os.chmod, name, mode)
            t(calls.fchmodat2, name, mode, calls.AT_SYMLINK_NOFOLLOW)
        if os.path.exists(name):
            t(os.lstat, name)
    for words in ("RDONLY", "RDWR"):
        f = t.open("f", O(words))
        t(os.fchmod, f, 0o4711)
        t(os.fstat, f)
        t.close(f)
    t(calls.fchmodat2, "f", 0o600, 0x8000)
    t(os.stat, "f")


def owners(t):
    build(t)
    for name in ("f", "d", "l", "p", "missing"):
        for uid, gid in ((1, 2), (-1, 3), (4, -1), (-1, -1), (1000, 1000), (0, 0), (4294967294, 4294967294), (70000, 70000)):
            t(os.chown, name, uid, gid)
            t(os.lchown, name, uid, gid)
            if os.path.lexists(name):
                t(os.lstat, name)
    f = t.open("f", O("RDONLY"))
    for mode in (0o6777, 0o6755, 0o2644, 0o4644, 0o6711):
        os.chmod("f", mode)
        t(os.fchown, f, 5, 6)
        t(os.stat, "f")
        os.chmod("d", mode)
        t(os.chown, "d", 5, 6)
        t(os.stat, "d")
    t.close(f)
    t(calls.fchownat, "", 7, 8, calls.AT_EMPTY_PATH, directory=os.open("f", os.O_PATH), label="fchownat of an O_PATH file")
    t(calls.fchownat, "f", 7, 8, 1 << 20)
    t(os.stat, "f")


def told(status):
    """Times as set, to the nanosecond; a link's time of access may be that of the last look through it."""
    return ["now" if abs(when / 1e9 - time.time()) < 1000 else when for when in (status.st_atime_ns, status.st_mtime_ns)]


def now():
    """The time by the clock of the file system, which need not be this node's."""
    os.mknod("clock")
    when = os.stat("clock").st_mtime
    os.unlink("clock")
    return when


def times(t):
    build(t)
    cases = [((1, 2), (3, 4)), ((1 << 31, 999999999), ((1 << 32) + 5, 1)), ((-5, 0), (-(1 << 31), 500)), ((0, OMIT), (77, 7)), ((88, 8), (0, OMIT)),
             ((0, OMIT), (0, OMIT)), ((1, 1000000000), (1, 0)), ((1, -1), (1, 0)), ((1 << 40, 0), (1 << 40, 0)), ((-(1 << 40), 0), (0, 0))]
    for name in ("f", "d", "l", "p", "dangling", "missing"):
        for case in cases:
            t(calls.utimensat, name, case)
            t(calls.utimensat, name, case, calls.AT_SYMLINK_NOFOLLOW)
            if os.path.lexists(name):
                t(os.lstat, name, show=told)
            if os.path.exists(name):
                t(os.stat, name, show=told)
    f = t.open("f", O("RDONLY"))
    t(calls.utimensat, None, ((9, 9), (10, 10)), directory=f.number, label="futimens")
    t(os.fstat, f, show=told)
    t.close(f)
    t(calls.utimensat, "f", ((1, 1), (1, 1)), 1 << 20)
    for case in (None, ((0, NOW), (0, NOW)), ((0, NOW), (5, 5)), ((5, 5), (0, NOW)), ((0, NOW), (0, OMIT))):
        calls.utimensat("f", ((100, 0), (100, 0)))
        begin = now()
        t(calls.utimensat, "f", case)
        end = now()
        t(os.stat, "f", show=lambda s: [when if when < 1000 else begin <= when <= end for when in (s.st_atime, s.st_mtime)])


def wide(t):
    """statx: the mask, what is in it, and what is not asked for."""
    build(t)
    fields = ("blksize", "attributes", "nlink", "uid", "gid", "mode", "size", "blocks", "attributes_mask", "rdev")
    for name in ("f", "d", "l", "p", "missing"):
        for mask, flags in ((0x7FF, 0), (0xFFF, calls.AT_SYMLINK_NOFOLLOW), (0, 0), (0x200, 0), (0xFFF, 0x2000), (0xFFF, 0x4000), (0x7FF, 0x800)):
            t(calls.statx, name, mask, flags, show=lambda s: [s["mask"] & mask, *(s[key] for key in fields)])
    t(calls.statx, "f", 1 << 31)
    t(calls.statx, "f", 0x7FF, 0x6000)
    t(calls.statx, "f", 0x7FF, 1 << 20)
    t(calls.statx, "f", show=lambda s: (0, 0) < s["btime"] <= s["ctime"])
    t(calls.statx, "", 0x7FF, calls.AT_EMPTY_PATH, directory=os.open("d", os.O_RDONLY), show=lambda s: f"{s['mode']:o}", label="statx of an open folder")


def systems(t):
    build(t)
    for name in ("f", "d", ".", "l", "missing"):
        t(os.statvfs, name, show=lambda s: [s.f_bsize, s.f_frsize, s.f_blocks, s.f_files, s.f_namemax, s.f_bfree >= s.f_bavail, s.f_ffree <= s.f_files])
    f = t.open("f", O("RDONLY"))
    t(os.fstatvfs, f, show=lambda s: [s.f_bsize, s.f_blocks])
    t.close(f)
    before = os.statvfs(".")
    f = t.open("big", O("CREAT|RDWR"))
    t(calls.fallocate, f, 0, 0, 8 << 20)
    after = os.statvfs(".")
    t.note("free blocks go", 6 << 20 < (before.f_bfree - after.f_bfree) * after.f_frsize < 12 << 20)
    t.close(f)
    os.unlink("big")


def stamps(path):
    if not os.path.lexists(path):
        return (0, 0, 0)
    s = os.lstat(path)
    return s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns


def changes(t):
    """Which times of the file and of its folder each operation changes; none goes back."""
    t.put("f", b"contents")
    os.mkdir("d")
    os.symlink("f", "l")
    os.chmod(".", 0o755)
    f = os.open("f", os.O_RDWR)
    jobs = [
        ("read", lambda: os.pread(f, 3, 0)), ("read again", lambda: os.pread(f, 3, 0)), ("read nothing", lambda: os.pread(f, 3, 100)),
        ("write", lambda: os.pwrite(f, b"x", 0)), ("write nothing", lambda: os.pwrite(f, b"", 0)), ("read after", lambda: os.pread(f, 3, 0)),
        ("truncate down", lambda: os.ftruncate(f, 4)), ("truncate to the same", lambda: os.ftruncate(f, 4)), ("truncate by name to the same", lambda: os.truncate("f", 4)),
        ("truncate up", lambda: os.ftruncate(f, 5000)), ("allocate", lambda: calls.fallocate(f, 0, 0, 8192)), ("punch", lambda: calls.fallocate(f, 3, 0, 100)),
        ("chmod", lambda: os.chmod("f", 0o600)), ("chmod to the same", lambda: os.chmod("f", 0o600)), ("chown to the same", lambda: os.chown("f", 0, 0)), ("chown nothing", lambda: os.chown("f", -1, -1)),
        ("link", lambda: os.link("f", "d/f2")), ("unlink the other", lambda: os.unlink("d/f2")), ("rename", lambda: os.rename("f", "g")), ("rename back", lambda: os.rename("g", "f")),
        ("rename over", lambda: (t.put("n"), os.rename("n", "n2"))), ("xattr", lambda: os.setxattr("f", "user.a", b"1")), ("no xattr", lambda: os.removexattr("f", "user.a")),
        ("open to truncate", lambda: os.close(os.open("f", os.O_WRONLY | os.O_TRUNC))), ("open to truncate again", lambda: os.close(os.open("f", os.O_WRONLY | os.O_TRUNC))),
        ("open", lambda: os.close(os.open("f", os.O_RDWR))), ("create what is there", lambda: os.close(os.open("f", os.O_RDWR | os.O_CREAT))),
        ("list", lambda: os.listdir(".")), ("list again", lambda: os.listdir(".")), ("mkdir", lambda: os.mkdir("d/x")), ("rmdir", lambda: os.rmdir("d/x")), ("readlink", lambda: os.readlink("l")),
        ("symlink", lambda: os.symlink("a", "d/s")), ("exchange", lambda: calls.renameat2("f", "d/s", calls.EXCHANGE)), ("exchange back", lambda: calls.renameat2("f", "d/s", calls.EXCHANGE)),
    ]
    seen = ("f", "d", ".", "l")
    before = {name: stamps(name) for name in seen}
    for what, job in jobs:
        time.sleep(TICK)
        job()
        after = {name: stamps(name) for name in seen}
        changed = []
        for name in seen:
            for kind, old, new in zip("amc", before[name], after[name]):
                if new != old:
                    changed.append(f"{name}:{kind}{'' if new > old else ' BACK'}")
        t.note(what, " ".join(changed))
        before = after
    os.close(f)


def set_id_bits(t):
    """Writing, truncating and the like take the set-user-ID and set-group-ID bits away, but not for root."""
    jobs = [("write", lambda f, _: os.write(f, b"x")), ("write nothing", lambda f, _: os.write(f, b"")), ("pwritev", lambda f, _: os.pwritev(f, [b"x"], 5)), ("ftruncate", lambda f, _: os.ftruncate(f, 3)),
            ("truncate", lambda f, name: os.truncate(name, 2)), ("fallocate", lambda f, _: calls.fallocate(f, 0, 0, 10)), ("punch", lambda f, _: calls.fallocate(f, 3, 0, 4096)), ("open", lambda f, name: os.close(os.open(name, os.O_WRONLY | os.O_TRUNC))),
            ("copy", lambda f, _: calls.copy_file_range(f, 0, f, 100, 1)), ("chown", lambda f, name: os.chown(name, -1, os.getgid())), ("xattr", lambda f, name: os.setxattr(name, "user.x", b"1")),
            ("utime", lambda f, name: os.utime(name)), ("chmod", lambda f, name: os.chmod(name, 0o6755))]

    def each(t, folder):
        for number, (what, job) in enumerate(jobs):
            name = f"{folder}/{number}"
            f = os.open(name, os.O_RDWR)
            t(job, f, name, show=lambda _: "done", label=what)
            os.close(f)
            t.note(f"mode after {what}", f"{os.stat(name).st_mode:o}")

    def made(folder, owner, mode):
        os.mkdir(folder)
        for number in range(len(jobs)):
            t.put(f"{folder}/{number}", b"0123456789")
            os.chown(f"{folder}/{number}", owner, owner)
            os.chmod(f"{folder}/{number}", mode)
        return folder

    def strangers(t):
        for mode in (0o6777, 0o6767, 0o2767, 0o4777):
            each(t, f"{mode:o}")
    for mode in (0o6777, 0o6767, 0o2767, 0o4777):
        made(f"{mode:o}", 0, mode)
    t.child(strangers, uid=1000, gid=1000)
    t.child(each, made("owner", 1000, 0o6777), uid=1000, gid=1000)
    each(t, made("root", 1000, 0o6777))
    t.child(each, made("weak root", 1000, 0o6777), caps=0)


SECTIONS = [("modes", modes), ("owners", owners), ("times", times), ("statx", wide), ("statfs", systems), ("changes", changes), ("set_id_bits", set_id_bits)]
