# SPDX-License-Identifier: GPL-2.0-only
"""What the lab says to the person at the terminal: everything on stderr."""

import contextlib
import sys
import time


class LabFailure(Exception):
    """The lab itself could not do its work: exit status 125."""


def note(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text):
    """Announces a long step, and how long it took."""
    begin = time.monotonic()
    note(f"{text} ...")
    yield
    note(f"{text}: {time.monotonic() - begin:.1f} s")
