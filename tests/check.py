# SPDX-License-Identifier: GPL-2.0-only
"""Runs the tests of a tier, each one a command of a person at the top folder.

    tests/check [TIER]          quick: minutes; check (default): what CI runs;
                                long: everything there is
    tests/check NAME...         these tests, whatever their tier
    tests/check --list          which there are

    --summary FILE              also write what was run, when and with what,
                                as a page of Documentation/

A command's output is kept in build/check/NAME.log. If it speaks TAP, each of
its tests counts, otherwise the command is one test: status 0 passes, 4 skips,
anything else fails. build/check/results.xml has it all in JUnit's form.
"""

import argparse
import collections
import datetime
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

TOP = Path(__file__).resolve().parent.parent
LOGS = TOP / "build/check"
TIERS = ("quick", "check", "long")
RESULTS = ("passed", "failed", "skipped")

# `at_once`: False: alone; True: beside another one (a lab keeps one CPU busy).
# `silent`: any output, as a compiler's warning, is a failure.
Step = collections.namedtuple("Step", "name tier at_once minutes command silent", defaults=(False,))

# By how a step's name begins; the longest that fits counts.
KINDS = {
    "": "other", "user": "builds", "module": "builds", "generic": "builds", "lab-files": "builds",
    "matrix": "builds", "unit": "unit tests", "kunit": "KUnit", "hello": "selftests", "selftests": "selftests",
    "kselftest": "selftests", "images": "bare-metal images", "guest": "Linux guests", "host": "Linux guests",
    "all": "Linux guests", "lab": "the lab itself", "static": "static checks", "fuzz": "fuzzing",
    "inject": "fault injection", "life": "life cycle", "mutants": "mutants", "coverage": "coverage",
}


def module(kernel):
    """A build of its own from nothing, so that no warning is missed."""
    release = "check-" + kernel
    return (f"rm -rf build/{release} && make -s -j2 module RELEASE={release} "
            f"KDIR=\"$(tests/lab/kernel-dir {kernel})\" KBUILD_ARGS=W=1 && rm -rf build/{release}")


STEPS = (
    # name                 tier     at once  min.  command
    Step("user",           "quick", False,   5,  "make -s user"),
    Step("unit-user",      "quick", False,   5,  "make -s -C userlib check O=\"$PWD/build/user\""),
    Step("unit-module",    "quick", False,   5,  "make -s -C tests/kunit/user check KHEADERS=\"$("
                                                 "tests/lab/kernel-dir stock-6.1 | sed s/-cloud-amd64$/-common/)\""),
    Step("unit-ktap",      "quick", False,   1,  "tests/kunit/ktap_test"),
    Step("module-6.1",     "quick", False,  10,  module("stock-6.1"), True),
    Step("module-6.12",    "check", False,  10,  module("stock-6.12"), True),
    Step("lab-files",      "quick", False,  10,  "make -s lab-files KERNEL=stock-6.1"),
    Step("lab-files-6.12", "check", False,  10,  "make -s lab-files KERNEL=stock-6.12"),
    # The first time it builds the kernel; both of the machine's CPUs are at it.
    Step("lab-files-debug-6.1", "long",  False, 40, "make -s lab-files KERNEL=debug-6.1"),
    Step("lab-files-debug-6.12", "long", False, 40, "make -s lab-files KERNEL=debug-6.12"),
    # The first time it builds the kernel too.
    Step("kunit",          "check", False,  60,  "tests/kunit/run"),
    Step("hello",          "quick", True,    5,  "tests/lab/run -- sh -c 'ward probe && hello16'"),
    Step("images",         "quick", True,   10,  "tests/lab/run -- run-images"),
    Step("selftests",      "check", True,   20,  "tests/lab/run -- ward-selftests"),
    Step("guest",          "check", True,   15,  "tests/run-guest --where lab --check"),
    Step("guest-6.12",     "check", True,   15,  "tests/run-guest --where lab --check --guest stock-6.12"),
    Step("host-6.12",      "check", True,   15,  "tests/run-guest --where lab --check --host stock-6.12"),
    Step("lab",            "check", True,   10,  "tests/lab/selftest status exact-arguments put-and-get warn"),
    Step("fuzz",           "check", True,   15,  "tests/fuzz/run --seed 1 --seconds 15"),
    Step("life",           "check", True,   10,  "tests/lab/run -- "
                                                 "ward-lifecycle load vms unload_race users host_debug"),
    Step("life-2",         "check", True,   10,  "tests/lab/run --cpus 2 -- ward-lifecycle hotplug nmi suspend"),
    Step("life-kvm",       "check", True,   10,  "tests/lab/run -- ward-lifecycle kvm"),
    Step("life-incapable", "check", True,   10,  "tests/lifecycle/incapable"),
    Step("mutants-some",   "check", True,   10,  "tests/mutants/run --at-once 1 ept-split-offset "
                                                 "event-error-code-lost explain-rule-dropped layout-overlap"),
    Step("selftests-6.12", "long",  True,   15,  "tests/lab/run --kernel stock-6.12 -- ward-selftests"),
    Step("selftests-2",    "long",  True,   20,  "tests/lab/run --cpus 2 -- ward-selftests"),
    Step("matrix",         "long",  False,  45,  "tests/kernels"),
    Step("static",         "long",  False,  30,  "tests/static sparse checkpatch shell python"),
    Step("kselftest",      "long",  False,  20,  "tests/kselftest --no-run"),
    Step("static-long",    "long",  False,  60,  "tests/static coccinelle"),
    Step("images-6.12",    "long",  True,   15,  "tests/lab/run --kernel stock-6.12 -- run-images"),
    Step("images-haswell", "long",  True,   15,  "tests/lab/run --cpu-model corei7_haswell_4770 -- run-images"),
    Step("guest-haswell",  "long",  True,   20,  "tests/run-guest --where lab --check --cpu-model corei7_haswell_4770"),
    Step("all-6.12",       "long",  True,   30,  "tests/run-guest --where lab --check "
                                                 "--host stock-6.12 --guest stock-6.12"),
    Step("selftests-debug", "long",  True,  30,  "tests/lab/run --kernel debug-6.1 --coverage build/coverage "
                                                 "-- ward-selftests"),
    Step("guest-debug",    "long",  True,   30,  "tests/run-guest --where lab --check --host debug-6.1"),
    Step("selftests-debug-2", "long", True, 40,  "tests/lab/run --kernel debug-6.1 --cpus 2 --coverage build/coverage "
                                                 "-- ward-selftests"),
    Step("selftests-debug-6.12", "long", True, 40, "tests/lab/run --kernel debug-6.12 --coverage build/coverage "
                                                 "-- ward-selftests"),
    Step("images-debug",   "long",  True,   40,  "tests/lab/run --kernel debug-6.1 --coverage build/coverage "
                                                 "-- run-images"),
    Step("guest-debug-6.12", "long", True,  40,  "tests/run-guest --where lab --check --host debug-6.12"),
    Step("lab-debug",      "long",  True,   60,  "tests/lab/selftest --kernel debug-6.1 $(tests/lab/selftest --list "
                                                 "| grep ^debug-)"),
    Step("life-long",      "long",  True,  120,  "tests/lab/run --env WARD_LONG=1 --timeout 7000 -- "
                                                 "ward-lifecycle load vms unload_race users host_debug"),
    Step("life-2-long",    "long",  True,   60,  "tests/lab/run --env WARD_LONG=1 --timeout 3500 --cpus 2 -- "
                                                 "ward-lifecycle hotplug nmi suspend unload_race"),
    Step("life-2-6.12",    "long",  True,   30,  "tests/lab/run --kernel stock-6.12 --cpus 2 -- "
                                                 "ward-lifecycle hotplug nmi suspend sleep_clock users"),
    Step("life-kvm-6.12",  "long",  True,   20,  "tests/lab/run --kernel stock-6.12 --cpus 2 -- ward-lifecycle kvm"),
    Step("life-kvm-2",     "long",  True,   15,  "tests/lab/run --cpus 2 -- ward-lifecycle kvm"),
    Step("life-no-adjust", "long",  True,   10,  "tests/lab/run --cpu-model corei7_skylake_x,"
                                                 "exclude_features=tsc_adjust -- ward-lifecycle sleep_clock"),
    Step("kunit-6.12",     "long",  False,  60,  "tests/kunit/run --kernel debug-6.12"),
    Step("fuzz-long",      "long",  True,   90,  "tests/fuzz/run --seconds 600 --timeout 2400"),
    Step("fuzz-6.12",      "long",  True,   60,  "tests/fuzz/run --seconds 300 --kernel stock-6.12 --timeout 1500"),
    Step("lab-long",       "long",  True,   60,  "tests/lab/selftest"),
    Step("mutants",        "long",  False, 120,  "tests/mutants/run"),
)

# At the start of a line only: a nested TAP stream is indented.
TEST = re.compile(r"^(not )?ok\b(?: *\d+)?(?: *- *| +|$)([^#]*)(?:# *(skip|todo)\S*(.*))?", re.I)
PLAN = re.compile(r"^1\.\.(\d+)(?: *# *skip\S*(.*))?", re.I)

Case = collections.namedtuple("Case", "name result why")


def kind(step):
    return KINDS[max((begin for begin in KINDS if step.name.startswith(begin)), key=len)]


class Outcome:
    """What became of one step."""

    def __init__(self, step):
        self.step = step
        self.cases = []
        self.seconds = 0.0
        self.log = LOGS / f"{step.name}.log"

    def count(self, result):
        return sum(case.result == result for case in self.cases)

    def add(self, name, result, why=""):
        self.cases.append(Case(name, result, why))

    def read(self, status, timed_out):
        """Makes cases of the log and of how the command ended."""
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
        if timed_out:
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


class Runner:
    """Runs steps, some at once where they may, and shows how they go."""

    def __init__(self, at_once):
        self.at_once = at_once
        self.begin = time.monotonic()
        self.lock = threading.Lock()
        self.running = set()
        self.outcomes = []
        self.stopped = False

    def say(self, text):
        with self.lock:
            print(f"[{time.monotonic() - self.begin:7.1f} s] {text}", flush=True)

    def run(self, step):
        outcome = Outcome(step)
        outcome.log.unlink(missing_ok=True)
        self.say(f"      {step.name} ...")
        begin = time.monotonic()
        status, timed_out = self._execute(step, outcome.log)
        outcome.seconds = time.monotonic() - begin
        if self.stopped:
            return
        outcome.read(status, timed_out)
        with self.lock:
            self.outcomes.append(outcome)
        self._report(outcome)

    def _execute(self, step, log):
        with open(log, "wb") as out:
            process = subprocess.Popen(["bash", "-c", step.command], cwd=TOP, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
            with self.lock:
                self.running.add(process)
            try:
                return process.wait(step.minutes * 60), False
            except subprocess.TimeoutExpired:
                end(process)
                return process.returncode, True
            finally:
                with self.lock:
                    self.running.discard(process)

    def _report(self, outcome):
        failed, skipped = outcome.count("failed"), outcome.count("skipped")
        counts = [f"{outcome.count('passed')} passed"]
        counts += [f"{failed} failed"] if failed else []
        counts += [f"{skipped} skipped"] if skipped else []
        word = "FAIL " if failed else "ok   " if outcome.count("passed") else "skip "
        self.say(f"{word} {outcome.step.name}: {', '.join(counts)} in {outcome.seconds:.0f} s")

    def run_all(self, steps):
        steps = collections.deque(steps)
        while steps and not self.stopped:
            if not steps[0].at_once:
                self.run(steps.popleft())
                continue
            together = collections.deque()
            while steps and steps[0].at_once:
                together.append(steps.popleft())
            self._run_together(together)

    def _run_together(self, steps):
        def work():
            while not self.stopped:
                with self.lock:
                    if not steps:
                        return
                    step = steps.popleft()
                self.run(step)
        threads = [threading.Thread(target=work) for _ in range(self.at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def stop(self, *_):
        self.stopped = True
        for process in list(self.running):
            end(process)


def end(process):
    """Ends a command with all that it started; a lab takes its emulator down."""
    for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
            return
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue


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


def write_summary(outcomes, selection, seconds, path):
    """A table of the run in reStructuredText."""
    lab = [output_of(f"basename $(tests/lab/kernel-dir {kernel})").removeprefix("linux-headers-")
           for kernel in ("stock-6.1", "stock-6.12")]
    rows = [("Kind", "Test", "Passed", "Failed", "Skipped", "Seconds")]
    rows += [(kind(o.step), o.step.name, *(str(o.count(word)) for word in RESULTS), f"{o.seconds:.0f}")
             for o in outcomes]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    title = f"Results of tests/check {selection}"
    skipped = [f"* {o.step.name}: {c.name}" + (f" ({c.why})" if c.why else "")
               for o in outcomes for c in o.cases if c.result == "skipped"]
    text = [".. SPDX-License-Identifier: GPL-2.0-only", "", title, "=" * len(title), "",
            f"Written by ``tests/check {selection} --summary FILE``.", "",
            f"* Date: {datetime.date.today()}, commit {output_of('git rev-parse --short HEAD')}",
            f"* Machine: {os.cpu_count()} CPUs, {platform.freedesktop_os_release().get('PRETTY_NAME', '?')}, "
            + output_of("gcc --version | head -n 1"),
            "* Lab: Bochs 3.0; kernels " + ", ".join(lab), "",
            rule, table[0], rule, *table[1:], rule, "", "In all: "
            + ", ".join(f"{sum(o.count(word) for o in outcomes)} {word}" for word in RESULTS)
            + f" in {seconds / 60:.0f} minutes.", ""]
    if skipped:
        text += ["Skipped:", "", *skipped, ""]
    path.write_text("\n".join(text))


def parse():
    parser = argparse.ArgumentParser(prog="tests/check", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for tier in TIERS:
        parser.add_argument(f"--{tier}", dest="tier", action="store_const", const=tier, help=argparse.SUPPRESS)
    parser.add_argument("--at-once", type=int, default=min(2, os.cpu_count() or 1), metavar="N",
                        help="how many labs may run beside each other (%(default)s)")
    parser.add_argument("--list", action="store_true", help="print the tests and their commands")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write a table of the results there")
    parser.add_argument("names", nargs="*", metavar="TIER | NAME", help="default: check")
    options = parser.parse_args()
    if len(options.names) == 1 and options.names[0] in TIERS:
        options.tier = options.names.pop()
    known = {step.name for step in STEPS}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"there is no test {unknown[0]}; --list names them")
    options.tier = options.tier or "check"
    return options


def chosen(options):
    if options.names:
        return [step for step in STEPS if step.name in options.names]
    return [step for step in STEPS if TIERS.index(step.tier) <= TIERS.index(options.tier)]


def main():
    options = parse()
    if options.list:
        for step in STEPS:
            print(f"{step.tier:6} {step.name:15} {step.command}")
        return 0
    # A make that started us has nothing to say to those that we start.
    for name in [name for name in os.environ if name.startswith(("MAKE", "MFLAGS"))]:
        del os.environ[name]
    LOGS.mkdir(parents=True, exist_ok=True)
    runner = Runner(options.at_once)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, runner.stop)
    runner.run_all(chosen(options))
    if runner.stopped:
        print("stopped")
        return 130
    for outcome in runner.outcomes:
        if outcome.count("failed"):
            explain(outcome)
    write_junit(runner.outcomes, LOGS / "results.xml")
    if options.summary:
        write_summary(runner.outcomes, " ".join(options.names) or options.tier,
                      time.monotonic() - runner.begin, options.summary)
    print_kinds(runner.outcomes)
    counts = [sum(outcome.count(word) for outcome in runner.outcomes) for word in RESULTS]
    print("\n{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not counts[0] else 0


sys.exit(main())
