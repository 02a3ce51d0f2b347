"""What is measured of jobs, each as a number: rates, delays, memory, and what the online server feels."""

import io
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import httpx

from benchmark.jobs.system import JobSystem
from benchmark.memory import MEGABYTE, taken

LOOK_SECONDS = 0.02
OPEN = {"queued", "running"}


@dataclass(frozen=True)
class JobTimes:
    """Seconds from the first byte of the request: until 202, the first result, the last one."""

    inputs: int
    accepted: float
    first: float
    ended: float

    @property
    def per_second(self) -> float:
        """Return the rate over all of it: taking in, cutting, queueing and storing are part of it."""
        return self.inputs / self.ended


def archive(images: Sequence[Path], count: int) -> bytes:
    """Return a zip of so many images, the same ones over and over."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        for number in range(count):
            file.writestr(f"{number}.jpg", images[number % len(images)].read_bytes())
    return body.getvalue()


def submit(http: httpx.Client, body: bytes) -> str:
    """Hand a job in, and return its id."""
    answer = http.post("/jobs", content=body, headers={"Content-Type": "application/zip"})
    return str(answer.raise_for_status().json()["id"])


def time_job(system: JobSystem, body: bytes) -> JobTimes:
    """Hand a job in and wait for its end.

    Raises:
        AssertionError: not each input has its one result.
    """
    with httpx.Client(base_url=system.url, timeout=120, trust_env=False) as http:
        started = time.perf_counter()
        job = submit(http, body)
        accepted = time.perf_counter() - started
        first = 0.0
        while (now := http.get(f"/jobs/{job}").json())["state"] in OPEN:
            if now["done"] and not first:
                first = time.perf_counter() - started
            time.sleep(LOOK_SECONDS)
        ended = time.perf_counter() - started
        names = [line.partition('"filename": "')[2].partition('"')[0] for line in results(http, job)]
        if now["failed"] or names != [f"{number}.jpg" for number in range(now["total"])]:
            raise AssertionError(f"not each input has its one result: {now}")
        return JobTimes(now["total"], accepted, first or ended, ended)


def results(http: httpx.Client, job: str) -> list[str]:
    """Return the lines of a job's results."""
    return http.get(f"/jobs/{job}/results").raise_for_status().text.splitlines()


class FullQueue:
    """Keeps jobs open while it is entered, so that no worker is without work."""

    def __init__(self, system: JobSystem, body: bytes, *, open_jobs: int = 2) -> None:
        self._system, self._body, self._open_jobs = system, body, open_jobs
        self._begun, self._over = Event(), Event()
        self._thread = Thread(target=self._fill, daemon=True)

    def __enter__(self) -> "FullQueue":
        self._thread.start()
        self._begun.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _fill(self) -> None:
        with httpx.Client(base_url=self._system.url, timeout=120, trust_env=False) as http:
            mine: list[str] = []
            while not self._over.is_set():
                states = {one["id"]: one for one in http.get("/jobs").json()}
                mine = [one for one in mine if states[one]["state"] in OPEN]
                while len(mine) < self._open_jobs:
                    mine.append(submit(http, self._body))
                if any(one["done"] for one in states.values()):
                    self._begun.set()
                self._over.wait(0.5)
            for one in mine:
                http.delete(f"/jobs/{one}")


def megabytes(system: JobSystem, *names: str) -> float:
    """Return what programs take now, with the processes that they started (PSS)."""
    processes = [one for name in names for one in system.started[name].processes()]
    return sum(map(taken, processes)) / MEGABYTE
