# SPDX-License-Identifier: GPL-2.0-only
"""Builds the emulator from Debian's source package of it.

Debian's own build has Bochs' debugger and instrumentation in it, which makes it slower,
and a desktop's worth of displays. Here it is without either, and with
the patches of tests/lab/bochs: each mends a place where the emulator departs from
the processor's manual. What a guest can see is configured as Debian has it.
"""

import shutil
from pathlib import Path

from . import builds
from .say import step

LAB = Path(__file__).resolve().parent.parent
SOURCE = "bochs"
TOOLS = ["g++", "patch", "xz-utils"]

# Of the processor and the machine, first; then what we do without.
OPTIONS = """
    --enable-3dnow --enable-a20-pin --enable-amx --enable-avx --enable-cet --enable-cpu-level=6 --enable-evex
    --enable-fpu --enable-long-phy-address --enable-memtype --enable-monitor-mwait --enable-pci --enable-perfmon
    --enable-protection-keys --enable-smp --enable-svm --enable-uintr --enable-vmx=2 --enable-x86-64
    --enable-x86-debugger --enable-all-optimizations --enable-repeat-speedups
    --disable-debugger --disable-docbook --disable-plugins --with-nogui""".split()
FLAGS = ["CFLAGS=-O2 -w", "CXXFLAGS=-O3 -fno-plt -fomit-frame-pointer -w"]

# Raise when a step below changes what it makes.
FORMAT = 1


def patches():
    return sorted((LAB / "bochs").glob("*.patch"))


def make(folder, files):
    """Fills a folder with the program, bochs."""
    builds.need("the emulator", TOOLS)
    archive = next(path for path in files if ".orig.tar" in path.name)
    tree = folder / "source"
    tree.mkdir()
    builds.run(["tar", "-xJf", archive, "--strip-components=1"], tree)
    for patch in patches():
        builds.run(["patch", "-p1", "-s", "-i", patch], tree)
    with step("compiling the emulator, once; this takes minutes"):
        builds.run(["./configure", *OPTIONS, *FLAGS], tree)
        builds.make(tree, "bochs")
    builds.run(["strip", "bochs"], tree)
    shutil.move(tree / "bochs", folder / "bochs")
    shutil.rmtree(tree)
