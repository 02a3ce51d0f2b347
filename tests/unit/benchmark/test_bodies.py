"""Each server gets the same image in its own form."""

import base64
import json
from pathlib import Path

from benchmark.checking import first_of
from benchmark.counters import total
from benchmark.load.bodies import write_bodies

IMAGE = b"\xff\xd8 an image"


def test_the_raw_body_is_the_file(tmp_path: Path) -> None:
    """Nothing is copied or wrapped."""
    image = tmp_path / "a.jpg"
    image.write_bytes(IMAGE)
    assert write_bodies([image], "raw", tmp_path).files == (image,)


def test_the_upload_has_the_image_between_its_boundaries(tmp_path: Path) -> None:
    """The multipart form has one file, under the field that the server asks for."""
    image = tmp_path / "a.jpg"
    image.write_bytes(IMAGE)
    bodies = write_bodies([image], "multipart images", tmp_path)
    body = bodies.files[0].read_bytes()
    boundary = bodies.content_type.split("boundary=")[1].encode()
    assert body.count(b"--" + boundary) == 2
    assert b'name="images"' in body
    assert b"\r\n\r\n" + IMAGE + b"\r\n" in body


def test_the_protocol_body_has_the_image_in_base64(tmp_path: Path) -> None:
    """MLServer's JSON gives the image back."""
    image = tmp_path / "a.jpg"
    image.write_bytes(IMAGE)
    (tensor,) = json.loads(write_bodies([image], "inference json", tmp_path).files[0].read_text())["inputs"]
    assert base64.b64decode(tensor["data"][0]) == IMAGE


def test_the_label_is_the_class_named_first() -> None:
    """Our answer lists all classes after the likeliest."""
    answer = '{"likely_class": "lemon", "probabilities": {"apple": 0.1, "lemon": 0.9}}'
    assert first_of({"apple", "lemon"}, answer) == "lemon"


def test_counters_are_summed_over_their_labels() -> None:
    """Dropped samples count whatever the reason."""
    text = 'samples_dropped_total{reason="full"} 3.0\nsamples_dropped_total{reason="late"} 2.0\nother 9.0\n'
    assert total("samples_dropped_total", text) == 5
