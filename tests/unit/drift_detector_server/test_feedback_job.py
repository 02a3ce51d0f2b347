"""What the labels say of a slot's models, as Prometheus is told."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from drift_detector_server.feedback_job import WINDOW, FeedbackJob
from drift_detector_server.metrics import FeedbackMetrics, Model
from mongodb.documents import StoredSample
from mongodb.feedback import Feedback, SampledPrediction
from tests.unit.drift_detector_server.fakes import OLD_PACKAGE, PACKAGE, SLOT, MemoryStore, samples

SERVED = Model("small-cnn", "1")


class Program:
    """The job of a slot, on a store with `count` samples of one package that its detector has seen."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.registry = CollectorRegistry()
        self.now = datetime.now(UTC)
        metrics = FeedbackMetrics(self.registry, SLOT)
        self.job = FeedbackJob(SLOT, self.store, metrics, lambda: SERVED, lambda: self.now)

    async def write(self, count: int, package: str = PACKAGE) -> list[StoredSample]:
        """Write samples, and have the detector see them."""
        await self.store.insert_samples(samples(count, package=package))
        await self.store.look_for_packages(SLOT, "f" * 24)
        return self.store.samples[-count:]

    def label(self, stored: StoredSample, label: str, seconds: float) -> None:
        """Label a sample so long after its prediction."""
        assert stored.sample is not None
        document = {**stored.sample.to_document(), "position": stored.position}
        prediction = SampledPrediction.from_document(document)
        late = prediction.created_at + timedelta(seconds=seconds)
        self.store.feedback.append(Feedback(prediction, label, late))

    def metric(self, name: str) -> float | None:
        """Return what Prometheus would be told of the served model."""
        labels = {"slot": SLOT, "model": SERVED.name, "version": SERVED.version}
        return self.registry.get_sample_value(f"feedback_{name}", labels)


@pytest.fixture
def program() -> Program:
    return Program()


async def test_labels_give_accuracy_coverage_and_delay(program: Program) -> None:
    """Three of ten samples have a label, two of them what was predicted."""
    for stored, label, seconds in zip(
        await program.write(10), ("apple", "lemon", "apple"), (1, 2, 6), strict=False
    ):
        program.label(stored, label, seconds)
    await program.job.show()
    assert [program.metric(name) for name in ("labels", "correct")] == [3, 2]
    assert program.metric("accuracy") == pytest.approx(2 / 3)
    assert program.metric("coverage_ratio") == pytest.approx(0.3)
    assert program.metric("delay_seconds") == pytest.approx(3)


async def test_without_labels_there_is_no_accuracy(program: Program) -> None:
    """0 would say that the model is always wrong; that nobody has labelled anything is 0."""
    await program.job.show()
    assert [program.metric(name) for name in ("labels", "correct", "coverage_ratio")] == [0, 0, 0]
    assert [program.metric(name) for name in ("accuracy", "delay_seconds")] == [None, None]


async def test_packages_of_one_model_are_added_up(program: Program) -> None:
    """They share name and version: their labels count together, each as much as another."""
    (first,) = await program.write(1)
    program.label(first, "apple", 1)
    for stored in await program.write(3, OLD_PACKAGE):
        program.label(stored, "lemon", 1)
    await program.job.show()
    assert (program.metric("labels"), program.metric("accuracy"), program.metric("coverage_ratio")) == (
        4,
        0.25,
        1,
    )


async def test_what_is_older_than_the_window_is_not_counted(program: Program) -> None:
    """Neither its samples nor its labels."""
    for stored in await program.write(3):
        program.label(stored, "apple", 1)
    program.now += WINDOW + timedelta(seconds=10)
    await program.job.show()
    assert program.metric("labels") == 0
    assert program.metric("accuracy") is None


async def test_a_label_whose_sample_was_counted_too_early_is_no_more_than_all(program: Program) -> None:
    """The two are read one after the other, and a share above 1 would be none."""
    stored, *_ = await program.write(1)
    program.label(stored, "apple", 1)
    program.label(stored, "apple", 1)
    await program.job.show()
    assert program.metric("coverage_ratio") == 1
