"""Hand bodies in as a job, for the tests of its inputs."""

import io
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from inference.manifest import ImageInput, Manifest, TensorInput
from job_server.inputs.job_input import InputLimits, JobInput, WrongInputs
from job_server.inputs.read import read_inputs

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
JPEG = b"\xff\xd8\xff\xe0" + b"pixels"
LIMITS = InputLimits(inputs=100, input_bytes=10_000, unpacked_bytes=1_000_000)
FORM = "multipart/form-data; boundary=b"


def manifest(**values: Any) -> Manifest:
    """Return a manifest with made-up files."""
    files = dict.fromkeys(("weights", "sha256", "reference", "reference_sha256"), "artifacts/x")
    return Manifest(
        name="model", version="1", network="network.py:Network", classes=("a", "b"), **files, **values
    )


IMAGES = manifest(input="image", image=ImageInput(size=32, mean=(0, 0, 0), std=(1, 1, 1)))


def rows_of(*features: str) -> Manifest:
    """Return the manifest of a model that takes rows."""
    return manifest(input="tensor", tensor=TensorInput(features=features))


ROWS = rows_of("x", "y")


def hand_in(
    folder: Path,
    body: bytes,
    content_type: str,
    model: Manifest = ROWS,
    limits: InputLimits = LIMITS,
    *,
    filename: str | None = None,
) -> list[JobInput]:
    """Return the body's inputs."""
    file = folder / "body"
    file.write_bytes(body)
    return list(read_inputs(file, content_type, model, limits, filename))


def refused(
    folder: Path, body: bytes, content_type: str, model: Manifest = ROWS, limits: InputLimits = LIMITS
) -> tuple[int, str]:
    """Return the status and the message with which the body is refused."""
    with pytest.raises(WrongInputs) as caught:
        hand_in(folder, body, content_type, model, limits)
    return caught.value.status, str(caught.value)


def numbers(one: JobInput) -> tuple[float, ...] | None:
    """Return a row's numbers."""
    return None if one.data is None else struct.unpack(f"<{len(one.data) // 4}f", one.data)


def part(data: bytes, filename: str = "a.png", content_type: str = "", name: str = "file") -> bytes:
    """Return a form's part."""
    declared = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n{declared}\r\n'
    return b"--b\r\n" + head.encode() + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    """Return a form."""
    return b"".join(parts) + b"--b--\r\n"


def packed(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            entry = zipfile.ZipInfo(name)  # without the time of day: the bytes are in tests' names
            archive.writestr(entry, data, method)
    return file.getvalue()
