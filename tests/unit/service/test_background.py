"""What predicts gives way to others."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from service.background import AUTOGROUP, NICE
from tests.integration.server_program import ROOT
from tests.waiting import until

PARENT = """
    import os, signal
    from service.background import give_way

    if os.fork() == 0:
        give_way()
        print(os.getpid(), flush=True)
    signal.pause()
"""


def test_it_has_a_small_share_and_ends_with_its_parent() -> None:
    """In a session of its own, which no signal of its parent's group reaches."""
    command = [sys.executable, "-c", textwrap.dedent(PARENT)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert os.getsid(child) == child
        assert os.getpriority(os.PRIO_PROCESS, child) == NICE
        if AUTOGROUP.exists():
            assert Path(f"/proc/{child}/autogroup").read_text().endswith(f"nice {NICE}\n")
        parent.kill()
        until("the child has ended", lambda: not has_process(child))


def has_process(pid: int) -> bool:
    """Tell whether it runs, and is more than a number that nobody has asked for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
