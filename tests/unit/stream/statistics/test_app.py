"""The statistics' program: what it shows before Kafka answers, and what it imports beside the event loop."""

import importlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from inference.identity import identify
from stream.background import Work
from stream.statistics import app
from stream.statistics.counting import Counting
from stream.statistics.metrics import StatisticsMetrics
from stream.statistics.settings import StatisticsSettings
from stream.statistics.state import StateFile
from stream.topics import BrokerAway
from tests.colour_model import write_colour_package
from tests.tensor_model import write_regressor
from training_data.task import Task


def test_what_was_counted_is_shown_before_kafka_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the counts would jump from 0 when it does, and look like so many new records."""

    def away(*_: object) -> Sequence[object]:
        raise BrokerAway("gone")

    monkeypatch.setattr(app, "ensure_topics", away)
    package = write_regressor(tmp_path / "model")
    settings = StatisticsSettings(model_package=package, statistics=tmp_path / "statistics.json")
    identity = identify(package)
    task = Task.of(identity.manifest)
    counting = Counting(identity.sha256, task.features, task, app.rows, None)
    StateFile(settings.statistics).write(counting.state.model_copy(update={"seen": 5}))
    registry = CollectorRegistry()
    statistics = app.Statistics(settings, StatisticsMetrics(registry, "training"))
    with pytest.raises(BrokerAway):
        statistics.run(Work(statistics.run, (BrokerAway,), 1.0))
    assert registry.get_sample_value("stream_messages_total", {"slot": "training"}) == 5
    assert registry.get_sample_value("statistics_connected", {"slot": "training"}) == 0


def test_pytorch_is_imported_beside_the_event_loop_where_images_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a package of images only; one that is missing is nobody's end."""
    imported: list[str] = []
    monkeypatch.setattr(importlib, "import_module", imported.append)
    app.import_what_images_need(tmp_path)
    app.import_what_images_need(write_regressor(tmp_path / "model"))
    assert imported == []
    app.import_what_images_need(write_colour_package(tmp_path / "images"))
    assert imported == ["stream.statistics.embedding"]
