"""Faults while a job runs, and what became of its inputs: each is to have exactly one result."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from benchmark.jobs.measures import filenames, submit
from benchmark.jobs.system import JobSystem
from job_server.job import ENDED

INPUTS = 5000
KILLS, AWAY_SECONDS = 50, 60.0
WORKERS = ("worker_1", "worker_2")
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.1

Fault = Callable[[JobSystem, Callable[[], None]], None]


@dataclass(frozen=True)
class Outcome:
    """Inputs without a result, results beyond the first of an input, and inputs that got an error."""

    lost: int
    doubled: int
    failed: int
    seconds: float


def kill_workers(system: JobSystem, wait_for_more: Callable[[], None]) -> None:
    """SIGKILL what predicts, or all of a worker, at random."""
    draw = random.Random(10)
    for _ in range(KILLS):
        name = draw.choice(WORKERS)
        if draw.random() < 0.2:
            system.kill(name)
            system.start(name)
        else:
            system.kill_child(name)
        wait_for_more()


def restart_broker(system: JobSystem, _: Callable[[], None]) -> None:
    """SIGKILL RabbitMQ, and start it at once."""
    system.kill("rabbitmq")
    system.start("rabbitmq")


def away(name: str) -> Fault:
    """Return the fault that a program is away for a minute."""

    def happen(system: JobSystem, _: Callable[[], None]) -> None:
        system.kill(name)
        time.sleep(AWAY_SECONDS)
        system.start(name)

    return happen


def restart_server(system: JobSystem, _: Callable[[], None]) -> None:
    """SIGKILL the job server."""
    system.kill("job_server")
    system.start("job_server")


# A fault, and whether the job has begun then, or has just been accepted.
FAULTS: dict[str, tuple[Fault, bool]] = {
    f"{KILLS} SIGKILLs of workers": (kill_workers, True),
    "RabbitMQ killed, started again": (restart_broker, True),
    f"RabbitMQ away for {AWAY_SECONDS:.0f} s": (away("rabbitmq"), True),
    f"MongoDB away for {AWAY_SECONDS:.0f} s": (away("mongodb"), True),
    "job server killed after its 202": (restart_server, False),
}


def suffer(system: JobSystem, body: bytes, fault: Fault, *, begun: bool) -> Outcome:
    """Hand a job in, have the fault happen, wait for the job's end, and count."""
    with httpx.Client(base_url=system.url, timeout=120, trust_env=False) as http:
        started = time.monotonic()
        job = submit(http, body)

        def look() -> int | None:
            """Return how many inputs are done, None once all are; wait where nobody answers."""
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise AssertionError("the job does not end")
            try:
                answer = http.get(f"/jobs/{job}")
            except httpx.TransportError:
                return -1
            if answer.status_code != httpx.codes.OK:
                return -1
            return int(answer.json()["done"]) if answer.json()["state"] not in ENDED else None

        def wait_for_more() -> None:
            before = look()
            while before is not None and (now := look()) is not None and now <= before:
                time.sleep(LOOK_SECONDS)

        if begun:
            wait_for_more()
        fault(system, wait_for_more)
        while look() is not None:
            time.sleep(LOOK_SECONDS)
        counts = Counter(filenames(http, job))
        expected = {f"{number}.jpg" for number in range(INPUTS)}
        return Outcome(
            lost=len(expected - counts.keys()),
            doubled=sum(count - 1 for count in counts.values()),
            failed=http.get(f"/jobs/{job}").json()["failed"],
            seconds=time.monotonic() - started,
        )
