"""A worker process: load the model package, fork, answer batches until the server closes the connection.

`python -m model_server.worker_pool.process FD…`: for each process a connection, then for each a file that
ends with it. `pool.py` starts it.
"""

import gc
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import torch

from inference.backend import Answers, InferenceSettings, NoFiniteAnswer, Outputs
from inference.decoding import NotAnImage, TooManyPixels
from inference.manifest import BadModelPackage, refusal
from inference.package import ModelPackage, load_model_package
from inference.torch_backend import Inference, start
from service.allocator import keep_freed_memory

KNOWN = (NotAnImage, TooManyPixels, NoFiniteAnswer)


def main() -> None:
    """Serve; what is wrong with the package is sent back instead."""
    files = [int(number) for number in sys.argv[1:]]
    count = len(files) // 2
    connections: list[Connection] = [Connection(file) for file in files[:count]]
    own = connections[0]
    keep_freed_memory()
    with suppress(EOFError, OSError):  # the server has closed, or has ended
        settings: InferenceSettings = own.recv()
        try:
            package = load(settings)
            gc.freeze()  # what the processes share stays shared
            own = fork_for_each(connections, files[count:])
            inference = start(package, settings)
        except (Exception, SystemExit) as error:  # whatever the operator's code does is the reason to show
            own.send(refusal(error))
            return
        own.send(inference.info)
        gc.collect()
        gc.freeze()
        serve(own, inference)
    with suppress(ChildProcessError):
        while True:
            os.wait()


def load(settings: InferenceSettings) -> ModelPackage:
    """Load the package in a form that the processes can share."""
    torch.set_num_threads(1)  # threads do not survive the fork
    package = load_model_package(settings.package)
    if package.manifest.image is None:
        raise BadModelPackage("the package was changed while it was loaded: load it again")
    network: Any = package.network  # torch declares no `to` with a memory format
    with suppress(RuntimeError):  # the order that it will be asked in; after the fork each would make a copy
        network.to(memory_format=torch.channels_last)
    return package


def fork_for_each(connections: Sequence[Connection], lives: Sequence[int]) -> Connection:
    """Return one of the connections in each of as many processes; the weights' memory is theirs together."""
    own = 0
    for number in range(1, len(connections)):
        if os.fork() == 0:
            own = number
            break
    for number, (connection, life) in enumerate(zip(connections, lives, strict=True)):
        if number != own:
            connection.close()
            os.close(life)
    return connections[own]


def serve(connection: Connection, inference: Inference) -> None:
    """Answer batches: first their size, then the images one by one, each decoded before the next is read."""
    while True:
        size = int.from_bytes(connection.recv_bytes())
        answers = inference.answer(images(connection, size))
        connection.send(Answers([sendable(one) for one in answers.items], answers.seconds))


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
