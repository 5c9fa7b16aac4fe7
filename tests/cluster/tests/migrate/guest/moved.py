# SPDX-License-Identifier: GPL-2.0
"""Runs a program and moves it, and its children, at random moments until it ends.

    moved.py SEED SECONDS OUTPUT COMMAND...

Prints a JSON object: the exit status, how often something moved out, and what was refused and how often.
"""

import ctypes
import errno
import fcntl
import json
import os
import random
import struct
import subprocess
import sys
import time

MIGRATE = 3 << 30 | 64 << 16 | 0xBB << 8 | 8
ABI_VERSION = 3
HERE, HOME = 1, 2


class Refused(Exception):
    """The module does not move a process, and says why."""


class Mover:
    """The module's device."""

    def __init__(self):
        self.device = os.open("/dev/mosix", os.O_RDONLY | os.O_CLOEXEC)

    def migrate(self, pid, to):
        request = ctypes.create_string_buffer(struct.pack("<IIII", pid, to, 0, 0), 16)
        text = ctypes.create_string_buffer(128)
        args = bytearray(
            struct.pack(
                "<IIQQIIIIIIQQ",
                ABI_VERSION, 0, ctypes.addressof(request), ctypes.addressof(text),
                16, 128, 0, 0, 0, 0, 0, 0,
            )
        )
        try:
            fcntl.ioctl(self.device, MIGRATE, args)
        except OSError as error:
            written = struct.unpack_from("<I", args, 32)[0]
            said = text.raw[:written].decode()
            raise Refused(said or errno.errorcode[error.errno]) from None


def family(pid):
    """The process and all its descendants."""
    pids = [pid]
    for parent in pids:
        try:
            with open(f"/proc/{parent}/task/{parent}/children") as file:
                pids += map(int, file.read().split())
        except OSError:
            pass
    return pids


def main():
    seed, seconds, output, command = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]
    dice = random.Random(seed)
    mover = Mover()
    moves, refused = 0, {}
    with open(output, "wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    end = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > end:
            process.kill()
            print(json.dumps({"status": "too slow", "moves": moves, "refused": refused}))
            return
        time.sleep(dice.random() * 0.05)
        pid = dice.choice(family(process.pid))
        try:
            if dice.random() < 0.7:
                mover.migrate(pid, HERE)
                moves += 1
            else:
                mover.migrate(pid, HOME)
        except Refused as why:
            refused[str(why)] = refused.get(str(why), 0) + 1
    print(json.dumps({"status": process.returncode, "moves": moves, "refused": refused}))


if __name__ == "__main__":
    main()
