"""The collector's work: read, check, keep, send on what is refused, and only then move on.

Killed at any instant it goes on where it was. A shard is on the disk before it is noted, and what is refused
is with Kafka before the position moves: so a refused record may be sent on twice, under the same partition
and offset, and none is stored twice.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from stream.collector.checking import Checked, Checking
from stream.topics import Topic
from training_data.intake import Intake
from training_data.record import Message, Record, Refusal

READ_SECONDS = 0.5
DETAIL_BYTES = 500
SHARD_BYTES = 48_000_000  # of images of 900 kB a thousand would not fit into a container's memory
SENT_BYTES = 950_000  # a broker takes a million, with what frames it; a stranger's may have had more
LEFT_OUT = " What it held is left out: with this it would be too large."

logger = logging.getLogger(__name__)
Written = tuple[bytes | None, Mapping[str, bytes], bytes | None]


class Reader(Protocol):
    """What messages are read from."""

    def read(self, most: int, seconds: float) -> list[Message]:
        """Return the next messages."""

    def commit(self) -> None:
        """Tell how far it was read."""


class Collecting:
    """Collects from one topic into one intake."""

    def __init__(
        self,
        intake: Intake,
        checking: Checking,
        reject: Callable[[Sequence[Written]], None],
        *,
        shard_records: int,
        shard_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._intake = intake
        self._checking = checking
        self._reject = reject
        self._most = shard_records
        self._seconds = shard_seconds
        self._clock = clock

    def collect(self, topic: Topic, reader: Reader) -> int:
        """Read what fills a shard, or what comes in its time, and keep it; return how many messages came."""
        messages = self._read(reader)
        if messages:
            self._keep(topic, messages)
            reader.commit()
        return len(messages)

    def _read(self, reader: Reader) -> list[Message]:
        messages: list[Message] = []
        deadline = None
        size = 0
        while (
            len(messages) < self._most
            and size < SHARD_BYTES
            and (deadline is None or self._clock() < deadline)
        ):
            found = reader.read(self._most - len(messages), READ_SECONDS)
            messages += found
            size += sum(one.size for one in found)
            if not messages:
                break
            deadline = deadline or self._clock() + self._seconds
        return messages

    def _keep(self, topic: Topic, messages: Sequence[Message]) -> None:
        sources = [topic.source(one.partition) for one in messages]
        checked = self._checking.check(messages, sources)
        positions = {
            source: one.offset + 1 for source, one in zip(sources, messages, strict=True)
        }  # of each source the last one's
        with self._intake.locked():
            found = self._intake.sort(checked.records)
            shard = self._intake.store(found.new)
            refused = refusals(checked, found.refused)
            self._reject([rejected(one, refusal) for one, refusal in refused])
            reasons = Counter[str](refusal.reason for _, refusal in refused)
            self._intake.note(shard, found.new, positions, reasons)
        if reasons:
            logger.info("records refused", extra={"refused": dict(reasons), "stored": len(found.new)})


def refusals(checked: Checked, seen: Sequence[tuple[Record, Refusal]]) -> list[tuple[Message, Refusal]]:
    """Return the messages that are refused, as themselves or as what was seen before."""
    by_place = {(record.source, record.position): refusal for record, refusal in seen}
    found = []
    for message, result in zip(checked.messages, checked.found, strict=True):
        refusal = result if isinstance(result, Refusal) else by_place.get((result.source, result.position))
        if refusal is not None:
            found.append((message, refusal))
    return found


def rejected(message: Message, refusal: Refusal) -> Written:
    """Return what is written about a refused message: itself, with why and where it stood.

    What it held is left out where the broker would not take it again: else nothing after it were read.
    """
    fits = message.size <= SENT_BYTES
    detail = refusal.detail.encode()[:DETAIL_BYTES].decode("utf-8", "ignore") + ("" if fits else LEFT_OUT)
    why = {
        "reason": refusal.reason.encode(),
        "detail": detail.encode(),
        "partition": str(message.partition).encode(),
        "offset": str(message.offset).encode(),
    }
    if not fits:
        return (message.key or b"")[:DETAIL_BYTES] or None, why, None
    return message.key, {**message.headers, **why}, message.value
