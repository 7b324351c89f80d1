# SPDX-License-Identifier: GPL-2.0-only
"""Fetches Debian packages of a given release without touching the system.

apt runs here with lists, a cache and a status file of its own, below the lab's
cache folder, for a release that need not be the machine's. The mirrors and the
network settings come from the machine's apt configuration; the signatures are
checked against the archive keyring. Packages are unpacked, never installed: no
part of this needs root. Lists are only refreshed when a package is missing, so
that a filled cache works without a network.
"""

import functools
import os
import re
import subprocess
import tempfile
from pathlib import Path

from . import cache
from .say import LabFailure, note, step

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITE = re.compile(r"^(?:old)*(?:stable|testing|unstable|sid|bookworm|trixie|forky)"
                   r"(-[a-z-]+)?/?$")


def _one_line_entries(text):
    for line in text.splitlines():
        match = re.match(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$", line.split("#")[0].strip())
        if match:
            yield [match[1]], [match[2]], match[3].split()


def _deb822_entries(text):
    for stanza in re.split(r"\n\s*\n", text):
        field = {}
        name = None
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and name:
                field[name] += " " + line.strip()
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.lower()
                field[name] = value.strip()
        if "deb" in field.get("types", "").split() and field.get("enabled", "yes") != "no":
            yield (field.get("uris", "").split(), field.get("suites", "").split(),
                   field.get("components", "").split())


def mirrors():
    """The machine's Debian mirrors: (of the archive, of the security archive)."""
    parts = Path("/etc/apt/sources.list.d")
    entries = []
    for path in [Path("/etc/apt/sources.list"), *sorted(parts.glob("*.list"))]:
        if path.is_file():
            entries += _one_line_entries(path.read_text())
    for path in sorted(parts.glob("*.sources")):
        entries += _deb822_entries(path.read_text())
    archive, security = [], []
    for uris, suites, components in entries:
        if "main" not in components:
            continue
        for suite in filter(None, map(SUITE.match, suites)):
            extra = suite[1] or ""
            # Before Debian 11 the security suite was called NAME/updates.
            found = security if "security" in extra else archive
            found += [uri for uri in uris if uri not in found]
    # The security archive lists suites of its own; on any other URI it is absent.
    archive = [uri for uri in archive if uri not in security] or archive
    if not archive:
        raise LabFailure("no Debian mirror in this machine's apt configuration")
    return archive, security


def _alone(method):
    """apt's folders bear one user at a time; the lock spans processes."""
    @functools.wraps(method)
    def locked(self, *words):
        with cache.lock(f"apt-{self.name}"):
            return method(self, *words)
    return locked


class Release:
    """One Debian release, read through the private apt."""

    KIND = "deb"
    LIST = "*_Packages*"

    def __init__(self, name):
        self.name = name
        self.home = cache.root() / f"apt-{name}"
        self.fresh = False

    def _configure(self):
        for folder in ("lists/partial", "archives/partial", "etc/apt.conf.d",
                       "etc/preferences.d", "log"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        archive, security = mirrors()
        option = f"[arch=amd64 signed-by={KEYRING}]"
        lines = [f"{self.KIND} {option} {uri} {self.name}{extra} main"
                 for uri in archive for extra in ("", "-updates")]
        lines += [f"{self.KIND} {option} {uri} {self.name}-security main" for uri in security]
        (self.home / "etc/sources.list").write_text("\n".join(lines) + "\n")
        # Proxies, certificates and the like are the machine's; nothing else is.
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True)
        network = [line for line in dump.stdout.splitlines()
                   if line.startswith("Acquire::")]
        (self.home / "apt.conf").write_text("\n".join(network + [
            f'Dir "{self.home}/";',
            f'Dir::State "{self.home}"; Dir::State::status "{self.home}/status";',
            f'Dir::State::lists "{self.home}/lists";',
            f'Dir::Cache "{self.home}"; Dir::Log "{self.home}/log";',
            f'Dir::Etc "{self.home}/etc"; Dir::Etc::sourcelist "sources.list";',
            'Dir::Etc::netrc "/etc/apt/auth.conf";',
            'Dir::Etc::netrcparts "/etc/apt/auth.conf.d";',
            'Dir::Bin::dpkg "/usr/bin/dpkg";',
            # apt would drop to a user that cannot read a private cache.
            'APT::Sandbox::User "root";',
            'APT::Architecture "amd64"; APT::Architectures { "amd64"; };',
            'APT::Install-Recommends "0"; Acquire::Languages "none";',
            'Acquire::Retries "3";',
        ]) + "\n")

    def _apt(self, *words, cwd=None):
        environment = dict(os.environ, APT_CONFIG=str(self.home / "apt.conf"), LC_ALL="C.UTF-8")
        return subprocess.run(words, env=environment, capture_output=True, text=True,
                              cwd=cwd or self.home / "archives")

    @_alone
    def refresh(self):
        """Reads the lists anew; done once at most."""
        self._refresh()

    def _refresh(self):
        self._configure()
        with step(f"reading the package lists of Debian {self.name}"):
            done = self._apt("apt-get", "update", "-q")
        if done.returncode:
            # Some lists may have come: what is needed is looked for anyway.
            note("apt-get update: " + (done.stderr.strip().splitlines() or ["failed"])[-1])
        self.fresh = True

    def _ready(self):
        if not self.fresh and not any((self.home / "lists").glob(self.LIST)):
            self._refresh()
        elif not (self.home / "apt.conf").exists():
            self._configure()

    @_alone
    def names(self, pattern):
        """All package names that match a pattern."""
        self._ready()
        out = self._apt("apt-cache", "pkgnames", "--no-generate").stdout
        if not out:
            out = self._apt("apt-cache", "pkgnames").stdout
        regex = re.compile(pattern)
        return [name for name in out.split() if regex.fullmatch(name)]

    @_alone
    def depends(self, package):
        self._ready()
        out = self._apt("apt-cache", "depends", "--no-suggests", "--no-recommends", package).stdout
        return re.findall(r"Depends: ([a-z0-9.+-]+)", out)

    @staticmethod
    def _words(closure):
        """How apt-get is asked for files."""
        return ["install", "-qq", "-y", "--download-only"] if closure else ["download", "-qq"]

    def _uris(self, packages, closure):
        """The file names of what packages stand for, or None."""
        words = [*self._words(closure), "--print-uris", *packages]
        # apt leaves out what it finds downloaded: have it look at an empty folder.
        with tempfile.TemporaryDirectory(dir=self.home) as empty:
            (Path(empty) / "partial").mkdir()
            done = self._apt("apt-get", "-o", f"Dir::Cache::archives={empty}", *words, cwd=empty)
        if done.returncode:
            return None
        return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("'")]

    @_alone
    def resolve(self, packages, closure):
        """The .deb names of packages, with all they depend on if closure."""
        return self._resolve(packages, closure)

    def _resolve(self, packages, closure):
        self._ready()
        found = self._uris(packages, closure)
        if not found:
            raise LabFailure(f"Debian {self.name} as configured here lacks one of: "
                             + ", ".join(packages))
        return sorted(found)

    @_alone
    def fetch(self, packages, closure):
        """Downloads, and returns the files of resolve()."""
        return self._fetch(packages, closure)

    def _fetch(self, packages, closure):
        files = [self.home / "archives" / name for name in self._resolve(packages, closure)]
        if all(path.exists() for path in files):
            return files
        done = self._apt("apt-get", *self._words(closure), *packages)
        missing = [path.name for path in files if not path.exists()]
        if missing:
            raise LabFailure(f"cannot fetch {missing[0]}: {done.stderr.strip()}")
        return files


class Sources(Release):
    """The source packages of a release, of each the upstream archive alone. There is no closure."""

    KIND = "deb-src"
    LIST = "*_Sources*"

    def __init__(self, name):
        super().__init__(name)
        self.home = cache.root() / f"apt-{name}-sources"

    @staticmethod
    def _words(closure):
        return ["source", "-qq", "--download-only", "--tar-only"]


def unpack(packages, folder):
    for package in packages:
        done = subprocess.run(["dpkg-deb", "-x", package, folder], capture_output=True, text=True)
        if done.returncode:
            raise LabFailure(f"cannot unpack {Path(package).name}: {done.stderr.strip()}")
