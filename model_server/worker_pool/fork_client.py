"""The server's side of a fork server: it has one made, and has it fork and end workers."""

import os
import select
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from inference.backend import BackendSettings, ModelInfo
from inference.manifest import BadModelPackage
from model_server.worker_pool.limits import ImageLimits, longest_silence
from model_server.worker_pool.messages import Done, Order, ask
from model_server.worker_pool.progress import Progress
from model_server.worker_pool.worker_process import WorkerProcess
from model_server.worker_pool.zygote import CannotFork, Zygote

LOAD_SECONDS = 300
ORDER_SECONDS = 10.0  # to fork takes milliseconds
END_SECONDS = 5.0


class ForkServerLost(Exception):
    """The process that has the model has ended."""


class ForkServer:
    """A process that has loaded the model; `info` is what it says of it. `on_lost` is called if it ends.

    Raises:
        BadModelPackage: the package cannot be served.
    """

    def __init__(self, settings: BackendSettings, zygote: Zygote, on_lost: Callable[[], None]) -> None:
        try:
            self._pid, self._control = zygote.fork(settings.package)
        except CannotFork as error:
            raise BadModelPackage(f"no process to load it can be made: {error}") from error
        try:
            with suppress(OSError):  # it has ended, and then sends no first message either
                self._control.send(settings)
            self.info = _first_message(self._control)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
            _wait_for_end(self._control, END_SECONDS)
            self._control.close()
            raise
        self._turn = threading.Lock()
        self._closing = threading.Event()
        watch = partial(_watch, self._control, self._closing, on_lost)
        threading.Thread(target=watch, name="watch-fork-server", daemon=True).start()

    def fork(self, limits: ImageLimits, end: int | None = None) -> tuple[WorkerProcess, int | None]:
        """Return a new worker, and how `end`, the process that it replaces, has ended.

        Raises:
            ForkServerLost: it has ended.
        """
        ours, theirs = Pipe()
        file = Progress.new_file()
        try:
            done = self._order(Order(end, limits), [theirs.fileno(), file])
            progress = Progress(file)
        finally:
            theirs.close()
            os.close(file)
        assert done.pid is not None  # noqa: S101 - as ordered
        silence = longest_silence(limits, self.info.batch_seconds)
        return WorkerProcess(done.pid, ours, progress, silence), done.exit_code

    def end(self, pid: int) -> int | None:
        """End a worker and return how it ended, None if the fork server has ended too."""
        try:
            return self._order(Order(end=pid), []).exit_code
        except ForkServerLost:
            return None

    def close(self) -> None:
        """End the process."""
        self._closing.set()
        with suppress(OSError), socket.socket(fileno=os.dup(self._control.fileno())) as channel:
            channel.shutdown(socket.SHUT_RDWR)

    def _order(self, order: Order, files: list[int]) -> Done:
        try:
            with self._turn:
                done: Done = ask(self._control, order, files, ORDER_SECONDS)
                return done
        except TimeoutError as error:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)  # it hangs; its workers serve on
            raise ForkServerLost from error
        except (OSError, EOFError) as error:
            raise ForkServerLost from error


def _first_message(connection: "Connection[object, ModelInfo | BadModelPackage]") -> ModelInfo:
    try:
        if not connection.poll(LOAD_SECONDS):
            raise BadModelPackage(f"it is not loaded after {LOAD_SECONDS} s")
        message = connection.recv()
    except (EOFError, OSError) as error:
        raise BadModelPackage("the process that loads it ended without a word; see the log") from error
    if isinstance(message, BadModelPackage):
        raise message
    return message


def _watch(
    control: "Connection[object, object]", closing: threading.Event, on_lost: Callable[[], None]
) -> None:
    _wait_for_end(control)
    if not closing.is_set():
        on_lost()


def _wait_for_end(control: "Connection[object, object]", seconds: float | None = None) -> None:
    """Wait until either side has ended the connection; the process does so when it ends, however it does."""
    hung_up = select.poll()
    hung_up.register(control.fileno(), 0)  # for a hang-up, which is always told
    hung_up.poll(None if seconds is None else 1000 * seconds)
