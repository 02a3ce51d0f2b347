"""retraining/datasets: versions never change, and no record changes its side."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retraining.datasets.freezing import freeze, new_shards, newest
from retraining.datasets.version import DatasetVersion
from retraining.repository.repository import Version
from tests.unit.training_data.records import IMAGES, record
from training_data.intake import GOLDEN, INBOX, SHARDS, BadShard, Intake
from training_data.sides import HELD_OUT, TRAIN, TRAINED, side_of

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MANY = 10_000


class Killed(BaseException):
    """The process ends here."""


class FakeRepository:
    """Keeps what is committed, as a folder of files and small files by tag."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, dict[str, bytes]] = {}
        self.dies_after = False

    def tags(self, prefix: str = "") -> list[str]:
        return [tag for tag in self.kept if tag.startswith(prefix)]

    def read(self, tag: str, path: str) -> bytes:
        return self.kept[tag][path]

    def commit(self, version: Version) -> str:
        assert version.tag not in self.kept
        for name, files in version.data.items():
            copies = {file: path.read_bytes() for file, path in files.items()}
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir(parents=True)
            for file, content in copies.items():
                (self.folder / name / file).write_bytes(content)
        self.kept[version.tag] = dict(version.plain)
        if self.dies_after:
            raise Killed
        return "revision"


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    intake = Intake(tmp_path, IMAGES)
    intake.prepare()
    return intake


@pytest.fixture
def repository(intake: Intake) -> FakeRepository:
    return FakeRepository(intake.folder / "repository")


def collect(intake: Intake, first: int, count: int, folder: str = INBOX) -> None:
    records = [record(number) for number in range(first, first + count)]
    intake.note(intake.store(records, folder), records, {}, {})


def made(intake: Intake, repository: FakeRepository, most: int = MANY) -> DatasetVersion:
    version = freeze(intake, repository, most, NOON)
    assert version is not None
    return version


def test_a_version_has_what_was_collected(intake: Intake, repository: FakeRepository) -> None:
    """By side and class, with the times and offsets that it came from; the inbox is empty then."""
    collect(intake, 0, 50)
    collect(intake, 100, 5, GOLDEN)
    version = made(intake, repository)
    assert (version.number, version.parent) == (1, None)
    assert version.size("golden") == 5
    assert version.size(TRAIN) + version.size(HELD_OUT) == 50
    assert version.size(HELD_OUT) == sum(side_of(f"r-{number}") == HELD_OUT for number in range(50)) > 0
    assert version.offsets == {"t/0": (0, 104)}
    assert list((intake.folder / INBOX).iterdir()) == []
    assert newest(repository) == version


def test_the_next_version_has_the_earlier_shards_too(intake: Intake, repository: FakeRepository) -> None:
    """They are the same files: nothing is copied into a version."""
    collect(intake, 0, 3)
    first = made(intake, repository)
    collect(intake, 3, 4)
    second = made(intake, repository)
    assert (second.number, second.parent) == (2, 1)
    assert second.shards[0] == first.shards[0]
    assert new_shards(repository, second) == ("inbox-00000002.zip",)
    assert new_shards(repository, first) == ("inbox-00000001.zip",)


def test_where_nothing_came_there_is_no_new_version(intake: Intake, repository: FakeRepository) -> None:
    """The newest one is it; before all else there is none."""
    assert freeze(intake, repository, MANY, NOON) is None
    collect(intake, 0, 3)
    assert made(intake, repository) == made(intake, repository)
    assert repository.tags() == ["dataset-1"]


def test_killed_after_the_commit_it_makes_no_second_version(
    intake: Intake, repository: FakeRepository
) -> None:
    """The inbox' shards are in it already, and are removed."""
    collect(intake, 0, 3)
    repository.dies_after = True
    with pytest.raises(Killed):
        made(intake, repository)
    repository.dies_after = False
    assert made(intake, repository).number == 1
    assert list((intake.folder / INBOX).iterdir()) == []


def test_the_same_records_make_the_same_id(tmp_path: Path) -> None:
    """Wherever, whenever: who trains on it knows that it is the same."""
    ids = set()
    for name in ("here", "there"):
        intake = Intake(tmp_path / name, IMAGES)
        intake.prepare()
        collect(intake, 0, 3)
        ids.add(made(intake, FakeRepository(intake.folder / "repository")).id)
    assert len(ids) == 1


def test_beyond_a_bound_the_oldest_shards_are_left_out(intake: Intake, repository: FakeRepository) -> None:
    """The golden set stays; the files that are left out are the earlier versions'."""
    collect(intake, 900, 2, GOLDEN)
    for first in (0, 10, 20):
        collect(intake, first, 10)
    version = made(intake, repository, 20)
    names = [one.name for one in version.shards]
    assert names == ["golden-00000001.zip", "inbox-00000003.zip", "inbox-00000004.zip"]
    assert sorted(path.name for path in (repository.folder / SHARDS).iterdir()) == names[1:]


def test_no_record_ever_changes_its_side() -> None:
    """It follows from its id alone; what production was trained on is never held out."""
    assert [number for number in range(30) if side_of(f"r-{number}") == HELD_OUT] == [0, 1, 3, 8, 10, 20]
    assert all(side_of(f"{TRAINED}{number}") == TRAIN for number in range(100))
    share = sum(side_of(f"some-{number}") == HELD_OUT for number in range(10_000)) / 10_000
    assert share == pytest.approx(0.2, abs=0.02)


def test_what_is_left_out_stays_in_the_inbox(intake: Intake, repository: FakeRepository) -> None:
    """A later version has it."""
    collect(intake, 0, 3)
    waiting = list((intake.folder / INBOX).iterdir())
    collect(intake, 3, 4)
    version = freeze(intake, repository, MANY, NOON, besides=waiting)
    assert version is not None
    assert [one.name for one in version.shards] == ["inbox-00000002.zip"]
    assert list((intake.folder / INBOX).iterdir()) == waiting
    assert [one.name for one in made(intake, repository).shards] == [
        "inbox-00000001.zip",
        "inbox-00000002.zip",
    ]


def test_what_is_new_and_left_out_has_a_version_of_its_own(
    intake: Intake, repository: FakeRepository
) -> None:
    """Else it were in none, and gone; what is new to the last one is what it alone has."""
    for first in (0, 10, 20):
        collect(intake, first, 10)
    version = made(intake, repository, 20)
    before = DatasetVersion.model_validate_json(repository.read("dataset-1", "dataset.json"))
    assert [one.name for one in before.shards] == ["inbox-00000001.zip"]
    assert (version.number, version.parent) == (2, 1)
    assert new_shards(repository, version) == ("inbox-00000002.zip", "inbox-00000003.zip")
    collect(intake, 30, 10)
    collect(intake, 40, 20)
    last = made(intake, repository, 20)
    assert last.number == 4
    assert new_shards(repository, last) == ("inbox-00000005.zip",)


def test_a_damaged_shard_is_named(intake: Intake, repository: FakeRepository) -> None:
    """Who reads why the run failed can remove it."""
    collect(intake, 0, 3)
    (shard,) = (intake.folder / INBOX).iterdir()
    shard.write_bytes(b"PK")
    with pytest.raises(BadShard, match=r"inbox-00000001\.zip"):
        made(intake, repository)
