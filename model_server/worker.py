"""A worker process: load the model package, fork, answer batches until the server closes the connection.

`python -m model_server.worker FD…`, with a connection's descriptor for each process; `workers.py` starts it.
"""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection

import torch

from model_server.decoding import NotAnImage, TooManyPixels
from model_server.inference import Inference, start
from model_server.manifest import BadModelPackage
from model_server.model_package import load_model_package
from model_server.served_model import Answers, InferenceSettings, NoFiniteAnswer, Outputs
from service.allocator import keep_freed_memory

KNOWN = (NotAnImage, TooManyPixels, NoFiniteAnswer)
SIGNALS_OF_THE_GROUP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Serve; what is wrong with the package is sent back instead."""
    connections: list[Connection] = [Connection(int(number)) for number in sys.argv[1:]]
    settings: InferenceSettings = connections[0].recv()
    keep_freed_memory()
    own = connections[0]
    try:
        torch.set_num_threads(1)  # before the fork: threads do not survive it
        package = load_model_package(settings.package)
        gc.freeze()  # what the processes share stays shared
        own = fork_for_each(connections)
        inference = start(package, settings)
    except BadModelPackage as error:
        own.send(BadModelPackage(str(error)))
        return
    except (Exception, SystemExit) as error:  # whatever the operator's code does is the reason to show
        own.send(BadModelPackage(f"the package cannot be loaded: {error!r}"))
        return
    for number in SIGNALS_OF_THE_GROUP:
        signal.signal(number, signal.SIG_IGN)  # the server finishes what is in flight, and then closes
    own.send(inference.info)
    gc.collect()
    gc.freeze()
    serve(own, inference)


def fork_for_each(connections: Sequence[Connection]) -> Connection:
    """Return one of the connections in each of as many processes; the weights' memory is theirs together."""
    own = connections[0]
    for connection in connections[1:]:
        if os.fork() == 0:
            own = connection
            break
    for connection in connections:
        if connection is not own:
            connection.close()
    return own


def serve(connection: Connection, inference: Inference) -> None:
    """Answer batches: first their size, then the images one by one, each decoded before the next is read."""
    try:
        while True:
            size = connection.recv()
            answers = inference.answer(images(connection, size))
            connection.send(Answers([sendable(one) for one in answers.items], answers.seconds))
    except (EOFError, OSError):  # the server has closed
        return


def images(connection: Connection, size: int) -> Iterator[bytes]:
    """Read the images of a batch."""
    for _ in range(size):
        yield connection.recv_bytes()


def sendable(answer: Outputs | Exception) -> Outputs | Exception:
    """Return what the server can read: it does not know the exceptions of the package's code."""
    if not isinstance(answer, Exception) or isinstance(answer, KNOWN):
        return answer
    return RuntimeError("in a worker process:\n" + "".join(traceback.format_exception(answer)))


if __name__ == "__main__":
    main()
