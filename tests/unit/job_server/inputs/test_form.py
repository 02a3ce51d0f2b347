"""Forms as clients write them are read from disk; malformed and endless ones are refused."""

import io
import random
from pathlib import Path

import httpx
import pytest

from job_server.inputs.form import WINDOW_BYTES
from job_server.inputs.job_input import InputLimits, JobInput
from tests.unit.job_server.inputs.handing_in import (
    FORM,
    IMAGES,
    JPEG,
    PNG,
    form,
    hand_in,
    packed,
    part,
    refused,
)

LARGE = InputLimits(inputs=100, input_bytes=10**7, unpacked_bytes=10**8)


def test_a_form_as_a_client_library_writes_it_is_read(tmp_path: Path) -> None:
    """Names in any script, images and a zip of them, in their order; other fields are passed over."""
    archive = packed([("in/c.png", PNG)])
    files = [
        ("file", ("Äpfel \N{RED APPLE}.png", io.BytesIO(PNG), "image/png")),
        ("other", ("o.png", io.BytesIO(PNG), "image/png")),
        ("file", ("b.jpg", io.BytesIO(JPEG), "image/jpeg")),
        ("file", ("c.zip", io.BytesIO(archive), "application/zip")),
    ]
    request = httpx.Request("POST", "http://x", files=files, data={"note": "x" * 1000})
    assert hand_in(tmp_path, request.read(), request.headers["content-type"], IMAGES) == [
        JobInput("Äpfel \N{RED APPLE}.png", None, PNG),
        JobInput("b.jpg", None, JPEG),
        JobInput("in/c.png", None, PNG),
    ]


@pytest.mark.parametrize("offset", range(-12, 12))
def test_a_boundary_is_found_wherever_the_search_pauses(tmp_path: Path, offset: int) -> None:
    """The search goes window by window, and a boundary may lie across two of them."""
    image = PNG + b"\r\n--" + random.Random(1).randbytes(2 * WINDOW_BYTES + offset)
    read = hand_in(tmp_path, form(part(image), part(PNG)), FORM, IMAGES, LARGE)
    assert [one.data for one in read] == [image, PNG]


def test_what_looks_nearly_like_a_boundary_is_data(tmp_path: Path) -> None:
    """Only a whole line break and the whole boundary end a part."""
    image = PNG + b"\r\n--a\n--b--\r--b\r\r\n-\r\n-b\r\n--"
    assert hand_in(tmp_path, form(part(image)), FORM, IMAGES)[0].data == image


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "before its last boundary"),
        (b"x" * 200_000, "before its last boundary"),
        (part(PNG), "before its last boundary"),
        (part(PNG)[:-2], "before its last boundary"),
        (form(part(PNG))[:-4], "something stands behind"),
        (b"--b\r\nContent-Disposition: form-data; name=file", "head of a part has no end"),
        (b"--bx\r\n\r\n\r\n--b--", "something stands behind"),
        (b"--b\r\nX: " + b"x" * 9000 + b"\r\n\r\n\r\n--b--", "head of a part has no end"),
        (b"--b\r\nno header\r\n\r\n1\r\n--b--", "is no header"),
        (b"--b\r\nX: y\r\n\r\n1\r\n--b--", "no header Content-Disposition"),
        (
            b"--b\r\nContent-Disposition: form-data; name=file" + b";a=b" * 99 + b"\r\n\r\n1\r\n--b--",
            "parameters",
        ),
    ],
)
def test_a_malformed_form_is_refused(tmp_path: Path, body: bytes, reason: str) -> None:
    """The message says why, and what to send."""
    status, message = refused(tmp_path, body, FORM, IMAGES)
    assert status == 422
    assert reason in message
    assert "Send images" in message


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", f"{FORM}{'b' * 100}"]
)
def test_a_form_without_a_boundary_is_refused(tmp_path: Path, content_type: str) -> None:
    """So is one whose boundary is longer than the standard allows."""
    status, message = refused(tmp_path, form(part(PNG)), content_type, IMAGES)
    assert status == 422
    assert "boundary" in message


def test_a_form_in_another_charset_is_refused(tmp_path: Path) -> None:
    """Some of Python's codecs take a quadratic time."""
    assert refused(tmp_path, form(part(PNG)), f"{FORM}; charset=idna", IMAGES)[0] == 415


def test_a_form_of_many_other_fields_is_refused(tmp_path: Path) -> None:
    """They count, though nobody reads them."""
    body = form(*[part(b"", name="other")] * 300)
    assert refused(tmp_path, body, FORM, IMAGES)[0] == 413


@pytest.mark.parametrize("declared", ["text/html", "multipart/form-data; boundary=b", "text/csv"])
def test_a_part_of_another_type_refuses_the_job(tmp_path: Path, declared: str) -> None:
    """What does not fit the model is named."""
    status, message = refused(tmp_path, form(part(PNG), part(b"x", "b.x", declared)), FORM, IMAGES)
    assert (status, message[:16]) == (415, "b.x is declared ")


def test_a_part_without_a_file_name_is_read(tmp_path: Path) -> None:
    """Some clients send a file as a plain field."""
    body = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + PNG + b"\r\n--b--"
    assert hand_in(tmp_path, body, FORM, IMAGES) == [JobInput("image", None, PNG)]


def test_a_files_name_is_only_a_name(tmp_path: Path) -> None:
    """It is cut, without control characters, and leads nowhere."""
    read = hand_in(tmp_path, form(part(PNG, "../../etc/\x01passwd\x7f"), part(PNG, "n" * 1000)), FORM, IMAGES)
    assert [one.filename for one in read] == ["../../etc/passwd", "n" * 255]
    assert [one.name for one in tmp_path.iterdir()] == ["body"]
