"""A worker process: predict batches until the server closes the connection, with bounds for each image."""

import os
import resource
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from inference.backend import (
    BackendSettings,
    BatchResult,
    NonFiniteOutput,
    Outputs,
    PredictAlone,
    Unfinished,
)
from inference.decoding import NotAnImage, TooManyPixels
from inference.loaded_model import LoadedModel
from inference.torch_backend import TorchBackend
from model_server.worker_pool.limits import BATCH_CPU_SECONDS, ImageLimits
from model_server.worker_pool.progress import NOTHING, Progress

KNOWN = (NotAnImage, TooManyPixels, PredictAlone, NonFiniteOutput)


def work(
    connection: int, progress: int, model: LoadedModel, settings: BackendSettings, limits: ImageLimits
) -> None:
    """Serve the connection; EOFError or OSError tells that the server has closed it."""
    os.nice(limits.niceness)
    backend = TorchBackend(
        model,
        max_pixels=settings.max_pixels,
        image_formats=settings.image_formats,
        held_pixels=limits.held_pixels,
    )
    worker = Worker(Connection(connection), Progress(progress), backend, limits)
    os.close(progress)
    while True:
        worker.answer_batch()


class Worker:
    """Reads batches from `connection`: their size, then the images one by one; and sends the results."""

    def __init__(
        self, connection: Connection, progress: Progress, backend: TorchBackend, limits: ImageLimits
    ) -> None:
        self._connection = connection
        self._progress = progress
        self._backend = backend
        self._limits = limits
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)

    def answer_batch(self) -> None:
        """Predict what can be, and send a result for each image."""
        items: list[Outputs | Exception] = [Unfinished()] * int.from_bytes(self._connection.recv_bytes())
        taken: list[int] = []
        result = self._backend.predict(self._images(len(items), taken))
        for number, item in zip(taken, result.items, strict=True):
            items[number] = self._sendable(item)
        self._progress.set(NOTHING)
        self._connection.send(BatchResult(items, result.seconds))

    def _images(self, count: int, taken: list[int]) -> Iterator[bytes]:
        """Read a batch's images, each decoded before the next is read; those past the time are not taken."""
        started = time.process_time()
        for number in range(count):
            image = self._connection.recv_bytes()
            if taken and time.process_time() - started > BATCH_CPU_SECONDS:
                continue
            taken.append(number)
            self._progress.set(number)
            with self._bounded():
                yield image
        self._progress.set(count)

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Have the kernel end this process where an image takes too long, and refuse it too much memory.

        No exception could: decoders are C, and return to Python only when they are done.
        """
        allowed = self._data_bytes() + self._limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, resource.RLIM_INFINITY))
        signal.setitimer(signal.ITIMER_PROF, self._limits.cpu_seconds)
        signal.setitimer(signal.ITIMER_REAL, self._limits.wall_seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def _data_bytes(self) -> int:
        pages = int(os.pread(self._statm, 200, 0).split()[5])  # proc(5): data + stack
        return pages * resource.getpagesize()

    def _sendable(self, item: Outputs | Exception) -> Outputs | Exception:
        """Return what the server can read: it does not know the exceptions of the package's code."""
        if wants_memory(item):
            return PredictAlone()
        if not isinstance(item, Exception) or isinstance(item, KNOWN):
            return item
        return RuntimeError("in a worker process:\n" + "".join(traceback.format_exception(item)))


def wants_memory(item: Outputs | Exception) -> bool:
    """Tell whether an input failed for want of memory; PyTorch says that in a RuntimeError."""
    is_torchs = isinstance(item, RuntimeError) and "DefaultCPUAllocator" in str(item)
    return is_torchs or isinstance(item, MemoryError)
