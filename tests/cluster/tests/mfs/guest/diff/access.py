# SPDX-License-Identifier: GPL-2.0
"""Who may do what: users, groups, capabilities, sticky and set-group-ID folders."""

import os

from diff import calls
from diff.record import O

USER, GUEST, TEAM = 1000, 1001, 2000
DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, CHOWN = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 0
WHO = [("owner", USER, USER, ()), ("in the group", GUEST, TEAM, ()), ("in the group too", GUEST, GUEST, (3, TEAM, 5)), ("other", GUEST, GUEST, (3,)),
       ("many groups", GUEST, GUEST, (*range(3000, 3060), TEAM))]
MODES = [0o000, 0o400, 0o300, 0o700, 0o040, 0o030, 0o004, 0o003, 0o777, 0o707, 0o077]


def build(t):
    """Files and folders of each mode that belong to USER:TEAM."""
    for mode in MODES:
        t.put(f"f{mode:03o}", b"contents")
        os.mkdir(f"d{mode:03o}")
        t.put(f"d{mode:03o}/in", b"inside", 0o666)
        for name in (f"f{mode:03o}", f"d{mode:03o}"):
            os.chown(name, USER, TEAM)
            os.chmod(name, mode)


def try_all(t):
    for mode in MODES:
        name, folder = f"f{mode:03o}", f"d{mode:03o}"
        for wanted in (os.R_OK, os.W_OK, os.X_OK):
            t(calls.faccessat2, name, wanted, 0)
            t(calls.faccessat2, folder, wanted, calls.AT_EACCESS)
        for words in ("RDONLY", "WRONLY", "RDWR", "RDONLY|NOATIME"):
            t.close(t.open(name, O(words)))
        t(os.listdir, folder)
        t(os.stat, folder + "/in", show=lambda s: s.st_size)
        t.close(t.open(folder + "/in", O("RDONLY")))
        t.close(t.open(folder + "/new", O("CREAT|WRONLY")))
        t(os.chdir, folder)
        os.chdir(os.path.join(t.root, t.section))
        t(os.rename, folder + "/in", folder + "/moved")
        t(os.rename, folder + "/moved", folder + "/in")
        t(os.mkdir, folder + "/sub")
        t(os.rmdir, folder + "/sub")
        t(os.unlink, folder + "/new")
        t(os.truncate, name, 8)
        t(os.execv, name, [name])


def change_all(t):
    for wanted in (os.F_OK, 6, 7, 8):
        t(calls.faccessat2, "f400", wanted, 0)
    for name in ("f777", "d077"):
        t(os.chmod, name, 0o1750)
        t(os.chmod, name, 0o2777)
        t(os.stat, name)
        t(os.chown, name, GUEST, -1)
        t(os.chown, name, -1, TEAM)
        t(os.chown, name, -1, GUEST)
        t(os.chown, name, -1, 4)
        t(os.chown, name, USER, TEAM)
        t(os.chown, name, -1, -1)
        t(os.utime, name)
        t(os.utime, name, (5, 5))
        t(calls.utimensat, name, ((0, calls.UTIME_OMIT), (0, calls.UTIME_OMIT)))
        t(calls.utimensat, name, ((0, calls.UTIME_NOW), (0, calls.UTIME_OMIT)))
        t(os.setxattr, name, "user.a", b"1")
        t(os.setxattr, name, "trusted.a", b"1")
        t(os.listxattr, name)
        t(os.stat, name)
        t(os.link, name, name + " linked")
        if os.path.lexists(name + " linked"):
            os.unlink(name + " linked")


def everything(t):
    try_all(t)
    change_all(t)


def users(t):
    build(t)
    for who, uid, gid, groups in WHO:
        t.note("as", who)
        t.child(everything, uid=uid, gid=gid, groups=groups)
        for mode in MODES:
            for name in (f"f{mode:03o}", f"d{mode:03o}"):
                os.chown(name, USER, TEAM)
                os.chmod(name, mode)


def capabilities(t):
    """Root without, and users with some capabilities."""
    build(t)
    for caps in (0, DAC_READ_SEARCH, FOWNER | CHOWN):
        t.note("root with", f"{caps:x}")
        t.child(everything, caps=caps)
    for keep in (DAC_OVERRIDE, CHOWN | FSETID, FOWNER):
        t.note("user with", f"{keep:x}")
        t.child(everything, uid=GUEST, gid=GUEST, keep=keep)


def sticky(t):
    """Only its owner, the folder's owner and root take a name out of a sticky folder."""
    os.mkdir("s")
    os.mkdir("plain")
    for folder in ("s", "plain"):
        os.chmod(folder, 0o1777 if folder == "s" else 0o777)
        for owner in (0, USER, GUEST):
            for name in ("a", "b", "c"):
                t.put(f"{folder}/{name}{owner}", b"x")
                os.chown(f"{folder}/{name}{owner}", owner, owner)
                os.mkdir(f"{folder}/d{name}{owner}")
                os.chown(f"{folder}/d{name}{owner}", owner, owner)

    def job(t):
        for folder in ("s", "plain"):
            for owner in (0, USER, GUEST):
                t(os.unlink, f"{folder}/a{owner}")
                t(os.rmdir, f"{folder}/da{owner}")
                t(os.rename, f"{folder}/b{owner}", f"{folder}/moved{owner}")
                t(os.rename, f"{folder}/c{owner}", f"plain/away{folder}{owner}")
                t(os.rename, f"{folder}/db{owner}", f"plain/dir{folder}{owner}")
                t(calls.renameat2, f"{folder}/dc{owner}", f"{folder}/c{USER}", calls.EXCHANGE)
    t.child(job, uid=USER, gid=USER)
    os.chown("s", USER, USER)
    t.child(job, uid=USER, gid=USER)
    t.child(job)


def set_group_id(t):
    """What is made in a set-group-ID folder has its group, and folders have its bit."""
    os.mkdir("g")
    os.chown("g", USER, TEAM)
    os.chmod("g", 0o2777)

    def job(t):
        t.close(t.open("g/f", O("CREAT|RDWR"), 0o2755))
        t.close(t.open("g/f2", O("CREAT|RDWR"), 0o2644))
        t(os.mkdir, "g/d", 0o755)
        t(os.mknod, "g/n", 0o102755)
        t(os.mkfifo, "g/p", 0o2777)
        t(os.symlink, "x", "g/l")
        for name in ("f", "f2", "d", "n", "p", "l"):
            t(os.lstat, f"g/{name}")
        fd = t.open("g", O("TMPFILE|RDWR"), 0o2755)
        t(os.fstat, fd)
        t.close(fd)
        t(os.chmod, "g/f", 0o2755)
        t(os.stat, "g/f")
        for name in ("f", "f2", "n", "p", "l"):
            t(os.unlink, f"g/{name}")
        t(os.rmdir, "g/d")
    t.child(job, uid=GUEST, gid=GUEST)
    t.child(job, uid=GUEST, gid=GUEST, groups=(TEAM,))
    t.child(job)
    t.child(job, caps=0)


def protected(t):
    """A user does not link what is not theirs, nor follow links in shared sticky folders."""
    os.mkdir("s")
    os.chmod("s", 0o1777)
    t.put("roots", b"x", 0o644)
    t.put("open", b"x", 0o666)

    def job(t):
        for name in ("roots", "open"):
            t(os.link, name, "s/of " + name)
        t(os.symlink, "../open", "s/l")
        t.close(t.open("s/l", O("RDWR")))
        t.close(t.open("s/mine", O("CREAT|RDWR"), 0o666))
    t.child(job, uid=USER, gid=USER)
    t.child(job, uid=GUEST, gid=GUEST)
    t.close(t.open("s/mine", O("CREAT|RDWR"), 0o666))


SECTIONS = [("users", users), ("capabilities", capabilities), ("sticky", sticky), ("set_group_id", set_group_id), ("protected", protected)]
