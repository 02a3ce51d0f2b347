"""The wiring: Kafka, the model in production and the file of what was counted, behind an HTTP app."""

import importlib
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from inference.identity import Identity, identify
from inference.manifest import BadModelPackage
from service.app import process_registry
from stream.background import Work
from stream.consumer import create_consumer_app
from stream.statistics.counting import Counting
from stream.statistics.metrics import StatisticsMetrics
from stream.statistics.settings import StatisticsSettings
from stream.statistics.state import StateFile
from stream.topics import BrokerAway, TopicReader, ensure_topics
from training_data.record import Record
from training_data.task import Task

GROUP = "statistics"
PAUSE_SECONDS = 1.0
READ_SECONDS = 1.0
MOST_MESSAGES = 2000


class Statistics:
    """Counts until it is told to stop; begins anew where another package is in production."""

    def __init__(self, settings: StatisticsSettings, metrics: StatisticsMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._file = StateFile(settings.statistics)

    def run(self, work: Work) -> None:
        """Connect and count; raises BrokerAway, OSError or BadModelPackage where that does not go on."""
        settings = self._settings
        self._metrics.connection.down()
        identity = identify(settings.model_package)
        counting = self._counting(identity)
        self._metrics.note(counting.state)  # whether or not Kafka answers: counts that jump look like records
        (topic,) = ensure_topics(settings.kafka_brokers, [settings.topic], settings.partitions)
        positions = counting.state.next_positions
        saved = looked = time.monotonic()
        with TopicReader(settings.kafka_brokers, topic, GROUP, positions) as reader:
            while not work.stops:
                messages = reader.read(MOST_MESSAGES, READ_SECONDS)
                now = time.monotonic()
                most = max(1, round(settings.images_per_second * max(READ_SECONDS, now - looked)))
                looked = now
                if messages:
                    counting.count(topic, messages, most)
                    self._metrics.note(counting.state)
                if now - saved >= settings.save_seconds:
                    saved = now
                    self._file.write(counting.state)
                    reader.commit()
                    if identify(settings.model_package).sha256 != identity.sha256:
                        return
                self._metrics.connection.up(reader.lag())
                work.runs()
        self._file.write(counting.state)

    def _counting(self, identity: Identity) -> Counting:
        task = Task.of(identity.manifest)
        before = self._file.read(identity.sha256)
        if task.kind == "row":
            return Counting(identity.sha256, task.features, task, rows, before)
        from stream.statistics.embedding import Embedding  # noqa: PLC0415  # PyTorch, which rows do not need

        embedding = Embedding(self._settings.model_package, self._settings.max_image_pixels)
        return Counting(identity.sha256, embedding.names, task, embedding, before)


def rows(records: Sequence[Record]) -> NDArray[np.float32]:
    """Return rows (N, F): they are their own features."""
    return np.asarray([one.values for one in records], np.float32)


def import_what_images_need(package: Path) -> None:
    """Import PyTorch where the package is one of images: beside the event loop that would block it."""
    with suppress(BadModelPackage):  # `run` says it, and tries again
        if Task.of(identify(package).manifest).kind == "image":
            importlib.import_module("stream.statistics.embedding")


def create_app(settings: StatisticsSettings) -> FastAPI:
    """Build the app; nothing is connected and nothing runs before its lifespan begins."""
    import_what_images_need(settings.model_package)
    registry = process_registry()
    statistics = Statistics(settings, StatisticsMetrics(registry, settings.slot))
    work = Work(statistics.run, (BrokerAway, OSError, BadModelPackage), PAUSE_SECONDS)
    return create_consumer_app(settings, "Statistics of the training stream", registry, work)
