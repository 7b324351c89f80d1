# SPDX-License-Identifier: GPL-2.0-only
"""Starts QEMU's software emulation, for what needs a kernel and no VT-x.

It is several times faster than Bochs and stands in for it towards session.py:
the wire comes out of port 0xE9 there as well.
"""

import os
import re
import shutil
import subprocess

from . import cache, debian, emulator, recipes
from .say import LabFailure

RELEASE = recipes.BOCHS_RELEASE
PACKAGES = ["qemu-system-x86"]
PROGRAM = "usr/bin/qemu-system-x86_64"
IMAGES = ("usr/share/seabios/bios-256k.bin", "usr/share/qemu/linuxboot_dma.bin", "usr/share/qemu/kvmvapic.bin")

# Raise when a step below changes what it makes.
FORMAT = 1


def qemu(update=False):
    """The folder with QEMU: bin, lib, share."""
    def make(folder, files, _):
        whole = folder / "whole"
        debian.unpack(files, whole)
        _keep(whole, folder)
        shutil.rmtree(whole)
    return recipes._from_debian("qemu", RELEASE, cache.key_of(FORMAT, RELEASE, PACKAGES),
                                lambda _: PACKAGES, True, make, update)


def _keep(whole, folder):
    """Copies the program, the firmware that it needs, and the libraries that it links to."""
    for name in ("bin", "lib", "share"):
        (folder / name).mkdir()
    shutil.copy(whole / PROGRAM, folder / "bin")
    for image in IMAGES:
        shutil.copy((whole / image).resolve(), folder / "share" / os.path.basename(image))
    linker = whole / recipes.LIBRARIES / "ld-linux-x86-64.so.2"
    shutil.copy(linker, folder / "lib/ld-linux-x86-64.so.2")
    path = ":".join(f"{whole}/{place}" for place in
                    (recipes.LIBRARIES, "lib/x86_64-linux-gnu", recipes.LIBRARIES + "/pulseaudio"))
    listing = subprocess.run([linker, "--library-path", path, "--list", whole / PROGRAM],
                             capture_output=True, text=True)
    missing = re.findall(r"(\S+) => not found", listing.stdout)
    if listing.returncode or missing:
        raise LabFailure(f"QEMU's libraries are incomplete: {missing or listing.stderr}")
    for source in re.findall(r"=> (/\S+)", listing.stdout):
        shutil.copy(os.path.realpath(source), folder / "lib" / os.path.basename(source))


# While 6.12 looks for the CPU's features, for a moment it has none; KASAN, called by an interrupt
# then, takes addresses of five levels of page tables for wild ones.
CPU = "max,la57=off"


class Qemu(emulator.Emulator):
    """One QEMU, without devices but a serial port. Its wire comes out of `self.process.stdout`."""

    def __init__(self, folder, memory, kernel, initramfs, command_line):
        home = qemu()
        self.used = 0.0
        self.log = folder / "qemu.log"
        self.serial = folder / "serial"
        self.serial.touch()
        with open(self.log, "wb") as errors:
            self.process = subprocess.Popen(
                [*recipes.loader(home), f"{home}/bin/qemu-system-x86_64", "-L", f"{home}/share",
                 "-machine", "pc", "-accel", "tcg", "-cpu", CPU, "-m", str(memory), "-nodefaults",
                 "-nographic", "-no-reboot", "-kernel", kernel, "-initrd", initramfs,
                 "-append", command_line, "-serial", f"file:{self.serial}",
                 "-chardev", "stdio,id=wire,signal=off",
                 "-device", "isa-debugcon,iobase=0xe9,chardev=wire"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, cwd=folder,
                start_new_session=True, preexec_fn=emulator.die_with_parent)
        os.set_blocking(self.process.stdout.fileno(), False)

    def last_words(self):
        return self.log.read_text(errors="replace").splitlines()[-4:]
