# SPDX-License-Identifier: GPL-2.0
"""System calls that Python's os module lacks, or does not pass on as they are."""

import ctypes
import os
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_EACCESS = 0x100, 0x200, 0x400, 0x1000, 0x200
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
UTIME_NOW, UTIME_OMIT = 0x3FFFFFFF, 0x3FFFFFFE
STATX_BASIC, STATX_BTIME, STATX_DIOALIGN = 0x7FF, 0x800, 0x2000


def syscall(number, *args):
    """The raw call; raises OSError as os does."""
    words = []
    for arg in args:
        if isinstance(arg, str):
            arg = os.fsencode(arg)
        words.append(ctypes.c_long(arg) if isinstance(arg, int) else arg)
    result = LIBC.syscall(ctypes.c_long(number), *words)
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def renameat2(old, new, flags, old_dir=AT_FDCWD, new_dir=AT_FDCWD):
    return syscall(316, old_dir, old, new_dir, new, flags)


def linkat(old_dir, old, new_dir, new, flags):
    return syscall(265, old_dir, old, new_dir, new, flags)


def unlinkat(directory, name, flags):
    return syscall(263, directory, name, flags)


def fallocate(fd, mode, offset, length):
    return syscall(285, fd, mode, offset, length)


def faccessat2(path, mode, flags, directory=AT_FDCWD):
    return syscall(439, directory, path, mode, flags)


def fchmodat2(path, mode, flags, directory=AT_FDCWD):
    return syscall(452, directory, path, mode, flags)


def fchownat(path, uid, gid, flags, directory=AT_FDCWD):
    return syscall(260, directory, path, uid, gid, flags)


def utimensat(path, times, flags=0, directory=AT_FDCWD):
    """times: ((sec, nsec), (sec, nsec)) or None; path None: the file `directory` itself."""
    data = struct.pack("qqqq", *times[0], *times[1]) if times else None
    return syscall(280, directory, path, data, flags)


def openat2(path, flags, mode=0, resolve=0, directory=AT_FDCWD):
    how = struct.pack("QQQ", flags, mode, resolve)
    return syscall(437, directory, path, how, len(how))


def copy_file_range(source, source_at, target, target_at, length, flags=0):
    """Offsets may be None; returns the count and the new offsets."""
    pointers = [None if at is None else ctypes.c_int64(at) for at in (source_at, target_at)]
    refs = [None if p is None else ctypes.byref(p) for p in pointers]
    count = syscall(326, source, refs[0], target, refs[1], length, flags)
    return (count, *(p.value for p in pointers if p is not None))


def read_to(fd, address, length):
    """read() into memory that may not be there."""
    return syscall(0, fd, address, length)


def write_from(fd, address, length):
    return syscall(1, fd, address, length)


def lseek(fd, offset, whence):
    return syscall(8, fd, offset, whence)


def getdents(fd, room):
    """Entries as (ino, next, type, name)."""
    buffer = ctypes.create_string_buffer(room)
    count = syscall(217, fd, buffer, room)
    entries, at, data = [], 0, buffer.raw
    while at < count:
        ino, following, length, kind = struct.unpack_from("QqHB", data, at)
        name = data[at + 19 : at + length].split(b"\0")[0]
        entries.append((ino, following, kind, name.decode(errors="surrogateescape")))
        at += length
    return entries


def statx(path, mask=STATX_BASIC | STATX_BTIME, flags=AT_SYMLINK_NOFOLLOW, directory=AT_FDCWD):
    """The fields of struct statx that are the same for the same file anywhere."""
    buffer = ctypes.create_string_buffer(256)
    syscall(332, directory, path, flags, mask, buffer)
    raw = buffer.raw
    got, blksize, attributes, nlink, uid, gid, mode = struct.unpack_from("IIQIIIH", raw, 0)
    ino, size, blocks, attributes_mask = struct.unpack_from("QQQQ", raw, 32)
    times = [struct.unpack_from("qI", raw, 64 + 16 * n) for n in range(4)]
    rdev = struct.unpack_from("II", raw, 128)
    return {
        "mask": got, "blksize": blksize, "attributes": attributes, "nlink": nlink, "uid": uid, "gid": gid,
        "mode": mode, "ino": ino, "size": size, "blocks": blocks, "attributes_mask": attributes_mask,
        "atime": times[0], "btime": times[1], "ctime": times[2], "mtime": times[3], "rdev": rdev,
    }


def drop_capabilities(keep=0):
    """Leaves of the thread's permitted and effective capabilities those of the mask."""
    header = struct.pack("Ii", 0x20080522, 0)
    low, high = keep & 0xFFFFFFFF, keep >> 32
    syscall(126, header, struct.pack("IIIIII", low, low, 0, high, high, 0))


def keep_capabilities():
    """Lets the capabilities outlive a change of the user."""
    syscall(157, 8, 1, 0, 0, 0)
