"""The outside world of the detector, written by hand."""

# ruff: noqa: ARG002 - the arguments are those of what is stood in for

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from drift_detector_server.detectors.detector import Detector, Embeddings, FeatureScore, Score
from drift_detector_server.packages import PackageDetector, Packages
from drift_detector_server.settings import DetectorSettings
from inference.reference import Reference
from mongodb.documents import PackageCursor, Result, Sample, StoredSample
from mongodb.feedback import Feedback, FeedbackSums
from mongodb.positions import START, new_position
from mongodb.store import Store, StoreUnavailable

SLOT, PACKAGE, OLD_PACKAGE = "model_server", "a" * 64, "b" * 64


class Killed(BaseException):
    """The program's end by SIGKILL: nothing of ours may catch it."""


class MeanDetector:
    """A detector that calls a batch drift when its mean is above 1."""

    name = "mean"

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Return the mean as the distance."""
        assert 0 < p_value_threshold < 1
        mean = float(batch.mean())
        return Score(0.01 if mean > 1 else 0.5, mean, 1.0)


class FeatureDetector:
    """A detector that calls a column drift when its mean is above 1."""

    name = "features"

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Return the columns' means as the distances."""
        means = {f"x{number}": float(column.mean()) for number, column in enumerate(batch.T)}
        features = tuple(
            FeatureScore(name, 0.01 if mean > 1 else 0.5, mean, mean > 1) for name, mean in means.items()
        )
        return Score(min(one.p_value for one in features), max(means.values()), 1.0, features)


class FixedPackages(Packages):
    """The packages of a slot, given by the test: the first one is served, of the others copies are kept."""

    def __init__(self, detector: Detector, *references: Reference, shas: Sequence[str] = ()) -> None:
        every = zip(shas or (PACKAGE, OLD_PACKAGE), references, strict=False)
        self.known = {
            sha256: PackageDetector(sha256, one.model, one.version, one, detector) for sha256, one in every
        }
        self.in_folder = self.served = next(iter(self.known.values()))
        self.looked_with: list[DetectorSettings] = []
        self._others = {}

    def serve(self, package_sha256: str) -> None:
        """Serve another one of them."""
        self.in_folder = self.served = self.known[package_sha256]

    def look(self, settings: DetectorSettings) -> None:
        """Stay with what there is, and note with which settings."""
        self.looked_with.append(settings)

    def of(self, cursor: PackageCursor) -> PackageDetector | None:
        """Return what the test has given."""
        return self.known.get(cursor.package_sha256)


class MemoryStore(Store):
    """A store in memory, which can be away, or end the program before or after the n-th write."""

    def __init__(self) -> None:
        self.samples: list[StoredSample] = []
        self.results: list[Result] = []
        self.feedback: list[Feedback] = []
        self.positions: dict[str, PackageCursor] = {}
        self.away = False
        self.expiry_looked_for: list[datetime] = []
        self.kill_at: int | None = None
        self._steps = 0

    def step(self) -> None:
        """Count a point at which the program can be killed."""
        self._steps += 1
        if self.kill_at == self._steps:
            raise Killed

    def _reach(self, slot: str = SLOT) -> None:
        assert slot == SLOT
        if self.away:
            raise StoreUnavailable("connection refused")
        self.step()

    async def prepare(self) -> None:
        self._reach()

    async def remove_expired(self, now: datetime) -> None:
        self.expiry_looked_for.append(now)
        if self.away:
            raise StoreUnavailable("connection refused")

    async def close(self) -> None:
        return

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        self.samples += [StoredSample(new_position(), sample) for sample in samples]

    async def waiting_samples(
        self, slot: str, package_sha256: str, after: str, before: str, limit: int
    ) -> list[StoredSample]:
        self._reach(slot)
        of_package = [one for one in self.samples if package_of(one) == package_sha256]
        return [one for one in of_package if after < one.position < before][:limit]

    async def count_waiting(self, slot: str, package_sha256: str, after: str) -> int:
        self._reach(slot)
        return sum(one.position > after and package_of(one) == package_sha256 for one in self.samples)

    async def feedback_sums(self, slot: str, package_sha256: str, after: str) -> FeedbackSums:
        self._reach(slot)
        found = [one for one in self.feedback if one.prediction.package_sha256 == package_sha256]
        known = [one.to_document() for one in found if one.prediction.position > after]
        delay = sum(float(one["delay_seconds"]) for one in known)
        return FeedbackSums(len(known), sum(int(one["correct"]) for one in known), delay)

    async def look_for_packages(self, slot: str, before: str) -> list[PackageCursor]:
        self._reach(slot)
        for one in self.samples:
            if one.position < before:
                sha256 = package_of(one)
                model, version = (one.sample.model, one.sample.version) if one.sample else ("small-cnn", "1")
                known = self.positions.get(sha256, PackageCursor(sha256, model, version))
                self.positions[sha256] = replace(known, newest=max(known.newest, one.position))
        self.step()
        return list(self.positions.values())

    async def cursors(self, slot: str) -> list[PackageCursor]:
        self._reach(slot)
        return list(self.positions.values())

    async def cursor(self, slot: str, package_sha256: str) -> str:
        self._reach(slot)
        known = self.positions.get(package_sha256)
        return known.position if known else START

    async def move_cursor(self, slot: str, package_sha256: str, position: str, to: str) -> bool:
        self._reach(slot)
        known = self.positions.get(package_sha256, PackageCursor(package_sha256, "small-cnn", "1"))
        if known.position != position:
            return False
        self.positions[package_sha256] = replace(known, position=to)
        self.step()
        return True

    async def add_result(self, result: Result) -> bool:
        self._reach()
        if await self._find(result.package_sha256, result.window) is not None:
            return False
        self.results.append(result)
        self.step()
        return True

    async def result(self, slot: str, package_sha256: str, window: str) -> Result | None:
        self._reach(slot)
        return await self._find(package_sha256, window)

    async def _find(self, package_sha256: str, window: str) -> Result | None:
        key = (package_sha256, window)
        return next((one for one in self.results if (one.package_sha256, one.window) == key), None)

    async def newest_results(self, slot: str, limit: int, package_sha256: str | None = None) -> list[Result]:
        self._reach(slot)
        chosen = [one for one in self.results if package_sha256 in {None, one.package_sha256}]
        return sorted(chosen, key=lambda one: one.window_end, reverse=True)[:limit]


def package_of(stored: StoredSample) -> str:
    """Return the package of a sample; one that cannot be read is the served one's here."""
    return stored.sample.package_sha256 if stored.sample else PACKAGE


def sample(number: float = 0, width: int = 4, model: str = "small-cnn", package: str = PACKAGE) -> Sample:
    """Make a sample whose embedding is full of the number."""
    embedding = np.full(width, number, dtype=np.float32)
    now = datetime.now(UTC)
    return Sample(f"request-{number}", SLOT, model, "1", package, now, embedding, "apple", 0.9)


def samples(count: int, number: float = 0, package: str = PACKAGE) -> list[Sample]:
    """Make `count` samples."""
    return [sample(number, package=package) for _ in range(count)]
