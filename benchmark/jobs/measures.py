"""What is measured of jobs, each as a number: rates, delays, memory, and what the online server feels."""

import io
import json
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmark.jobs.system import JobSystem
from benchmark.memory import MEGABYTE, taken
from job_server.job import ENDED

LOOK_SECONDS = 0.1


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
        while (now := http.get(f"/jobs/{job}").json())["state"] not in ENDED:
            if now["done"] and not first:
                first = time.perf_counter() - started
            time.sleep(LOOK_SECONDS)
        ended = time.perf_counter() - started
        if now["failed"] or filenames(http, job) != [f"{number}.jpg" for number in range(now["total"])]:
            raise AssertionError(f"not each input has its one result: {now}")
        return JobTimes(now["total"], accepted, first or ended, ended)


def filenames(http: httpx.Client, job: str) -> list[str]:
    """Return which input each of a job's results is about."""
    lines = http.get(f"/jobs/{job}/results").raise_for_status().text.splitlines()
    return [str(json.loads(line)["filename"]) for line in lines]


class FullQueue:
    """Has large jobs open while it is entered, so that no worker is without work."""

    def __init__(self, system: JobSystem, body: bytes, *, jobs: int = 2) -> None:
        self._body, self._count = body, jobs
        self._http = httpx.Client(base_url=system.url, timeout=120, trust_env=False)
        self._jobs: list[str] = []

    def __enter__(self) -> "FullQueue":
        self._jobs = [submit(self._http, self._body) for _ in range(self._count)]
        while not self._look(0)["done"]:
            time.sleep(LOOK_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._look(-1)["state"] in ENDED:
            raise AssertionError("the queue was not full all the time: hand in more")
        for one in self._jobs:
            self._http.delete(f"/jobs/{one}")
        self._http.close()

    def _look(self, number: int) -> dict[str, Any]:
        return dict(self._http.get(f"/jobs/{self._jobs[number]}").json())


def megabytes(system: JobSystem, *names: str) -> float:
    """Return what programs take now, with the processes that they started (PSS)."""
    processes = [one for name in names for one in system.started[name].processes()]
    return sum(map(taken, processes)) / MEGABYTE
