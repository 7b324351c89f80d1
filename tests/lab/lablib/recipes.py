# SPDX-License-Identifier: GPL-2.0-only
"""What the lab is made of, and how each part comes from Debian's packages.

A recipe's result is found again by the hash of the recipe and of the package
versions that it was made from. Which versions are current is asked once and
written down (CACHE/NAME.chosen); `prepare --update` asks again.
"""

import collections
import json
import lzma
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from . import bochs, bootdisk, builds, cache, debian, ownkernel, toolchain
from .say import LabFailure, note, step

LAB = Path(__file__).resolve().parent.parent
LIBRARIES = "usr/lib/x86_64-linux-gnu"

# The emulator's release, and the firmware that it runs.
BOCHS_RELEASE = "trixie"
FIRMWARE = ["bochsbios", "vgabios"]

# Debian's kernels. `version` is the pattern of what the packages' names hold
# between linux-image- and the flavour; of those that match the newest is taken.
# `boots` is the flavour that the lab boots; None: it only builds for the kernel.
# Debian names its releases by what they are, too: testing moves on by itself.
Kernel = collections.namedtuple("Kernel", "release version boots")
PACKAGED = {
    "stock-6.1": Kernel("bookworm", r"6\.1\.0-\d+", "cloud"),
    "stock-6.12": Kernel("bookworm", r"6\.12\.\d+\+deb12", "cloud"),
    "rt-6.1": Kernel("bookworm", r"6\.1\.0-\d+", "rt"),
    "rt-6.12": Kernel("bookworm", r"6\.12\.\d+\+deb12", "rt"),
    "testing": Kernel("testing", r"\d+\.\d+\.\d+\+deb\d+", None),
}
KERNELS = [*PACKAGED, *ownkernel.KERNELS]
HOSTS = [name for name in KERNELS if name not in PACKAGED or PACKAGED[name].boots]
PREPARED = ["stock-6.1", "stock-6.12"]
FLAVOURS = {"cloud": "cloud-amd64", "generic": "amd64", "rt": "rt-amd64"}
# Where busybox and the sources of the lab's own kernels come from.
KERNEL_RELEASE = "bookworm"

# checkpatch and the semantic patches, and the frame that kselftest's targets hang in.
SOURCE = "linux-source-6.12"
SOURCE_KEPT = r"scripts/|tools/testing/selftests/([^/]*|kselftest/.*)$"

# Modules that the host can load: KVM's, as the peer of measurements, and /dev/cpu/*/msr.
HOST_MODULES = ["irqbypass", "kvm", "kvm-intel", "msr"]

# Raise when a step below changes what it makes.
FORMAT = 3


def _read_note(path):
    """What was chosen before; nothing, if another version of this file wrote it."""
    try:
        known = json.loads(path.read_text())
        return known if "entry" in known else {}
    except (OSError, ValueError):
        return {}


def _from_debian(name, release, recipe, choose, closure, make, update, reader=debian.Release):
    """The folder of a recipe, made of the packages that choose() names.

    make(folder, files, place) fills the folder from the packages' files; it will
    be renamed to place.
    """
    note_path = cache.root() / f"{name}.chosen"
    known = _read_note(note_path)
    if known.get("recipe") == recipe and not update:
        place = cache.root() / known["entry"]
        if place.is_dir():
            return place
    release = reader(release)
    if update:
        release.refresh()
    try:
        place = _make(name, release, recipe, choose, closure, make)
    except LabFailure:
        if release.fresh:
            raise
        # The lists are older than the mirror, which no longer has what they name.
        release.refresh()
        place = _make(name, release, recipe, choose, closure, make)
    temporary = note_path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps({"recipe": recipe, "entry": place.name}, indent=1) + "\n")
    temporary.rename(note_path)
    return place


def _make(name, release, recipe, choose, closure, make):
    packages = choose(release)
    versions = release.resolve(packages, closure)
    key = cache.key_of(recipe, versions)
    place = cache.root() / f"{name}-{key}"

    def build(folder):
        with step(f"fetching {name}"):
            files = release.fetch(packages, closure)
        if [path.name for path in files] != versions:
            raise LabFailure(f"the packages of {name} changed meanwhile")
        with step(f"unpacking {name}"):
            make(folder, files, place)
        (folder / "packages").write_text("\n".join(versions) + "\n")
    return cache.entry(name, key, build)


def _natural(text):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


# --- the emulator -----------------------------------------------------------

def emulator(update=False):
    """The folder with the emulator: bochs."""
    recipe = cache.key_of(BOCHS_RELEASE, bochs.FORMAT, bochs.OPTIONS, bochs.FLAGS, builds.compiler(),
                          cache.content_key(*bochs.patches()))
    return _from_debian("bochs", BOCHS_RELEASE, recipe, lambda _: [bochs.SOURCE], False,
                        lambda folder, files, _: bochs.make(folder, files), update, debian.Sources)


def firmware(update=False):
    """The folder with what the emulator's machine boots: BIOS-bochs-latest, vgabios.bin."""
    def make(folder, files, _):
        whole = folder / "whole"
        debian.unpack(files, whole)
        for image in ("usr/share/bochs/BIOS-bochs-latest", "usr/share/vgabios/vgabios.bin"):
            shutil.copy((whole / image).resolve(), folder)
        shutil.rmtree(whole)
    return _from_debian("firmware", BOCHS_RELEASE, cache.key_of(FORMAT, BOCHS_RELEASE, FIRMWARE),
                        lambda _: FIRMWARE, False, make, update)


def loader(folder):
    """How to start a program of an unpacked Debian on another system."""
    libraries = f"{folder}/lib"
    return [f"{folder}/lib/ld-linux-x86-64.so.2", "--library-path", libraries]


# --- kernels ----------------------------------------------------------------

def _kernel_packages(name, flavour, release):
    """The names of the packages of a kernel's newest build."""
    kind = PACKAGED[name]
    pattern = f"linux-headers-({kind.version})-{re.escape(FLAVOURS[flavour])}"
    versions = [re.fullmatch(pattern, package)[1] for package in release.names(pattern)]
    for version in sorted(versions, key=_natural, reverse=True):
        headers = f"linux-headers-{version}-{FLAVOURS[flavour]}"
        image = [f"linux-image-{version}-{FLAVOURS[flavour]}"] if flavour == kind.boots else []
        if image and not release.names(re.escape(image[0])):
            continue
        needed = [package for package in release.depends(headers)
                  if package.startswith(("linux-kbuild-", "linux-headers-"))]
        return image + [headers] + needed
    raise LabFailure(f"Debian {kind.release} as configured here has no headers for {name} {flavour}")


def is_own(name):
    return name in ownkernel.KERNELS


def kernel(name, flavour=None, update=False):
    """The folder of a kernel: release, headers (a link); if it boots: vmlinuz, modules/."""
    if name not in KERNELS:
        raise LabFailure(f"no kernel {name}; there are: " + ", ".join(KERNELS))
    if is_own(name):
        return _own_kernel(name, flavour, update)
    kind = PACKAGED[name]
    flavour = flavour or kind.boots or "cloud"
    recipe = cache.key_of(FORMAT, kind, flavour, HOST_MODULES, toolchain.needed(kind.release))

    def make(folder, files, place):
        debian.unpack(files, folder)
        _keep_kernel(folder, place, kind.release, FLAVOURS[flavour])
    return _from_debian(f"kernel-{name}-{flavour}", kind.release, recipe,
                        lambda release: _kernel_packages(name, flavour, release), False, make, update)


def _own_kernel(name, flavour, update):
    """The same of a kernel that is built here."""
    if flavour:
        raise LabFailure(f"{name} has no flavours")
    source = ownkernel.KERNELS[name].source
    recipe = cache.key_of(KERNEL_RELEASE, source, builds.compiler(), ownkernel.FORMAT,
                          cache.content_key(*ownkernel.settings(name)))
    return _from_debian(f"kernel-{name}", KERNEL_RELEASE, recipe, lambda _: [source], False,
                        lambda folder, files, _: ownkernel.make(name, folder, files), update)


def _keep_kernel(folder, place, release, flavour):
    sources = folder / "usr/src"
    headers = next(path for path in sources.glob("linux-headers-*") if path.name.endswith(f"-{flavour}")
                   and not path.name.endswith("-common"))
    version = headers.name.removeprefix("linux-headers-")
    (folder / "release").write_text(version + "\n")
    # The headers' absolute paths; everything else in them is relative.
    makefile = headers / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{place}/usr/src/"))
    toolchain.adapt(folder, place, headers, release)
    (folder / "headers").symlink_to(headers.relative_to(folder))
    image = folder / f"boot/vmlinuz-{version}"
    if image.exists():
        (folder / "vmlinuz").symlink_to(image.relative_to(folder))
        bootdisk.decompress(image, folder)
        (folder / "modules").mkdir()
        for module in HOST_MODULES:
            _keep_module(folder, version, module)
        shutil.rmtree(folder / "lib/modules", ignore_errors=True)
        shutil.rmtree(folder / "usr/lib/modules", ignore_errors=True)


def _keep_module(folder, version, name):
    for source in folder.glob(f"**/modules/{version}/**/{name}.ko*"):
        data = source.read_bytes()
        if source.suffix == ".xz":
            data = lzma.decompress(data)
        kept = folder / "modules" / f"{name}.ko"
        kept.write_bytes(data)
        # The kernel checks type information as it loads it: three seconds for KVM's.
        _run(["objcopy", "--remove-section=.BTF", kept])
        return
    note(f"this kernel has no module {name}: built in, or gone")


# --- a kernel's source -------------------------------------------------------

def source(update=False):
    """The folder with those parts of a kernel's source that checks and tests use."""
    def make(folder, files, _):
        debian.unpack(files, folder / "whole")
        with tarfile.open(next(folder.glob("whole/usr/src/linux-source-*.tar.xz"))) as archive:
            for member in archive:
                member.name = member.name.partition("/")[2]
                if re.match(SOURCE_KEPT, member.name):
                    archive.extract(member, folder)
        shutil.rmtree(folder / "whole")
    return _from_debian("source", KERNEL_RELEASE, cache.key_of(FORMAT, KERNEL_RELEASE, SOURCE, SOURCE_KEPT),
                        lambda _: [SOURCE], False, make, update)


# --- the small programs -----------------------------------------------------

def busybox(update=False):
    def make(folder, files, _):
        debian.unpack(files, folder / "whole")
        program = next(path for path in folder.glob("whole/**/busybox") if path.is_file()
                       and path.stat().st_size > 100000)
        shutil.copy(program, folder / "busybox")
        shutil.rmtree(folder / "whole")
    return _from_debian("busybox", KERNEL_RELEASE, cache.key_of(FORMAT, KERNEL_RELEASE),
                        lambda _: ["busybox-static"], False, make, update) / "busybox"


def files_of(package, paths, update=False):
    """A folder with some files of a package, at their places in it."""
    def make(folder, files, _):
        debian.unpack(files, folder / "whole")
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / "whole" / path, folder / path)
        shutil.rmtree(folder / "whole")
    return _from_debian(package, KERNEL_RELEASE, cache.key_of(FORMAT, KERNEL_RELEASE, sorted(paths)),
                        lambda _: [package], False, make, update)


def _compiler():
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        raise LabFailure("no C compiler here: the lab's agent needs one (package gcc, libc6-dev)")
    return compiler


def _run(words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise LabFailure(f"{' '.join(map(str, words))} failed:\n{done.stderr}")


def agent():
    """The lab host's first process."""
    sources = sorted((LAB / "agent").glob("*.c"))
    headers = sorted((LAB / "agent").glob("*.h"))
    flags = ["-static", "-s", "-O2", "-Wall", "-Wextra", "-pthread"]

    def build(folder):
        with step("compiling the agent"):
            _run([_compiler(), *flags, "-o", folder / "agent", *sources])
    return cache.entry("agent", cache.key_of(flags, cache.content_key(*sources, *headers)),
                       build) / "agent"


def boot_code():
    """The folder with boot.bin and enter64.bin."""
    parts = {"boot": "0x7c00", "enter64": "0x100000"}
    sources = [LAB / f"{name}.S" for name in parts]

    def build(folder):
        for name, address in parts.items():
            _run([_compiler(), "-c", "-o", folder / f"{name}.o", LAB / f"{name}.S"])
            _run(["ld", "-m", "elf_x86_64", "-Ttext", address, "--oformat", "binary",
                  "-o", folder / f"{name}.bin", folder / f"{name}.o"])
        if (folder / "boot.bin").stat().st_size != 512:
            raise LabFailure("boot.S does not make one sector")
    return cache.entry("boot", cache.key_of(parts, cache.content_key(*sources)), build)


def used():
    """The cache's entries that this checkout's recipes stand for and that exist."""
    names = [_read_note(path).get("entry") for path in cache.root().glob("*.chosen")]
    return {*names, agent().parent.name, boot_code().name}


def prepare(kernels, update=False):
    """Makes everything that a run with one of these kernels needs."""
    emulator(update)
    firmware(update)
    busybox(update)
    agent()
    boot_code()
    for name in kernels:
        kernel(name, update=update)
