"""retraining/steps/collect.py: however often it is killed, a run has the data set that it has made."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from examples.tabular.data import FOLDER
from inference.kept_packages import KeptPackages
from inference.manifest import read_manifest
from retraining.learning.work import DATASET
from retraining.runs.folder import Runs
from retraining.runs.running import NotNow, Waits
from retraining.steps.collect import Amount, Collect
from service import durable
from tests.unit.retraining.datasets.test_freezing import FakeRepository, Killed
from tests.unit.training_data.records import IMAGES, record
from training_data.intake import INBOX, Intake

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class FakePackages:
    """Have none: what a step notes of them is not asked for here."""

    def keep(self, _: Path) -> None:
        raise NotNow("noted")


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    intake = Intake(tmp_path, IMAGES)
    intake.prepare()
    return intake


def arrive(intake: Intake, first: int, count: int) -> None:
    records = [record(number) for number in range(first, first + count)]
    intake.note(intake.store(records), records, {}, {})


def collecting(intake: Intake, runs: Runs, repository: FakeRepository) -> Collect:
    return Collect(
        runs=runs,
        intake=intake,
        repository=repository,
        packages=cast(KeptPackages, FakePackages()),
        production=Path("none"),
        training=Path("none"),
        amount=Amount(10, 5, 60, 1000),
        next_version=lambda *_: "2",
        clock=lambda: NOON,
        code_commit="",
    )


@pytest.mark.parametrize("at", ["the commit", "the note"])
def test_killed_after_the_data_set_was_made_the_run_has_it(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """The inbox is empty then, and the run waited in vain for what it had taken itself."""
    runs, repository = Runs(tmp_path / "runs"), FakeRepository(tmp_path / "repository")
    run = runs.begin("asked", "ann", "", NOON)
    collect = collecting(intake, runs, repository)
    arrive(intake, 0, 3)
    assert isinstance(collect(run), Waits)
    arrive(intake, 3, 10)
    write = durable.write

    def die(path: Path, data: bytes) -> None:
        if path.name == DATASET:
            raise Killed
        write(path, data)

    with monkeypatch.context() as patches:
        patches.setattr("retraining.steps.collect.durable.write", die)
        repository.dies_after = at == "the commit"
        with pytest.raises(Killed):
            collect(run)
    repository.dies_after = False
    arrive(intake, 20, 1)
    with pytest.raises(NotNow, match="noted"):
        collect(run)
    assert repository.tags() == ["dataset-1"]
    assert [path.name for path in (intake.folder / INBOX).iterdir()] == ["inbox-00000003.zip"]
    assert (runs.path(run.id) / DATASET).exists()


def test_a_package_of_another_task_is_waited_out(intake: Intake, tmp_path: Path) -> None:
    """A process that learns would fail at the first record, with words of its own."""
    runs, repository = Runs(tmp_path / "runs"), FakeRepository(tmp_path / "repository")
    run = runs.begin("asked", "ann", "", NOON)
    arrive(intake, 0, 10)
    collect = collecting(intake, runs, repository)
    identity = SimpleNamespace(manifest=read_manifest(FOLDER / "loans/model"), sha256="1" * 64)
    loans = SimpleNamespace(keep=lambda _: identity, path=Path)
    with pytest.raises(NotNow, match="restart this program"):
        replace(collect, packages=cast(KeptPackages, loans))(run)
