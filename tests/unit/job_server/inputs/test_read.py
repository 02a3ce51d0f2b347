"""A body is read by its type; what does not fit the model is refused with what to send."""

from dataclasses import replace
from pathlib import Path

import pytest

from job_server.inputs.job_input import JobInput
from tests.unit.job_server.inputs.handing_in import (
    FORM,
    IMAGES,
    JPEG,
    LIMITS,
    PNG,
    ROWS,
    form,
    hand_in,
    numbers,
    packed,
    part,
    refused,
    rows_of,
)


def test_an_image_is_one_input(tmp_path: Path) -> None:
    """Its bytes are handed on as they came, under the name that the request gave."""
    read = hand_in(tmp_path, PNG, "image/png", IMAGES, filename="a\x00\u202eb.png")
    assert read == [JobInput("ab.png", None, PNG)]


def test_an_image_without_a_name_has_one_all_the_same(tmp_path: Path) -> None:
    """Each input is either a file or a row."""
    assert hand_in(tmp_path, PNG, "image/*", IMAGES) == [JobInput("image", None, PNG)]


def test_a_sole_file_that_is_no_image_refuses_the_job(tmp_path: Path) -> None:
    """There is nothing to predict."""
    assert refused(tmp_path, b"hello", "image/png", IMAGES) == (
        422,
        "image: The file is no image of a known format. Send JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF.",
    )


def test_a_file_that_is_no_image_among_images_is_its_own_error(tmp_path: Path) -> None:
    """The others go on."""
    read = hand_in(tmp_path, form(part(PNG), part(b"no", "b.png"), part(b"", "c.png")), FORM, IMAGES)
    assert [one.error and one.error[:21] for one in read] == [
        None,
        "The file is no image ",
        "The file is empty. Se",
    ]
    assert read[1].data is None


@pytest.mark.parametrize(
    ("content_type", "model", "status"),
    [
        ("text/csv", IMAGES, 415),
        ("application/jsonl", IMAGES, 415),
        ("application/json", IMAGES, 415),
        ("image/png", ROWS, 415),
        ("text/plain", ROWS, 415),
        ("multipart/mixed; boundary=b", ROWS, 415),
        ("", ROWS, 415),
        ("text/csv; charset=utf-16", ROWS, 415),
        ("text/csv; charset=idna", ROWS, 415),
        ("text/csv" + ";a=b" * 10_000, ROWS, 415),
        ("text/csv\N{RED APPLE}", ROWS, 415),
    ],
)
def test_what_the_model_does_not_take_is_refused(
    tmp_path: Path, content_type: str, model: object, status: int
) -> None:
    """The message says what to send."""
    assert model in (IMAGES, ROWS)
    found, message = refused(tmp_path, b"x,y\n1,2\n", content_type, IMAGES if model is IMAGES else ROWS)
    assert found == status
    assert "Send " in message


def test_a_refusal_names_the_features(tmp_path: Path) -> None:
    """So nobody has to look them up."""
    assert "Send rows of the 2 numbers x, y: text/csv" in refused(tmp_path, PNG, "image/png")[1]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/csv"),
        (b"x,y\n", "text/csv"),
        (b"\n\n", "application/jsonl"),
        (packed([]), "application/zip"),
        (packed([("folder/", b""), ("__MACOSX/a.csv", b"x"), ("b/.DS_Store", b"x")]), "application/zip"),
        (form(), FORM),
        (form(part(b"x,y\n1,2\n", "a.csv", name="other")), FORM),
    ],
)
def test_a_job_without_inputs_is_refused(tmp_path: Path, body: bytes, content_type: str) -> None:
    """An empty job would never be answered."""
    assert refused(tmp_path, body, content_type)[0] == 422


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x,y\n" + b"1,2\n" * 101, "text/csv"),
        (b"[1,2]\n" * 101, "application/jsonl"),
        (form(*[part(b"x,y\n1,2\n", "a.csv")] * 101), FORM),
        (packed((f"{number}.jsonl", b"[1,2]") for number in range(101)), "application/zip"),
    ],
)
def test_more_inputs_than_a_job_has_are_refused(tmp_path: Path, body: bytes, content_type: str) -> None:
    """And as many as it has are read."""
    assert refused(tmp_path, body, content_type)[0] == 413
    assert len(hand_in(tmp_path, body, content_type, limits=replace(LIMITS, inputs=101))) == 101


def test_more_bytes_than_a_job_has_are_refused(tmp_path: Path) -> None:
    """They are counted over all inputs."""
    limits = replace(LIMITS, unpacked_bytes=2 * len(PNG) - 1)
    status, message = refused(tmp_path, form(part(PNG), part(PNG)), FORM, IMAGES, limits)
    assert (status, message[:24]) == (413, "The inputs hold more tha")


def test_an_image_that_is_too_large_is_its_own_error(tmp_path: Path) -> None:
    """One of as many bytes as are taken is taken."""
    largest = JPEG.ljust(10_000, b"x")
    small, large = hand_in(tmp_path, form(part(largest), part(largest + b"x", "b.jpg")), FORM, IMAGES)
    assert small.data == largest
    assert large == JobInput("b.jpg", None, None, "The file has more than 10000 bytes. Send a smaller one.")


def test_rows_are_counted_through_all_tables(tmp_path: Path) -> None:
    """Each row of a job has a number of its own; their files may be of several kinds."""
    request = b'{"inputs": [{"name": "i", "shape": [1, 2], "datatype": "FP32", "data": [7, 8]}]}'
    body = form(
        part(b"y;x\n2;1\n", "a.csv"),
        part(b"[3, 4]", "b.jsonl", "application/octet-stream"),
        part(packed([("c.csv", b"x,y\n5,6\n")]), "c"),
        part(request, "d", "application/json"),
        part(b'{"x": 9, "y": 10}', "e"),
        part(b"x,y\n11,12\n", "f", "application/vnd.ms-excel"),
    )
    read = hand_in(tmp_path, body, FORM)
    assert [one.row for one in read] == [1, 2, 3, 4, 5, 6]
    assert [numbers(one) for one in read] == [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12)]


def test_a_table_that_begins_like_a_bitmap_is_a_table(tmp_path: Path) -> None:
    """Two letters tell nothing against a file's ending, or the model."""
    for name in ("a.csv", "a"):
        (row,) = hand_in(tmp_path, form(part(b"BMI\n20\n", name)), FORM, rows_of("BMI"))
        assert numbers(row) == (20,)


def test_an_undeclared_body_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    """So a command line that declares nothing better serves as well."""
    body = packed([("a.png", PNG)])
    assert hand_in(tmp_path, body, "application/octet-stream", IMAGES) == [JobInput("a.png", None, PNG)]


def test_an_undeclared_image_is_refused_by_a_model_of_rows(tmp_path: Path) -> None:
    """It is not read as a table."""
    assert refused(tmp_path, PNG, "application/octet-stream")[0] == 415
