"""RabbitMQ by Celery: a message names a chunk, and is there until a worker has stored its results."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from amqp.exceptions import AMQPError
from celery import Celery
from celery.worker.consumer import Consumer
from kombu import Connection, Queue
from kombu.exceptions import OperationalError

TASK = "job_server.predict_chunk"
# A chunk's own count of its tries ends well before; beyond this many something else is wrong.
MOST_DELIVERIES = 200
ANSWER_SECONDS = 3  # without memory or disk RabbitMQ answers nothing more to whoever has published


class BrokerUnavailable(Exception):
    """The broker does not take or tell anything now: try again later."""


@dataclass(frozen=True)
class QueueLook:
    """Messages that no worker holds, workers, and messages that were given up."""

    ready: int
    workers: int
    dead: int


def create_celery(url: str, name: str) -> Celery:
    """Return the Celery app of both sides, with the queue of this name; nothing is connected yet."""
    app = Celery("job_server", broker=url, set_as_current=False)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": MOST_DELIVERIES,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_letters(name),
    }
    app.conf.update(
        task_queues=[Queue(name, routing_key=name, queue_arguments=arguments)],
        task_default_queue=name,
        task_default_exchange="",
        task_default_routing_key=name,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_concurrency=1,
        worker_enable_remote_control=False,
        worker_consumer=f"{__name__}:JobsConsumer",
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_hijack_root_logger=False,
        broker_connection_timeout=ANSWER_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=10,
        broker_transport_options={"confirm_publish": True},
    )
    return app


def dead_letters(queue: str) -> str:
    """Return the queue of the messages of another one that were given up."""
    return f"{queue}_dead"


class Broker:
    """The publishing side, for one thread at a time; each method blocks, and raises BrokerUnavailable."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None

    def publish(self, chunk_ids: Sequence[str]) -> None:
        """Publish a message for each chunk; those that went before an error are not taken back."""
        with self._connected() as connection, self._app.amqp.Producer(connection) as producer:
            for one in chunk_ids:
                self._app.send_task(TASK, [one], producer=producer, retry=False)

    def look(self) -> QueueLook:
        """Declare the queues, and count."""
        with self._connected() as connection, connection.channel() as channel:
            (queue,) = self._app.amqp.queues.consume_from.values()
            ready = queue(channel).queue_declare()
            dead = Queue(dead_letters(queue.name), durable=True, queue_arguments={"x-queue-type": "quorum"})(
                channel
            )
            given_up = dead.queue_declare().message_count
        return QueueLook(ready.message_count, ready.consumer_count, given_up)

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, *connection.connection_errors):
                connection.release()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            if self._connection is None:
                options = {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
                self._connection = self._app.connection_for_write(transport_options=options)
                self._connection.ensure_connection(max_retries=1, timeout=ANSWER_SECONDS)
            yield self._connection
        except (OperationalError, AMQPError, OSError) as error:
            self.close()
            raise BrokerUnavailable(str(error) or "it does not answer") from error


class JobsConsumer(Consumer):  # type: ignore[misc]
    """Celery's consumer without its delayed delivery, which would declare 28 queues and exchanges."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        """Its steps."""

        default_steps = tuple(
            one for one in Consumer.Blueprint.default_steps if "DelayedDelivery" not in str(one)
        )
