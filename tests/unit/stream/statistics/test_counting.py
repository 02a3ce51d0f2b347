"""stream/statistics/: what is counted of the stream, and that a kill neither loses nor doubles it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry

from stream.statistics.app import rows
from stream.statistics.counting import Counting
from stream.statistics.metrics import StatisticsMetrics
from stream.statistics.state import State, StateFile
from stream.topics import Topic
from tests.unit.training_data.records import IMAGES, ROWS, message, row
from training_data.record import Message, Record

TOPIC = Topic("t", "id", (0,))


def counting(before: State | None = None) -> Counting:
    return Counting("package", ROWS.features, ROWS, rows, before)


def messages(first: int, ages: Sequence[float]) -> list[Message]:
    return [message(row(age=age), key=f"r-{n}".encode(), offset=n) for n, age in enumerate(ages, start=first)]


def test_mean_and_variance_are_those_of_all_rows() -> None:
    """In whichever portions they came."""
    ages = np.random.default_rng(1).normal(40, 9, 50).tolist()
    counted = counting()
    counted.count(TOPIC, messages(0, ages[:7]), 1)
    counted.count(TOPIC, messages(7, ages[7:]), 1)
    moments = counted.state.moments
    assert moments.rows == len(ages)
    assert moments.mean[0] == pytest.approx(np.mean(np.float32(ages)))
    assert moments.variance[0] == pytest.approx(np.var(np.float32(ages)), rel=1e-5)


def test_what_is_no_record_is_passed_over_and_read_past() -> None:
    """One bad message stops nobody."""
    counted = counting()
    counted.count(TOPIC, [message(b"bad", offset=4)], 1)
    state = counted.state
    assert (state.seen, state.moments.rows, state.next_positions) == (1, 0, {"t/id/0": 5})


def test_who_is_killed_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """Count and position are one file: what was counted after it was written is read and counted again."""
    file, whole, killed = StateFile(tmp_path / "a" / "state.json"), counting(), counting()
    some, more = messages(0, [20, 30, 40]), messages(3, [50, 60])
    whole.count(TOPIC, [*some, *more], 1)
    killed.count(TOPIC, some, 1)
    file.write(killed.state)
    killed.count(TOPIC, more, 1)
    restarted = counting(file.read("package"))
    at = restarted.state.next_positions[TOPIC.source(0)]
    restarted.count(TOPIC, [*some, *more][at:], 1)
    assert restarted.state.moments.mean == pytest.approx(whole.state.moments.mean)
    assert restarted.state.moments.rows == whole.state.moments.rows


def test_another_package_is_counted_anew(tmp_path: Path) -> None:
    """Its embeddings mean something else."""
    file = StateFile(tmp_path / "state.json")
    file.write(counting().state)
    assert file.read("package") is not None
    assert file.read("another") is None


def test_a_damaged_file_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And the log says so."""
    (tmp_path / "state.json").write_text("{}", "utf-8")
    assert StateFile(tmp_path / "state.json").read("package") is None
    assert "begin anew" in caplog.text


def test_of_many_images_some_are_embedded() -> None:
    """Evenly chosen ones: embedding takes time, and the stream does not wait."""
    embedded: list[str] = []

    def features_of(records: Sequence[Record]) -> NDArray[np.float32]:
        embedded.extend(one.id for one in records)
        return np.zeros((len(records), 1), np.float32)

    counted = Counting("package", ["e 0"], IMAGES, features_of, None)
    images = [
        message(b"x", key=f"r-{n}".encode(), offset=n, content_type=b"image/png", label=b"apple")
        for n in range(9)
    ]
    counted.count(TOPIC, images, 3)
    assert embedded == ["r-0", "r-4", "r-8"]
    assert counted.state.seen == len(images)


def test_prometheus_is_told_of_each_feature() -> None:
    """And of records from the start, so that a rate sees the first."""
    registry = CollectorRegistry()
    metrics = StatisticsMetrics(registry, "training")
    slot = {"slot": "training"}
    assert registry.get_sample_value("stream_records_observed_total", slot) == 0
    counted = counting()
    counted.count(TOPIC, messages(0, [20, 40]), 1)
    metrics.note(counted.state)
    metrics.connection.up(7)
    assert registry.get_sample_value("stream_records_observed_total", slot) == 2
    assert registry.get_sample_value("stream_feature_mean", {**slot, "feature": "age"}) == 30
    assert registry.get_sample_value("stream_feature_variance", {**slot, "feature": "age"}) == 100
    assert registry.get_sample_value("statistics_lag_records", slot) == 7
    assert registry.get_sample_value("statistics_connected", slot) == 1
    metrics.connection.down()
    assert registry.get_sample_value("statistics_connected", slot) == 0
