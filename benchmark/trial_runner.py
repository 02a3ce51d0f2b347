"""Measure a system that runs: check its answers, warm it up, load it, case after case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.cases import REGRESSOR, Case
from benchmark.checking import check_images, check_number, cool_down
from benchmark.config import BenchmarkConfig
from benchmark.interference import CpuReading, read_cpu, share_of_others
from benchmark.load.bodies import Bodies, write_bodies, write_numbers
from benchmark.load.hey import run_hey
from benchmark.load.outcome import Outcome
from benchmark.load.wrk import run_wrk
from benchmark.measurement import Measurement
from benchmark.memory import PeakMemory
from benchmark.plan import Trial
from benchmark.running import Running

WARM_UP_SECONDS = 2
WARM_UP_CONNECTIONS = 64
LARGE = "12 MP"  # not warmed up for: a queue of these takes longer to empty than to measure
Labels = Mapping[str, Mapping[str, str]]  # by the payload's name, then by the image's


@dataclass(frozen=True)
class RunningSystem:
    """A system that is ready, and the database beside it."""

    url: str
    servers: Sequence[Running]
    database: Sequence[Running]

    def cpu(self) -> CpuReading:
        """Read the machine's CPU seconds and those of what runs here."""
        return read_cpu([*self.servers, *self.database])


class TrialRunner:
    """Measures cases; `labels` says what the network itself sees on the images."""

    def __init__(self, config: BenchmarkConfig, labels: Labels) -> None:
        self.config = config
        self.labels = labels

    def cases(self, trial: Trial, ready: RunningSystem, keep: Callable[[Measurement], None]) -> None:
        """Measure all cases of a trial and hand over each as it comes.

        Raises:
            WrongAnswer, LoadFailed: the system does not do what it should.
        """
        for case in trial.cases:
            bodies = self._bodies(case, trial.system.form)
            self._check(case, ready.url, bodies)
            self._warm_up(case, ready.url, bodies)
            keep(self._measure(trial, case, bodies, ready))
            cool_down(ready.url, bodies)

    def _measure(self, trial: Trial, case: Case, bodies: Bodies, ready: RunningSystem) -> Measurement:
        before = ready.cpu()
        with PeakMemory(ready.servers) as memory:
            outcome = self._load(case, ready.url, bodies)
        others = share_of_others(before, ready.cpu(), self.config.cores)
        return Measurement(
            trial.system.name,
            case,
            trial.round,
            outcome.seconds,
            outcome.succeeded,
            outcome.failures,
            outcome.p50_milliseconds,
            outcome.p99_milliseconds,
            memory.megabytes,
            others,
        )

    def _load(self, case: Case, url: str, bodies: Bodies) -> Outcome:
        if case.tool == "wrk":
            return run_wrk(url, bodies, case.concurrency, self.config.seconds)
        return run_hey(url, bodies, case.concurrency, case.requests)

    def _warm_up(self, case: Case, url: str, bodies: Bodies) -> None:
        if case.payload != LARGE:
            run_wrk(url, bodies, min(case.concurrency, WARM_UP_CONNECTIONS), WARM_UP_SECONDS)
            cool_down(url, bodies)

    def _check(self, case: Case, url: str, bodies: Bodies) -> None:
        if case.payload == REGRESSOR:
            check_number(url, bodies)
        else:
            labels = self.labels[case.payload]
            check_images(url, bodies, labels, set(labels.values()))

    def _bodies(self, case: Case, form: str) -> Bodies:
        if case.payload == REGRESSOR:
            return write_numbers(self.config.bodies)
        folder = self.config.bodies / case.payload.replace(" ", "-")
        return write_bodies(self.config.images[case.payload], form, folder)
