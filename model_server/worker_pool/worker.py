"""A worker process: load the model package, fork, predict batches until the server closes the connection.

`python -m model_server.worker_pool.worker FD…`: for each process a connection, then for each a file that
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

from inference.backend import BackendSettings, BatchResult, NonFiniteOutput, Outputs
from inference.decoding import NotAnImage, TooManyPixels
from inference.manifest import BadModelPackage, refusal
from inference.package import ModelPackage, load_model_package
from inference.torch_backend import TorchBackend, create_torch_backend
from service.allocator import keep_freed_memory

KNOWN = (NotAnImage, TooManyPixels, NonFiniteOutput)


def main() -> None:
    """Load the package and serve; a reason to refuse it is sent back instead."""
    files = [int(number) for number in sys.argv[1:]]
    count = len(files) // 2
    connections: list[Connection] = [Connection(file) for file in files[:count]]
    own = connections[0]
    keep_freed_memory()
    with suppress(EOFError, OSError):  # the server has closed, or has ended
        settings: BackendSettings = own.recv()
        try:
            package = load(settings)
            gc.freeze()  # what the processes share stays shared
            own = fork_for_each(connections, files[count:])
            backend = create_torch_backend(package, settings)
        except (Exception, SystemExit) as error:  # whatever the operator's code does is the reason to show
            own.send(refusal(error))
            return
        own.send(backend.info)
        gc.collect()
        gc.freeze()
        serve(own, backend)
    with suppress(ChildProcessError):
        while True:
            os.wait()


def load(settings: BackendSettings) -> ModelPackage:
    """Load the package in a form that the processes can share."""
    torch.set_num_threads(1)  # threads do not survive the fork
    package = load_model_package(settings.package)
    if package.manifest.image is None:
        raise BadModelPackage("the package was changed while it was loaded: load it again")
    network: Any = package.network  # torch declares no `to` with a memory format
    with suppress(RuntimeError):  # the order that it will be asked in; after the fork each would make a copy
        network.to(memory_format=torch.channels_last)
    return package


def fork_for_each(connections: Sequence[Connection], lifelines: Sequence[int]) -> Connection:
    """Return one of the connections in each of as many processes; the weights' memory is theirs together."""
    own = 0
    for number in range(1, len(connections)):
        if os.fork() == 0:
            own = number
            break
    for number, (connection, lifeline) in enumerate(zip(connections, lifelines, strict=True)):
        if number != own:
            connection.close()
            os.close(lifeline)
    return connections[own]


def serve(connection: Connection, backend: TorchBackend) -> None:
    """Predict batches: first their size, then the images one by one, each decoded before the next is read."""
    while True:
        size = int.from_bytes(connection.recv_bytes())
        result = backend.predict(images(connection, size))
        connection.send(BatchResult([sendable(one) for one in result.items], result.seconds))


def images(connection: Connection, size: int) -> Iterator[bytes]:
    """Read the images of a batch."""
    for _ in range(size):
        yield connection.recv_bytes()


def sendable(item: Outputs | Exception) -> Outputs | Exception:
    """Return what the server can read: it does not know the exceptions of the package's code."""
    if not isinstance(item, Exception) or isinstance(item, KNOWN):
        return item
    return RuntimeError("in a worker process:\n" + "".join(traceback.format_exception(item)))


if __name__ == "__main__":
    main()
