"""A backend of worker processes for image models: threads of one process would wait for Python's lock."""

import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import cast

from inference.backend import BackendSettings, BatchResult, ModelInfo, ModelInput
from inference.manifest import BadModelPackage

LOAD_SECONDS = 300


class WorkerLost(Exception):
    """The worker process that had the request ended before it answered."""


class WorkerPool:
    """A model package loaded in `count` processes, each of which predicts one batch at a time.

    They end when nobody refers to this object any more. `on_worker_lost` is called when one ends before.

    Raises:
        BadModelPackage: it cannot be served.
    """

    def __init__(self, settings: BackendSettings, count: int, on_worker_lost: Callable[[], None]) -> None:
        pipes = [Pipe() for _ in range(count)]
        lifelines = [
            Pipe(duplex=False) for _ in range(count)
        ]  # nobody writes; each closes when its worker ends
        ours, ended = [pipe[0] for pipe in pipes], [lifeline[0] for lifeline in lifelines]
        theirs = [pipe[1] for pipe in pipes] + [lifeline[1] for lifeline in lifelines]
        files = [their.fileno() for their in theirs]
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "model_server.worker_pool.worker", *map(str, files)],
            pass_fds=files,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # signals to the server's group are the server's to answer
        )
        _close(theirs)
        try:
            with suppress(OSError):  # it has ended, and then sends no first message either
                ours[0].send(settings)
            self.info, *_ = [_first_message(connection) for connection in ours]
        except BaseException:
            _close([*ours, *ended])
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        self._free: SimpleQueue[Connection[bytes, BatchResult] | None] = SimpleQueue()
        for connection in ours:
            self._free.put(connection)
        self._living = count
        self._lock = threading.Lock()
        closing = threading.Event()
        weakref.finalize(self, _end, closing, ours)
        watch = partial(_watch, process, ended, closing, on_worker_lost)
        threading.Thread(target=watch, name="watch-workers", daemon=True).start()

    def predict(self, inputs: Iterable[ModelInput]) -> BatchResult:
        """Have a free process predict the images as one batch.

        Raises:
            WorkerLost: it ended before it had, or all have.
        """
        images = cast(list[bytes], list(inputs))  # an image model has no other inputs
        connection = self._free.get()
        if connection is None:
            self._free.put(None)
            raise WorkerLost
        try:
            result = _request(connection, images)
        except BaseException as error:  # what came next on this connection might be another batch's result
            self._lose(connection)
            raise WorkerLost from error
        self._free.put(connection)
        return result

    def _lose(self, connection: "Connection[bytes, BatchResult]") -> None:
        connection.close()
        with self._lock:
            self._living -= 1
            if not self._living:
                self._free.put(None)


def _request(connection: "Connection[bytes, BatchResult]", images: Sequence[bytes]) -> BatchResult:
    connection.send_bytes(len(images).to_bytes(4))
    for image in images:
        connection.send_bytes(image)
    return connection.recv()


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


def _end(closing: threading.Event, connections: "Sequence[Connection]") -> None:
    closing.set()
    _close(connections)


def _close(connections: "Sequence[Connection]") -> None:
    for connection in connections:
        connection.close()


def _watch(
    process: "subprocess.Popen[bytes]",
    ended: "Sequence[Connection]",
    closing: threading.Event,
    on_worker_lost: Callable[[], None],
) -> None:
    wait(ended)
    if not closing.is_set():
        on_worker_lost()
    process.wait()
    _close(ended)
