"""The detector killed by SIGKILL, again and again, while samples come in and packages change."""

import asyncio
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest

from mongodb.documents import Result, Sample
from mongodb.positions import START
from mongodb.store import Store
from service.traffic import TRIALS
from tests.integration.detector_program import (
    DetectorProgram,
    package_settings,
    until,
    write_normal_package,
)
from tests.model_package import sha256_of_package

SLOT, LEAST = "model_server", 10
END = "f" * 24
CHANGE_OVER_KILLS = 24


@dataclass(frozen=True)
class Package:
    """A package as it lies somewhere to be copied from; its embedding's width tells it from the other one."""

    folder: Path
    version: str
    width: int

    @property
    def sha256(self) -> str:
        """Return the package's checksum."""
        return sha256_of_package(self.folder)

    @property
    def reference_sha256(self) -> str:
        """Return the checksum of its reference."""
        return (self.folder / "artifacts/reference.sha256").read_text().split()[0]

    def copy_to(self, folder: Path) -> None:
        """Copy it as a person does, file by file: in between the folder holds a part of each."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


@pytest.fixture
def settings(mongodb_uri: str) -> dict[str, object]:
    """Give settings for windows of 40, or of 10 and more after a second."""
    return {
        "MONGODB_URI": mongodb_uri,
        "DETECTOR": "mmd",
        "PERMUTATIONS": 5000,  # so that a kill can meet it while it scores
        "WINDOW_SIZE": 40,
        "WINDOW_MIN_SAMPLES": LEAST,
        "WINDOW_MAX_WAIT_SECONDS": 1,
        "SCORE_INTERVAL_SECONDS": 0.2,
    }


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Give the package that is served."""
    package_settings(tmp_path)
    return Package(tmp_path / "package", "1", 8)


@pytest.fixture
def detector(tmp_path: Path, package: Package, settings: dict[str, object]) -> Iterator[DetectorProgram]:
    """Give the detector of this package."""
    folders = {"MODEL_PACKAGE": package.folder, "ARTIFACTS": tmp_path / "kept"}
    program = DetectorProgram(tmp_path / "detector.log", {**settings, **folders})
    yield program
    program.kill()


def made_by(
    package: Package, count: int, numbers: np.random.Generator, traffic: str = "user"
) -> list[Sample]:
    """Make samples of a package's model."""
    now, names = datetime.now(UTC), ("small-cnn", package.version, package.sha256)
    embeddings = numbers.normal(size=(count, package.width)).astype(np.float32)
    return [Sample("r", SLOT, *names, now, embedding, "apple", 0.9, traffic) for embedding in embeddings]


async def has_more_results_meanwhile(store: Store, detector: DetectorProgram, known: int) -> bool:
    """Tell the same of a detector that is started again when it ends, as a supervisor does.

    A start that meets a package half copied ends with one line, as it should.
    """
    if not detector.running:
        detector.start()
    return await has_more_results(store, known)


async def has_more_results(store: Store, known: int) -> bool:
    """Tell whether a result has come since."""
    return len(await store.newest_results(SLOT, 10_000)) > known


async def is_worked_off(store: Store, package: Package) -> bool:
    """Tell whether too few samples wait for a window."""
    position = await store.cursor(SLOT, package.sha256)
    return await store.count_waiting(SLOT, package.sha256, position) < LEAST


def given_up(detector: DetectorProgram, package: Package) -> dict[str, str]:
    """Return the ends of the package's windows that were given up as too small, by their starts."""
    lines = [line for line in detector.lines() if "too_few" in line["message"]]
    return {one["window"]: one["window_end"] for one in lines if one["package_sha256"] == package.sha256}


async def assert_each_sample_once(
    store: Store, detector: DetectorProgram, package: Package, written: int
) -> list[Result]:
    """Check that the package's windows follow each other up to the cursor, each with all between its ends."""
    samples = await store.waiting_samples(SLOT, package.sha256, START, END, written + 1)
    assert len(samples) == written
    results = {one.window: one for one in await store.newest_results(SLOT, 10_000, package.sha256)}
    too_small = given_up(detector, package)
    position, cursor = START, await store.cursor(SLOT, package.sha256)
    windows: list[Result] = []
    while position != cursor:
        result = results.get(position)
        end = result.window_end if result else too_small[position]
        inside = sum(position < one.position <= end for one in samples)
        assert inside == result.n if result else 0 < inside < LEAST
        windows += [result] if result else []
        position = end
    assert len(windows) == len(results)
    assert sum(one.position > cursor for one in samples) < LEAST
    return windows


async def test_killed_at_any_moment_no_window_is_missing_and_none_twice(
    store: Store, detector: DetectorProgram, package: Package
) -> None:
    """Eight kills, half of them as soon as a result is written: users' samples count once, trials' never."""
    moments, numbers, written = random.Random(20261121), np.random.default_rng(1), 0
    for kill in range(8):
        detector.start()
        detector.wait_until_ready()
        for _ in range(3):
            count = moments.randint(20, 90)
            samples = made_by(package, count, numbers)
            for traffic in TRIALS:
                samples += made_by(package, count // 3, numbers, traffic)
            moments.shuffle(samples)
            await store.insert_samples(samples)
            written += count
        known = len(await store.newest_results(SLOT, 10_000))
        if kill % 2:
            await until(lambda known=known: has_more_results(store, known))  # type: ignore[misc]
        else:
            await asyncio.sleep(moments.uniform(0, 4))
        detector.kill()
    detector.start()
    await until(lambda: is_worked_off(store, package))
    detector.kill()
    results = await assert_each_sample_once(store, detector, package, written)
    assert {result.n for result in results} - {40}, "no partial window was among them"


async def follows(detector: DetectorProgram, package: Package) -> bool:
    """Tell whether the detector compares with the package's reference."""
    batch = {"batch": [[0.0] * package.width, [1.0] * package.width]}
    with suppress(httpx.TransportError):
        return (await asyncio.to_thread(detector.post, "/driftdetect", batch)).status_code == 200
    return False


async def test_killed_while_packages_change_each_window_has_its_own_reference(
    store: Store, settings: dict[str, object], tmp_path: Path
) -> None:
    """Packages are swapped to and fro while samples of both come in, and the detector is killed all the time.

    No window is missing, no sample is in two, and none was compared with the other package's reference, which
    has another width. Only a remainder of the package that is not served may be too small for a window.
    """
    both = [
        Package(write_normal_package(tmp_path / version, width=width, version=version), version, width)
        for version, width in (("1", 8), ("2", 5))
    ]
    served = tmp_path / "served"
    program = {"MODEL_PACKAGE": served, "ARTIFACTS": tmp_path / "kept"}
    detector = DetectorProgram(tmp_path / "detector.log", {**settings, **program})
    moments, numbers = random.Random(20261122), np.random.default_rng(2)
    written = dict.fromkeys((package.sha256 for package in both), 0)

    async def swap_and_send(rounds: int) -> None:
        for _ in range(rounds):
            moments.choice(both).copy_to(served)
            mixed = [(package, moments.randint(0, 60)) for package in both]
            samples = [one for package, count in mixed for one in made_by(package, count, numbers)]
            moments.shuffle(samples)
            await store.insert_samples(samples)
            for package, count in mixed:
                written[package.sha256] += count
            await asyncio.sleep(moments.uniform(0, 1.5))

    try:
        both[0].copy_to(served)
        detector.start()
        for package in both:  # of a package that it has never seen it could know no reference
            package.copy_to(served)
            await until(lambda package=package: follows(detector, package), 120)  # type: ignore[misc]
        for kill in range(CHANGE_OVER_KILLS):
            known = len(await store.newest_results(SLOT, 10_000))
            await swap_and_send(2)
            if kill % 3 == 0:
                more = partial(has_more_results_meanwhile, store, detector, known)
                await until(more, 120)
                await asyncio.sleep(moments.uniform(0, 0.05))
            detector.kill()
            detector.start()
        detector.kill()
        moments.choice(both).copy_to(served)
        detector.start()
        for package in both:
            await until(lambda package=package: is_worked_off(store, package), 120)  # type: ignore[misc]
    finally:
        detector.kill()
    assert not re.search(r"\d width|are not scored|Traceback", detector.output.read_text())
    for package in both:
        results = await assert_each_sample_once(store, detector, package, written[package.sha256])
        assert len(results) > 5
        assert {result.reference_sha256 for result in results} == {package.reference_sha256}
        assert {(result.version, result.dropped) for result in results} == {(package.version, 0)}
        assert sum(result.drift for result in results) < len(results) / 3  # all of it is clean
