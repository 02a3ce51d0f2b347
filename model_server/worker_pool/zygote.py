"""The server's side of the zygote: it starts one when the first package is loaded, and has it fork."""

import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from model_server.worker_pool.child_log import log_lines
from model_server.worker_pool.messages import ask

IMPORT_SECONDS = 300
FORK_SECONDS = 10.0


class CannotFork(Exception):
    """There is no zygote, and none can be made."""


class Zygote:
    """A process that has imported what every model needs.

    One that has died, or hangs, is replaced by a new one when the next package is loaded.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Connection | None = None
        self._has_torchvision = False

    def fork(self, package: Path) -> tuple[int, Connection]:
        """Return the process id of a new fork server, and the connection to it; it is to load this package.

        Raises:
            CannotFork
        """
        ours, theirs = Pipe()
        try:
            with self._turn:
                return self._fork(mentions_torchvision(package), theirs.fileno()), ours
        except (OSError, EOFError) as error:
            self.close()
            ours.close()
            raise CannotFork(repr(error)) from error
        finally:
            theirs.close()

    def close(self) -> None:
        """End the process; fork servers go on."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            self._process = None

    def _fork(self, with_torchvision: bool, connection: int) -> int:
        if self._control is not None:
            with suppress(OSError, EOFError):
                return self._order(self._control, with_torchvision, connection)
        self.close()
        return self._order(self._start(), with_torchvision, connection)

    def _order(self, control: Connection, with_torchvision: bool, connection: int) -> int:
        """Have a process forked that is told by this file; a zygote that does not do it in time hangs."""
        has_it = self._has_torchvision or not with_torchvision
        pid: int = ask(control, with_torchvision, [connection], FORK_SECONDS if has_it else IMPORT_SECONDS)
        self._has_torchvision |= with_torchvision
        return pid

    def _start(self) -> Connection:
        self._has_torchvision = False
        self._control, theirs = Pipe()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "model_server.worker_pool.zygote_process", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # signals to the server's group are the server's to answer
        )
        theirs.close()
        log = partial(log_lines, self._process.stdout)
        threading.Thread(target=log, name="worker-log", daemon=True).start()
        if not self._control.poll(IMPORT_SECONDS):
            raise TimeoutError(f"nothing is imported after {IMPORT_SECONDS} s")
        self._control.recv()
        return self._control


def mentions_torchvision(package: Path) -> bool:
    """Tell whether a package's code names torchvision: then it is imported before the fork, once for all.

    It is a guess that costs or saves a second and some memory, nothing else: the package is not checked yet.
    """
    with suppress(OSError):
        files = [file for file in package.glob("*.py") if file.is_file()]
        return any(b"torchvision" in file.read_bytes() for file in files)
    return False
