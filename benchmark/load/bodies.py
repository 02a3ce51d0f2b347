"""The same images as each server takes them: raw, as an upload, or in the Open Inference Protocol's JSON."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BOUNDARY = "one-boundary-for-all"


@dataclass(frozen=True)
class Bodies:
    """Whole request bodies, as files, and their content type."""

    content_type: str
    files: Sequence[Path]


@dataclass(frozen=True)
class Form:
    """How a server takes an image."""

    content_type: str
    write: Callable[[bytes], bytes]


def _multipart(field: str) -> Form:
    def write(image: bytes) -> bytes:
        head = (
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
            f'name="{field}"; filename="image.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        return head.encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()

    return Form(f"multipart/form-data; boundary={BOUNDARY}", write)


def _inference_json(image: bytes) -> bytes:
    tensor = {
        "name": "image",
        "shape": [1, 1],
        "datatype": "BYTES",
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(image).decode("ascii")],
    }
    return json.dumps({"inputs": [tensor]}).encode()


FORMS: Mapping[str, Form] = {
    "raw": Form("image/jpeg", bytes),
    "multipart file": _multipart("file"),
    "multipart images": _multipart("images"),
    "inference json": Form("application/json", _inference_json),
}


def write_bodies(images: Sequence[Path], form: str, folder: Path) -> Bodies:
    """Write each image as a body of that form into the folder; raw ones stay where they are."""
    if form == "raw":
        return Bodies(FORMS[form].content_type, tuple(images))
    target = folder / form.replace(" ", "-")
    target.mkdir(parents=True, exist_ok=True)
    files = []
    for image in images:
        body = target / f"{image.stem}.body"
        body.write_bytes(FORMS[form].write(image.read_bytes()))
        files.append(body)
    return Bodies(FORMS[form].content_type, tuple(files))


def write_numbers(folder: Path) -> Bodies:
    """Write the regressor's one body."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "numbers.json"
    file.write_text('{"data": [0.2, 0.6]}', "utf-8")
    return Bodies("application/json", (file,))
