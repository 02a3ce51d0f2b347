"""retraining/preparation.py: done once, whoever asks first."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest

from retraining.datasets.freezing import newest
from retraining.importing import import_examples
from retraining.preparation import Preparation, prepare
from tests.unit.retraining.datasets.test_freezing import FakeRepository
from tests.unit.training_data.records import ROWS
from training_data.intake import Intake
from training_data.sides import GOLDEN, TRAIN


def test_two_that_ask_at_once_prepare_once() -> None:
    """Both wait until it is done."""
    calls: list[int] = []

    def prepare() -> None:
        calls.append(1)
        sleep(0.05)  # long enough for the other one to come meanwhile

    preparation, found = Preparation(prepare), list[bool]()
    threads = [Thread(target=lambda: found.append(preparation.done())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True, True]
    assert len(calls) == 1


def test_what_cannot_be_prepared_is_tried_again() -> None:
    """And says why meanwhile."""
    faults = iter([OSError("no room")])

    def prepare() -> None:
        if fault := next(faults, None):
            raise fault

    preparation = Preparation(prepare)
    assert not preparation.done()
    assert preparation.fault == "no room"
    assert preparation.done()


class PreparedRepository(FakeRepository):
    """It is there."""

    def prepare(self) -> None:
        """Need nothing."""


class Killed(BaseException):
    """The process ends here."""


def test_killed_between_the_golden_set_and_what_was_trained_on_it_takes_the_latter_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That there is a golden set does not mean that all was done."""
    for name, age in (("golden", 40), ("trained", 50)):
        (tmp_path / f"{name}.csv").write_text(f"age,income,label\n{age},1e3,repaid\n", "utf-8")
    intake = Intake(tmp_path / "data", ROWS)
    repository: Any = PreparedRepository(intake.folder / "repository")

    def prepare_it() -> None:
        prepare(
            intake,
            repository,
            golden=tmp_path / "golden.csv",
            trained=tmp_path / "trained.csv",
            most_records=100,
            now=datetime(2026, 11, 30, 12, tzinfo=UTC),
        )

    def die_at_the_second(*of: Any, golden: bool) -> int:
        if golden:
            return import_examples(*of, golden=True)
        raise Killed

    with monkeypatch.context() as patches:
        patches.setattr("retraining.preparation.import_examples", die_at_the_second)
        with pytest.raises(Killed):
            prepare_it()
    prepare_it()
    assert repository.tags() == ["dataset-1"]
    version = newest(repository)
    assert version is not None
    assert (version.size(GOLDEN), version.size(TRAIN)) == (1, 1)
