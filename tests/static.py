# SPDX-License-Identifier: GPL-2.0-only
"""Runs checkers over the sources; each is a test, and speaks TAP.

    tests/static [CHECK...]     default: all of them
    tests/static --list         which there are

A report that stands for a reason has a line in tests/static-accepted:

    CHECK   PATTERN             # reason

PATTERN is a regular expression without spaces (write \\s), searched for in the
report, which begins with the file's name. A line that fits no report of its
check fails that check too, so that the list stays true.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
LAB = TOP / "tests/lab"
ACCEPTED = TOP / "tests/static-accepted"
KERNEL = "stock-6.12"
MODULE = ("ept", "ioctl_uapi", "module", "vmcs", "vmx")


class Broken(Exception):
    """The checker itself did not run."""


def run(words, status=(0,)):
    """What a checker says. A status that it does not have for reports is a failure."""
    done = subprocess.run(list(map(str, words)), cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if status is not None and done.returncode not in status:
        raise Broken(f"{words[0]}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def sources(*patterns):
    """Files that git knows, or is about to."""
    listing = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns])
    return [name for name in listing.splitlines() if (TOP / name).is_file()]


def lab_folder(command, *words):
    """The folder that one of the lab's commands prints; what it fetches it says on stderr."""
    done = subprocess.run([LAB / command, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Broken(f"{command}: exit status {done.returncode}")
    return Path(done.stdout.strip())


def module_sources():
    return sources(*(f"{folder}/*.[chS]" for folder in MODULE))


# --- the checks: each yields reports ---------------------------------------------

def sparse():
    """The kernel's address spaces, endianness and constants. Of locks sparse knows none that guard() takes."""
    folder = TOP / "build/static-sparse"
    run(["rm", "-rf", folder])
    headers = lab_folder("kernel-dir", KERNEL)
    text = run(["make", "-s", "module", f"RELEASE={folder.name}", f"KDIR={headers}",
                "KBUILD_ARGS=C=2 CF=-Wno-context"])
    run(["rm", "-rf", folder])
    yield from (line.replace(f"{folder}/src/", "") for line in text.splitlines() if line)


def checkpatch():
    """The kernel's style, --strict, of what is compiled into the module."""
    script = lab_folder("kernel-source") / "scripts/checkpatch.pl"
    text = run(["perl", script, "--no-tree", "--strict", "--terse", "--quiet", "--no-summary", "--show-types",
                "-f", *module_sources()], (0, 1))
    for line in text.splitlines():
        yield line.removeprefix(f"{TOP}/")


def coccinelle():
    """The kernel's semantic patches, in their report mode."""
    source = lab_folder("kernel-source")
    files = [TOP / name for name in module_sources() if name.endswith(".c")]
    for rule in sorted((source / "scripts/coccinelle").glob("**/*.cocci")):
        if not re.search(r"^virtual.*\breport\b", rule.read_text(), re.M):
            continue
        options = re.search(r"^//+[ \t]*Options:[ \t]*(.*)$", rule.read_text(), re.M)
        words = ["spatch", "--very-quiet", "-D", "report", *(options[1].split() if options else []),
                 "--cocci-file", rule, "-I", TOP, "-I", TOP / "ioctl_uapi", *files]
        for line in run(words, None).splitlines():
            if re.match(r"\S+:\d+", line):
                yield f"{line.removeprefix(f'{TOP}/')} [{rule.stem}]"
            elif re.search(r"rror|exception", line):
                raise Broken(f"{rule.name}: {line}")


def shell():
    """Mistakes in shell scripts, found by their first line."""
    scripts = [name for name in sources("*") if re.match(rb"#!/bin/(ba)?sh\b", (TOP / name).read_bytes()[:16])]
    for line in run(["shellcheck", "-f", "gcc", "-S", "style", "-e", "SC1091", *scripts], (0, 1)).splitlines():
        yield line


def python():
    """Names that are not there or not used."""
    programs = [name for name in sources("*") if name.endswith(".py") or
                re.match(rb"#!/usr/bin/env python3", (TOP / name).read_bytes()[:32])]
    for line in run(["pyflakes3", *programs], (0, 1)).splitlines():
        yield line
    for name in programs:
        for number, line in enumerate((TOP / name).read_text().splitlines(), 1):
            if len(line) > 120:
                yield f"{name}:{number}: {len(line)} columns"


# The function, and Debian's packages that it needs.
CHECKS = {
    "sparse": (sparse, ["sparse"]),
    "checkpatch": (checkpatch, ["perl"]),
    "coccinelle": (coccinelle, ["coccinelle"]),
    "shell": (shell, ["shellcheck"]),
    "python": (python, ["pyflakes3"]),
}


def accepted(check):
    """The patterns of a check's accepted reports."""
    for line in ACCEPTED.read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 4 or words[2] != "#" or words[0] not in CHECKS:
            raise Broken(f"{ACCEPTED.name}: not of the form CHECK PATTERN # REASON: {line}")
        if words[0] == check:
            yield words[1]


def judge(check):
    """All that is wrong by one check, as lines."""
    patterns = list(accepted(check))
    used = set()
    wrong = []
    for report in CHECKS[check][0]():
        fitting = {pattern for pattern in patterns if re.search(pattern, report)}
        used |= fitting
        if not fitting:
            wrong.append(report)
    return wrong + [f"tests/static-accepted: nothing fits any more: {check} {pattern}"
                    for pattern in patterns if pattern not in used]


def main():
    parser = argparse.ArgumentParser(prog="tests/static", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    parser.add_argument("--list", action="store_true", help="print the checks")
    parser.add_argument("--packages", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.checks if name not in CHECKS]
    if unknown:
        parser.error(f"there is no check {unknown[0]}; --list names them")
    chosen = options.checks or list(CHECKS)
    if options.packages:
        print("\n".join(["git", *(name for check in chosen for name in CHECKS[check][1])]))
        return 0
    if options.list:
        for name, (function, _) in CHECKS.items():
            print(f"{name:12} {function.__doc__}")
        return 0
    print(f"TAP version 13\n1..{len(chosen)}")
    failed = 0
    for number, name in enumerate(chosen, 1):
        try:
            wrong = judge(name)
        except Broken as reason:
            wrong = str(reason).splitlines()
        for line in wrong:
            print(f"# {line}")
        print(f"{'not ok' if wrong else 'ok'} {number} {name}", flush=True)
        failed += bool(wrong)
    return 1 if failed else 0


sys.exit(main())
