"""The process that has imported PyTorch: `python -m model_server.worker_pool.zygote_process FD`.

It forks a fork server for each package that is loaded: to import takes seconds, to fork milliseconds, and
what was imported here is shared by all the processes. A package's own code never runs here, so each begins
with a clean process. It ends when the server closes the connection FD, however the server ended.
"""

import gc
import importlib
import os
import signal
import sys
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection

from inference.torchvision_operators import declare_missing_operators
from model_server.worker_pool import fork_server
from model_server.worker_pool.messages import receive_files
from service.allocator import give_back_freed_memory, keep_freed_memory


def main() -> None:
    """Say that all is imported, then fork as told: with torchvision imported, or without."""
    control: Connection = Connection(int(sys.argv[1]))
    keep_freed_memory()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork server ended
    settle()
    with suppress(EOFError, OSError):  # the server has closed, or has ended
        control.send(None)
        while True:
            if control.recv() and "torchvision" not in sys.modules:
                import_torchvision()
                settle()
            control.send(fork(control))


def import_torchvision() -> None:
    """Import it if that is possible; where it is not, a package that wants it is refused with the reason."""
    with suppress(Exception):
        declare_missing_operators()
        importlib.import_module("torchvision")


def settle() -> None:
    """Have what is in memory now stay shared with the processes that will be forked."""
    gc.collect()
    give_back_freed_memory()
    gc.freeze()


def fork(control: Connection) -> int:
    """Fork a fork server, whose connection is the file that follows the order; in it this does not return."""
    (theirs,) = receive_files(control, 1)
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        fork_server.serve(Connection(theirs))
    except BaseException:  # as the log's, not the zygote's
        traceback.print_exc()
    finally:
        os.killpg(0, signal.SIGKILL)  # this process's session: a worker that hangs would stay
    raise AssertionError  # it is dead


if __name__ == "__main__":
    main()
