# SPDX-License-Identifier: GPL-2.0-only
"""One run of the lab: reads the emulator until the host's verdict is known.

The host's end comes in one of these ways:
  the agent says how COMMAND ended, and that it is through (the normal end);
  the host warns, oopses or panics, which its log shows;
  a CPU stops ticking, or the host never came up;
  the boot sector runs a second time, or the emulator ends by itself;
  the time is up.
"""

import os
import re
import select
import time

from . import wire
from .say import LabFailure, note
from .verdict import INTENDED, KernelLog, Serial

# Seconds of the emulator's processor time, which it always uses up: on a busy
# machine a healthy host may need several times as much wall time.
BOOT = 150
HANG = float(os.environ.get("WARD_LAB_HANG", 60))
# How long a host that printed a splat may go on: the rest of the splat follows.
GRACE = 10
ESCAPE = b"\x1d"
# Bochs says so on its standard output when a VMCS holds a selector without a descriptor.
EMULATORS_WORDS = re.compile(rb"bx_dbg_read_pmode_descriptor: [^\n]*\n")


class TimedOut(Exception):
    """The run's time is up: exit status 124."""


class Session:
    """Carries one run's streams, and judges its host."""

    def __init__(self, emulator, gets, console, timeout, cpus, keyboard=None, second_kernel=False,
                 coverage=None, slowness=1):
        self.emulator = emulator
        self.wire = wire.Wire()
        self.log = KernelLog(console)
        self.serial = Serial(emulator.serial)
        self.gets = gets
        self.coverage = coverage        # takes the counts of lines
        self.keyboard = keyboard        # (from this descriptor, to that one)
        self.second_kernel = second_kernel      # is still to come
        self.status = None
        self.failures = []
        self.problems = []              # of files to hand back
        self.boot = BOOT * slowness
        self.booted = False
        self.hello = False
        self.listening = False          # typed earlier, it would be lost
        self.ended = False
        self.ticks = {}
        # CPUs share the emulator's time, so each ticks the more seldom.
        self.hang = HANG * slowness * (3 + cpus) / 4
        self.deadline = time.monotonic() + timeout
        self.stop_at = None
        self.file = None

    def run(self):
        """Returns COMMAND's status. Raises LabFailure or TimedOut."""
        source = self.emulator.process.stdout
        while not self.ended:
            inputs = [source] + ([self.keyboard[0]] if self.listening else [])
            ready, _, _ = select.select(inputs, [], [], 0.2)
            data = b""
            if source in ready:
                data = os.read(source.fileno(), 1 << 20)
                if not data:
                    self._emulator_ended()
                for kind, payload in self.wire.feed(data):
                    self._frame(kind, payload)
            if self.listening and self.keyboard[0] in ready:
                self._keys()
            self._look_at_log()
            # What waits to be read may be the sign of life that is missed.
            if len(data) < 4096 and not self.ended:
                self._look_at_clock()
        self._judge()
        return self.status

    def _frame(self, kind, payload):
        if kind == wire.STDOUT:
            write_all(1, payload)
        elif kind == wire.STDERR:
            write_all(2, payload)
        elif kind == wire.TICK:
            self.ticks[payload[0]] = self.emulator.seconds()
        elif kind == wire.LISTENING:
            self.listening = bool(self.keyboard)
        elif kind == wire.KMSG:
            self.log.record(payload)
        elif kind == wire.NOTE:
            note(payload.decode("utf-8", "replace"))
        elif kind == wire.FAIL:
            self.failures.append(payload.decode("utf-8", "replace"))
        elif kind == wire.BOOT:
            if self.booted:
                raise LabFailure("the host was reset")
            self.booted = True
        elif kind == wire.HELLO:
            if self.hello:
                self._second_kernel()
            self.hello = True
            self.wire.strange.clear()       # the emulator's banner came before
        elif kind in (wire.FILE, wire.DATA, wire.FILE_END):
            self._file(kind, payload)
        elif kind == wire.COVERAGE:
            self.coverage.frame(payload)
        elif kind == wire.EXIT:
            self.status = int.from_bytes(payload, "little")
        elif kind == wire.END:
            self.ended = True

    def _second_kernel(self):
        """The agent has started again, by kexec. Only the panic that led there is forgiven."""
        if not self.second_kernel:
            raise LabFailure("the host went over to a second kernel")
        self.second_kernel = False
        self.serial.poll()
        self.serial.panicked = False
        for log in (self.log, self.serial):
            log.splats = [at for at in log.splats if not INTENDED.search(log.lines[at])]

    def _file(self, kind, payload):
        if kind == wire.DATA:
            self.file.write(payload)
            return
        index, word = int.from_bytes(payload[:4], "little"), int.from_bytes(payload[4:], "little")
        source, target = self.gets[index]
        part = f"{target}.part"
        if kind == wire.FILE:
            self.file = open(part, "wb")
            os.fchmod(self.file.fileno(), word or 0o644)
            return
        self.file.close()
        if word:
            os.unlink(part)
            self.problems.append(f"--get {source}: {os.strerror(word)}")
        else:
            os.replace(part, target)

    def _keys(self):
        data = os.read(self.keyboard[0], 1024)
        if ESCAPE in data and os.isatty(self.keyboard[0]):
            raise KeyboardInterrupt
        if not data:
            self.listening = False
            data = b"\x04"              # what a terminal sends for the end
        write_all(self.keyboard[1], data)

    def _look_at_log(self):
        splat = self.serial.poll()
        if self.second_kernel:
            return                      # a panic may be the way to it
        if splat and not self.stop_at:
            self.stop_at = self.emulator.seconds() + (1 if self.serial.panicked else GRACE)
        if (self.serial.panicked or self.log.splats) and not self.stop_at:
            self.stop_at = self.emulator.seconds() + GRACE

    def _look_at_clock(self):
        now = self.emulator.seconds()
        alive = self.ticks and now - max(self.ticks.values()) < GRACE
        if self.stop_at and now > self.stop_at:
            # A splat that only the console shows, of a host that lives on, was
            # a program's writing to /dev/kmsg.
            if self.serial.panicked or self.log.splats or not alive:
                self.serial.finish()
                raise LabFailure(f"the host's kernel complained: {self._reason()}")
            self.stop_at = None
        if not self.hello and now > self.boot:
            raise LabFailure(f"the host did not come up in {self.boot} s")
        for cpu, last in self.ticks.items():
            if now - last > self.hang + (BOOT if self.second_kernel else 0):
                raise LabFailure(f"the host hangs: nothing from CPU {cpu} for {self.hang:.0f} s")
        if time.monotonic() > self.deadline:
            raise TimedOut

    def _emulator_ended(self):
        self.emulator.process.wait()
        self.serial.finish()
        if self.serial.splats:
            raise LabFailure(f"the host's kernel complained and the emulator ended: {self._reason()}")
        words = self.emulator.last_words()
        raise LabFailure("the emulator ended before COMMAND was through"
                         + (": " + "; ".join(words) if words else ""))

    def _judge(self):
        if self.second_kernel:
            raise LabFailure("no second kernel came up")
        if self.log.splats:
            raise LabFailure(f"the host's kernel complained: {self._reason()}")
        if self.failures:
            raise LabFailure("; ".join(self.failures))
        if self.status is None:
            raise LabFailure("the agent ended without COMMAND's status")
        strange = EMULATORS_WORDS.sub(b"", bytes(self.wire.strange))
        if strange:
            raise LabFailure(f"{len(strange)} bytes on the wire belong to no frame: "
                             f"did COMMAND write to port 0xe9? They begin {strange[:200]}")
        for problem in self.problems:
            note(problem)
        if self.problems and not self.status:
            raise LabFailure("a file to hand back is not there")

    def _reason(self):
        return self.serial.reason() or self.log.reason()

    def last_lines(self):
        """The part of the host's log that a failure's report should show."""
        # After a death the serial console knows more than the forwarded log.
        known = {line.split("] ", 1)[-1].strip() for line in self.log.lines}
        if any(line.split("] ", 1)[-1].strip() not in known for line in self.serial.lines
               if line.strip()):
            return self.serial.excerpt()
        return self.log.excerpt()


def write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]
