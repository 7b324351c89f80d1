# SPDX-License-Identifier: GPL-2.0-only
"""Builds the lab's own kernels from Debian's source packages.

Debian's kernels have the checkers off (KASAN, lockdep, kmemleak, fault
injection, KUnit) and count no lines. These have little else: `make tinyconfig`
with two files of settings on top, built once. Of the tree only that stays which a
boot and a build of modules need.
"""

import collections
import re
import shutil
from pathlib import Path

from . import builds, debian
from .say import LabFailure, step

LAB = Path(__file__).resolve().parent.parent

# The source package of each, and its settings on top of tiny.config. Ward is built with
# WARD_DEBUG=y for them. The checkers of debug.config make everything several times slower.
Own = collections.namedtuple("Own", "source config slowness")
KERNELS = {
    "debug-6.1": Own("linux-source-6.1", "debug.config", 5),
    "debug-6.12": Own("linux-source-6.12", "debug.config", 5),
    "cover-6.1": Own("linux-source-6.1", "cover.config", 1),
}
TOOLS = ["flex", "bison", "bc", "libelf-dev", "xz-utils"]
MODULES = ["kvm.ko", "kvm-intel.ko", "irqbypass.ko", "msr.ko"]

# Not unpacked: the largest parts of the tree that no configuration here reaches.
LEFT_OUT = ["*/Documentation/*", "*/drivers/gpu/*.[ch]", "*/drivers/media/*.[ch]", "*/drivers/net/*/*.[ch]",
            "*/sound/*.[ch]", "*/tools/testing/*"]

# What of the built tree modules are built with.
KEPT = ["include", "scripts", "arch/x86/include", "arch/x86/Makefile*", "arch/x86/tools", "tools/objtool/objtool",
        "Makefile", "Kbuild", "Kconfig", ".config", "Module.symvers", "System.map"]
OBJECTS = re.compile(r"\.(?:o|a|cmd|d)$")

# Raise when a step below changes what it makes.
FORMAT = 1


def wrong_lines(fragment, config):
    """The lines of a fragment that a configuration does not fulfil."""
    have = set(config.splitlines())
    wrong = []
    for line in filter(None, map(str.strip, fragment.splitlines())):
        off = re.fullmatch(r"# (CONFIG_\w+) is not set", line)
        if off:
            # What cannot be asked for is off without a line of its own.
            if any(other.startswith(off[1] + "=") for other in have):
                wrong.append(line)
        elif line.startswith("CONFIG_") and line not in have:
            wrong.append(line)
    return wrong


def settings(name):
    """The files of a kernel's settings, in the order in which they are read."""
    return [LAB / "tiny.config", LAB / KERNELS[name].config]


def _configure(name, tree):
    # Kconfig reads it, though nothing of it is wanted.
    (tree / "Documentation").mkdir(exist_ok=True)
    (tree / "Documentation/Kconfig").touch()
    builds.run(["make", "-s", "tinyconfig"], tree)
    fragment = "".join(path.read_text() for path in settings(name))
    config = tree / ".config"
    config.write_text(config.read_text() + fragment)
    builds.run(["make", "-s", "olddefconfig"], tree)
    wrong = wrong_lines(fragment, config.read_text())
    if wrong:
        raise LabFailure(f"these settings of {name} have no effect: " + "; ".join(wrong))


def _keep(tree, folder):
    """Moves what is needed out of the built tree."""
    headers = folder / "headers"
    for pattern in KEPT:
        found = list(tree.glob(pattern))
        if not found:
            raise LabFailure(f"the built kernel has no {pattern}")
        for path in found:
            target = headers / path.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    # Modules are linked after this one; the rest of the objects is built in already.
    for path in headers.rglob("*"):
        if OBJECTS.search(path.name) and path.is_file():
            path.unlink()
    (tree / "arch/x86/boot/bzImage").rename(folder / "vmlinuz")
    builds.run(["objcopy", "-S", "-R", ".comment", tree / "vmlinux", folder / "vmlinux"], tree)
    (folder / "modules").mkdir()
    for name in MODULES:
        for path in tree.rglob(name):
            path.rename(folder / "modules" / name)
    release = (headers / "include/generated/utsrelease.h").read_text()
    (folder / "release").write_text(re.search(r'UTS_RELEASE "(.*)"', release)[1] + "\n")


def make(name, folder, files):
    """Fills a folder as a packaged kernel's: vmlinuz, vmlinux, release, modules, headers."""
    builds.need(name, TOOLS)
    work = folder / "work"
    debian.unpack(files, work)
    archive = next(work.glob("usr/src/linux-source-*.tar.xz"))
    builds.run(["tar", "-xJf", archive, *(f"--exclude={pattern}" for pattern in LEFT_OUT)], work)
    tree = next(path for path in work.glob("linux-source-*") if path.is_dir())
    _configure(name, tree)
    with step(f"compiling {tree.name}, once; this takes minutes"):
        builds.make(tree, "bzImage", "modules")
    _keep(tree, folder)
    shutil.rmtree(work)
