# SPDX-License-Identifier: GPL-2.0-only
"""Compiles what the lab takes from Debian's source packages."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from .say import LabFailure, note

PACKAGES = Path(__file__).resolve().parent.parent.parent / "packages"

# Seconds between two words about a build that takes minutes.
PROGRESS = 20


def compiler():
    """What a build's result depends on besides the sources: the compiler's version."""
    program = shutil.which("gcc")
    if not program:
        raise LabFailure("no gcc here: parts of the lab are built with it")
    return subprocess.run([program, "--version"], capture_output=True, text=True).stdout.splitlines()[0]


def need(what, packages):
    if subprocess.run([PACKAGES, *packages], stdout=subprocess.DEVNULL).returncode:
        raise LabFailure(f"{what} needs " + ", ".join(packages))


def _environment():
    """A make that started us has nothing to say to theirs, nor do its variables."""
    dropped = ("MAKE", "MFLAGS", "KBUILD", "KCFLAGS", "ARCH", "CROSS_COMPILE")
    return {name: value for name, value in os.environ.items()
            if not name.startswith(dropped) and name not in ("O", "M", "V", "CFLAGS", "CXXFLAGS", "LDFLAGS")}


def run(words, tree):
    """A command that is over soon."""
    done = subprocess.run(words, cwd=tree, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=_environment())
    if done.returncode:
        raise LabFailure(f"{' '.join(map(str, words))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def make(tree, *targets):
    """A make that takes minutes, with all CPUs, and says how far it is."""
    log = tree / "build.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(["make", f"-j{os.cpu_count()}", *targets], cwd=tree,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=_environment())
        begin = time.monotonic()
        while True:
            try:
                process.wait(PROGRESS)
                break
            except subprocess.TimeoutExpired:
                steps = log.read_text(errors="replace").splitlines()
                last = steps[-1].strip()[:60] if steps else "start"
                note(f"  {time.monotonic() - begin:4.0f} s, {len(steps)} steps, at {last}")
            except BaseException:
                process.terminate()
                process.wait()
                raise
    if process.returncode:
        raise LabFailure(f"{tree.name} does not build:\n"
                         + "\n".join(log.read_text(errors="replace").splitlines()[-30:]))
