# SPDX-License-Identifier: GPL-2.0-only
"""Which lines and branches of ward.ko ran: takes one run's counts, adds runs up.

The lab's own kernels keep the counts by object file (gcov's .gcda). They can be read
only together with what the compiler wrote beside that very object (.gcno), so a
run turns them at once into lines of the sources, which outlive the next build.
What is kept of a run is one file:

    {file: {line: [times, [[times of each branch]...]]}}

A line may have several lists of branches: kernels expand their macros in
different ways, and a header's function is compiled into several objects.
"""

import gzip
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from .say import LabFailure

# Sources are compiled through links in build/RELEASE/src. The code of trace.h is the kernel's.
SOURCE = re.compile(r"(?:^|/)src/((?:ept|module|vmcs|vmx)/(?!trace\.h$)[^/]+)$")


def _read(data, notes):
    """gcov's view of one object: yields (path of a source, its lines)."""
    with tempfile.TemporaryDirectory(prefix="ward-gcov-") as folder:
        name = Path(folder) / "object"
        name.with_suffix(".gcda").write_bytes(data)
        name.with_suffix(".gcno").write_bytes(notes)
        done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", "object.gcda"],
                              cwd=folder, capture_output=True, text=True)
        # It says so and goes on, with all counts at zero.
        if done.returncode or "mismatch" in done.stderr:
            raise LabFailure("gcov: " + done.stderr.strip())
        for line in done.stdout.splitlines():
            for source in json.loads(line)["files"]:
                match = SOURCE.search(source["file"])
                if match:
                    yield match[1], source["lines"]


# In a folder of runs: the commands that made them ("$ ..."), and what they said of themselves.
ABOUT = "about"


class Counts:
    """Lines and branches with how often each ran."""

    def __init__(self):
        self.files = {}

    def add_line(self, path, number, count, branch_lists):
        line = self.files.setdefault(path, {}).setdefault(int(number), [0, []])
        line[0] += count
        for branches in branch_lists:
            for known in line[1]:
                if len(known) == len(branches):
                    known[:] = map(sum, zip(known, branches))
                    break
            else:
                line[1].append(list(branches))

    def add_object(self, data, notes):
        for path, lines in _read(data, notes):
            for line in lines:
                branches = [branch["count"] for branch in line["branches"]]
                self.add_line(path, line["line_number"], line["count"], [branches] if branches else [])

    def add_file(self, path):
        with gzip.open(path, "rt") as source:
            for name, lines in json.load(source).items():
                for number, (count, branch_lists) in lines.items():
                    self.add_line(name, number, count, branch_lists)

    def write(self, path):
        temporary = path.with_name(f".{path.name}")
        with gzip.open(temporary, "wt") as out:
            json.dump(self.files, out)
        temporary.rename(path)

    def of_file(self, path):
        """(lines, of them run, branches, of them taken)."""
        lines = self.files[path].values()
        # Of several ways to count a line's branches, the one that says most.
        best = [max(lists, key=lambda one: sum(map(bool, one)) / len(one)) for _, lists in lines if lists]
        return (len(lines), sum(bool(count) for count, _ in lines),
                sum(map(len, best)), sum(bool(count) for one in best for count in one))

    def missing(self, path):
        """The lines that no run reached."""
        return sorted(number for number, (count, _) in self.files[path].items() if not count)


class Collector:
    """Takes a run's files as they come from the host."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.counts = Counts()

    def frame(self, payload):
        name, _, data = payload.partition(b"\0")
        notes = Path(os.fsdecode(name)).with_suffix(".gcno")
        # Other modules of COMMAND may count lines too.
        if "/src/" in str(notes) and notes.is_file():
            self.counts.add_object(data, notes.read_bytes())

    def finish(self, command):
        if not self.counts.files:
            raise LabFailure("no line of ward.ko was counted: --coverage is for kernels of the lab's own")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.counts.write(self.folder / f"{time.time_ns()}-{os.getpid()}.json.gz")
        add_about(self.folder, "$ " + command)


def add_about(folder, line):
    with open(Path(folder) / ABOUT, "a") as out:
        print(line, file=out)


def merge(folders):
    """The counts of all runs that were kept in some folders."""
    counts = Counts()
    found = [path for folder in folders for path in sorted(Path(folder).glob("*.json.gz"))]
    for path in found:
        counts.add_file(path)
    return counts, len(found)
