# SPDX-License-Identifier: GPL-2.0-only
"""Runs the tests of a tier, each one a command of a person at the top folder.

    tests/check [TIER]          quick: minutes; check (default): what CI runs;
                                long: everything there is
    tests/check NAME...         these tests, whatever their tier
    tests/check --list          which there are

    --resume                    go on where an earlier run ended: what passed
                                then is not run again. The long tier takes hours
    --summary FILE              also write what was run, when and with what,
                                as a page of Documentation/; when stopped too

A command's output is kept in build/check/NAME.log. If it speaks TAP, each of
its tests counts, otherwise the command is one test: status 0 passes, 4 skips,
anything else fails. build/check/results.xml has it all in JUnit's form.
"""

import argparse
import collections
import os
import signal
import sys
import threading
import time
from pathlib import Path

import check_report as report
from check_report import LOGS, RESULTS, TOP, Outcome
from check_steps import STEPS, TIERS
from commands import Commands


class Runner:
    """Runs steps, some at once where they may, and shows how they go."""

    def __init__(self, at_once, kept):
        self.at_once = at_once
        self.kept = kept
        self.begin = time.monotonic()
        self.lock = threading.Lock()
        self.commands = Commands()
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
        status = self.commands.run(step.command, TOP, outcome.log, step.minutes)
        outcome.seconds = time.monotonic() - begin
        if self.stopped:
            return
        outcome.read(status)
        with self.lock:
            self.outcomes.append(outcome)
            report.keep(outcome, self.kept)
        self._report(outcome)

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
        self.commands.end_all()


def parse():
    parser = argparse.ArgumentParser(prog="tests/check", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for tier in TIERS:
        parser.add_argument(f"--{tier}", dest="tier", action="store_const", const=tier, help=argparse.SUPPRESS)
    parser.add_argument("--at-once", type=int, default=min(2, os.cpu_count() or 1), metavar="N",
                        help="how many labs may run beside each other (%(default)s)")
    parser.add_argument("--list", action="store_true", help="print the tests and their commands")
    parser.add_argument("--resume", action="store_true", help="keep what passed in earlier runs of this checkout")
    parser.add_argument("--kept", type=Path, metavar="FILE", default=report.KEPT,
                        help="where outcomes are kept for --resume; a file that can be taken to another machine "
                             "(%(default)s)")
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


def left(steps, outcomes):
    """The steps that have no outcome."""
    done = {outcome.step.name for outcome in outcomes}
    return [step for step in steps if step.name not in done]


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
    runner = Runner(options.at_once, options.kept)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, runner.stop)
    steps = chosen(options)
    if options.resume:
        runner.outcomes += report.passed_before(steps, options.kept)
        runner.say(f"{len(runner.outcomes)} of {len(steps)} tests passed before and are kept")
    runner.run_all(left(steps, runner.outcomes))
    runner.outcomes.sort(key=lambda outcome: STEPS.index(outcome.step))
    if options.summary:
        missing = [step.name for step in left(steps, runner.outcomes)]
        report.write_summary(runner.outcomes, " ".join(options.names) or options.tier, missing, options.summary)
    if runner.stopped:
        print("stopped; --resume goes on from here")
        return 130
    for outcome in runner.outcomes:
        if outcome.count("failed"):
            report.explain(outcome)
    report.write_junit(runner.outcomes, LOGS / "results.xml")
    report.print_kinds(runner.outcomes)
    counts = [sum(outcome.count(word) for outcome in runner.outcomes) for word in RESULTS]
    print("\n{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not counts[0] else 0


sys.exit(main())
