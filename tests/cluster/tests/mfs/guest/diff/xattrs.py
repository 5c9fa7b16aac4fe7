# SPDX-License-Identifier: GPL-2.0
"""Extended attributes and access control lists."""

import os
import struct

from diff import calls
from diff.record import O

USER, GUEST, TEAM = 1000, 1001, 2000
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
OWNER, NAMED, GROUP, NAMED_GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32


def acl(*entries):
    """A list as the kernel has it; entries are (tag, permissions) or (tag, permissions, id)."""
    packed = (struct.pack("HHI", entry[0], entry[1], entry[2] if len(entry) > 2 else 0xFFFFFFFF) for entry in entries)
    return struct.pack("I", 2) + b"".join(packed)


def unpacked(data):
    return [struct.unpack_from("HHI", data, at) for at in range(4, len(data), 8)]


def attributes(t):
    t.put("f")
    os.mkdir("d")
    os.symlink("f", "l")
    os.mkfifo("p")
    for name in ("f", "d", "l", "p", "missing"):
        for key in ("user.a", "user.", "user." + "k" * 250, "user." + "k" * 251, "trusted.t", "security.s", "system.nothing", "foreign.x", "plain", "", "user.a\udcff"):
            t(os.setxattr, name, key, b"value", follow_symlinks=False)
            t(os.getxattr, name, key, follow_symlinks=False)
        t(os.setxattr, name, "user.a", b"v2", os.XATTR_CREATE)
        t(os.setxattr, name, "user.a", b"v2", os.XATTR_REPLACE)
        t(os.setxattr, name, "user.b", b"v2", os.XATTR_REPLACE)
        t(os.setxattr, name, "user.b", b"", os.XATTR_CREATE)
        t(os.setxattr, name, "user.b", b"x", 4)
        t(os.getxattr, name, "user.b")
        t(os.listxattr, name, show=sorted)
        t(os.listxattr, name, follow_symlinks=False, show=sorted)
        t(os.removexattr, name, "user.b")
        t(os.removexattr, name, "user.b")
        t(os.removexattr, name, "foreign.x")
        t(os.removexattr, name, "trusted.t")
        t(os.listxattr, name, show=sorted)
    for size in (100, 3000, 5000, 65536, 65537):
        t(os.setxattr, "f", "user.big", b"B" * size)
        t(os.getxattr, "f", "user.big")
    buffer = b"\0" * 100
    for room in (0, 1, 2, 5, 100):
        t(calls.syscall, 191, "f", "user.a", buffer, room, label=f"getxattr into {room}")
        t(calls.syscall, 194, "f", buffer, room, label=f"listxattr into {room}")
    fd = t.open("f", O("RDONLY"))
    t(os.setxattr, fd, "user.fd", b"by file")
    t(os.getxattr, fd, "user.fd")
    t(os.listxattr, fd, show=sorted)
    t(os.removexattr, fd, "user.fd")
    os.unlink("f")
    t(os.setxattr, fd, "user.fd", b"without a name")
    t(os.getxattr, fd, "user.fd")
    t.close(fd)

    def as_user(t):
        for key in ("user.mine", "trusted.t", "security.s"):
            for name in ("r", "w"):
                t(os.setxattr, name, key, b"1")
                t(os.getxattr, name, key)
                t(os.removexattr, name, key)
        t(os.listxattr, "r", show=sorted)
    t.put("r", mode=0o644)
    t.put("w", mode=0o666)
    for name in ("r", "w"):
        os.setxattr(name, "trusted.hidden", b"1")
        os.setxattr(name, "user.seen", b"1")
    t.child(as_user, uid=USER, gid=USER)


def probe(t, count):
    """What this user may do with each file."""
    for number in range(count):
        name = f"f{number}"
        for wanted in (os.R_OK, os.W_OK, os.X_OK):
            t(calls.faccessat2, name, wanted, calls.AT_EACCESS)
        for words in ("RDONLY", "WRONLY"):
            t.close(t.open(name, O(words)))
        t(os.setxattr, name, ACCESS, acl((OWNER, 7), (GROUP, 7), (OTHER, 7)))


def lists(t):
    """ACLs decide, and chmod and the list agree with each other."""
    some = [
        acl((OWNER, 6), (NAMED, 4, USER), (GROUP, 0), (MASK, 7), (OTHER, 0)),
        acl((OWNER, 6), (NAMED, 6, USER), (NAMED_GROUP, 2, TEAM), (GROUP, 4), (MASK, 4), (OTHER, 0)),
        acl((OWNER, 7), (NAMED, 0, USER), (GROUP, 7), (NAMED_GROUP, 7, TEAM), (MASK, 7), (OTHER, 7)),
        acl((OWNER, 6), (GROUP, 4), (OTHER, 4)),
        acl((OWNER, 6), (NAMED, 4, USER), (GROUP, 0), (OTHER, 0)), acl((OWNER, 6)), acl((OWNER, 9), (GROUP, 4), (OTHER, 4)), b"", b"\1\0\0\0", b"x",
    ]
    for number, value in enumerate(some):
        name = f"f{number}"
        t.put(name, b"contents")
        t(os.setxattr, name, ACCESS, value, label=f"list {number}")
        t(os.getxattr, name, ACCESS, show=unpacked)
        t(os.stat, name)
    for uid, groups in ((USER, ()), (GUEST, (TEAM,)), (GUEST, ())):
        t.child(probe, len(some), uid=uid, gid=uid, groups=groups)
    for number, value in enumerate(some):
        name = f"f{number}"
        for mode in (0o640, 0o777):
            t(os.chmod, name, mode)
            t(os.getxattr, name, ACCESS, show=unpacked)
            t(os.stat, name)
        t(os.removexattr, name, ACCESS)
        t(os.stat, name)
        t(os.listxattr, name, show=sorted)
        t(os.setxattr, name, DEFAULT, value)
    os.symlink("f0", "l")
    t(os.setxattr, "l", ACCESS, some[0], follow_symlinks=False)


def inheritance(t):
    """Default lists: what is made inherits them, and the umask then does not count."""
    os.mkdir("d")
    for number, value in enumerate((acl((OWNER, 7), (NAMED, 7, USER), (GROUP, 5), (MASK, 7), (OTHER, 0)), acl((OWNER, 7), (GROUP, 7), (OTHER, 7)), acl((OWNER, 0), (GROUP, 0), (OTHER, 0)))):
        t(os.setxattr, "d", DEFAULT, value, label=f"default {number}")
        t(os.getxattr, "d", DEFAULT, show=unpacked)
        for umask in (0, 0o077):
            os.umask(umask)
            t.close(t.open("d/f", O("CREAT|WRONLY"), 0o666))
            t(os.mkdir, "d/s", 0o777)
            t(os.mkfifo, "d/p", 0o666)
            fd = t.open("d", O("TMPFILE|RDWR"), 0o666)
            t(os.fstat, fd)
            t.close(fd)
            for name in ("d/f", "d/s", "d/p"):
                t(os.stat, name)
                t(os.getxattr, name, ACCESS, show=unpacked)
                t(os.getxattr, name, DEFAULT, show=unpacked)
            os.unlink("d/f")
            os.unlink("d/p")
            os.rmdir("d/s")
        os.umask(0o022)
    t(os.removexattr, "d", DEFAULT)
    t(os.removexattr, "d", DEFAULT)
    t(os.listxattr, "d", show=sorted)


SECTIONS = [("attributes", attributes), ("lists", lists), ("inheritance", inheritance)]
