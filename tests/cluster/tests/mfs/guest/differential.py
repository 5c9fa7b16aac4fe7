# SPDX-License-Identifier: GPL-2.0
"""differential.py REFERENCE MODE=TESTED... [long] [SECTION...]: does the same in several places and compares.

REFERENCE is a folder of an ordinary file system, TESTED are others that shall behave the same. MODE (local,
here or afar) says which differences are allowed (diff/allowed.py). Prints each other difference, and what
was compared; ends with 1 if there was one.
"""

import json
import os
import shutil
import sys
import time

from diff import access, allowed, attrs, data, dirs, locks, maps, names, opens, xattrs
from diff.record import Trial

# Differences that are printed.
SHOWN = 150


def sections(long):
    yield "open_flags", lambda t: opens.combinations(t, long)
    for module in (opens, data, names, attrs, access, dirs, xattrs, locks, maps):
        yield from module.SECTIONS
    yield "changing", lambda t: dirs.changing(t, 100000 if long else 400)


def trial(root, chosen, long):
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    os.chmod(root, 0o777)
    t = Trial(root)
    for name, job in sections(long):
        if not chosen or name in chosen:
            begin = time.monotonic()
            t.run(name, job)
            t.seconds.append((name, time.monotonic() - begin))
    shutil.rmtree(root, ignore_errors=True)
    return t


def apart(*args):
    """A trial in a process of its own, so that all have the same descriptors to begin with."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        t = trial(*args)
        with os.fdopen(writing, "w") as pipe:
            json.dump([t.lines, t.failed, t.seconds], pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(text)


def numbered(lines):
    """The records, the same label's first, second ... kept apart."""
    counts, records = {}, {}
    for label, result in lines:
        counts[label] = counts.get(label, 0) + 1
        records[(label, counts[label])] = result
    return records


def run(root, chosen, long):
    """The records of a place, and how many sections could not be run to their end."""
    lines, failed, seconds = apart(root, chosen, long)
    slowest = sorted(seconds, key=lambda pair: -pair[1])[:4]
    took = ", ".join(f"{name} {length:.1f}" for name, length in slowest)
    print(f"{root}: {len(lines)} results in {sum(pair[1] for pair in seconds):.1f} s ({took} ...)")
    for name, text in failed:
        print(f"FAILED in {root}: {name}: {text}")
    return numbered(lines), len(failed)


def compare(left, right, mode, whole):
    """Prints what differs; how much that is."""
    table = allowed.Table(mode)
    wrong = 0
    for key in dict.fromkeys((*left, *right)):
        local, other = left.get(key, "-"), right.get(key, "-")
        if local != other and not table.allows(key[0], local, other):
            wrong += 1
            if wrong <= SHOWN:
                print(f"DIFFERS {key[0]} #{key[1]}\n    reference: {local}\n    tested:    {other}")
    if whole:
        for reason in table.unused():
            wrong += 1
            print(f"NOT NEEDED: allowed difference: {reason}")
    print(f"{mode}: {len(left)} results compared, {table.used} allowed differences, {wrong} others")
    return wrong


def main():
    reference, *rest = sys.argv[1:]
    long = "long" in rest
    places = [word.split("=") for word in rest if "=" in word]
    chosen = [word for word in rest if word != "long" and "=" not in word]
    left, wrong = run(reference, chosen, long)
    for mode, tested in places:
        right, failed = run(tested, chosen, long)
        wrong += failed + compare(left, right, mode, not chosen)
    sys.exit(1 if wrong else 0)


main()
