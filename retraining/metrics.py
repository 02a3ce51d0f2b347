"""What Prometheus is told of runs; it is all in their folders, so a restart resets nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from retraining.runs.run import Outcome, Run


class RetrainingMetrics:
    """A collector of the runs that were noted last."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._runs: Sequence[Run] | None = None
        self._waiting = 0
        registry.register(self)

    def note(self, runs: Sequence[Run], waiting_records: int) -> None:
        """Take over all runs, the newest first, and how many records no data set has taken."""
        self._runs, self._waiting = runs, waiting_records

    def collect(self) -> Iterator[Metric]:
        """Yield what is known; nothing before it is read: a counter would jump from 0 at each start."""
        if self._runs is None:
            return
        outcomes = Counter(run.outcome for run in self._runs)
        ended = CounterMetricFamily("retraining_runs", "Runs that ended.", labels=["slot", "outcome"])
        for outcome in Outcome:
            ended.add_metric([self._slot, outcome], outcomes[outcome])
        yield ended
        newest = self._runs[0] if self._runs else None
        yield self._gauge(
            "retraining_running", "1 while a run is under way.", float(bool(newest and not newest.outcome))
        )
        yield self._gauge("retraining_waiting_records", "Records that no data set has taken.", self._waiting)
        if newest:
            yield self._gauge(
                "retraining_last_began_timestamp_seconds",
                "When the last run began.",
                newest.begun_at.timestamp(),
            )
            seconds = GaugeMetricFamily(
                "retraining_step_seconds", "How long each step of the last run took.", labels=["slot", "step"]
            )
            for name, step in newest.steps.items():
                if step.ended_at:
                    seconds.add_metric([self._slot, name], (step.ended_at - step.begun_at).total_seconds())
            yield seconds

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(name, text, labels=["slot"])
        gauge.add_metric([self._slot], value)
        return gauge
