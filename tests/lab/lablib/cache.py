# SPDX-License-Identifier: GPL-2.0-only
"""The cache outside the checkout that holds what the lab prepares.

An entry is a folder NAME-KEY. KEY hashes everything the entry was made from, so
a changed recipe makes a new entry and an unchanged one is found again. An entry
is built beside its place and renamed into it: who finds it finds it whole. A
lock per name lets two preparers wait for each other instead of working twice.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from .say import note


def root():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "ward"
    path.mkdir(parents=True, exist_ok=True)
    return path


def key_of(*parts):
    """A short hash of anything JSON can hold."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def content_key(*paths):
    """A short hash of files' contents."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(Path(path).read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def lock(name):
    locks = root() / "locks"
    locks.mkdir(exist_ok=True)
    with open(locks / name, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"waiting: another run prepares {name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def entry(name, key, build):
    """The folder of an entry; build(folder) fills it when it is missing."""
    place = root() / f"{name}-{key}"
    if place.is_dir():
        return place
    with lock(name):
        if place.is_dir():
            return place
        work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root()))
        try:
            build(work)
            work.chmod(0o755)
            work.rename(place)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    return place


def clean(used):
    """Removes the entries that are not in `used`, and the downloaded packages."""
    for path in root().iterdir():
        if not path.is_dir() or path.name == "locks" or path.name in used:
            continue
        if path.name.startswith("apt-"):
            path = path / "archives"
        shutil.rmtree(path, ignore_errors=True)
