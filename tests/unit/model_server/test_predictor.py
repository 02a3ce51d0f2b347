"""What the predictor puts through the network at once, and in which mode."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from inference.backend import BackendSettings, BatchResult, ModelInfo, ModelInput, PredictAlone
from inference.torch_backend import TorchBackend, load_torch_backend
from model_server.batching.inference_mode import INLINE_SECONDS, InferenceMode, Inline, choose_mode
from model_server.batching.predictor import Prediction, Predictor
from model_server.batching.request_queue import QueueFull, QueueLimits
from model_server.metrics import ModelMetrics
from tests.tensor_model import write_regressor
from tests.waiting import until

MODES = [InferenceMode.EVENT_LOOP, InferenceMode.THREADS]


class NotingBackend:
    """The regressor; `batches` are the rows of each input of each batch. In a thread it can be held."""

    def __init__(self, backend: TorchBackend) -> None:
        self.info = backend.info
        self._backend = backend
        self.batches: list[list[int]] = []
        self.threads: set[str] = set()
        self.go = threading.Event()
        self.go.set()

    def predict(self, inputs: Iterable[ModelInput], *, alone: PredictAlone | None = None) -> BatchResult:  # noqa: ARG002
        batch = list(inputs)
        self.batches.append([len(one) for one in batch])
        self.threads.add(threading.current_thread().name)
        assert self.go.wait(10)
        return self._backend.predict(batch)


@pytest.fixture
def regressor(tmp_path: Path) -> NotingBackend:
    return NotingBackend(load_torch_backend(BackendSettings(write_regressor(tmp_path))))


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture(params=MODES)
def predictor(
    regressor: NotingBackend, registry: CollectorRegistry, request: pytest.FixtureRequest
) -> Iterator[Predictor]:
    """Predict in batches of 16 rows, one at a time."""
    metrics = ModelMetrics(registry, "a")
    predictor = Predictor(metrics, QueueLimits(16, 40, 60), threads=1)
    predictor.use(regressor, request.param)
    yield predictor
    regressor.go.set()
    predictor.close()


def hold(predictor: Predictor, regressor: NotingBackend) -> None:
    """Keep the threads busy; the event loop predicts nothing before its next turn."""
    if predictor.mode is InferenceMode.THREADS:
        regressor.go.clear()


async def busy(predictor: Predictor, regressor: NotingBackend) -> list[asyncio.Future[Prediction]]:
    """Hold the only thread with a request, the result of which is to come; then what follows waits."""
    if predictor.mode is InferenceMode.EVENT_LOOP:
        return []
    hold(predictor, regressor)
    first = predictor.submit([rows(1)])
    await asyncio.to_thread(until, "the thread at work", lambda: len(regressor.batches) == 1, 10)
    return first


def rows(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(count).normal(size=(count, 2)).astype(np.float32)


async def test_no_forward_pass_is_larger_than_a_batch(predictor: Predictor, regressor: NotingBackend) -> None:
    """A request of 500 rows goes in batches of 16, and its answer is whole and in order."""
    data = rows(500)
    small, large = await asyncio.gather(*predictor.submit([rows(3)]), *predictor.submit([data]))
    assert large.outputs[:, 0] == pytest.approx(3 * data[:, 0] - 2 * data[:, 1] + 1, abs=1e-5)
    assert (large.embeddings == data).all()
    assert len(large.labels) == 500
    assert len(small.rows) == 3
    assert max(sum(batch) for batch in regressor.batches) == 16
    (exact,) = await asyncio.gather(*predictor.submit([rows(16)]))
    assert regressor.batches.pop() == [16]
    assert len(exact.rows) == 16
    assert sum(sum(batch) for batch in regressor.batches) == 503


async def test_an_error_in_one_batch_is_the_whole_request_s(
    predictor: Predictor, regressor: NotingBackend
) -> None:
    """A part of an answer is no answer; the neighbours get theirs."""
    data = rows(100)
    data[40] = 3e38, -3e38
    bad, good = predictor.submit([data]) + predictor.submit([rows(2)])
    with pytest.raises(Exception, match="no finite answer"):
        await bad
    assert len((await good).rows) == 2


async def test_a_large_request_that_was_given_up_leaves_the_queue(
    predictor: Predictor, regressor: NotingBackend
) -> None:
    """None of its later batches is worked on."""
    hold(predictor, regressor)
    (large,) = predictor.submit([rows(500)])
    large.cancel()
    await asyncio.wait([large])
    regressor.go.set()
    await asyncio.gather(*predictor.submit([rows(1)]))
    assert sum(sum(batch) for batch in regressor.batches) <= 2 * 16 + 1


async def test_large_requests_count_by_their_batches(predictor: Predictor, regressor: NotingBackend) -> None:
    """A queue of 40 takes 32 batches of one request, or of another, not of both."""
    hold(predictor, regressor)
    (first,) = predictor.submit([rows(500)])
    with pytest.raises(QueueFull):
        predictor.submit([rows(500)])
    regressor.go.set()
    assert len((await first).rows) == 500


async def test_a_batch_across_a_reload_is_answered_by_two_models(
    predictor: Predictor, regressor: NotingBackend, tmp_path: Path
) -> None:
    """What was queued for the old model gets its answer, in order, beside what came for the new one."""
    first = await busy(predictor, regressor)
    package = write_regressor(tmp_path / "new", version="2")
    new = NotingBackend(load_torch_backend(BackendSettings(package)))
    asked = predictor.submit([rows(1), rows(2)])
    predictor.use(new, predictor.mode)
    asked += predictor.submit([rows(3), rows(4)])
    regressor.go.set()
    answers = await asyncio.gather(*asked)
    assert [(one.model.manifest.version, len(one.rows)) for one in answers] == [
        *(("1", 1), ("1", 2)),
        *(("2", 3), ("2", 4)),
    ]
    assert new.batches == [[3, 4]]
    assert len(await asyncio.gather(*first)) == len(first)


async def test_the_mode_says_which_thread_predicts(predictor: Predictor, regressor: NotingBackend) -> None:
    """That of the event loop, or one of the batcher's own."""
    await asyncio.gather(*predictor.submit([rows(1)]))
    expected = "MainThread" if predictor.mode is InferenceMode.EVENT_LOOP else "batch-0"
    assert regressor.threads == {expected}


async def test_the_queues_depth_is_shown(
    predictor: Predictor, regressor: NotingBackend, registry: CollectorRegistry
) -> None:
    """In either mode: what waits, and nothing once it is answered; each forward pass is timed."""

    def metric(name: str) -> float | None:
        return registry.get_sample_value(name, {"slot": "a"})

    first = await busy(predictor, regressor)
    waiting = predictor.submit([rows(1)] * 3)
    assert metric("inference_queue_depth") == 3
    regressor.go.set()
    await asyncio.gather(*first, *waiting)
    assert metric("inference_queue_depth") == 0
    assert metric("inference_duration_seconds_count") == len(regressor.batches)


def info(regressor: NotingBackend, seconds: float) -> ModelInfo:
    return ModelInfo(regressor.info.manifest, "0", 1, seconds)


@pytest.mark.parametrize(
    ("inline", "seconds", "mode"),
    [
        ("auto", INLINE_SECONDS / 2, InferenceMode.EVENT_LOOP),
        ("auto", INLINE_SECONDS * 2, InferenceMode.THREADS),
        ("always", INLINE_SECONDS * 2, InferenceMode.EVENT_LOOP),
        ("never", INLINE_SECONDS / 2, InferenceMode.THREADS),
    ],
)
def test_the_mode_is_chosen_as_set(
    regressor: NotingBackend, inline: Inline, seconds: float, mode: InferenceMode
) -> None:
    """What is said counts; left to itself, the time of a full batch decides."""
    assert choose_mode(info(regressor, seconds), "cpu", inline) is mode


def test_images_are_never_predicted_on_the_event_loop(backend: TorchBackend) -> None:
    """Decoding one takes longer than anybody should wait for the loop."""
    assert choose_mode(backend.info, "cpu", "always") is InferenceMode.WORKER_PROCESSES
    assert choose_mode(backend.info, "cuda", "always") is InferenceMode.THREADS
