# SPDX-License-Identifier: GPL-2.0-only
"""Lays a kernel, an initramfs and a command line out on a disk for boot.S.

The kernel's image is taken apart here as a boot loader does it, after
Documentation/arch/x86/boot.rst of Linux: the setup code with its header filled
in goes to 0x90000, the rest to 1 MiB, the initramfs to the top of memory. Where a
decompressed kernel lies beside the image, its segments are loaded instead, and
enter64.S stands at 1 MiB.
"""

import struct
import subprocess

from .say import LabFailure, note

SECTOR = 512
SETUP = 0x90000
COMMAND_LINE = 0x9e000
KERNEL = 0x100000
TABLE = 0x140

# Offsets in the setup header.
SETUP_SECTORS, HEADER_MAGIC, LOADER, FLAGS, RAMDISK = 0x1f1, 0x202, 0x210, 0x211, 0x218
HEAP_END, COMMAND_POINTER, RAMDISK_MAX, COMMAND_SIZE = 0x224, 0x228, 0x22c, 0x238
PAYLOAD, PAYLOAD_LENGTH = 0x248, 0x24c
CAN_USE_HEAP, LOADED_HIGH = 0x80, 0x01


def decompress(image, folder):
    """Puts the ELF file of a kernel's image into folder/vmlinux, if it is worth it.

    ZSTD and XZ take the emulated CPU longer than reading the kernel unpacked; LZ4
    does not. apt's helper reads both wherever apt is.
    """
    kernel = image.read_bytes()
    begin = (kernel[SETUP_SECTORS] + 1) * SECTOR + struct.unpack_from("<I", kernel, PAYLOAD)[0]
    # Behind the compressed data the build appends its unpacked size.
    payload = kernel[begin:begin + struct.unpack_from("<I", kernel, PAYLOAD_LENGTH)[0] - 4]
    for magic, suffix in ((b"\x28\xb5\x2f\xfd", "zst"), (b"\xfd7zXZ\0", "xz")):
        if not payload.startswith(magic):
            continue
        packed, plain = folder / f"vmlinux.{suffix}", folder / "vmlinux"
        packed.write_bytes(payload)
        with open(plain, "wb") as out:
            subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", packed], stdout=out)
        packed.unlink()
        if plain.read_bytes()[:6] != b"\x7fELF\x02\x01":
            note("cannot unpack this kernel here: its boots will take longer")
            plain.unlink()


def _segments(elf):
    """(entry, [(address, bytes)]) of a 64-bit ELF file."""
    entry, table = struct.unpack_from("<QQ", elf, 24)
    size, count = struct.unpack_from("<HH", elf, 54)
    found = []
    for index in range(count):
        kind, _, offset, _, address, length = struct.unpack_from("<IIQQQQ", elf, table + index * size)
        if kind == 1 and length:
            found.append((address, elf[offset:offset + length]))
    return entry, found


def write(disk, loader, image, initramfs, command_line, memory):
    """Writes the disk. `loader` has boot.bin and enter64.bin, `memory` is in bytes."""
    kernel = image.read_bytes()
    if kernel[HEADER_MAGIC:HEADER_MAGIC + 4] != b"HdrS":
        raise LabFailure(f"{image} is no Linux kernel for x86")
    split = (kernel[SETUP_SECTORS] + 1) * SECTOR
    setup, rest = bytearray(kernel[:split]), kernel[split:]
    size = sum(path.stat().st_size for path in initramfs)
    # The BIOS keeps its tables in the last pages; whole 2 MiB steps leave them alone.
    top = min(memory, struct.unpack_from("<I", setup, RAMDISK_MAX)[0] + 1) - (2 << 20)
    ramdisk = (top - size) & ~0x1fffff
    if ramdisk < 0x8000000:
        raise LabFailure(f"{size >> 20} MiB of files do not fit into {memory >> 20} MiB of memory; "
                         "try --memory")
    line = command_line.encode() + b"\0"
    if len(line) > min(struct.unpack_from("<I", setup, COMMAND_SIZE)[0], 0x1000):
        raise LabFailure("the kernel's command line is too long")

    setup[LOADER] = 0xff
    setup[FLAGS] |= CAN_USE_HEAP | LOADED_HIGH
    struct.pack_into("<II", setup, RAMDISK, ramdisk, size)
    struct.pack_into("<H", setup, HEAP_END, COMMAND_LINE - SETUP - 0x200)
    struct.pack_into("<I", setup, COMMAND_POINTER, COMMAND_LINE)

    pieces = [(SETUP, [bytes(setup)]), (COMMAND_LINE, [line]), (ramdisk, initramfs)]
    plain = image.with_name("vmlinux")
    if plain.exists():
        stub = bytearray((loader / "enter64.bin").read_bytes())
        entry, segments = _segments(plain.read_bytes())
        struct.pack_into("<Q", stub, 8, entry)
        pieces += [(KERNEL, [bytes(stub)])] + [(address, [data]) for address, data in segments]
    else:
        pieces.append((KERNEL, [rest]))
    if TABLE + 12 * len(pieces) > 0x1be:
        raise LabFailure(f"{plain} has more segments than the boot sector has room for")
    table = b""
    with open(disk, "wb") as out:
        out.write(bytes(SECTOR))
        for address, contents in pieces:
            first = out.tell() // SECTOR
            for content in contents:
                out.write(content if isinstance(content, bytes) else content.read_bytes())
            out.write(bytes(-out.tell() % SECTOR))
            table += struct.pack("<III", first, out.tell() // SECTOR - first, address)
        # The emulator thinks in cylinders of 16 x 63 sectors and wants whole ones.
        out.truncate(-(-out.tell() // (SECTOR * 16 * 63)) * SECTOR * 16 * 63)
        start = bytearray((loader / "boot.bin").read_bytes())
        start[TABLE:TABLE + len(table)] = table
        out.seek(0)
        out.write(start)
