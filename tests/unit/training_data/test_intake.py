"""training_data/intake.py: each record is kept once, whenever the process is killed."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.training_data.records import IMAGES, ROWS, record
from training_data.index import BadIndex
from training_data.intake import GOLDEN, INBOX, BadShard, Intake
from training_data.record import Reason, Record
from training_data.shard import read_shard


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return opened(tmp_path)


def opened(folder: Path) -> Intake:
    """Return the intake as a process that starts has it."""
    intake = Intake(folder, IMAGES)
    intake.prepare()
    return intake


def keep(intake: Intake, records: list[Record], next_position: int = 0, folder: str = INBOX) -> None:
    shard = intake.store(records, folder)
    intake.note(shard, records, {"t/0": next_position}, {})


def kept(intake: Intake) -> list[str]:
    shards = sorted((intake.folder / INBOX).glob("*.zip"))
    return [one.id for shard in shards for one in read_shard(shard, intake.task)]


def test_what_is_new_is_kept(intake: Intake) -> None:
    """In a shard, with its id known from now on."""
    keep(intake, intake.sort([record(1), record(2)]).new, 3)
    assert kept(intake) == ["r-1", "r-2"]
    assert intake.index.next_positions() == {"t/0": 3}
    assert intake.index.counts() == {"stored": 2}


def test_what_comes_again_is_neither_kept_nor_refused(intake: Intake) -> None:
    """Kafka gives out again what a killed collector had not committed."""
    keep(intake, [record(1)])
    found = intake.sort([record(1), record(2)])
    assert [one.id for one in found.new] == ["r-2"]
    assert [one.id for one in found.again] == ["r-1"]
    assert found.refused == []


def test_an_id_that_was_seen_is_refused(intake: Intake) -> None:
    """In another message, also of the same batch."""
    keep(intake, [record(1)])
    twice = replace(record(1, digest="other"), position=9)
    found = intake.sort([twice, record(2), replace(record(2, digest="another"), position=10)])
    assert [(one.position, refusal.reason) for one, refusal in found.refused] == [
        (9, Reason.SEEN_ID),
        (10, Reason.SEEN_ID),
    ]


def test_an_image_that_was_seen_is_refused(intake: Intake) -> None:
    """Under another id it could be learnt and asked for at once."""
    keep(intake, [record(1)])
    found = intake.sort([record(2, digest="d1"), record(3), record(4, digest="d3")])
    assert [(one.id, refusal.reason) for one, refusal in found.refused] == [
        ("r-2", Reason.SEEN_CONTENT),
        ("r-4", Reason.SEEN_CONTENT),
    ]


def test_equal_rows_are_two_records_but_in_the_golden_set(tmp_path: Path) -> None:
    """Two people may well be alike; what a model is judged by it never learns."""
    intake = Intake(tmp_path, ROWS)
    intake.prepare()
    one, other = (replace(record(number, digest="same"), content=b"", values=(1.0, 2.0)) for number in (1, 2))
    keep(intake, [one])
    assert intake.sort([other]).new == [other]
    golden = replace(record(3, digest="golden"), content=b"", values=(3.0, 4.0))
    keep(intake, [golden], folder=GOLDEN)
    again = replace(golden, id="r-4", position=4)
    assert [refusal.reason for _, refusal in intake.sort([again]).refused] == [Reason.SEEN_CONTENT]


def test_a_shard_that_was_not_noted_is_noted_at_the_next_start(tmp_path: Path) -> None:
    """Killed between the two, nothing is stored twice."""
    killed = opened(tmp_path)
    killed.store([record(1), record(2)])
    intake = opened(tmp_path)
    found = intake.sort([record(1), record(2), record(3)])
    assert [one.id for one in found.again] == ["r-1", "r-2"]
    assert [one.id for one in found.new] == ["r-3"]
    assert intake.index.counts() == {"stored": 2}


def test_a_half_written_shard_is_none(tmp_path: Path) -> None:
    """It has another name, and is written anew."""
    intake = opened(tmp_path)
    (intake.folder / INBOX / ".inbox-00000001.zip.part").write_bytes(b"half")
    intake = opened(tmp_path)
    keep(intake, [record(1)])
    assert kept(intake) == ["r-1"]


def test_the_number_of_a_shard_is_never_given_twice(intake: Intake) -> None:
    """A data set may have taken the last one: a new one of its name would be taken for it."""
    keep(intake, [record(1)])
    for shard in (intake.folder / INBOX).glob("*.zip"):
        shard.unlink()
    assert intake.store([record(2)]) == "inbox-00000002.zip"


def test_a_lost_index_is_made_again(tmp_path: Path) -> None:
    """The shards tell all but the counts of what was refused."""
    keep(opened(tmp_path), [record(1)], 5)
    (opened(tmp_path).folder / "index.sqlite").unlink()
    intake = opened(tmp_path)
    assert [one.id for one in intake.sort([record(1)]).again] == ["r-1"]


def test_a_damaged_index_says_what_to_do(tmp_path: Path) -> None:
    """Nothing is collected over it."""
    (opened(tmp_path).folder / "index.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(BadIndex, match="Remove it"):
        opened(tmp_path)


def test_what_is_no_shard_is_named(tmp_path: Path) -> None:
    """Who reads why the collector waits can remove it."""
    intake = Intake(tmp_path, IMAGES)
    intake.prepare()
    (intake.folder / INBOX / "mine.zip").write_bytes(b"junk")
    with pytest.raises(BadShard, match=r"mine\.zip: .* Remove it"):
        intake.prepare()
