# SPDX-License-Identifier: GPL-2.0-only
"""What building a module needs besides the kernel's headers.

A Debian kernel's modules are built by the compiler that built the kernel. Where
the machine does not have it, it is unpacked like the rest, and the headers are
told where it is. Programs of an older Debian run with the machine's C library;
those of a newer one (testing's, and the kernel's own tools there) bring theirs,
and are started through its dynamic linker.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cache, debian
from .say import LabFailure, step

# The release whose kernels are built for with the machine's C library.
RELEASE = "bookworm"
COMPILER = "gcc-12"
PACKAGES = ["gcc-12", "cpp-12", "libgcc-12-dev", "libgmp10", "libisl23", "libmpc3", "libmpfr6"]
OBJTOOL_PACKAGES = ["libelf1", "zlib1g"]
LIBRARIES = "usr/lib/x86_64-linux-gnu"


def needed(release):
    """Whether the machine lacks the compiler. Tests may say that it does."""
    return release != RELEASE or bool(os.environ.get("WARD_LAB_OWN_COMPILER")) or not shutil.which(COMPILER)


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


def adapt(folder, place, headers, release):
    """Makes unpacked headers, below folder, buildable with on this machine from place."""
    if release == RELEASE:
        _adapt_compiler(headers, release)
        _adapt_objtool(folder, place, release)
    else:
        _adapt_all(folder, headers, release)


def _adapt_compiler(headers, release):
    if needed(release):
        variables = headers / ".kernelvariables"
        text = variables.read_text()
        name = f"$(CROSS_COMPILE){COMPILER}"
        if name not in text:
            raise LabFailure(f"{variables} does not say which compiler these headers want")
        variables.write_text(text.replace(name, str(compiler(release))))


def _adapt_objtool(folder, place, release):
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


# --- a release whose C library is newer than the machine's --------------------

def _is_program(path):
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, "rb") as file:
        head = file.read(17)
    # Executables, or the position-independent kind, but no objects.
    return head.startswith(b"\x7fELF") and head[16] in (2, 3) and os.access(path, os.X_OK) and ".so" not in path.name


def _own_loader(path, root, program):
    """A script that starts a program of an unpacked Debian with that Debian's libraries."""
    libraries = f"{root}/{LIBRARIES}"
    path.write_text(f"#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-only\n"
                    f"exec {libraries}/ld-linux-x86-64.so.2 --library-path {libraries} {program} \"$@\"\n")
    path.chmod(0o755)


def _root(compiler_name, release):
    """A folder with compiler, linker and their libraries; programs to call are in its bin."""
    release = debian.Release(release)
    packages = [f"{compiler_name}-for-host", "binutils", "pahole", "libelf1t64", "libssl3t64"]
    key = cache.key_of(1, release.resolve(packages, True))
    place = cache.root() / f"compiler-{compiler_name}-{key}"

    def build(folder):
        with step(f"unpacking {compiler_name} of Debian {release.name}"):
            debian.unpack(release.fetch(packages, True), folder)
        (folder / "bin").mkdir()
        # The compiler would start the machine's assembler.
        _own_loader(folder / "bin/inner", place, f"{place}/$program")
        script = (folder / "bin/inner").read_text().splitlines(True)
        script.insert(2, f"program=$1; shift\n"
                         f"case $program in\n"
                         f"{place}/*) program=${{program#{place}/}} ;;\n"
                         f"*) program=usr/bin/x86_64-linux-gnu-${{program##*[/-]}} ;;\n"
                         f"esac\n")
        (folder / "bin/inner").write_text("".join(script))
        programs = [*(folder / "usr/bin").glob("x86_64-linux-gnu-*"), folder / "usr/bin/pahole"]
        for program in programs:
            real = program.resolve() if program.is_symlink() else program
            words = f"{place}/usr/bin/{real.name}"
            if program.name == f"x86_64-linux-gnu-{compiler_name}":
                words += f" -wrapper {place}/bin/inner"
            _own_loader(folder / "bin" / program.name, place, words)
    return cache.entry(f"compiler-{compiler_name}", key, build)


def _adapt_all(folder, headers, release):
    variables = headers / ".kernelvariables"
    text = variables.read_text()
    name = re.search(r"gcc-\d+", text)
    prefix = "override CROSS_COMPILE = x86_64-linux-gnu-"
    if not name or prefix not in text:
        raise LabFailure(f"{variables} does not say which compiler these headers want")
    root = _root(name[0], release)
    variables.write_text(text.replace(prefix, f"override CROSS_COMPILE = {root}/bin/x86_64-linux-gnu-")
                         + f"override PAHOLE = {root}/bin/pahole\n")
    for program in filter(_is_program, list(Path(folder).glob("usr/lib/linux-kbuild-*/**/*"))):
        real = program.with_name(f"{program.name}.unwrapped")
        program.rename(real)
        # Some kernels' objtool is a small program that calls another of nearly its own name.
        _own_loader(program, root, f"--argv0 \"$0\" \"$(dirname \"$0\")/{real.name}\"")
