# SPDX-License-Identifier: GPL-2.0-only
"""Reads KUnit's results out of a kernel's log, and says them as flat TAP.

KTAP nests: a suite's line follows those of its cases, and a case's line those
of its parameters. What counts as a test is what has nothing below it. A line
above that failed although all below it passed is one more, failed test. Both
KUnit's forms are read, that of 6.1 ("ok 1 - name") and the later ("ok 1 name").
"""

import collections
import re

INDENT = 4
STAMP = re.compile(r"^\[ *[\d.]+\] ")
RESULT = re.compile(r"^( *)(not )?ok (\d+)(?: -)?(?: (.*?))?(?: # (SKIP|TODO)\b *(.*))?$")
PLAN = re.compile(r"^( *)1\.\.(\d+)$")
# What KUnit says of a failure: a summary of its own is left out.
DETAIL = re.compile(r"^ {4,}#? ?(?!.*\b(?:Subtest|module): )(?!.*: pass:\d+ fail:\d+).*\S")

Test = collections.namedtuple("Test", "suite name passed skipped details")


class Reader:
    """Takes a log line by line; `tests` has the leaves, `suites` what reported."""

    def __init__(self):
        self.tests = []
        self.suites = []
        self.levels = collections.defaultdict(list)     # results that wait for the line above them
        self.plans = {}
        self.details = []

    def feed(self, line):
        line = STAMP.sub("", line).replace("\\x0a", "\n")
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan:
            self.plans[len(plan[1]) // INDENT] = int(plan[2])
        elif result:
            self._result(len(result[1]) // INDENT, not result[2], result[4] or "unnamed", result[5] == "SKIP")
        elif DETAIL.match(line):
            self.details += [part.strip() for part in line.split("\n")]

    def _result(self, level, passed, name, skipped):
        below = self.levels.pop(level + 1, [])
        planned = self.plans.pop(level + 1, len(below))
        leaves = [Test(leaf.suite, f"{name}: {leaf.name}" if level else leaf.name, *leaf[2:])
                  for branch in below for leaf in branch]
        if len(below) < planned:
            leaves.append(Test(None, name, False, False, [f"{planned} were planned and {len(below)} ran"]))
        if not leaves or (not passed and all(leaf.passed for leaf in leaves)):
            leaves.append(Test(None, name, passed, skipped, [] if passed else self.details))
        self.details = []
        if level:
            self.levels[level].append(leaves)
            return
        self.suites.append(name)
        self.tests += [leaf._replace(suite=name) for leaf in leaves]

    def finish(self):
        """What never came to its end is a failure."""
        for level in sorted(self.levels, reverse=True):
            for branch in self.levels[level]:
                self.tests += [leaf._replace(suite="unfinished") for leaf in branch]
            self.tests.append(Test("unfinished", f"level {level}", False, False, ["the line above it is missing"]))
        self.levels.clear()


def tap(tests):
    """Flat TAP, line by line."""
    for number, test in enumerate(tests, 1):
        # Behind a # would be a directive.
        name = f"{test.suite}: {test.name}".replace("#", "")
        yield f"{'' if test.passed else 'not '}ok {number} - {name}{' # SKIP' if test.skipped else ''}"
        for detail in test.details:
            yield f"# {detail}"
    yield f"1..{len(tests)}"
