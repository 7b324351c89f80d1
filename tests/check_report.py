# SPDX-License-Identifier: GPL-2.0-only
"""What became of the tests of tests/check: read from their logs, kept, shown."""

import collections
import datetime
import json
import os
import platform
import re
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from check_steps import kind

TOP = Path(__file__).resolve().parent.parent
LOGS = TOP / "build/check"
KEPT = LOGS / "outcomes.json"
RESULTS = ("passed", "failed", "skipped")

# At the start of a line only: a nested TAP stream is indented.
TEST = re.compile(r"^(not )?ok\b(?: *\d+)?(?: *- *| +|$)([^#]*)(?:# *(skip|todo)\S*(.*))?", re.I)
PLAN = re.compile(r"^1\.\.(\d+)(?: *# *skip\S*(.*))?", re.I)

Case = collections.namedtuple("Case", "name result why")


class Outcome:
    """What became of one step."""

    def __init__(self, step):
        self.step = step
        self.cases = []
        self.seconds = 0.0
        self.log = LOGS / f"{step.name}.log"
        self.date = str(datetime.date.today())
        self.commit = output_of("git describe --always --dirty --exclude '*'")

    def count(self, result):
        return sum(case.result == result for case in self.cases)

    def add(self, name, result, why=""):
        self.cases.append(Case(name, result, why))

    def read(self, status):
        """Makes cases of the log and of how the command ended (None: it was not through in time)."""
        planned = 0
        for line in self.log.read_text("utf-8", "replace").replace("\r", "").splitlines():
            plan, test = PLAN.match(line), TEST.match(line)
            if plan:
                planned += int(plan[1])
                if plan[1] == "0" and plan[2] is not None:
                    self.add("all", "skipped", plan[2].strip())
            elif test:
                self._test(test)
        tests = len(self.cases)
        if status is None:
            self.add("end", "failed", f"not through after {self.step.minutes} minutes")
        elif self.step.silent and not status and self.log.stat().st_size:
            self.add("silence", "failed", "it has something to say")
        elif planned > tests:
            self.add("plan", "failed", f"{planned} tests were planned and {tests} ran")
        elif status and not self.count("failed") and not (status == 4 and (not tests or self.count("skipped"))):
            self.add("end", "failed", f"exit status {status}")
        elif not tests:
            self.add(self.step.name, "skipped" if status == 4 else "passed")

    def _test(self, test):
        directive = (test[3] or "").lower()
        if directive == "skip":
            result = "skipped"
        elif test[1]:
            # A failure that is announced as such is not one.
            result = "skipped" if directive == "todo" else "failed"
        else:
            result = "passed"
        self.add(test[2].strip() or "unnamed", result, (test[4] or "").strip())


def evidence(lines):
    """Of a log: what surrounds the first failed tests, else its end."""
    failed = [at for at, line in enumerate(lines) if (test := TEST.match(line)) and test[1] and not test[3]]
    if not failed:
        return lines[-30:]
    kept = sorted({near for at in failed[:5] for near in range(at - 6, at + 5)})
    return [lines[at] for at in kept if 0 <= at < len(lines)]


def explain(outcome):
    """For a failure: which tests, how to run it alone, what its log says."""
    lines = outcome.log.read_text("utf-8", "replace").replace("\r", "").splitlines()
    print(f"\n=== {outcome.step.name} failed ===")
    for case in outcome.cases:
        if case.result == "failed":
            print(f"  {case.name}" + (f": {case.why}" if case.why else ""))
    print(f"alone: {outcome.step.command}")
    print(f"from its log, {outcome.log.relative_to(TOP)}:")
    for line in evidence(lines):
        print(f"  | {line}")


def write_junit(outcomes, path):
    out = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for outcome in outcomes:
        name = quoteattr(outcome.step.name)
        out.append(f'<testsuite name={name} tests="{len(outcome.cases)}" failures="{outcome.count("failed")}" '
                   f'skipped="{outcome.count("skipped")}" time="{outcome.seconds:.1f}">')
        for case in outcome.cases:
            inner = {"passed": "", "skipped": f"<skipped message={quoteattr(case.why)}/>",
                     "failed": f"<failure message={quoteattr(case.why)}>{escape(outcome.step.command)}</failure>"}
            out.append(f"<testcase classname={name} name={quoteattr(case.name)}>{inner[case.result]}</testcase>")
        out.append("</testsuite>")
    out.append("</testsuites>")
    # XML has no way to write most control characters.
    path.write_text(re.sub(r"[^\t\n -\ud7ff\ue000-\ufffd]", "?", "\n".join(out)) + "\n")


def print_kinds(outcomes):
    totals = collections.defaultdict(lambda: [0, 0, 0])
    for outcome in outcomes:
        for at, word in enumerate(RESULTS):
            totals[kind(outcome.step)][at] += outcome.count(word)
    print()
    for name, counts in totals.items():
        print(f"{name:18} " + ", ".join(f"{n} {word}" for n, word in zip(counts, RESULTS) if n))


def output_of(command):
    done = subprocess.run(command, shell=True, cwd=TOP, capture_output=True, text=True)
    return done.stdout.strip() if not done.returncode else "?"


def write_summary(outcomes, selection, missing, path):
    """A table of the run in reStructuredText. `missing`: the names of tests that it stopped before."""
    lab = [output_of(f"basename $(tests/lab/kernel-dir {kernel})").removeprefix("linux-headers-")
           for kernel in ("stock-6.1", "stock-6.12")]
    rows = [("Kind", "Test", "Passed", "Failed", "Skipped", "Seconds", "Date", "Commit")]
    rows += [(kind(o.step), o.step.name, *(str(o.count(word)) for word in RESULTS), f"{o.seconds:.0f}",
              o.date, o.commit) for o in outcomes]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    title = f"Results of tests/check {selection}"
    skipped = [f"* {o.step.name}: {c.name}" + (f" ({c.why})" if c.why else "")
               for o in outcomes for c in o.cases if c.result == "skipped"]
    text = [".. SPDX-License-Identifier: GPL-2.0-only", "", title, "=" * len(title), "",
            f"Written by ``tests/check {selection} --summary FILE`` at {datetime.date.today()}. Each row has the",
            "day and the commit that it was run on; ``--resume`` keeps what passed before.", "",
            f"* Machine: {os.cpu_count()} CPUs, {platform.freedesktop_os_release().get('PRETTY_NAME', '?')}, "
            + output_of("gcc --version | head -n 1"),
            "* Lab: Bochs 3.0; kernels " + ", ".join(lab), "",
            rule, table[0], rule, *table[1:], rule, "", "In all: "
            + ", ".join(f"{sum(o.count(word) for o in outcomes)} {word}" for word in RESULTS)
            + f"; the tests' times add up to {sum(o.seconds for o in outcomes) / 60:.0f} minutes.", ""]
    if missing:
        text += ["Not run yet: " + ", ".join(missing) + ".", ""]
    if skipped:
        text += ["Skipped:", "", *skipped, ""]
    path.write_text("\n".join(text))


def _read_kept(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def keep(outcome, path):
    """Notes an outcome down for passed_before()."""
    known = _read_kept(path)
    known[outcome.step.name] = {"command": outcome.step.command, "cases": outcome.cases, "seconds": outcome.seconds,
                                "date": outcome.date, "commit": outcome.commit}
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(known, indent=1) + "\n")
    temporary.rename(path)


def passed_before(steps, path):
    """Of these steps the outcomes of earlier runs in which the same command passed."""
    known, outcomes = _read_kept(path), []
    for step in steps:
        entry = known.get(step.name)
        if entry and entry["command"] == step.command:
            outcome = Outcome(step)
            outcome.cases = [Case(*case) for case in entry["cases"]]
            outcome.seconds, outcome.date, outcome.commit = entry["seconds"], entry["date"], entry["commit"]
            if outcome.count("passed") and not outcome.count("failed"):
                outcomes.append(outcome)
    return outcomes
