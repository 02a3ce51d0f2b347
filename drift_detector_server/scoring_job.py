"""The job: fetch the next window, score it, store the result, move the cursor.

A window holds samples of one package, which are compared with that package's reference and no other. While
replicas reload one after the other, samples of two packages come in turns: each package has its own cursor.

Killed at any instant it loses no window and scores none twice. A result's key is its package and the cursor's
position that its window starts after, and the cursor moves only after the result is there. Killed before the
result: the window is fetched again. Killed between the two: the result is found under its key and the
cursor is moved to the very end that the result names, even when more samples have come in since.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial

from drift_detector_server.detectors.detector import Score
from drift_detector_server.executor import DetectorExecutor, in_daemon_thread
from drift_detector_server.metrics import DriftMetrics, Model
from drift_detector_server.packages import PackageDetector, Packages
from drift_detector_server.settings import DetectorSettings
from drift_detector_server.windows import Selection, WindowRule, select
from mongodb.documents import FeatureResult, PackageCursor, Result, StoredSample
from mongodb.positions import settled_before
from mongodb.store import Store
from service.clock import utc_now

logger = logging.getLogger(__name__)


def window_rule(settings: DetectorSettings) -> WindowRule:
    """Return when a window is due."""
    max_wait = timedelta(seconds=settings.window_max_wait_seconds)
    return WindowRule(settings.window_size, settings.window_min_samples, max_wait)


class ScoringJob:
    """Scores the windows of one slot, one after the other."""

    def __init__(
        self,
        *,
        slot: str,
        store: Store,
        executor: DetectorExecutor,
        packages: Packages,
        settings: Callable[[], DetectorSettings],
        metrics: DriftMetrics,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._slot = slot
        self._store = store
        self._executor = executor
        self._packages = packages
        self._settings = settings
        self._metrics = metrics
        self._now = now
        self._warned_of: set[str] = set()

    async def follow_package(self) -> None:
        """Take the package that lies in the slot's folder; this needs no database."""
        await in_daemon_thread(partial(self._packages.look, self._settings()))

    async def score_next(self) -> bool:
        """Score the next window of any package if one is due; False when none is."""
        settings = self._settings()
        before = settled_before(self._now())
        cursors = await self._store.look_for_packages(self._slot, before)
        await in_daemon_thread(partial(self._packages.notice, cursors))
        waiting = [cursor for cursor in cursors if cursor.has_waiting]
        self._packages.forget(cursor.package_sha256 for cursor in waiting)
        # What is left of other packages first: it comes to an end.
        for cursor in sorted(waiting, key=lambda one: self._packages.is_current(one.package_sha256)):
            if await self._score_next_of(cursor, settings, before):
                return True
        return False

    async def _score_next_of(self, cursor: PackageCursor, settings: DetectorSettings, before: str) -> bool:
        result = await self._store.result(self._slot, cursor.package_sha256, cursor.position)
        if result is not None:  # killed, or overtaken by another detector, before the cursor was moved
            await self._move(cursor, result.window_end)
            return True
        rule, now = window_rule(settings), self._now()
        waiting = await self._store.waiting_samples(
            self._slot, cursor.package_sha256, cursor.position, before, rule.size
        )
        if not waiting:
            return cursor.newest < before and await self._move(cursor, cursor.newest)  # they have expired
        package = await in_daemon_thread(partial(self._packages.of, cursor))
        if package is None:
            return rule.has_waited(waiting[0], now) and await self._drop(cursor, waiting)
        is_over = not self._packages.is_current(cursor.package_sha256) and rule.has_waited(waiting[-1], now)
        if not rule.is_due(waiting, now) and not is_over:
            return False
        await self._consume(cursor, waiting, package, settings)
        return True

    async def _drop(self, cursor: PackageCursor, window: list[StoredSample]) -> bool:
        if cursor.package_sha256 not in self._warned_of:
            self._warned_of.add(cursor.package_sha256)
            logger.warning(
                "samples of %s %s are not scored: the reference of their package %s is neither in the slot's"
                " package nor was it ever seen there. Put that package into the slot's folder"
                " (`python -m inference.reference` computes its reference) and run `make reload`",
                *(cursor.model, cursor.version, cursor.package_sha256[:12]),
            )
        self._metrics.count_dropped(_model(cursor), Counter(no_reference=len(window)))
        await self._move(cursor, window[-1].position)
        return True

    async def _consume(
        self,
        cursor: PackageCursor,
        window: list[StoredSample],
        package: PackageDetector,
        settings: DetectorSettings,
    ) -> None:
        width, end = package.reference.width, window[-1].position
        selection = select(window, width, settings.window_min_samples)
        if selection.dropped:
            dropped = ", ".join(f"{count} {reason}" for reason, count in selection.dropped.items())
            logger.warning(
                "samples of a window not scored (%s): the reference has width %d",
                *(dropped, width),
                extra={"package_sha256": cursor.package_sha256, "window": cursor.position, "window_end": end},
            )
        stored = True
        if selection.samples:
            threshold = settings.p_value_threshold
            score = await self._executor.score(package.detector, selection.embeddings, threshold)
            result = self._result(cursor, end, selection, score, package, p_value_threshold=threshold)
            stored = await self._store.add_result(result)
            if stored:
                self._metrics.count_window(_model(cursor), drift=result.drift)
                self._log(result)
        if stored:  # otherwise another detector was faster, and its window may end elsewhere
            self._metrics.count_dropped(_model(cursor), selection.dropped)
            await self._move(cursor, end)

    async def _move(self, cursor: PackageCursor, to: str) -> bool:
        await self._store.move_cursor(self._slot, cursor.package_sha256, cursor.position, to)
        return True

    async def show(self) -> None:
        """Bring the gauges to what the database says."""
        served, settings = self._packages.served, self._settings()
        backlog: Counter[Model] = Counter({Model(served.model, served.version): 0})
        cursors = {cursor.package_sha256: cursor for cursor in await self._store.cursors(self._slot)}
        cursors.setdefault(
            served.package_sha256, PackageCursor(served.package_sha256, served.model, served.version)
        )
        for sha256, cursor in cursors.items():
            if cursor.has_waiting or sha256 == served.package_sha256:
                count = await self._store.count_waiting(self._slot, sha256, cursor.position)
                backlog[_model(cursor)] += count
        limit = settings.recent_windows
        results = await self._store.newest_results(self._slot, limit, served.package_sha256)
        self._metrics.show(
            Model(served.model, served.version), results, backlog, settings.drifted_windows, self._now()
        )

    def _result(
        self,
        cursor: PackageCursor,
        end: str,
        selection: Selection,
        score: Score,
        package: PackageDetector,
        *,
        p_value_threshold: float,
    ) -> Result:
        times = [sample.created_at for sample in selection.samples]
        return Result(
            slot=self._slot,
            model=cursor.model,
            version=cursor.version,
            package_sha256=cursor.package_sha256,
            window=cursor.position,
            window_end=end,
            n=len(selection.samples),
            dropped=selection.dropped.total(),
            p_value=score.p_value,
            distance=score.distance,
            threshold=score.threshold,
            p_value_threshold=p_value_threshold,
            drift=score.drift,
            detector=package.detector.name,
            reference_sha256=package.reference.sha256,
            first_sample_at=min(times),
            last_sample_at=max(times),
            scored_at=self._now(),
            features=tuple(FeatureResult(**asdict(feature)) for feature in score.features),
        )

    def _log(self, result: Result) -> None:
        numbers = {"n": result.n, "p_value": result.p_value, "distance": result.distance}
        model = {"model": result.model, "version": result.version}
        extra = {**model, "window": result.window, "threshold": result.threshold, "drift": result.drift}
        extra |= numbers
        if result.features:
            extra["drifted_features"] = [feature.name for feature in result.features if feature.drift]
        logger.info("window scored", extra=extra)


def _model(cursor: PackageCursor) -> Model:
    return Model(cursor.model, cursor.version)
