# SPDX-License-Identifier: GPL-2.0-only
"""What building a module needs besides the kernel's headers.

A Debian kernel's modules are built by the compiler that built the kernel. Where
the machine does not have it (a newer Debian), it is unpacked like the rest,
and the headers are told where it is.
"""

import os
import shutil
import subprocess
from pathlib import Path

from . import cache, debian
from .say import LabFailure, step

COMPILER = "gcc-12"
PACKAGES = ["gcc-12", "cpp-12", "libgcc-12-dev", "libgmp10", "libisl23", "libmpc3", "libmpfr6"]
OBJTOOL_PACKAGES = ["libelf1", "zlib1g"]
LIBRARIES = "usr/lib/x86_64-linux-gnu"


def needed():
    """Whether the machine lacks the compiler. Tests may say that it does."""
    return bool(os.environ.get("WARD_LAB_OWN_COMPILER")) or not shutil.which(COMPILER)


def _wrapper(path, libraries, program):
    path.write_text(f"#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-only\n"
                    f"LD_LIBRARY_PATH={libraries} exec {program} \"$@\"\n")
    path.chmod(0o755)


def compiler(release):
    """The path of a compiler of the kernel's own version, in the cache."""
    release = debian.Release(release)
    key = cache.key_of(1, release.resolve(PACKAGES, False))
    place = cache.root() / f"compiler-{key}"

    def build(folder):
        with step(f"unpacking {COMPILER}, which this machine does not have"):
            debian.unpack(release.fetch(PACKAGES, False), folder)
        _wrapper(folder / COMPILER, place / LIBRARIES, place / f"usr/bin/x86_64-linux-gnu-{COMPILER}")
    return cache.entry("compiler", key, build) / COMPILER


def adapt(headers, release):
    """Makes unpacked headers buildable with on this machine."""
    if needed():
        variables = headers / ".kernelvariables"
        text = variables.read_text()
        name = f"$(CROSS_COMPILE){COMPILER}"
        if name not in text:
            raise LabFailure(f"{variables} does not say which compiler these headers want")
        variables.write_text(text.replace(name, str(compiler(release))))


def adapt_objtool(folder, place, release):
    """Gives the kernel's objtool its libraries where the machine lacks them."""
    for objtool in list(Path(folder).glob("usr/lib/linux-kbuild-*/tools/objtool/objtool*")):
        listing = subprocess.run(["ldd", objtool], capture_output=True, text=True)
        # Some kernels' objtool is a small program that calls one of several.
        if "libelf" not in listing.stdout:
            continue
        if "not found" not in listing.stdout and not os.environ.get("WARD_LAB_OWN_COMPILER"):
            continue
        libraries = folder / "objtool-libraries"
        if not libraries.exists():
            debian.unpack(debian.Release(release).fetch(OBJTOOL_PACKAGES, False), libraries)
            # Older packages put libraries that boot needs below /lib.
            for path in libraries.glob("lib/x86_64-linux-gnu/*"):
                (libraries / LIBRARIES).mkdir(parents=True, exist_ok=True)
                path.rename(libraries / LIBRARIES / path.name)
        real = objtool.with_name(f"{objtool.name}.unwrapped")
        objtool.rename(real)
        _wrapper(objtool, place / "objtool-libraries" / LIBRARIES, place / real.relative_to(folder))
