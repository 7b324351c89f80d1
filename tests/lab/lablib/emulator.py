# SPDX-License-Identifier: GPL-2.0-only
"""Starts Bochs on a boot disk, and ends it.

Everything of one run lives in its own temporary folder; the emulator listens
on no port and shows nothing.
"""

import ctypes
import os
import signal
import subprocess

from . import recipes

# The emulator's default, to read MSRs that it does not know as zero, has to stay:
# with a fault instead Linux dies in early boot, of MSRs that CPUID promises.
CONFIG = """\
megs: {memory}
cpu: model={model}, count={cpus}, ips=100000000, reset_on_triple_fault=0{cpu_options}
romimage: file={firmware}/BIOS-bochs-latest
vgaromimage: file={firmware}/vgabios.bin
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path={folder}/disk, mode=flat, cylinders=0
boot: disk
clock: sync=none, time0=utc
com1: enabled=1, mode=file, dev={folder}/serial
{com2}
port_e9_hack: enabled=1
display_library: nogui
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
log: {folder}/bochs.log
"""


PR_SET_PDEATHSIG = 1


def die_with_parent():
    """However the run ends, its emulator does not go on without it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Emulator:
    """One Bochs. Its wire comes out of `self.process.stdout`."""

    def __init__(self, folder, memory, cpus, model, cpu_options="", terminal=None):
        com2 = f"com2: enabled=1, mode=term, dev={terminal}" if terminal else ""
        config = folder / "bochsrc"
        config.write_text(CONFIG.format(folder=folder, firmware=recipes.firmware(), memory=memory, cpus=cpus,
                                        model=model, com2=com2,
                                        cpu_options=f", {cpu_options}" if cpu_options else ""))
        (folder / "serial").touch()
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8",
        }
        self.used = 0.0
        self.log = folder / "bochs.log"
        self.serial = folder / "serial"
        with open(folder / "bochs.stderr", "wb") as errors:
            self.process = subprocess.Popen(
                [recipes.emulator() / "bochs", "-q", "-f", config],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                env=environment, cwd=folder, start_new_session=True,
                preexec_fn=die_with_parent)
        os.set_blocking(self.process.stdout.fileno(), False)

    def seconds(self):
        """The processor time that it has used; grows for as long as it runs."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            self.used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            pass                        # it has ended: the last value stays
        return self.used

    def end(self):
        """Ends it without asking: nothing it holds is worth saving."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def last_words(self):
        """The reasons that its log gives for an end of its own."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return []
        return [line for line in lines if ">>PANIC<<" in line or line[13:14] == "p"][-4:] or lines[-4:]
