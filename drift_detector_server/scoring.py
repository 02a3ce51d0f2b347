"""The job: fetch the next window, score it, store the result, move the cursor.

Killed at any instant it loses no window and scores none twice. A result's key is the cursor's position
that its window starts after, and the cursor moves only after the result is there. Killed before the
result: the window is fetched again. Killed between the two: the result is found under its key and the
cursor is moved to the very end that the result names, even when more samples have come in since.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from drift_detector_server.detectors.score import Score
from drift_detector_server.metrics import RECENT, DriftMetrics
from drift_detector_server.reference import Reference
from drift_detector_server.scorer import Scorer
from drift_detector_server.windows import Selection, WindowRule, select
from mongodb.documents import FeatureResult, Result, Sample, StoredSample
from mongodb.positions import settled_before
from mongodb.store import Store

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class WindowScoring:
    """Scores the windows of one slot, one after the other."""

    def __init__(
        self,
        *,
        slot: str,
        store: Store,
        scorer: Scorer,
        reference: Reference,
        rule: WindowRule,
        p_value_threshold: float,
        metrics: DriftMetrics,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._slot = slot
        self._store = store
        self._scorer = scorer
        self._reference = reference
        self._rule = rule
        self._p_value_threshold = p_value_threshold
        self._metrics = metrics
        self._now = now
        self._warned_of = {(reference.model, reference.version)}

    async def score_next(self) -> bool:
        """Score the next window if one is due; False when none is."""
        position = await self._store.cursor(self._slot)
        result = await self._store.result(self._slot, position)
        if result is not None:  # killed, or overtaken by another detector, before the cursor was moved
            await self._store.move_cursor(self._slot, position, result.window_end)
            return True
        before = settled_before(self._now())
        waiting = await self._store.waiting_samples(self._slot, position, before, self._rule.size)
        if not self._rule.is_due(waiting, self._now()):
            return False
        await self._consume(position, waiting)
        return True

    async def _consume(self, position: str, window: list[StoredSample]) -> None:
        selection = select(window, self._reference.width, self._rule.min_samples)
        self._warn(selection)
        stored = True
        if selection.samples:
            score = await self._scorer.score(selection.embeddings, self._p_value_threshold)
            result = self._result(position, window[-1].position, selection, score)
            stored = await self._store.add_result(result)
            if stored:
                self._metrics.count_window(result.drift)
                self._log(result)
        if stored:  # otherwise another detector was faster, and its window may end elsewhere
            self._metrics.count_dropped(selection.dropped)
            await self._store.move_cursor(self._slot, position, window[-1].position)

    async def show(self) -> None:
        """Bring the gauges to what the database says."""
        results = await self._store.newest_results(self._slot, RECENT)
        position = await self._store.cursor(self._slot)
        self._metrics.show(results, await self._store.count_waiting(self._slot, position))

    def _result(self, position: str, end: str, selection: Selection, score: Score) -> Result:
        times = [sample.created_at for sample in selection.samples]
        return Result(
            slot=self._slot,
            window=position,
            window_end=end,
            n=len(selection.samples),
            dropped=selection.dropped.total(),
            p_value=score.p_value,
            distance=score.distance,
            threshold=score.threshold,
            p_value_threshold=self._p_value_threshold,
            drift=score.drift,
            detector=self._scorer.detector.name,
            reference_sha256=self._reference.sha256,
            first_sample_at=min(times),
            last_sample_at=max(times),
            scored_at=self._now(),
            features=tuple(FeatureResult(**asdict(feature)) for feature in score.features),
        )

    def _log(self, result: Result) -> None:
        numbers = {"n": result.n, "p_value": result.p_value, "distance": result.distance}
        extra = {"window": result.window, "threshold": result.threshold, "drift": result.drift, **numbers}
        if result.features:
            extra["drifted_features"] = [feature.name for feature in result.features if feature.drift]
        logger.info("window scored", extra=extra)

    def _warn(self, selection: Selection) -> None:
        if selection.dropped:
            dropped = ", ".join(f"{count} {reason}" for reason, count in selection.dropped.items())
            width = self._reference.width
            logger.warning("samples of a window not scored (%s): the reference has width %d", dropped, width)
        for sample in selection.samples:
            self._warn_of_model(sample)

    def _warn_of_model(self, sample: Sample) -> None:
        if (sample.model, sample.version) in self._warned_of:
            return
        self._warned_of.add((sample.model, sample.version))
        logger.warning(
            "samples of %s %s are compared with the reference of %s %s: compute the reference of this slot's"
            " model with `python -m inference.reference` and restart the detector",
            *(sample.model, sample.version, self._reference.model, self._reference.version),
        )
