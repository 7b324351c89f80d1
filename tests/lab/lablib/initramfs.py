# SPDX-License-Identifier: GPL-2.0-only
"""Makes the lab host's root: a base that is kept per kernel, and one run's job.

The base holds the agent as /init, busybox and the kernel's modules. The job holds
COMMAND, what the build made (build/RELEASE/ward.ko, build/user, build/tests)
and the files of --put. Two archives, one after the other: the kernel unpacks
both, and only the second is written for each run.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from . import cache, recipes
from .cpio import Archive
from .say import LabFailure

FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "lib", "lib64", "etc", "dev", "proc", "sys",
           "tmp", "run", "root", "var", "mnt", "lab", "ward/bin", "ward/lib", "ward/tests")
FILES = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": b"127.0.0.1 localhost lab\n",
}


def base(kernel):
    """The file with the base archive for a kernel's folder."""
    agent, busybox = recipes.agent(), recipes.busybox()
    key = cache.key_of(cache.content_key(agent, busybox, __file__), str(kernel))

    def build(folder):
        release = (kernel / "release").read_text().strip()
        with open(folder / "base.cpio", "wb") as out:
            archive = Archive(out)
            for name in FOLDERS:
                archive.folder(name)
            for name, data in FILES.items():
                archive.file(name, data)
            # The kernel opens it before devtmpfs is mounted.
            archive.node("dev/console", 5, 1)
            archive.copy(agent, "init", 0o755)
            archive.copy(busybox, "bin/busybox", 0o755)
            applets = subprocess.run([busybox, "--list-full"], capture_output=True, text=True)
            for applet in applets.stdout.split():
                if applet != "bin/busybox":
                    archive.link(applet, "/bin/busybox")
            _modules(archive, kernel / "modules", f"lib/modules/{release}")
            archive.close()
    return cache.entry("base", key, build) / "base.cpio"


def _modules(archive, source, target):
    """The modules with the list of dependencies that modprobe reads."""
    modules = {path.stem: path for path in sorted(source.glob("*.ko"))}
    needs = {}
    for name, path in modules.items():
        found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        needs[name] = [need.replace("_", "-") if need.replace("_", "-") in modules else need
                       for need in found[1].decode().split(",") if need] if found else []
    lines = []
    for name, path in modules.items():
        chain, queue = [], list(needs[name])
        while queue:
            need = queue.pop(0)
            if need in modules and need not in chain:
                chain.append(need)
                queue += needs[need]
        lines.append(f"{name}.ko:" + "".join(f" {need}.ko" for need in chain))
        archive.copy(path, f"{target}/{name}.ko", 0o644)
    archive.file(f"{target}/modules.dep", ("\n".join(lines) + "\n").encode())
    for name in ("modules.alias", "modules.symbols", "modules.builtin"):
        archive.file(f"{target}/{name}", b"")


class Libraries:
    """Puts in the shared libraries that programs of this machine need."""

    def __init__(self, archive, search):
        self.archive = archive
        self.search = search
        self.known = set()

    def of(self, program):
        program = Path(program)
        with open(program, "rb") as handle:
            if handle.read(4) != b"\x7fELF":
                return
        listing = subprocess.run(["ldd", program], capture_output=True, text=True,
                                 env={"LD_LIBRARY_PATH": str(self.search), "PATH": "/usr/bin:/bin"})
        missing = re.findall(r"(\S+) => not found", listing.stdout)
        if missing:
            raise LabFailure(f"{program.name} needs {missing[0]}, which this machine does not have")
        for source in re.findall(r"(?:=>\s*|^\s*)(/\S+) \(0x", listing.stdout, re.M):
            # What the build made is in /ward/lib already.
            if source in self.known or Path(source).parent == self.search:
                continue
            self.known.add(source)
            self.archive.copy(source, source, 0o755)


def _executables(folder):
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()
            and (path.stat().st_mode & 0o111 or ".so" in path.name)]


def _copy_module(archive, source):
    """ward.ko without its debugging data, of which the host would read megabytes."""
    with tempfile.NamedTemporaryFile(suffix=".ko") as kept:
        subprocess.run(["objcopy", "--strip-debug", source, kept.name], check=True)
        archive.copy(kept.name, "ward/ward.ko", 0o644)


class Job:
    """What one run adds to the host."""

    def __init__(self, build, release):
        self.build = build
        self.release = release
        self.argv = []
        self.environment = []
        self.get = []
        self.put = []
        self.module = True
        self.coverage = False
        self.terminal = None

    def module_file(self):
        """The ward.ko that this kernel accepts: it says so itself."""
        mark = b"\0vermagic=" + self.release.encode() + b" "
        found = [path for path in self.build.glob("*/ward.ko") if mark in path.read_bytes()]
        own = self.build / self.release / "ward.ko"
        return own if own in found else max(found, key=lambda path: path.stat().st_mtime, default=own)

    def missing(self):
        """What the build should have made and has not."""
        if not self.module:
            return []
        return [path for path in (self.module_file(), self.build / "user" / "ward")
                if not path.is_file()]

    def write(self, out):
        archive = Archive(out)
        user, tests = self.build / "user", self.build / "tests"
        libraries = Libraries(archive, user)
        # Also with --no-module: COMMAND may load it itself.
        if self.module_file().is_file():
            _copy_module(archive, self.module_file())
        if user.is_dir():
            for path in sorted(user.iterdir()):
                if re.fullmatch(r"lib.*\.so[.0-9]*", path.name):
                    archive.tree(path, f"ward/lib/{path.name}")
                    libraries.of(path)
                elif path.is_file() and path.stat().st_mode & 0o111:
                    archive.copy(path, f"ward/bin/{path.name}", 0o755)
                    libraries.of(path)
        if tests.is_dir():
            archive.tree(tests, "ward/tests", skip=re.compile(r".*\.(?:o|d|obj|a)|obj"))
            for path in _executables(tests):
                libraries.of(path)
        for source, target in self.put:
            archive.tree(source, target)
            if Path(source).is_file():
                libraries.of(source)

        def strings(texts):
            return b"".join(text.encode("utf-8", "surrogateescape") + b"\0" for text in texts)
        conf = ["module"] if self.module else []
        if self.coverage:
            conf.append("coverage")
        if self.terminal:
            conf.append("terminal {} {}".format(*self.terminal))
        archive.file("lab/conf", strings(conf))
        archive.file("lab/argv", strings(self.argv))
        archive.file("lab/env", strings(self.environment))
        archive.file("lab/get", strings(self.get))
        archive.close()
