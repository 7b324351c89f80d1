# SPDX-License-Identifier: GPL-2.0-only
"""Writes an initramfs: a cpio archive of the "newc" form, uncompressed.

Unpacking costs the emulated host about one instruction a byte; a compressed
archive would cost many. Owner is root, whoever runs the lab.
"""

import os
import stat
from pathlib import Path


class Archive:
    def __init__(self, out):
        self.out = out
        self.inode = 0
        self.folders = set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0), size=None):
        self.inode += 1
        name = name.strip("/").encode() + b"\0"
        size = len(data) if size is None else size
        fields = (self.inode, mode, 0, 0, 1, 0, size, 0, 0, *rdev, len(name), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._padded(header + name)
        if data:
            self._padded(data)

    def _padded(self, data):
        self.out.write(data)
        self.out.write(bytes(-len(data) % 4))

    def folder(self, name, mode=0o755):
        """A folder, with the folders above it."""
        name = name.strip("/")
        if not name or name in self.folders:
            return
        self.folder(os.path.dirname(name))
        self.folders.add(name)
        self._entry(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        self.folder(os.path.dirname(name.strip("/")))
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self.folder(os.path.dirname(name.strip("/")))
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def node(self, name, major, minor, mode=0o600):
        self.folder(os.path.dirname(name.strip("/")))
        self._entry(name, stat.S_IFCHR | mode, rdev=(major, minor))

    def copy(self, source, name, mode=None):
        """A file of this machine; links are followed."""
        source = Path(source)
        if mode is None:
            mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self.file(name, source.read_bytes(), mode)

    def tree(self, source, name, skip=None):
        """A folder of this machine with all it holds, or a single file.

        What has a name that the pattern `skip` matches is left out.
        """
        source = Path(source)
        if not source.is_dir():
            self.copy(source, name)
            return
        self.folder(name)
        for path in sorted(source.iterdir()):
            below = f"{name}/{path.name}"
            if (path.is_symlink() and not path.exists()) or (skip and skip.fullmatch(path.name)):
                continue
            if path.is_symlink() and os.sep not in os.readlink(path):
                self.link(below, os.readlink(path))
            else:
                self.tree(path, below, skip)

    def close(self):
        self.inode = -1
        self._entry("TRAILER!!!", 0)
        # Whole words between archives that follow each other.
        self.out.write(bytes(-self.out.tell() % 512))
