"""The outside world of the detector, written by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from drift_detector_server.detectors.score import Embeddings, FeatureScore, Score
from mongodb.documents import Result, Sample, StoredSample
from mongodb.positions import START, new_position
from mongodb.store import Store, StoreUnavailable

SLOT = "model_server"


class Killed(BaseException):
    """The program's end by SIGKILL: nothing of ours may catch it."""


class MeanDetector:
    """A detector that calls a batch drift when its mean is above 1."""

    name = "mean"

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:  # noqa: ARG002 - the protocol's
        """Return the mean as the distance."""
        mean = float(batch.mean())
        return Score(0.01 if mean > 1 else 0.5, mean, 1.0)


class FeatureDetector:
    """A detector that calls a column drift when its mean is above 1."""

    name = "features"

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:  # noqa: ARG002 - the protocol's
        """Return the columns' means as the distances."""
        means = {f"x{number}": float(column.mean()) for number, column in enumerate(batch.T)}
        features = tuple(
            FeatureScore(name, 0.01 if mean > 1 else 0.5, mean, mean > 1) for name, mean in means.items()
        )
        return Score(min(one.p_value for one in features), max(means.values()), 1.0, features)


class MemoryStore(Store):
    """A store in memory, which can be away, or end the program before or after the n-th write."""

    def __init__(self) -> None:
        self.samples: list[StoredSample] = []
        self.results: list[Result] = []
        self.cursors: dict[str, str] = {}
        self.away = False
        self.kill_at: int | None = None
        self._steps = 0

    def step(self) -> None:
        """Count a point at which the program can be killed."""
        self._steps += 1
        if self.kill_at == self._steps:
            raise Killed

    def _reach(self) -> None:
        if self.away:
            raise StoreUnavailable("connection refused")
        self.step()

    async def prepare(self) -> None:
        self._reach()

    async def close(self) -> None:
        return

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        self.samples += [StoredSample(new_position(), sample) for sample in samples]

    async def waiting_samples(self, slot: str, after: str, before: str, limit: int) -> list[StoredSample]:  # noqa: ARG002 - the protocol's
        self._reach()
        return [one for one in self.samples if after < one.position < before][:limit]

    async def count_waiting(self, slot: str, after: str) -> int:  # noqa: ARG002 - the protocol's
        self._reach()
        return sum(one.position > after for one in self.samples)

    async def cursor(self, slot: str) -> str:
        self._reach()
        return self.cursors.get(slot, START)

    async def move_cursor(self, slot: str, position: str, to: str) -> bool:
        self._reach()
        if self.cursors.get(slot, START) != position:
            return False
        self.cursors[slot] = to
        self.step()
        return True

    async def add_result(self, result: Result) -> bool:
        self._reach()
        if any(one.window == result.window for one in self.results):
            return False
        self.results.append(result)
        self.step()
        return True

    async def result(self, slot: str, window: str) -> Result | None:  # noqa: ARG002 - the protocol's
        self._reach()
        return next((one for one in self.results if one.window == window), None)

    async def newest_results(self, slot: str, limit: int) -> list[Result]:  # noqa: ARG002 - the protocol's
        self._reach()
        return sorted(self.results, key=lambda one: one.window_end, reverse=True)[:limit]


def sample(number: float = 0, width: int = 4, model: str = "small-cnn") -> Sample:
    """Make a sample whose embedding is full of the number."""
    embedding = np.full(width, number, dtype=np.float32)
    return Sample(f"request-{number}", SLOT, model, "1", datetime.now(UTC), embedding, "apple", 0.9)


def samples(count: int, number: float = 0) -> list[Sample]:
    """Make `count` samples."""
    return [sample(number) for _ in range(count)]
