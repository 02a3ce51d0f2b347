"""The controller as its job runs it: each tick is counted, and what it left is shown to Prometheus."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from mongodb.errors import StoreUnavailable
from release.controller import Controller
from release.documents import Decision, read_gate
from release.judge import Judge
from release.lifecycle import Release
from release.metrics import DONE, FAILED, MOST_DECISIONS, ReleaseMetrics, View
from release.split_file import CannotRead, SplitFile
from release.store import ReleaseStore
from release.verdict.gate import Gate


class Observation:
    """Ticks, and shows what came of it: after a restart too, from the first tick on."""

    def __init__(
        self,
        *,
        controller: Controller,
        store: ReleaseStore,
        judge: Judge,
        split_file: SplitFile,
        metrics: ReleaseMetrics,
        now: Callable[[], datetime],
    ) -> None:
        self._controller = controller
        self._store = store
        self._judge = judge
        self._split_file = split_file
        self._metrics = metrics
        self._now = now
        self._decisions: Sequence[Decision] | None = None  # not known yet
        self._looks: tuple[str, int] = ("", 0)  # of which release, as the store had it when it was first seen

    async def tick(self) -> None:
        """Tick once; what the tick raises is counted and raised."""
        try:
            await self._controller.tick()
        except Exception:
            self._metrics.count_tick(FAILED, self._now())
            if self._controller.latest is not None:  # else nobody knows whether there is a release
                with suppress(StoreUnavailable):
                    await self._show()
            raise
        self._metrics.count_tick(DONE, self._now())
        await self._show()

    async def _show(self) -> None:
        latest = self._controller.latest
        decisions = await self._newest_decisions(latest[1] if latest else None)
        if latest is None:
            self._metrics.show(View(weights=self._weights(), decisions=decisions))
            return
        release, decision = latest
        seen = self._judge.seen if self._judge.seen and self._judge.seen.release == release.id else None
        view = View(
            release=release,
            decision=decision,
            gates=seen.gates if seen else self._decided_by(release),
            looks=seen.looks if seen else await self._count_looks(release),
            weights=self._weights(),
            decisions=decisions,
        )
        self._metrics.show(view)

    async def _newest_decisions(self, last: Decision | None) -> Sequence[Decision]:
        """Return what was decided; the log is asked only for what is not known yet.

        People's orders between releases are the last decision about none.
        """
        known = {one.id for one in self._decisions or ()}
        there = {one for one in (last.id if last else "", self._store.recorded) if one}
        if self._decisions is None or there - known:
            self._decisions = await self._store.decisions(MOST_DECISIONS)
        return self._decisions

    def _decided_by(self, release: Release) -> Sequence[Gate]:
        """Return what the last decision with numbers was based on: the last look is not kept elsewhere."""
        based = (one.gates for one in self._decisions or () if one.release == release.id and one.gates)
        return [read_gate(document) for document in next(based, ())]

    async def _count_looks(self, release: Release) -> int:
        if self._looks[0] != release.id:
            kept = await self._store.counters(release.id)
            self._looks = release.id, kept[0] if kept else 0
        return self._looks[1]

    def _weights(self) -> Mapping[str, int]:
        try:
            return self._split_file.read().weights
        except CannotRead:
            return {}
