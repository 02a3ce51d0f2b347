"""Join labels with the samples of the predictions that they are about: in batches, one look after the other.

A sample is written some tenths of a second after its prediction was answered, by whichever slot made it. So
a label whose sample is not there yet waits for it. What is answered as taken is in the database.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from model_server.feedback.judgement import Outcome, judge, unknown
from model_server.feedback.labels import Label
from mongodb.errors import StoreUnavailable
from mongodb.feedback import Feedback, SampledPrediction
from mongodb.sampling import is_sampled

MOST_WAITING = 1000
SAMPLE_SECONDS = 1.5  # how long a label waits for its sample; nginx gives a slot 2.5 s
PAUSE_SECONDS = 0.05  # between two looks: time for a batch to gather
LOOK_AGAIN_SECONDS = 0.25

logger = logging.getLogger(__name__)


class FeedbackStore(Protocol):
    """The part of the store that labels need; StoreUnavailable says that the database is away."""

    async def sampled_predictions(self, request_ids: Collection[str]) -> list[SampledPrediction]:
        """Return the predictions with these request ids."""

    async def classes(self, package_sha256s: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the classes of those of the packages that are known."""

    async def write_feedback(self, feedback: Sequence[Feedback]) -> None:
        """Store the feedback; of several about one prediction the last one stays."""


class TooManyWaiting(Exception):
    """As many labels as allowed are waiting already."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A label that waits for its sample until `until`, in the event loop's seconds."""

    label: Label
    until: float
    outcome: "asyncio.Future[Outcome]"
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class LabelJoiner:
    """Takes labels in and tells what became of each; `run` does the work."""

    def __init__(self, store: FeedbackStore, sample_rate: float) -> None:
        self._store = store
        self._sample_rate = sample_rate
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._classes: dict[str, tuple[str, ...]] = {}

    async def join(self, labels: Sequence[Label]) -> list[Outcome]:
        """Join each label, and return what became of it when that is in the database.

        Raises:
            TooManyWaiting: try again later.
            StoreUnavailable: the database is away; the same labels may be given again.
        """
        if len(self._waiting) + len(labels) > MOST_WAITING:
            raise TooManyWaiting
        loop = asyncio.get_running_loop()
        waiting = [
            _Waiting(label, loop.time() + self._patience(label), loop.create_future()) for label in labels
        ]
        self._waiting += waiting
        self._arrived.set()
        return list(await asyncio.gather(*(one.outcome for one in waiting)))

    def _patience(self, label: Label) -> float:
        return SAMPLE_SECONDS if is_sampled(label.request_id, self._sample_rate) else 0.0

    async def run(self) -> None:
        """Look for the labels' samples until cancelled."""
        while True:
            await self._something_to_do()
            await self._look()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _something_to_do(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS if self._waiting else None):
                await self._arrived.wait()
        except TimeoutError:
            return  # for those whose sample was not there

    async def _look(self) -> None:
        self._arrived.clear()
        # In the order of their coming, so that of two about one prediction the later one counts.
        looked_at = [one for one in self._waiting if not one.outcome.done()]
        try:
            outcomes = await self._outcomes(looked_at)
            await self._write([one for one in outcomes.values() if isinstance(one, Feedback)])
        except Exception as error:  # must not end the looking for all further labels
            if not isinstance(error, StoreUnavailable):
                logger.exception("labels could not be joined")
            for one in looked_at:
                if not one.outcome.done():
                    one.outcome.set_exception(error)
        else:
            for one, outcome in outcomes.items():
                if not one.outcome.done():
                    one.outcome.set_result(outcome)
        self._waiting = [one for one in self._waiting if not one.outcome.done()]

    async def _outcomes(self, looked_at: Sequence[_Waiting]) -> dict[_Waiting, Outcome]:
        """Return what became of those labels about which that is known."""
        if not looked_at:
            return {}
        now = asyncio.get_running_loop().time()
        by_id: defaultdict[str, list[SampledPrediction]] = defaultdict(list)
        for found in await self._store.sampled_predictions({one.label.request_id for one in looked_at}):
            by_id[found.request_id].append(found)
        await self._learn_classes({one.package_sha256 for some in by_id.values() for one in some})
        outcomes: dict[_Waiting, Outcome] = {}
        for one in looked_at:
            if predictions := by_id.get(one.label.request_id):
                outcomes[one] = judge(one.label, predictions, self._classes, one.received_at)
            elif now >= one.until:
                outcomes[one] = unknown(one.label, self._sample_rate)
        return outcomes

    async def _learn_classes(self, packages: Collection[str]) -> None:
        if new := [one for one in packages if one not in self._classes]:
            self._classes |= await self._store.classes(new)

    async def _write(self, feedback: Sequence[Feedback]) -> None:
        if feedback:
            await self._store.write_feedback(feedback)
