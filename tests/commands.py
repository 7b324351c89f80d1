# SPDX-License-Identifier: GPL-2.0-only
"""Commands that run beside each other, and are ended with all that they started."""

import os
import signal
import subprocess
import threading


class Commands:
    def __init__(self):
        self.lock = threading.Lock()
        self.running = set()

    def run(self, command, folder, log, minutes):
        """Runs a command, with its output in a file. Return: its status, or None if it took too long."""
        with open(log, "wb") as out:
            process = subprocess.Popen(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        with self.lock:
            self.running.add(process)
        try:
            return process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            end(process)
            return None
        finally:
            with self.lock:
                self.running.discard(process)

    def end_all(self):
        # Without the lock, which may be held by the very thread that a signal interrupts.
        for process in list(self.running):
            end(process)


def end(process):
    """A lab takes its emulator down when it is asked to."""
    for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
            return
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue
