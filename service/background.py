"""Predict in the background: whoever else wants the processor has it first."""

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

NICE = 10  # a tenth of the processor, where others want all of it
AUTOGROUP = Path("/proc/self/autogroup")
PR_SET_PDEATHSIG = 1


def give_way() -> None:
    """Lower the share of this process, which is to be a child, and have it end when its parent does.

    Linux shares the processor among sessions before it looks at processes (sched(7), autogroup): so it needs
    a session of its own, which has a share of its own. Containers have theirs from Compose (`cpu_shares`).
    """
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # the signals of its parent's group miss it now
    os.nice(NICE)
    with suppress(OSError):  # another kernel's
        AUTOGROUP.write_text(str(NICE))
