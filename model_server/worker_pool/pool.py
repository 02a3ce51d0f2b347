"""A backend of worker processes for image models: threads of one process would wait for Python's lock."""

import signal
import threading
import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace
from queue import SimpleQueue
from typing import cast

from inference.backend import (
    BackendSettings,
    BatchResult,
    CostsTooMuch,
    ModelInput,
    OutOfTime,
    PredictAlone,
    Unfinished,
)
from inference.manifest import BadModelPackage
from model_server.worker_pool.fork_client import ForkServer, ForkServerLost
from model_server.worker_pool.limits import limits_alone, limits_in_batch
from model_server.worker_pool.worker_process import WorkerLost, WorkerProcess
from model_server.worker_pool.zygote import Zygote

BARREN = 5
ALONE_ATTEMPTS = 3
OVER_CPU_TIME = -signal.SIGPROF
OVER_TIME = {OVER_CPU_TIME, -signal.SIGALRM}


class PoolLost(Exception):
    """No worker process is left, and none can be made."""


class WorkerPool:
    """A model package loaded once, in `count` forked processes, each of which predicts one batch at a time.

    One that is lost is replaced, and `on_worker_lost` told why: image_seconds, no_answer or died. Where none
    can be made any more, `on_lost` is called, once. All end when nobody refers to this object any more.

    Raises:
        BadModelPackage: the package cannot be served.
    """

    def __init__(
        self,
        settings: BackendSettings,
        count: int,
        zygote: Zygote,
        *,
        on_worker_lost: Callable[[str], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._on_worker_lost = on_worker_lost
        self._on_lost = Once(on_lost)
        self._in_batch, self._alone = limits_in_batch(settings), limits_alone(settings)
        self._image_seconds = settings.image_seconds
        self._fork_server = ForkServer(settings, zygote, self._on_lost)
        weakref.finalize(self, self._fork_server.close)
        self.info = self._fork_server.info
        self._free: SimpleQueue[WorkerProcess | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._barren = 0
        try:
            for _ in range(count):
                self._free.put(self._fork_server.fork(self._in_batch)[0])
        except ForkServerLost as error:
            raise BadModelPackage("the process that has loaded it cannot be forked; see the log") from error

    def predict(self, inputs: Iterable[ModelInput], *, alone: PredictAlone | None = None) -> BatchResult:
        """Have a free worker predict the images as one batch, or one image alone in a process of its own.

        In place of outputs an item of a batch may be Unfinished, or PredictAlone: it was in hand when the
        worker was lost, or is known to cost more than its share. Alone it is CostsTooMuch or OutOfTime then.

        Raises:
            PoolLost: there are no workers any more.
        """
        images = cast(list[bytes], list(inputs))  # an image model has no other inputs
        return self._predict_alone(images[0], alone) if alone else self._predict_batch(images)

    def _predict_batch(self, images: list[bytes]) -> BatchResult:
        worker = self._free.get()
        if worker is None:
            self._free.put(None)
            raise PoolLost
        try:
            result = worker.predict(images)
        except WorkerLost as lost:
            suspect = PredictAlone(self._replace(worker, lost) == OVER_CPU_TIME)
            items = [suspect if one in lost.suspects else Unfinished() for one in range(len(images))]
            return BatchResult(items, [])
        self._free.put(worker)
        return result

    def _replace(self, worker: WorkerProcess, lost: WorkerLost) -> int | None:
        with self._lock:
            self._barren = 0 if worker.has_answered or lost.suspects else self._barren + 1
            if self._barren == BARREN:
                self._fork_server.close()
            try:
                new, exit_code = self._fork_server.fork(self._in_batch, end=worker.pid)
            except (ForkServerLost, OSError) as error:
                self._fork_server.close()  # out of files, say: a new process may do better
                self._on_lost()
                self._free.put(None)
                raise PoolLost from error
        self._free.put(new)
        self._on_worker_lost(reason_for(lost, exit_code))
        return exit_code

    def _predict_alone(self, image: bytes, alone: PredictAlone) -> BatchResult:
        limits = self._alone if alone.costs_much else replace(self._alone, niceness=0)
        for attempt in range(1, ALONE_ATTEMPTS + 1):
            try:
                worker, _ = self._fork_server.fork(limits)
            except (ForkServerLost, OSError) as error:
                raise PoolLost from error
            try:
                result = worker.predict([image])
            except WorkerLost as lost:
                exit_code = self._fork_server.end(worker.pid)
                self._on_worker_lost(reason_for(lost, exit_code))
                if was_killed(lost, exit_code) and attempt < ALONE_ATTEMPTS:
                    continue
                return BatchResult([self._why_lost(lost, exit_code)], [])
            self._fork_server.end(worker.pid)
            break
        (item,) = result.items
        wants_more = isinstance(item, PredictAlone)  # than it has here
        return BatchResult([self._too_much_memory() if wants_more else item], result.seconds)

    def _why_lost(self, lost: WorkerLost, exit_code: int | None) -> Exception:
        if exit_code == -signal.SIGALRM:
            return OutOfTime()
        if reason_for(lost, exit_code) == "died":
            return self._too_much_memory()  # mostly; or it breaks the decoder
        return CostsTooMuch(f"it takes more than {self._image_seconds:g} s")

    def _too_much_memory(self) -> CostsTooMuch:
        return CostsTooMuch(f"it takes more than {self._alone.memory_bytes >> 20} MiB of memory to decode")


class Once:
    """Calls a function the first time that it is called itself."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._first = threading.Lock()

    def __call__(self) -> None:
        if self._first.acquire(blocking=False):
            self._function()


def reason_for(lost: WorkerLost, exit_code: int | None) -> str:
    """Return why a worker was lost: the label of inference_workers_lost_total."""
    if exit_code in OVER_TIME:
        return "image_seconds"
    return "no_answer" if lost.was_silent else "died"


def was_killed(lost: WorkerLost, exit_code: int | None) -> bool:
    """Tell whether another process ended it, as no limit does by this signal: the image is not to blame."""
    return exit_code == -signal.SIGKILL and not lost.was_silent
