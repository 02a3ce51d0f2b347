"""The wiring: Kafka, the checks and the folder, behind an HTTP app that tells how it goes."""

from collections.abc import Sequence

from fastapi import FastAPI

from service.app import process_registry
from stream.background import Work
from stream.collector.checking import Checking
from stream.collector.collecting import Collecting
from stream.collector.images import ImageCheck
from stream.collector.metrics import CollectorMetrics
from stream.collector.rows import RowCheck, read_bounds
from stream.collector.settings import CollectorSettings
from stream.consumer import create_consumer_app
from stream.topics import BrokerAway, TopicReader, TopicWriter, ensure_topics
from training_data.index import BadIndex
from training_data.intake import BadShard, Intake
from training_data.record import Record
from training_data.task import Task

GROUP = "collector"
PAUSE_SECONDS = 1.0


class Collector:
    """Collects until it is told to stop, with a new connection after each fault."""

    def __init__(self, settings: CollectorSettings, task: Task, metrics: CollectorMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._intake = Intake(settings.training_data, task)
        self._images = ImageCheck(settings.max_image_pixels) if task.kind == "image" else None
        bounds = {} if settings.bounds is None else read_bounds(settings.bounds, task)
        self._rows = RowCheck(task, bounds)
        self._checking = Checking(task, self._faults)

    def run(self, work: Work) -> None:
        """Connect and collect; raises BrokerAway, OSError, BadIndex or BadShard where that does not go on."""
        settings = self._settings
        self._metrics.connection.down()
        self._intake.prepare()
        self._metrics.note(self._intake.index.counts())
        topics = (settings.topic, settings.rejected_topic)
        topic, _ = ensure_topics(settings.kafka_brokers, topics, settings.partitions)
        rejects = TopicWriter(settings.kafka_brokers, settings.rejected_topic)
        collecting = Collecting(
            self._intake,
            self._checking,
            rejects.write,
            shard_records=settings.shard_records,
            shard_seconds=settings.shard_seconds,
        )
        positions = self._intake.index.next_positions()
        with TopicReader(settings.kafka_brokers, topic, GROUP, positions) as reader:
            while not work.stops:
                if collecting.collect(topic, reader):
                    self._metrics.note(self._intake.index.counts())
                self._metrics.connection.up(reader.lag())
                work.runs()

    def close(self) -> None:
        """End the process that decodes."""
        if self._images is not None:
            self._images.close()

    def _faults(self, records: Sequence[Record]) -> list[str | None]:
        if self._images is not None:
            return self._images.faults([one.content for one in records])
        return self._rows.faults([one.values for one in records])


def create_app(settings: CollectorSettings, task: Task) -> FastAPI:
    """Build the app; nothing is connected and nothing runs before its lifespan begins.

    Raises:
        BadBounds: the file of bounds cannot be used.
    """
    registry = process_registry()
    collector = Collector(settings, task, CollectorMetrics(registry, settings.slot))
    work = Work(collector.run, (BrokerAway, OSError, BadIndex, BadShard), PAUSE_SECONDS)
    return create_consumer_app(settings, "Collector of the training stream", registry, work, collector.close)
