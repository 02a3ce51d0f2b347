"""training_data/shard.py: what was written is read."""

import time
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.unit.training_data.records import IMAGES, record
from training_data.shard import read_shard, write_shard
from training_data.task import Task


def test_images_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Each byte, and all that is known of them; anybody can open the file and look."""
    records = [record(1), record(2, label="lemon")]
    write_shard(tmp_path / "a.zip", records, IMAGES)
    assert list(read_shard(tmp_path / "a.zip", IMAGES)) == records
    assert ZipFile(tmp_path / "a.zip").read("images/r-2.jpeg") == b"image 2"


def test_without_their_images_they_are_read_quickly(tmp_path: Path) -> None:
    """What is asked is only which records there are."""
    write_shard(tmp_path / "a.zip", [record(1)], IMAGES)
    assert [one.content for one in read_shard(tmp_path / "a.zip", IMAGES, with_images=False)] == [b""]


def test_some_of_them_are_read_by_their_ids(tmp_path: Path) -> None:
    """In their order; an id that is not there is no fault."""
    records = [record(1), record(2), record(3)]
    write_shard(tmp_path / "a.zip", records, IMAGES)
    assert list(read_shard(tmp_path / "a.zip", IMAGES, ids={"r-3", "r-1", "r-9"})) == [records[0], records[2]]


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Also where a feature has the name of another column."""
    task = Task("row", ("id", "label"), ())
    rows = [replace(record(1), content=b"", content_type="", values=(0.1, 3e38), label="1.5")]
    write_shard(tmp_path / "a.zip", rows, task)
    assert list(read_shard(tmp_path / "a.zip", task)) == rows


def test_the_same_records_make_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whatever time: a data set's id is the hash of its files."""
    write_shard(tmp_path / "a.zip", [record(1)], IMAGES)
    monkeypatch.setattr("time.localtime", lambda *_: time.struct_time((2030, 1, 2, 3, 4, 5, 0, 1, 0)))
    write_shard(tmp_path / "b.zip", [record(1)], IMAGES)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_shard_that_is_being_written_has_no_name(tmp_path: Path) -> None:
    """Nobody takes it for a whole one."""
    part = tmp_path / ".a.zip.part"
    part.write_bytes(b"half")
    assert list(tmp_path.glob("*.zip")) == []
    write_shard(tmp_path / "a.zip", [record(1)], IMAGES)
    assert not part.exists()
