"""The feedback job: what the labels that came say of the slot's models, computed from the database alone.

Labels come to any process of any slot, and of several about one prediction the last one counts: so no
counter of theirs could tell. Only users' predictions are counted, those of the last WINDOW.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from drift_detector_server.metrics import FeedbackMetrics, LabelledSamples, Model
from mongodb.documents import PackageCursor
from mongodb.positions import first_position_of
from mongodb.store import Store

WINDOW = timedelta(hours=24)
INTERVAL_SECONDS = 15.0


class FeedbackJob:
    """Shows the feedback about one slot."""

    def __init__(
        self,
        slot: str,
        store: Store,
        metrics: FeedbackMetrics,
        served: Callable[[], Model],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._slot = slot
        self._store = store
        self._metrics = metrics
        self._served = served
        self._now = now

    async def show(self) -> None:
        """Bring the gauges to what the database says."""
        after = first_position_of(self._now() - WINDOW)
        by_model: defaultdict[Model, LabelledSamples] = defaultdict(LabelledSamples)
        by_model[self._served()] = LabelledSamples()
        for cursor in await self._store.cursors(self._slot):
            if cursor.newest > after:
                by_model[Model(cursor.model, cursor.version)] += await self._of_package(cursor, after)
        self._metrics.show(by_model)

    async def _of_package(self, cursor: PackageCursor, after: str) -> LabelledSamples:
        samples = await self._store.count_waiting(self._slot, cursor.package_sha256, after)
        return LabelledSamples(
            samples, await self._store.feedback_sums(self._slot, cursor.package_sha256, after)
        )
