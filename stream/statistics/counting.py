"""Count what comes: the moments of rows as they are, or of images' embeddings."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.moments import RunningMoments
from stream.statistics.state import State
from stream.topics import Topic
from training_data.reading import read
from training_data.record import Message, Record
from training_data.task import Task

Features = Callable[[Sequence[Record]], NDArray[np.float32]]


class Counting:
    """The statistics of a package's features; `features_of` gives those of records, bad ones left out."""

    def __init__(
        self, package: str, names: Sequence[str], task: Task, features_of: Features, before: State | None
    ) -> None:
        self._package = package
        self._names = tuple(names)
        self._task = task
        self._features_of = features_of
        self._moments = RunningMoments.restore(before.moments) if before else RunningMoments(len(self._names))
        self._seen = before.seen if before else 0
        self._positions = dict(before.next_positions) if before else {}

    @property
    def state(self) -> State:
        """Return all that was counted."""
        return State(
            package=self._package,
            features=self._names,
            moments=self._moments.state,
            seen=self._seen,
            next_positions=self._positions,
        )

    def count(self, topic: Topic, messages: Sequence[Message], most: int) -> None:
        """Count messages, of images at most so many: evenly chosen ones."""
        sources = [topic.source(one.partition) for one in messages]
        found = [read(one, self._task, source) for one, source in zip(messages, sources, strict=True)]
        records = [one for one in found if isinstance(one, Record)]
        if self._task.kind == "image" and len(records) > most:
            records = [records[place] for place in np.linspace(0, len(records) - 1, most).astype(int)]
        if records:
            self._moments.add(self._features_of(records))
        self._seen += len(messages)
        for source, one in zip(sources, messages, strict=True):
            self._positions[source] = one.offset + 1
