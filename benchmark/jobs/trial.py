"""What is compared with what, turn about in one run, and the tables of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from benchmark.jobs.faults import FAULTS, INPUTS, suffer
from benchmark.jobs.faults import WORKERS as WORKERS_OF_FAULTS
from benchmark.jobs.measures import FullQueue, JobTimes, archive, megabytes, time_job
from benchmark.jobs.system import JobSystem
from benchmark.load.bodies import Bodies
from benchmark.load.outcome import Outcome
from benchmark.load.wrk import run_wrk

WORKERS = (1, 2, 3)
ONLINE = "online"
CONNECTIONS = (1, 8)
SATURATING = 16
ONLINE_SECONDS = 6
SMALL, LARGE = 10, 10_000


@dataclass(frozen=True)
class Trial:
    """A started system, and what it is given; figures are medians over `rounds`."""

    system: JobSystem
    images: Sequence[Path]
    bodies: Bodies
    cores: int
    rounds: int

    def memory(self) -> Table:
        """Measure what the programs take once they have worked."""
        with self._workers(1) as names:
            time_job(self.system, archive(self.images, 500))
            table = _table("Memory, MB (PSS)", "program", "MB")
            for name in ("rabbitmq", "job_server", *names):
                table.add_row(name, f"{megabytes(self.system, name):.0f}")
        return table

    def rates(self, inputs: int, bare: Callable[[int], float]) -> Table:
        """Compare jobs with the bare loop on as many cores, and with one request for each image."""
        limits: dict[int, list[float]] = {count: [] for count in WORKERS}
        jobs: dict[int, list[JobTimes]] = {count: [] for count in WORKERS}
        single: list[float] = []
        for _ in range(self.rounds):
            for count in WORKERS:
                limits[count].append(bare(min(count, self.cores)))
                with self._workers(count):
                    time_job(self.system, archive(self.images, 64 * count))  # each has loaded its model then
                    jobs[count].append(time_job(self.system, archive(self.images, inputs * count)))
            single.append(self._one_by_one().succeeded / ONLINE_SECONDS)
        table = _table(
            "Images per second",
            *("workers", "images/s", "bare loop, same cores", "of it", "overhead per input", "202 after"),
            "first result after",
        )
        for count in WORKERS:
            rate = median(one.per_second for one in jobs[count])
            ratio = median(
                one.per_second / limit for one, limit in zip(jobs[count], limits[count], strict=True)
            )
            cores = min(count, self.cores)
            overhead = median(
                cores / one.per_second - cores / limit
                for one, limit in zip(jobs[count], limits[count], strict=True)
            )
            accepted, first = (
                median(getattr(one, part) for one in jobs[count]) for part in ("accepted", "first")
            )
            table.add_row(
                f"{count}",
                f"{rate:.0f}",
                f"{median(limits[count]):.0f}",
                f"{ratio:.0%}",
                f"{1000 * overhead:.2f} ms of a core",
                f"{accepted:.2f} s",
                f"{first:.2f} s",
            )
        table.add_row(f"one POST /predict each, {SATURATING} connections", f"{median(single):.0f}")
        return table

    def fairness(self) -> Table:
        """Compare a small job alone with one that comes behind a large one."""
        small, large = archive(self.images, SMALL), archive(self.images, LARGE)
        table = _table(f"A job of {SMALL} images, seconds to its end", "alone", f"behind one of {LARGE}")
        with self._workers(2):
            alone = [time_job(self.system, small).ended for _ in range(self.rounds)]
            with FullQueue(self.system, large):
                behind = [time_job(self.system, small).ended for _ in range(self.rounds)]
        table.add_row(f"{median(alone):.2f}", f"{median(behind):.2f}")
        return table

    def online(self) -> Table:
        """Compare the model server's latency beside an empty queue and beside a full one, turn about."""
        body = archive(self.images, LARGE)
        table = _table(
            "POST /predict, ms",
            "connections",
            "p50",
            "p99",
            "p50, queue full",
            "p99, queue full",
            "p99 ratio",
        )
        self.system.start(ONLINE)
        for connections in CONNECTIONS:
            quiet, busy = [], []
            for _ in range(self.rounds):
                with self._workers(2):
                    quiet.append(self._load(connections))
                    with FullQueue(self.system, body):
                        busy.append(self._load(connections))
            ratio = median(b.p99_milliseconds / q.p99_milliseconds for q, b in zip(quiet, busy, strict=True))
            cells = [
                median(getattr(one, part) for one in runs)
                for runs in (quiet, busy)
                for part in ("p50_milliseconds", "p99_milliseconds")
            ]
            table.add_row(f"{connections}", *(f"{one:.1f}" for one in cells), f"{ratio:.2f}")
        self.system.stop(ONLINE)
        return table

    def faults(self) -> Table:
        """Have each fault happen to a job of its own, with two workers."""
        body = archive(self.images, INPUTS)
        table = _table(
            f"Faults during a job of {INPUTS} images", "fault", "lost", "doubled", "failed", "seconds"
        )
        with self._workers(len(WORKERS_OF_FAULTS)):
            for name, (fault, begun) in FAULTS.items():
                found = suffer(self.system, body, fault, begun=begun)
                cells = (found.lost, found.doubled, found.failed, round(found.seconds))
                table.add_row(name, *map(str, cells))
        return table

    def _one_by_one(self) -> Outcome:
        self.system.start(ONLINE)
        try:
            self._load(SATURATING)  # the first seconds of a server are not its usual ones
            return self._load(SATURATING)
        finally:
            self.system.stop(ONLINE)

    def _load(self, connections: int) -> Outcome:
        return run_wrk(self.system.predict_url, self.bodies, connections, ONLINE_SECONDS)

    @contextmanager
    def _workers(self, count: int) -> Iterator[list[str]]:
        names = [f"worker_{number}" for number in range(1, count + 1)]
        self.system.start(*names)
        try:
            yield names
        finally:
            self.system.stop(*reversed(names))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="right")
    return table
