"""Serve an image model in worker processes: threads of one process would wait for Python's lock."""

import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import cast

from model_server.manifest import BadModelPackage
from model_server.served_model import Answers, Data, InferenceSettings, ModelInfo


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
        ours = [pipe[0] for pipe in pipes]
        theirs = [pipe[1].fileno() for pipe in pipes]
        command = [sys.executable, "-m", "model_server.worker", *map(str, theirs)]
        process = subprocess.Popen(command, pass_fds=theirs, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
        for _, their in pipes:
            their.close()
        try:
            with suppress(OSError):  # it has ended, and then has no first word either
                ours[0].send(settings)
            self.info, *_ = [_first_word(connection) for connection in ours]
        except BaseException:
            _close(ours)
            process.wait()
            raise
        self._free: SimpleQueue[Connection[Data | int, Answers]] = SimpleQueue()
        for connection in ours:
            self._free.put(connection)
        ended = threading.Event()
        self._tell_of_death = partial(_tell_once, ended, on_death)
        weakref.finalize(self, _end, ended, ours)
        threading.Thread(target=_watch, args=(process, self._tell_of_death), daemon=True).start()

    def answer(self, data: Iterable[Data]) -> Answers:
        """Have a free process answer the images together.

        Raises:
            WorkerDied: it ended before it had.
        """
        images = cast(list[bytes], list(data))  # an image model is asked about nothing else
        connection = self._free.get()
        try:
            connection.send(len(images))
            for image in images:
                connection.send_bytes(image)
            return connection.recv()
        except (EOFError, OSError) as error:
            self._tell_of_death()
            raise WorkerDied from error
        finally:
            self._free.put(connection)


def _first_word(connection: "Connection[object, ModelInfo | BadModelPackage]") -> ModelInfo:
    try:
        word = connection.recv()
    except (EOFError, OSError) as error:
        raise BadModelPackage("the process that loads it ended without a word; see the log") from error
    if isinstance(word, BadModelPackage):
        raise word
    return word


def _end(ended: threading.Event, connections: "Sequence[Connection]") -> None:
    ended.set()
    _close(connections)


def _close(connections: "Sequence[Connection]") -> None:
    for connection in connections:
        connection.close()


def _watch(process: "subprocess.Popen[bytes]", tell_of_death: Callable[[], None]) -> None:
    process.wait()
    tell_of_death()


def _tell_once(ended: threading.Event, on_death: Callable[[], None]) -> None:
    if not ended.is_set():
        ended.set()
        on_death()
