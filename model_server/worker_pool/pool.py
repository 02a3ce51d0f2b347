"""Serve an image model in worker processes: threads of one process would wait for Python's lock."""

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

from inference.backend import Answers, Data, InferenceSettings, ModelInfo
from inference.manifest import BadModelPackage

LOAD_SECONDS = 300


class WorkerDied(Exception):
    """The process that had the request ended before it answered."""


class Workers:
    """A model package loaded in `count` processes, each of which answers one batch at a time.

    They end when nobody refers to this object any more. `on_death` is called when one ends before.

    Raises:
        BadModelPackage: it cannot be served.
    """

    def __init__(self, settings: InferenceSettings, count: int, on_death: Callable[[], None]) -> None:
        pipes = [Pipe() for _ in range(count)]
        lives = [Pipe(duplex=False) for _ in range(count)]  # nobody writes; each closes when its worker ends
        ours, ended = [pipe[0] for pipe in pipes], [life[0] for life in lives]
        theirs = [pipe[1] for pipe in pipes] + [life[1] for life in lives]
        files = [their.fileno() for their in theirs]
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "model_server.worker_pool.process", *map(str, files)],
            pass_fds=files,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # signals to the server's group are the server's to answer
        )
        _close(theirs)
        try:
            with suppress(OSError):  # it has ended, and then has no first word either
                ours[0].send(settings)
            self.info, *_ = [_first_word(connection) for connection in ours]
        except BaseException:
            _close([*ours, *ended])
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        self._free: SimpleQueue[Connection[bytes, Answers] | None] = SimpleQueue()
        for connection in ours:
            self._free.put(connection)
        self._living = count
        self._lock = threading.Lock()
        closing = threading.Event()
        weakref.finalize(self, _end, closing, ours)
        watch = partial(_watch, process, ended, closing, on_death)
        threading.Thread(target=watch, name="watch-workers", daemon=True).start()

    def answer(self, data: Iterable[Data]) -> Answers:
        """Have a free process answer the images together.

        Raises:
            WorkerDied: it ended before it had, or all have.
        """
        images = cast(list[bytes], list(data))  # an image model is asked about nothing else
        connection = self._free.get()
        if connection is None:
            self._free.put(None)
            raise WorkerDied
        try:
            answers = _ask(connection, images)
        except BaseException as error:  # what else came on this connection might be another batch's answers
            self._lose(connection)
            raise WorkerDied from error
        self._free.put(connection)
        return answers

    def _lose(self, connection: "Connection[bytes, Answers]") -> None:
        connection.close()
        with self._lock:
            self._living -= 1
            if not self._living:
                self._free.put(None)


def _ask(connection: "Connection[bytes, Answers]", images: Sequence[bytes]) -> Answers:
    connection.send_bytes(len(images).to_bytes(4))
    for image in images:
        connection.send_bytes(image)
    return connection.recv()


def _first_word(connection: "Connection[object, ModelInfo | BadModelPackage]") -> ModelInfo:
    try:
        if not connection.poll(LOAD_SECONDS):
            raise BadModelPackage(f"it is not loaded after {LOAD_SECONDS} s")
        word = connection.recv()
    except (EOFError, OSError) as error:
        raise BadModelPackage("the process that loads it ended without a word; see the log") from error
    if isinstance(word, BadModelPackage):
        raise word
    return word


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
    on_death: Callable[[], None],
) -> None:
    wait(ended)
    if not closing.is_set():
        on_death()
    process.wait()
    _close(ended)
