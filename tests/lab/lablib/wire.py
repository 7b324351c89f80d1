# SPDX-License-Identifier: GPL-2.0-only
"""Takes the frames out of the emulator's standard output; agent/wire.h defines them.

The emulator prints words of its own there too, before and between frames: what
is not a whole frame with the right sum is passed over, and kept once frames have
begun.
"""

MAGIC = b"\xf5WL"
HEADER = 8
LONGEST = 1 << 20

(BOOT, HELLO, TICK, LISTENING, STDOUT, STDERR, KMSG, NOTE, FAIL, FILE, DATA, FILE_END, COVERAGE, EXIT,
 END) = b"BHTLOEKNQFDZCX."


class Wire:
    def __init__(self):
        self.pending = bytearray()
        self.strange = bytearray()

    def feed(self, data):
        """Yields (type, payload) for each frame that data completes."""
        pending = self.pending
        pending += data
        position = 0
        while True:
            start = pending.find(MAGIC, position)
            if start < 0:
                # The last bytes may be the begin of a magic number.
                keep = max(position, len(pending) - len(MAGIC) + 1)
                self.strange += pending[position:keep]
                position = keep
                break
            self.strange += pending[position:start]
            position = start
            if len(pending) < start + HEADER:
                break
            length = int.from_bytes(pending[start + 4:start + 8], "little")
            if length > LONGEST:
                self.strange += pending[start:start + 1]
                position = start + 1
                continue
            end = start + HEADER + length
            if len(pending) <= end:
                break
            if sum(pending[start + 3:end]) & 0xff != pending[end]:
                self.strange += pending[start:start + 1]
                position = start + 1
                continue
            yield pending[start + 3], bytes(pending[start + HEADER:end])
            position = end + 1
        del pending[:position]
