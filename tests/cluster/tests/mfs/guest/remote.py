# SPDX-License-Identifier: GPL-2.0
"""remote.py PORT: does what a test says: each connection brings a piece of Python and takes its result.

All pieces share their variables, and each runs in a thread of its own, so that some may wait while others
work. The result is that of the last line if it is an expression; errors of the system are told by
err(). A forked child is needed where something belongs to a process: see user() and child().
"""

import ast
import errno
import fcntl
import mmap
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from diff import calls, locks
from diff.record import O, become

SHARED = {name: value for name, value in globals().items() if not name.startswith("__")}


def err(call, *args, **named):
    """The result as told, or the name of the error."""
    try:
        return call(*args, **named)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


def timed(call, *args, **named):
    """(seconds, result or error)."""
    begin = time.monotonic()
    result = err(call, *args, **named)
    return time.monotonic() - begin, result


def put(path, data=b"", flags=os.O_CREAT | os.O_TRUNC, mode=0o644):
    """Writes a file, at once."""
    fd = os.open(path, os.O_WRONLY | flags, mode)
    try:
        return os.write(fd, data)
    finally:
        os.close(fd)


def get(path):
    with open(path, "rb", buffering=0) as file:
        return file.read()


def child(job, *args):
    """Runs job in a process of its own; what it returns, or the name of its error."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            text = str(err(job, *args))
        except BaseException:
            text = traceback.format_exc()
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text


def user(uid, groups, job, *args):
    """Runs job as this user."""
    def other():
        become(uid, uid, groups, None, None)
        return job(*args)
    return child(other)


for helper in (err, timed, put, get, child, user):
    SHARED[helper.__name__] = helper


def execute(text):
    """Runs a piece; the value of its last expression."""
    tree = ast.parse(text)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, "piece", "exec"), SHARED)
    value = eval(compile(last, "piece", "eval"), SHARED) if last else None
    if isinstance(value, bytes):
        return value.decode("latin1")
    return "" if value is None else str(value)


def serve(connection):
    with connection:
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
        try:
            reply = "+" + execute(b"".join(pieces).decode())
        except BaseException:
            reply = "-" + traceback.format_exc()
        try:
            connection.sendall(reply.encode())
        except OSError:
            pass


def main():
    door = socket.create_server(("", int(sys.argv[1])), reuse_port=True)
    while True:
        connection, _ = door.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
