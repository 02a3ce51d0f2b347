"""A zip's files are inputs; whatever it does to be unpacked without end costs nothing."""

import io
import struct
import time
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from job_server.inputs.job_input import InputLimits, JobInput
from tests.unit.job_server.inputs.handing_in import (
    FORM,
    IMAGES,
    LIMITS,
    PNG,
    form,
    hand_in,
    numbers,
    packed,
    part,
    refused,
)

ZIP = "application/zip"
DAMAGED = "The file is damaged in the zip. Pack it again."
OVERLAPS = "The file overlaps another one in the zip. Pack it again."
NAMES = ("a.png", "b.png", "c.png")
THREE = packed((name, PNG + name.encode()) for name in NAMES)


def patched(body: bytes, number: int, *fields: tuple[int, str, int]) -> bytes:
    """Return the zip with fields (offset, format, value) of the directory's entry of this number changed."""
    entry = -1
    for _ in range(number + 1):
        entry = body.index(b"PK\1\2", entry + 1)
    changed = bytearray(body)
    for offset, form_, value in fields:
        struct.pack_into(form_, changed, entry + offset, value)
    return bytes(changed)


def end_record(body: bytes, offset: int, form_: str, value: int) -> bytes:
    """Return the zip with a field of its end record changed."""
    changed = bytearray(body)
    struct.pack_into(form_, changed, len(body) - 22 + offset, value)
    return bytes(changed)


def errors(read: list[JobInput]) -> list[str | None]:
    return [one.error for one in read]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_files_of_a_zip_are_inputs(tmp_path: Path, method: int) -> None:
    """Folders and what programs leave there unasked are passed over."""
    members = [
        ("in/", b""),
        ("in/a.png", PNG),
        ("__MACOSX/in/._a.png", b"x"),
        (".DS_Store", b"x"),
        ("b", b"no"),
    ]
    read = hand_in(tmp_path, packed(members, method), "application/x-zip-compressed", IMAGES)
    assert [one.filename for one in read] == ["in/a.png", "b"]
    assert [one.data for one in read] == [PNG, None]


def test_a_zip_with_large_numbers_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some programs write 64 bits whatever the size."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    body = packed((name, PNG) for name in NAMES)
    monkeypatch.undo()
    assert b"PK\6\6" in body
    assert [one.data for one in hand_in(tmp_path, body, ZIP, IMAGES)] == [PNG] * 3


def test_a_zip_behind_something_else_is_read(tmp_path: Path) -> None:
    """As one that unpacks itself; and a comment may follow it."""
    file = io.BytesIO(THREE)
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = b"PK\5\6" * 3
    body = b"program" * 100 + THREE
    assert errors(hand_in(tmp_path, body, ZIP, IMAGES)) == [None] * 3


def test_a_streamed_zip_is_read(tmp_path: Path) -> None:
    """Its sizes stand behind the data, and in the directory."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    file = Pipe()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.png", "w") as member:
        member.write(PNG)
    assert errors(hand_in(tmp_path, file.getvalue(), ZIP, IMAGES)) == [None]


def test_tables_in_a_zip_are_read(tmp_path: Path) -> None:
    """What is no table among them is its own error, under its name."""
    members = [("a.csv", b"x,y\n1,2\n"), ("b.jsonl", b"[3,4]"), ("c.png", PNG), ("d.zip", THREE)]
    read = hand_in(tmp_path, packed(members), ZIP)
    assert [numbers(one) for one in read] == [(1, 2), (3, 4), None, None]
    assert [one.filename for one in read] == [None, None, "c.png", "d.zip"]


def test_a_zip_in_a_zip_is_not_unpacked(tmp_path: Path) -> None:
    """As 42.zip would have it, level by level."""
    read = hand_in(tmp_path, packed([("a.png", PNG), ("b.zip", THREE)]), ZIP, IMAGES)
    assert [one.error and one.error[:18] for one in read] == [None, "The file is a zip."]


def test_a_member_that_unfolds_without_end_costs_nothing(tmp_path: Path) -> None:
    """100 MB of zeros in 100 kB are unpacked as far as one input is large."""
    body = packed([("bomb.png", bytes(100_000_000)), ("a.png", PNG)])
    assert len(body) < 110_000
    tracemalloc.start()
    read = hand_in(tmp_path, body, ZIP, IMAGES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [one.data for one in read] == [None, PNG]
    assert peak < 2_000_000


def test_a_table_that_unfolds_without_end_refuses_the_job(tmp_path: Path) -> None:
    """Lines that are passed over count, and so does the rest of one that is too long."""
    for line in (b"\n" * 2_000_000, b"1" * 2_000_000):
        assert refused(tmp_path, packed([("a.csv", b"x,y\n" + line)]), ZIP)[0] == 413
        assert refused(tmp_path, packed([("a.jsonl", line)]), ZIP)[0] == 413


def test_many_members_that_are_each_too_large_refuse_the_job(tmp_path: Path) -> None:
    """What was unpacked counts, though nothing came of it."""
    body = packed((f"{number}.png", bytes(100_000)) for number in range(100))
    limits = replace(LIMITS, unpacked_bytes=500_000)
    assert refused(tmp_path, body, ZIP, IMAGES, limits)[0] == 413


def test_members_that_overlap_are_not_unpacked(tmp_path: Path) -> None:
    """Many entries of one file's bytes, as in a bomb that needs no nesting."""
    body = b""
    for number in range(3):
        body = patched(body or THREE, number, (42, "<I", 0))
    read = hand_in(tmp_path, body, ZIP, IMAGES)
    assert errors(read) == [OVERLAPS] * 3


def test_a_member_that_reaches_into_the_next_is_not_unpacked(tmp_path: Path) -> None:
    """Its own size in the directory says so."""
    read = hand_in(tmp_path, patched(THREE, 0, (20, "<I", 90)), ZIP, IMAGES)
    assert errors(read) == [OVERLAPS, None, None]


@pytest.mark.parametrize("size", [0, 3, 10**6, 2**32 - 2])
def test_a_declared_size_is_not_trusted(tmp_path: Path, size: int) -> None:
    """A smaller one cuts the file, so that its checksum is wrong; a larger one changes nothing."""
    read = hand_in(tmp_path, patched(THREE, 1, (24, "<I", size)), ZIP, IMAGES)
    assert errors(read) == [None, DAMAGED if size < len(PNG) else None, None]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ((8, "<H", 1), "The file is encrypted."),
        ((8, "<H", 0x40), DAMAGED),
        ((10, "<H", 12), "The file is packed by a method"),
        ((10, "<H", 14), "The file is packed by a method"),
        ((10, "<H", 99), "The file is packed by a method"),
        ((16, "<I", 1), DAMAGED),
        ((20, "<I", 3), DAMAGED),
        ((42, "<I", THREE.index(b"PK\3\4", 1) + 1), DAMAGED),
        ((42, "<I", 2**32 - 2), "The file "),
    ],
)
def test_a_member_that_cannot_be_read_is_its_own_error(
    tmp_path: Path, field: tuple[int, str, int], reason: str
) -> None:
    """Encrypted, of another method, with a wrong checksum, cut, or elsewhere: the others go on."""
    first, broken, last = errors(hand_in(tmp_path, patched(THREE, 1, field), ZIP, IMAGES))
    assert (first, last) == (None, None)
    assert broken is not None
    assert broken.startswith(reason)


def test_a_damaged_table_is_an_error_behind_its_rows(tmp_path: Path) -> None:
    """The checksum is known at the end."""
    read = hand_in(tmp_path, patched(packed([("a.csv", b"x,y\n1,2\n")]), 0, (16, "<I", 1)), ZIP)
    assert read[-1] == JobInput("a.csv", None, None, DAMAGED)


@pytest.mark.parametrize(
    "body", [b"", b"PK", b"PK\3\4" + bytes(1000), THREE[:-30], THREE[:100], PNG * 10_000]
)
def test_what_is_no_zip_is_refused(tmp_path: Path, body: bytes) -> None:
    """So is one that was cut."""
    status, message = refused(tmp_path, body, ZIP, IMAGES)
    assert (status, message[:23]) == (422, "The file is no zip, or ")


@pytest.mark.parametrize(
    "body",
    [
        patched(THREE, 0, (6, "<H", 99)),
        patched(THREE, 0, (0, "<I", 0)),
        patched(THREE, 0, (28, "<H", 60_000)),
        patched(THREE, 0, (30, "<H", 60_000)),
        patched(packed([("\N{RED APPLE}.png", PNG)]), 0, (46, "<I", 2**32 - 1)),
        end_record(THREE, 12, "<I", 10_000),
        end_record(THREE, 12, "<I", 100),
    ],
)
def test_a_broken_directory_is_refused(tmp_path: Path, body: bytes) -> None:
    """Whatever in it is broken."""
    assert refused(tmp_path, body, ZIP, IMAGES)[0] == 422


def test_a_directory_that_lies_elsewhere_than_it_says_costs_its_files(tmp_path: Path) -> None:
    """The files are not where they would be then."""
    read = hand_in(tmp_path, end_record(THREE, 16, "<I", 10_000), ZIP, IMAGES)
    assert all(errors(read))


def test_a_directory_that_says_it_is_huge_is_refused_unread(tmp_path: Path) -> None:
    """Nothing of that size is made room for, even where the file is as large."""
    body = end_record(bytes(3_000_000) + THREE, 12, "<I", 2_000_000)
    tracemalloc.start()
    assert refused(tmp_path, end_record(THREE, 12, "<I", 2**32 - 2), ZIP, IMAGES)[0] == 422
    assert refused(tmp_path, body, ZIP, IMAGES)[0] == 413
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


def test_a_file_without_a_name_is_an_input(tmp_path: Path) -> None:
    """It gets its result as the others do."""
    body = THREE.replace(b"b.png", b"\0.png")
    assert [one.filename for one in hand_in(tmp_path, body, ZIP, IMAGES)] == ["a.png", "image", "c.png"]


def test_a_zip_of_very_many_entries_is_refused_before_they_are_read(tmp_path: Path) -> None:
    """100 000 entries in 8 MB, of which the end record says that they are one."""
    entry = b"PK\1\2" + bytes(42)
    directory = entry * 100_000
    for declared in (1, 100_000 % 2**16):
        end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, declared, declared, len(directory), 0, 0)
        started = time.monotonic()
        limits = InputLimits(inputs=10_000, input_bytes=10_000, unpacked_bytes=10**6)
        assert refused(tmp_path, directory + end, ZIP, IMAGES, limits)[0] == 413
        assert time.monotonic() - started < 2


def test_names_are_only_names(tmp_path: Path) -> None:
    """One that leads elsewhere, or is not to be printed, writes nothing and shows nothing."""
    names = ["../../a\x1b[31m.png", "/etc/passwd", "n" * 1000, "C:\\b.png"]
    read = hand_in(tmp_path, packed((name, PNG) for name in names), ZIP, IMAGES)
    assert [one.filename for one in read] == ["../../a[31m.png", "/etc/passwd", "n" * 255, "C:\\b.png"]
    assert [one.name for one in tmp_path.iterdir()] == ["body"]


def test_every_byte_of_a_zip_may_be_wrong(tmp_path: Path) -> None:
    """Whatever is broken, it is an error of a file or of the job, and never a crash."""
    body = form(part(THREE, "a.zip"), part(PNG))
    start = body.index(b"PK\3\4")
    for position in range(start, start + len(THREE)):
        for value in (0, 0xFF, body[position] ^ 1):
            changed = body[:position] + bytes([value]) + body[position + 1 :]
            try:
                hand_in(tmp_path, changed, FORM, IMAGES)
            except Exception as error:
                assert type(error).__name__ == "WrongInputs", (position, value)  # noqa: PT017
