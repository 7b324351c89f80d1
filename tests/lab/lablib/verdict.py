# SPDX-License-Identifier: GPL-2.0-only
"""Judges the host by its log: a test that passes on a host that warned has failed.

Two views of the log exist. The agent forwards every record of /dev/kmsg with
its facility, so words that a program wrote there are told from the kernel's. The
serial console shows errors and warnings only, but still speaks while the
host goes down, when no agent runs any more.
"""

import re

SPLAT = re.compile("|".join((
    r"Kernel panic - not syncing",
    r"\[ cut here \]",
    r"\bBUG: ",
    r"\bkernel BUG at ",
    r"(?:^|\] )WARNING: ",                  # lockdep, RCU; not "RETBleed: WARNING:"
    r"\bOops\b",
    r"\[#\d+\] (?:PREEMPT|SMP|$)",          # a fault in the kernel, whatever its name
    r"\bKASAN: |\bKCSAN: |\bKFENCE: |\bUBSAN: ",
    r"\brcu: INFO: |detected (?:expedited )?stalls? on CPU",
    r"\bINFO: task .* blocked for more than",
    r"soft lockup - |hard LOCKUP|watchdog: Watchdog detected",
    r"DEBUG_LOCKS_WARN_ON",
    r"unchecked MSR access error",
    r"kmemleak: \d+ new suspected memory leaks",
    r"PANIC: double fault",
    r"list_(?:add|del) corruption",
    # A checker that gave up finds nothing any more.
    r"ODEBUG: Out of memory|kmemleak: .*(?:disabled|disabling)|INFO: lockdep is turned off",
    r"INFO: trying to register non-static key",
)))
PANIC = re.compile(r"Kernel panic - not syncing|end Kernel panic|PANIC: double fault")
# The panic that sysrq's "c" asks for.
INTENDED = re.compile(r"Kernel panic - not syncing: sysrq triggered crash")

# What Debian's kernel says in the lab without anything being wrong.
HARMLESS = re.compile("|".join((
    r"loading out-of-tree module taints kernel",
    r"module verification failed: .* tainting kernel",
)))


def splat(line):
    return bool(SPLAT.search(line)) and not HARMLESS.search(line)


class Log:
    def __init__(self):
        self.lines = []
        self.splats = []                # their places in lines

    def add(self, line, counts=True):
        if counts and splat(line):
            self.splats.append(len(self.lines))
        self.lines.append(line)

    def reason(self):
        """The line that names the first splat, or None."""
        if not self.splats:
            return None
        first = self.splats[0]
        if "cut here" in self.lines[first] and first + 1 < len(self.lines):
            first += 1
        return self.lines[first].strip()

    def excerpt(self, before=5, count=60):
        """The first splat with what follows, or the log's end."""
        begin = self.splats[0] - before if self.splats else len(self.lines) - 30
        begin = max(begin, 0)
        return self.lines[begin:begin + count]


class KernelLog(Log):
    """The records of /dev/kmsg, in the form that dmesg shows."""

    def __init__(self, out=None):
        super().__init__()
        self.out = out

    def record(self, data):
        head, _, text = data.decode("utf-8", "replace").partition(";")
        fields = head.split(",")
        try:
            facility, stamp = int(fields[0]) >> 3, int(fields[2]) / 1e6
        except (ValueError, IndexError):
            facility, stamp = 1, 0.0
        # Lines that begin with a space carry device names, for udev's like.
        text = text.split("\n ")[0].rstrip("\n")
        line = f"[{stamp:12.6f}] {text}"
        self.add(line, facility == 0)
        if self.out:
            self.out.write(line + "\n")
            self.out.flush()


class Serial(Log):
    """The serial console, read as the emulator writes it to its file."""

    def __init__(self, path):
        super().__init__()
        self.file = open(path, "rb")
        self.rest = b""
        self.panicked = False

    def poll(self):
        """Reads on. Returns True when a new splat came."""
        data = self.rest + self.file.read()
        *lines, self.rest = data.split(b"\n")
        before = len(self.splats)
        for line in lines:
            self._line(line)
        return len(self.splats) > before

    def finish(self):
        self.poll()
        if self.rest:
            self._line(self.rest)
            self.rest = b""

    def _line(self, data):
        line = data.decode("utf-8", "replace").strip("\r")
        self.add(line)
        self.panicked = self.panicked or bool(PANIC.search(line))
