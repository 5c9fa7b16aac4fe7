# SPDX-License-Identifier: GPL-2.0
"""Where MFS is allowed to differ from the file system beneath, and why."""

import re

# Behind a reason: it depends on the time, and so is not needed in each run.
SOON = ", a moment later"

# What holds on every node: the label, what the reference said, what MFS may say instead, and the reason.
# Patterns match the whole text.
EVERYWHERE = [
    (r"links: link (dir|full) .*", r"EEXIST|ENAMETOOLONG", r"EPERM", "folders have one name; the new name is looked at later, by the server"),
    (r"users: .*NOATIME.*|capabilities: .*NOATIME.*", r"EACCES", r"EPERM", "both hold; who may read is the server's to say, later than whose the file is"),
    (r"directories: (listdir|stat)\('\.'\)", r"'done'", r"ESTALE", "a working directory is not open: when it is removed it is gone" + SOON),
    (r"listing: lseek\(<dir>, 0, [34]\)", r"'done'", r"EINVAL", "folders have no holes"),
    (r"leases: .*", r"\d|EAGAIN", r"EINVAL|2", "leases are for programs of one node"),
]
# Further ones for a way of looking at a file (here: on the serving node; afar: from another node).
ALLOWED = {
    "local": [],
    "here": EVERYWHERE,
    "afar": [
        *EVERYWHERE,
        (r"map_writable: .*", r".*", r"ENODEV|-|.*", "shared writable maps from afar need leases"),
    ],
}


class Table:
    """The allowed differences of one way, and whether each was needed."""

    def __init__(self, mode):
        self.rows = [(*(re.compile(pattern, re.DOTALL) for pattern in row[:3]), row[3]) for row in ALLOWED[mode]]
        self.needed, self.used = set(), 0

    def allows(self, label, local, other):
        for number, (labels, locals_, others, _) in enumerate(self.rows):
            if labels.fullmatch(label) and locals_.fullmatch(local) and others.fullmatch(other):
                self.needed.add(number)
                self.used += 1
                return True
        return False

    def unused(self):
        return [row[3] for number, row in enumerate(self.rows) if number not in self.needed and not row[3].endswith(SOON)]
