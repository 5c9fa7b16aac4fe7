# SPDX-License-Identifier: GPL-2.0
"""Programs that set up a state of a process, go on for a while and check that it is as it was.

    states.py NAME

Each fails by an exception, and prints the same lines however often it is moved.
"""

import ctypes
import fcntl
import math
import mmap
import os
import resource
import select
import signal
import socket
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)

# Rounds of those that wait, and how long they do in each.
ROUNDS = 25
MS = 40


def busy(seconds):
    end = time.monotonic() + seconds
    value = 0.5
    while time.monotonic() < end:
        value = math.sin(value) + 1
    return value


def waits(wait):
    """A wait takes its time, no less; and it ends, although it is disturbed the whole time."""
    for _ in range(ROUNDS):
        began = time.monotonic()
        wait()
        took = (time.monotonic() - began) * 1000
        assert MS - 1 <= took, f"only {took} ms"
    print("waited", ROUNDS)


def floats():
    """Vector and x87 registers through computing."""
    total = 0.0
    long_double = ctypes.CDLL("libm.so.6").sinl
    long_double.restype = long_double.argtypes = None
    long_double.restype, long_double.argtypes = ctypes.c_longdouble, [ctypes.c_longdouble]
    for i in range(120000):
        total += math.sqrt(i) * math.sin(i)
        if i % 64 == 0:
            total += long_double(i)
    print(total.hex())


def heap():
    """brk, mmap, mremap and munmap, and what lies there."""
    kept = []
    check = 0
    for i in range(300):
        kept.append(bytearray(os.urandom(1)) * (1000 * (i % 97 + 1)))
        if i % 3 == 0:
            kept.pop(i % len(kept))
        for block in kept:
            assert block[0] == block[-1] == block[len(block) // 2]
            check += 1
    area = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for size in range(1, 30):
        area.resize(size << 20)
        area[(size << 20) - 1] = size
        for i in range(1, size + 1):
            assert area[(i << 20) - 1] == i
    print(check)


def stack():
    """A stack that grows and shrinks."""
    sys.setrecursionlimit(20000)

    def deep(n):
        return 0 if n == 0 else 1 + deep(n - 1)

    print([deep(n) for n in range(100, 9000, 89)][-1])


def sleeps():
    waits(lambda: time.sleep(MS / 1000))


def nanosleeps():
    """Relative sleeps by the system call itself, which restarts by `restart_syscall`."""
    class Timespec(ctypes.Structure):
        _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]

    def wait():
        time_left = Timespec(0, MS * 1000000)
        assert libc.syscall(35, ctypes.byref(time_left), None) == 0, ctypes.get_errno()

    waits(wait)


def polls():
    first, second = os.pipe()
    poll = select.poll()
    poll.register(first, select.POLLIN)
    waits(lambda: poll.poll(MS))
    waits(lambda: select.select([first], [], [], MS / 1000))
    os.close(second)


def raw_polls():
    """poll by the system call itself: no EINTR may be seen, which Python would hide."""
    first, _second = os.pipe()
    fds = struct.pack("ihh", first, select.POLLIN, 0)
    buffer = ctypes.create_string_buffer(fds, len(fds))

    def wait():
        assert libc.syscall(7, buffer, 1, MS) == 0, ctypes.get_errno()

    waits(wait)


def epolls():
    epoll = select.epoll()
    first, _second = os.pipe()
    epoll.register(first, select.EPOLLIN)
    events = ctypes.create_string_buffer(12 * 4)

    def wait():
        result = libc.syscall(232, epoll.fileno(), events, 4, MS)
        assert result == 0, ctypes.get_errno()

    waits(wait)


def pipes():
    """A child writes with pauses; read() by the system call itself sees no EINTR."""
    first, second = os.pipe()
    child = os.fork()
    if child == 0:
        for i in range(ROUNDS):
            time.sleep(MS / 2000)
            os.write(second, bytes([i]) * 1000)
        os._exit(7)
    os.close(second)
    buffer = ctypes.create_string_buffer(4096)
    got = []
    while True:
        count = libc.syscall(0, first, buffer, 4096)
        assert count >= 0, ctypes.get_errno()
        if count == 0:
            break
        got.append(buffer.raw[:count])
    got = b"".join(got)
    assert got == b"".join(bytes([i]) * 1000 for i in range(ROUNDS))
    _, status = os.waitpid(child, 0)
    print(len(got), os.waitstatus_to_exitcode(status))


def children():
    """fork, exec, wait and exit statuses, of a parent that computes in between."""
    for i in range(8):
        child = os.fork()
        if child == 0:
            busy(0.03)
            os._exit(i)
        busy(0.03)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == i
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 42"], os.environ)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), os.getpid() == os.getpgrp() or os.getppid() > 0)


def handlers():
    """Signals from a timer, from itself and from a child, all of them handled."""
    seen = {"alarm": 0, "user": 0}

    def on_alarm(*_):
        seen["alarm"] += 1

    def on_user(*_):
        seen["user"] += 1

    signal.signal(signal.SIGALRM, on_alarm)
    signal.signal(signal.SIGUSR1, on_user)
    signal.setitimer(signal.ITIMER_REAL, 0.03, 0.03)
    for i in range(20):
        busy(0.04)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert seen["user"] == i + 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert seen["alarm"] >= 10, seen
    print("user", seen["user"])


def masks():
    """Blocked and pending signals."""
    seen = []
    signal.signal(signal.SIGUSR2, lambda *_: seen.append(1))
    mask = {signal.SIGUSR2, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, mask)
    for _ in range(10):
        os.kill(os.getpid(), signal.SIGUSR2)
        busy(0.05)
        assert not seen and signal.sigpending() == {signal.SIGUSR2}
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
    signal.pthread_sigmask(signal.SIG_UNBLOCK, mask)
    print(len(seen))


def sigwaits():
    """sigtimedwait by the system call itself: no EINTR."""
    mask = ctypes.c_ulong(1 << (signal.SIGUSR1 - 1))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})

    def wait():
        timeout = (ctypes.c_long * 2)(0, MS * 1000000)
        result = libc.syscall(128, ctypes.byref(mask), None, timeout, 8)
        assert result == -1 and ctypes.get_errno() == 11, ctypes.get_errno()

    waits(wait)


def tcp():
    """A connection that lives on."""
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        peer = socket.create_connection(listener.getsockname())
        for _ in range(ROUNDS):
            peer.sendall(peer.recv(4096))
            time.sleep(MS / 2000)
        os._exit(0)
    peer, _ = listener.accept()
    for i in range(ROUNDS):
        busy(0.01)
        peer.sendall(b"%d" % i)
        assert peer.recv(4096) == b"%d" % i
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status))


def files():
    """Open files, their positions, flags and locks; a working directory that is gone."""
    os.makedirs("/tmp/states/gone", exist_ok=True)
    os.chdir("/tmp/states/gone")
    os.rmdir("/tmp/states/gone")
    fd = os.open("/tmp/states/file", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.unlink("/tmp/states/file")
    fcntl.flock(fd, fcntl.LOCK_EX)
    copy = os.dup(fd)
    for i in range(20):
        busy(0.03)
        os.write(fd, b"x" * 10)
        assert os.lseek(copy, 0, os.SEEK_CUR) == 10 * (i + 1)
        try:
            os.getcwd()
            raise AssertionError("a directory that is gone has a name")
        except FileNotFoundError:
            pass
    print(os.fstat(copy).st_size, fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_RDWR)


def identity():
    """Who it is and what it may use."""
    def state():
        return [
            os.getpid(), os.getppid(), os.getresuid(), os.getresgid(), os.getgroups(), os.umask(0o27),
            os.getpriority(os.PRIO_PROCESS, 0), resource.getrlimit(resource.RLIMIT_NOFILE),
            resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_CPU),
            os.getsid(0), os.getpgrp(), libc.personality(-1), open("/proc/self/comm").read(),
            open("/proc/self/cmdline").read(), libc.prctl(2, ctypes.byref(ctypes.c_int())),
        ]

    os.umask(0o27)
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, 600))
    if os.getuid() == 0:
        os.setgroups([4, 5, 6])
        os.setresgid(1001, 1001, 1001)
        os.setresuid(1001, 1001, 1001)
    before = state()
    for _ in range(25):
        busy(0.04)
        assert state() == before
    print(before[2:6])


def clocks():
    """Clocks that never go back, and CPU time that counts."""
    kinds = [time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_REALTIME, time.CLOCK_MONOTONIC_RAW]
    last = [0] * len(kinds)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        for i, kind in enumerate(kinds):
            now = time.clock_gettime_ns(kind)
            assert now >= last[i], kind
            last[i] = now
    used = time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID)
    assert used > 0.3, used
    print("went on")


def altstack():
    """A handler on an alternate stack, which is small."""
    assert ctypes.sizeof(ctypes.c_void_p) == 8
    size = 16384
    area = ctypes.create_string_buffer(size)
    libc.sigaltstack.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    new = struct.pack("QiiQ", ctypes.addressof(area), 0, 0, size)
    assert libc.sigaltstack(new, None) == 0
    old = ctypes.create_string_buffer(24)
    for _ in range(10):
        busy(0.05)
        assert libc.sigaltstack(None, old) == 0
        address, _flags, _, got = struct.unpack("QiiQ", old.raw)
        assert (address, got) == (ctypes.addressof(area), size)
    print(size)


def memory():
    """Much memory, some of it never touched."""
    size = 192 << 20
    area = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, size // 3, 4096):
        area[at] = at >> 12 & 255
    for at in range(0, size // 3, 4096):
        assert area[at] == at >> 12 & 255
    assert area[size - 1] == 0
    print(size)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
