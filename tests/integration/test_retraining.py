"""A run from collected records to a decision, with the real learning, git and DVC; the release is a fake."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.tabular.build import build
from inference.identity import identify
from inference.lineage import read_lineage
from inference.manifest import read_manifest
from retraining.runs.run import Outcome, Run
from tests.integration.retraining_program import GOLDEN_ROWS, TOKEN, FakeRelease, collect, program, served
from tests.integration.server_program import ServerProgram
from tests.waiting import until

STEPS = [
    "collect",
    "inspect",
    "check",
    "train",
    "predict",
    "judge",
    "pack",
    "package",
    "push",
    "release",
    "decide",
]
RECORDS = 1200
TAGS = ["dataset-1", "dataset-2", "model-2"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in production."""
    folder = tmp_path_factory.mktemp("production")
    build("loans", folder)
    return folder / "model"


@pytest.fixture
def release() -> Iterator[tuple[FakeRelease, str]]:
    fake = FakeRelease()
    with served(fake) as url:
        yield fake, url


Start = Callable[[Path], ServerProgram]


@pytest.fixture
def start(package: Path, release: tuple[FakeRelease, str]) -> Iterator[Start]:
    """Start the program on a folder, ready, with no records but those to begin with."""
    with ExitStack() as started:

        def start(folder: Path) -> ServerProgram:
            retraining = program(folder, package, release[1])
            started.callback(retraining.kill)
            retraining.start()
            retraining.wait_until_ready()
            return retraining

        yield start


def begin(retraining: ServerProgram) -> str:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"http://127.0.0.1:{retraining.port}/runs"
    answer = httpx.post(url, json={"who": "me", "why": "a test"}, headers=headers, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def newest(retraining: ServerProgram) -> Run:
    return Run.model_validate(retraining.get("/runs").json()[0])


def wait_for_end(retraining: ServerProgram) -> Run:
    until("the run's end is told", lambda: newest(retraining).told, 180)
    return newest(retraining)


def model_of(folder: Path) -> Path:
    (model,) = (folder / "models").iterdir()
    return model


def test_a_run_renews_the_model(
    tmp_path: Path, package: Path, release: tuple[FakeRelease, str], start: Start
) -> None:
    """The candidate knows where it comes from; it is released, and people are told."""
    fake, _ = release
    retraining = start(tmp_path)
    collect(tmp_path / "data", package, RECORDS)
    begin(retraining)
    run = wait_for_end(retraining)
    retraining.stop()
    assert run.outcome is Outcome.PROMOTED, run
    assert list(run.steps) == STEPS
    model = model_of(tmp_path)
    manifest = read_manifest(model)
    lineage = read_lineage(model, manifest)
    assert lineage is not None
    assert (manifest.name, manifest.version) == ("loans", "2")
    assert lineage.parent is not None
    assert lineage.parent.package_sha256 == identify(package).sha256
    assert sum(lineage.dataset.records["golden"].values()) == GOLDEN_ROWS
    assert lineage.metrics["golden"].accuracy == pytest.approx(0.8, abs=0.05)
    assert [one["package"] for one in fake.started] == [identify(model).sha256]
    (message,) = fake.told
    assert message["subject"] == "Retraining: a renewed model is in production"
    (report,) = tmp_path.glob(f"data/*/runs/{run.id}/report.html")
    assert "A renewed model is in production" in report.read_text("utf-8")
    assert message["lines"][-1].endswith(f"/runs/{run.id}/report")


def test_wrong_labels_leave_production_as_it_is(
    tmp_path: Path, package: Path, release: tuple[FakeRelease, str], start: Start
) -> None:
    """Nothing is trained, nothing released, and people are told why, with the numbers."""
    fake, _ = release
    retraining = start(tmp_path)
    collect(tmp_path / "data", package, RECORDS, flipped=0.5)
    begin(retraining)
    run = wait_for_end(retraining)
    retraining.stop()
    assert run.outcome is Outcome.DATA_REFUSED, run
    assert "train" not in run.steps
    assert fake.started == []
    (message,) = fake.told
    assert any("label_noise" in line for line in message["lines"])


def test_killed_in_every_step_a_run_is_done_once(
    tmp_path: Path, package: Path, release: tuple[FakeRelease, str], start: Start
) -> None:
    """One data set, one model, one release, one message."""
    fake, _ = release
    fake.phase = "running"
    retraining = start(tmp_path)
    collect(tmp_path / "data", package, RECORDS)
    begin(retraining)
    for step in STEPS:
        until(f"the step {step}", lambda step=step: step in steps_of(tmp_path), 120)  # type: ignore[misc]
        retraining.kill()
        if step == "decide":
            fake.phase = "promoted"
        retraining.start()
    retraining.wait_until_ready()
    run = wait_for_end(retraining)
    retraining.stop()
    assert run.outcome is Outcome.PROMOTED, run
    assert [step.failures for step in run.steps.values()] == [0] * len(STEPS)
    assert len(fake.started) == 1
    assert len(fake.told) == 1
    model_of(tmp_path)
    (repository,) = (tmp_path / "data").glob("*/repository")
    assert sorted(path.name for path in (repository / ".git/refs/tags").iterdir()) == TAGS


def steps_of(folder: Path) -> dict[str, Any]:
    """Return how far the run is, from its file."""
    (file,) = (folder / "data").glob("*/runs/*/run.json")
    found: dict[str, Any] = json.loads(file.read_bytes())["steps"]
    return found


def test_the_same_data_and_seed_make_the_same_weights(tmp_path: Path, package: Path, start: Start) -> None:
    """Two runs in two places, with two processes."""
    found = set()
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        retraining = start(folder)
        collect(folder / "data", package, RECORDS)
        begin(retraining)
        assert wait_for_end(retraining).outcome is Outcome.PROMOTED
        retraining.stop()
        (training,) = (folder / "data").glob("*/runs/*/training.json")
        found.add(json.loads(training.read_bytes())["weights_sha256"])
    assert len(found) == 1


def test_a_run_is_begun_and_stopped_with_the_token(tmp_path: Path, start: Start) -> None:
    """Nobody else begins one."""
    retraining = start(tmp_path)
    assert retraining.post("/runs", {}).status_code == 401
    assert retraining.get("/runs").json() == []
    run = begin(retraining)
    assert retraining.post(f"/runs/{run}/stop", {}).status_code == 401
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"http://127.0.0.1:{retraining.port}/runs/{run}/stop"
    assert httpx.post(url, json={"who": "me"}, headers=headers, timeout=10).status_code == 200
    assert wait_for_end(retraining).outcome is Outcome.STOPPED
    assert httpx.post(url, json={"who": "me"}, headers=headers, timeout=10).status_code == 409
    retraining.stop()
