"""The job: windows in order, each once, whatever happens in between."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from drift_detector_server.detectors.detector import Detector
from drift_detector_server.executor import DetectorExecutor
from drift_detector_server.metrics import DriftMetrics
from drift_detector_server.scoring_job import ScoringJob
from drift_detector_server.settings import DetectorSettings
from inference.reference import Reference
from mongodb.documents import Sample, StoredSample
from mongodb.positions import START, new_position
from tests.unit.drift_detector_server.fakes import (
    OLD_PACKAGE,
    PACKAGE,
    SLOT,
    FeatureDetector,
    FixedPackages,
    Killed,
    MeanDetector,
    MemoryStore,
    sample,
    samples,
)

SETTINGS = DetectorSettings(window_size=10, window_min_samples=3, window_max_wait_seconds=30)
REFERENCE = Reference(np.zeros((2, 4), dtype=np.float32), "small-cnn", "1", "00")
OLD_REFERENCE = Reference(np.zeros((2, 6), dtype=np.float32), "small-cnn", "0", "11")


def soon() -> datetime:
    """Return a time at which what is written now has settled, but has not waited long."""
    return datetime.now(UTC) + timedelta(seconds=10)


def later() -> datetime:
    """Return a time at which what is written now has waited long."""
    return datetime.now(UTC) + timedelta(seconds=60)


class Program:
    """The detector of a slot as it is after a start: all it remembers is in the store."""

    def __init__(
        self,
        store: MemoryStore,
        now: Callable[[], datetime] = soon,
        detector: Detector | None = None,
        references: Sequence[Reference] = (REFERENCE,),
        shas: Sequence[str] = (PACKAGE, OLD_PACKAGE),
    ) -> None:
        self.registry = CollectorRegistry()
        self.packages = packages = FixedPackages(detector or MeanDetector(), *references, shas=shas)
        self.job = ScoringJob(
            slot=SLOT,
            store=store,
            executor=DetectorExecutor(),
            packages=packages,
            settings=lambda: SETTINGS,
            metrics=DriftMetrics(self.registry, SLOT),
            now=now,
        )

    async def run(self) -> None:
        """Score until nothing is due."""
        while await self.job.score_next():
            pass
        await self.job.show()

    def metric(self, name: str, **labels: str) -> float | None:
        """Return what Prometheus would be told."""
        model = {"slot": SLOT, "model": "small-cnn", "version": "1"}
        return self.registry.get_sample_value(name, {**model, **labels})


def assert_each_sample_once(store: MemoryStore, consumed: int) -> None:
    """Check that the windows follow each other and cover the first samples, each once."""
    windows = [START, *(result.window_end for result in store.results)]
    assert [result.window for result in store.results] == windows[:-1]
    assert sum(result.n + result.dropped for result in store.results) == consumed
    cursor = store.positions.get(PACKAGE)
    assert (
        (cursor.position if cursor else START)
        == windows[-1]
        == ([START] + [s.position for s in store.samples])[consumed]
    )


async def test_all_full_windows_are_worked_off() -> None:
    """Several windows that are due are scored in one run; the rest, too young, waits."""
    (store,) = [MemoryStore()]
    await store.insert_samples(samples(34))
    program = Program(store)
    await program.run()
    assert [result.n for result in store.results] == [10, 10, 10]
    assert_each_sample_once(store, 30)
    assert program.metric("drift_backlog_samples") == 4


async def test_a_partial_window_is_scored_after_the_wait() -> None:
    """What has waited long enough is scored when it is enough for a test."""
    store = MemoryStore()
    await store.insert_samples(samples(14))
    await Program(store, later).run()
    assert [result.n for result in store.results] == [10, 4]


async def test_too_few_samples_wait() -> None:
    """Less than the least number of samples is not scored however long it waits."""
    store = MemoryStore()
    await store.insert_samples(samples(2))
    await Program(store, later).run()
    assert store.results == []


async def test_samples_on_their_way_are_waited_for() -> None:
    """Samples written a moment ago are left alone: others before them may still become visible."""
    store = MemoryStore()
    await store.insert_samples(samples(50))
    await Program(store, lambda: datetime.now(UTC)).run()
    assert store.results == []


async def test_killed_at_any_point_each_sample_is_scored_once() -> None:
    """Wherever the program is killed, before or after an access, the next start makes the windows whole."""
    kill_at = 0
    while True:
        store = MemoryStore()
        await store.insert_samples(samples(24))
        kill_at += 1
        store.kill_at = kill_at
        try:
            await Program(store, later).run()
            break
        except Killed:
            # More comes in while it is down: a partial window must not grow by it the second time.
            await store.insert_samples(samples(5))
            await Program(store, later).run()
        assert_each_sample_once(store, 29)
    assert kill_at > 20


async def test_two_detectors_of_one_slot_do_no_harm() -> None:
    """A second detector that scores the same window first is noticed, and its window's end counts."""
    store = MemoryStore()
    await store.insert_samples(samples(5))
    slow, fast = Program(store, later), Program(store, later)
    add_result = store.add_result

    async def overtaken(result: object) -> bool:
        store.add_result = add_result  # type: ignore[method-assign]
        await store.insert_samples(samples(3))
        await fast.run()
        return await add_result(result)  # type: ignore[arg-type]

    store.add_result = overtaken  # type: ignore[method-assign]
    await slow.run()
    assert_each_sample_once(store, 8)
    assert slow.metric("drift_windows_total", drift="false") == 0


@pytest.mark.parametrize(
    ("bad", "reason"),
    [(sample(0, width=5), "width"), (sample(float("nan")), "not_finite"), (None, "unreadable")],
)
async def test_samples_that_cannot_be_compared_are_dropped(
    bad: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One bad sample is counted and warned of, and its window is scored without it."""
    store = MemoryStore()
    await store.insert_samples(samples(4))
    store.samples.append(StoredSample(new_position(), bad))  # type: ignore[arg-type]
    await store.insert_samples(samples(5))
    program = Program(store)
    await program.run()
    assert [(result.n, result.dropped) for result in store.results] == [(9, 1)]
    assert program.metric("drift_samples_dropped_total", reason=reason) == 1
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.getMessage() == f"samples of a window not scored (1 {reason}): the reference has width 4"
    [result] = store.results
    ends = {"package_sha256": PACKAGE, "window": START, "window_end": result.window_end}
    assert vars(warning).items() >= ends.items()


async def test_a_window_of_bad_samples_blocks_nothing() -> None:
    """Windows with too little to score are passed, and what comes after them is scored."""
    store = MemoryStore()
    await store.insert_samples([*[sample(0, width=5) for _ in range(18)], *samples(12)])
    program = Program(store)
    await program.run()
    assert [result.n for result in store.results] == [10]
    assert program.metric("drift_samples_dropped_total", reason="width") == 18
    assert program.metric("drift_samples_dropped_total", reason="too_few") == 2
    assert program.metric("drift_backlog_samples") == 0


async def test_samples_without_a_reference_are_not_scored_with_another_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where a package's reference is nowhere its samples are dropped after the wait, with one warning."""
    store = MemoryStore()
    await store.insert_samples([sample(0, model="other", package="c" * 64) for _ in range(20)])
    await Program(store, soon).run()
    assert store.positions["c" * 64].position == START  # the reference may still come
    program = Program(store, later)
    await program.run()
    assert store.results == []
    assert program.metric("drift_samples_dropped_total", model="other", reason="no_reference") == 20
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning == (
        "samples of other 1 are not scored: the reference of their package cccccccccccc is neither in the"
        " slot's package nor was it ever seen there. Put that package into the slot's folder"
        " (`python -m inference.reference` computes its reference) and run `make reload`"
    )


def two_packages(count: int, old: int) -> list[Sample]:
    """Make samples of the served package and of an older one, in turns as far as both last."""
    pairs = zip_longest(samples(count), [sample(0, width=6, package=OLD_PACKAGE) for _ in range(old)])
    return [one for pair in pairs for one in pair if one is not None]


async def test_each_packages_windows_are_scored_with_its_own_reference() -> None:
    """Samples of two packages that come in turns make windows of one package each."""
    store = MemoryStore()
    await store.insert_samples(two_packages(30, 20))
    program = Program(store, references=(REFERENCE, OLD_REFERENCE))
    await program.run()
    of = {
        sha256: [one for one in store.results if one.package_sha256 == sha256]
        for sha256 in (PACKAGE, OLD_PACKAGE)
    }
    assert [(one.n, one.dropped, one.reference_sha256) for one in of[PACKAGE]] == [(10, 0, "00")] * 3
    assert [(one.n, one.dropped, one.reference_sha256) for one in of[OLD_PACKAGE]] == [(10, 0, "11")] * 2
    for results in of.values():
        assert [one.window for one in results] == [START, *(one.window_end for one in results[:-1])]


async def test_the_gauges_show_the_served_packages_newest_window() -> None:
    """Not another one's, though it is newer; what waits of either is the model's backlog."""
    store = MemoryStore()
    await store.insert_samples([*samples(12), *[sample(3, width=6, package=OLD_PACKAGE) for _ in range(15)]])
    program = Program(store, references=(REFERENCE, OLD_REFERENCE))
    await program.run()
    assert {(one.package_sha256, one.drift) for one in store.results} == {
        (PACKAGE, False),
        (OLD_PACKAGE, True),
    }
    assert program.metric("drift_p_value") == 0.5
    assert program.metric("drift_windows_recent", drift="true") == 0
    assert program.metric("drift_windows_recent", drift="false") == 1
    assert program.metric("drift_backlog_samples") == 2 + 5


async def test_before_the_first_sample_there_is_a_backlog_of_none() -> None:
    """Of the served model, so that a panel has something to show."""
    program = Program(MemoryStore())
    await program.job.show()
    assert program.metric("drift_backlog_samples") == 0
    assert program.metric("drift_detected") == 0


async def test_what_waits_of_another_model_is_its_own_backlog() -> None:
    """Under its own name, until it is worked off."""
    store = MemoryStore()
    await store.insert_samples([sample(0, model="other", package=OLD_PACKAGE) for _ in range(4)])
    program = Program(store)
    await program.run()
    assert program.metric("drift_backlog_samples") == 0
    assert program.metric("drift_backlog_samples", model="other") == 4


async def test_a_scored_window_is_a_line_with_its_numbers(caplog: pytest.LogCaptureFixture) -> None:
    """Who reads the log at night finds which model, which window, and how far from its threshold."""
    caplog.set_level("INFO")
    store = MemoryStore()
    await store.insert_samples(samples(10, 3))
    await Program(store).run()
    [line] = caplog.records
    numbers = {"window": START, "n": 10, "p_value": 0.01, "distance": 3, "threshold": 1, "drift": True}
    assert vars(line).items() >= {"model": "small-cnn", "version": "1", **numbers}.items()
    assert line.getMessage() == "window scored"
    assert not hasattr(line, "drifted_features")


async def test_one_good_sample_is_no_window(caplog: pytest.LogCaptureFixture) -> None:
    """It is given up with the bad ones around it, and the line says how many of each."""
    store = MemoryStore()
    await store.insert_samples([*[sample(0, width=5) for _ in range(9)], *samples(1)])
    program = Program(store)
    assert await program.job.score_next() is True
    assert store.results == []
    assert "(9 width, 1 too_few)" in caplog.text


@pytest.mark.parametrize(("left", "scored", "dropped"), [(4, [4], 0), (3, [3], 0), (2, [], 2)])
async def test_what_is_left_of_an_old_package_comes_to_an_end(
    left: int, scored: list[int], dropped: int
) -> None:
    """After the wait the remainder is a short window, or too few and given up; the served one's few stay."""
    store = MemoryStore()
    await store.insert_samples(two_packages(2, left))
    program = Program(store, soon, references=(REFERENCE, OLD_REFERENCE))
    await program.run()
    assert store.results == []
    program = Program(store, later, references=(REFERENCE, OLD_REFERENCE))
    await program.run()
    assert [result.n for result in store.results] == scored
    assert (program.metric("drift_samples_dropped_total", reason="too_few") or 0) == dropped
    assert program.metric("drift_backlog_samples") == 2


async def test_killed_at_any_point_of_a_change_over_each_sample_is_scored_once() -> None:
    """Whatever is served after the kill, both packages' windows go on, each with its own reference."""
    kill_at = 0
    while True:
        store = MemoryStore()
        await store.insert_samples(two_packages(24, 14))
        kill_at += 1
        store.kill_at = kill_at
        try:
            await Program(store, later, references=(REFERENCE, OLD_REFERENCE)).run()
            break
        except Killed:
            await store.insert_samples(two_packages(5, 5))
            await Program(store, later, references=(REFERENCE, OLD_REFERENCE)).run()
        for sha256, count, reference in ((PACKAGE, 29, "00"), (OLD_PACKAGE, 19, "11")):
            results = [one for one in store.results if one.package_sha256 == sha256]
            assert sum(one.n for one in results) == count
            assert {one.reference_sha256 for one in results} == {reference}
            assert [one.window for one in results] == [START, *(one.window_end for one in results[:-1])]
    assert kill_at > 30


async def test_samples_that_have_expired_hold_nothing_up() -> None:
    """A detector that was away for longer than samples are kept goes on with those that come."""
    store = MemoryStore()
    await store.insert_samples(samples(15))
    await store.look_for_packages(SLOT, "f" * 24)
    store.samples.clear()
    await Program(store, later).run()
    assert not store.positions[PACKAGE].has_waiting
    await store.insert_samples(samples(10))
    await Program(store, later).run()
    assert [result.n for result in store.results] == [10]


async def test_a_clock_that_was_put_back_loses_no_samples() -> None:
    """Samples that are not settled by the new time are waited for, not taken for expired."""
    store = MemoryStore()
    await store.insert_samples(samples(15))
    await store.look_for_packages(SLOT, "f" * 24)
    await Program(store, lambda: datetime.now(UTC) - timedelta(hours=1)).run()
    assert store.positions[PACKAGE].position == START
    await Program(store, soon).run()
    assert [result.n for result in store.results] == [10]


async def test_series_of_a_model_that_is_no_longer_served_disappear() -> None:
    """Once another package is served, the gauges are its own; the old one's counters go a while later."""
    store = MemoryStore()
    await store.insert_samples([replace(one, version="0") for one in two_packages(0, 10)])
    program = Program(store, references=(OLD_REFERENCE, REFERENCE), shas=(OLD_PACKAGE, PACKAGE))
    await program.run()
    assert program.metric("drift_p_value", version="0") == 0.5
    program.packages.serve(PACKAGE)
    await program.job.show()
    assert program.metric("drift_p_value", version="0") is None
    assert program.metric("drift_detected", version="0") is None
    assert program.metric("drift_detected", version="1") == 0
    assert program.metric("drift_windows_total", version="0", drift="false") == 1
    program.job._now = lambda: datetime.now(UTC) + timedelta(minutes=11)
    await program.job.show()
    assert program.metric("drift_windows_total", version="0", drift="false") is None
    assert program.metric("drift_windows_total", version="1", drift="false") == 0


@pytest.mark.parametrize(("drifted", "detected"), [(2, 0), (3, 1), (5, 1)])
async def test_drift_is_detected_from_k_of_the_last_n_windows(drifted: int, detected: int) -> None:
    """Of the last five windows three must have drifted; older ones do not count."""
    store = MemoryStore()
    await store.insert_samples([*samples(20, 2), *samples(10 * (5 - drifted)), *samples(10 * drifted, 2)])
    program = Program(store)
    await program.run()
    assert program.metric("drift_detected") == detected
    assert program.metric("drift_windows_recent", drift="true") == drifted


async def test_gauges_tell_of_the_newest_window() -> None:
    """P-value, distance, threshold and time are the newest result's; the counters count by drift."""
    store = MemoryStore()
    await store.insert_samples([*samples(40, 0), *samples(20, 2)])
    program = Program(store)
    await program.run()
    assert program.metric("drift_p_value") == 0.01
    assert program.metric("drift_distance") == 2
    assert program.metric("drift_threshold") == 1
    assert program.metric("drift_last_scored_timestamp_seconds") == store.results[-1].scored_at.timestamp()
    assert program.metric("drift_windows_total", drift="true") == 2
    assert program.metric("drift_windows_total", drift="false") == 4
    assert program.metric("drift_windows_recent", drift="true") == 2
    assert program.metric("drift_windows_recent", drift="false") == 3


def moved(column: int) -> list[Sample]:
    """Make a window of samples in which one column is at 2."""
    rows = [sample(0) for _ in range(10)]
    for row in rows:
        row.embedding[column] = 2
    return rows


async def test_features_are_told_one_by_one(caplog: pytest.LogCaptureFixture) -> None:
    """The result, the metrics and the log name the feature that drifted, and show the others."""
    caplog.set_level("INFO")
    store = MemoryStore()
    await store.insert_samples(moved(2))
    program = Program(store, detector=FeatureDetector())
    await program.run()
    [result] = store.results
    assert [one.name for one in result.features] == ["x0", "x1", "x2", "x3"]
    assert [one.name for one in result.features if one.drift] == ["x2"]
    assert program.metric("drift_feature_p_value", feature="x2") == 0.01
    assert program.metric("drift_feature_distance", feature="x2") == 2
    assert program.metric("drift_feature_p_value", feature="x0") == 0.5
    [line] = [record for record in caplog.records if record.getMessage() == "window scored"]
    assert vars(line)["drifted_features"] == ["x2"]


async def test_no_feature_before_the_first_window_nor_of_an_embedding() -> None:
    """A slot that was never scored has no features' p-values, and one of embeddings never has."""
    store = MemoryStore()
    program = Program(store)
    await program.run()
    assert program.metric("drift_feature_p_value", feature="x0") is None
    await store.insert_samples(samples(10))
    await program.run()
    assert program.metric("drift_feature_p_value", feature="x0") is None


async def test_features_of_an_older_reference_are_not_shown() -> None:
    """When the newest window has other features than the one before, or none, theirs are gone."""
    store = MemoryStore()
    await store.insert_samples(moved(0))
    program = Program(store, detector=FeatureDetector())
    await program.run()
    store.results.append(replace(store.results[0], window="w", window_end="~", features=()))
    await program.job.show()
    assert program.metric("drift_feature_distance", feature="x0") is None


async def test_a_restart_leaves_no_gap_in_the_gauges() -> None:
    """A program that has just started shows the last results before it scores anything."""
    store = MemoryStore()
    await store.insert_samples(samples(10, 2))
    await Program(store).run()
    restarted = Program(store)
    await restarted.job.show()
    assert restarted.metric("drift_p_value") == 0.01
    assert restarted.metric("drift_windows_recent", drift="true") == 1
    assert restarted.metric("drift_windows_total", drift="true") == 0


async def test_no_p_value_before_the_first_window() -> None:
    """A slot that was never scored has no p-value at all, but counters at 0 and a backlog."""
    program = Program(MemoryStore())
    await program.run()
    assert program.metric("drift_p_value") is None
    assert program.metric("drift_backlog_samples") == 0
    assert program.metric("drift_windows_total", drift="true") == 0
