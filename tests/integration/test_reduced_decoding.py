"""JPEGs that are reduced while they are decoded get the answers of the plain path."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.decoding import decode
from inference.loaded_model import LoadedModel
from inference.package import load_model_package
from inference.preprocessing import Pixels, read_pixels, to_pixels

PROJECT = Path(__file__).parents[2]
LIMIT = 50_000_000
OF_EACH_KIND = 50


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    """The demo's small CNN, trained here if it is not there yet."""
    command = [sys.executable, "-m", "stack", "models"]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, "RUN": "local"}, check=True)
    return LoadedModel(load_model_package(PROJECT / "model_server/model"))


def jpeg(image: Image.Image, short_side: int, **options: object) -> bytes:
    scale = short_side / min(image.size)
    size = (round(scale * image.width), round(scale * image.height))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def turned(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(image, 768, exif=exif)


KINDS: dict[str, tuple[str, Callable[[Image.Image], bytes]]] = {
    "clean": ("test", lambda image: jpeg(image, 480)),
    "dirty": ("dirty_test", lambda image: jpeg(image, 480)),
    "12 megapixels": ("test", lambda image: jpeg(image, 3000)),
    "grey": ("test", lambda image: jpeg(image.convert("L"), 481)),
    "progressive": ("test", lambda image: jpeg(image, 768, progressive=True)),
    "turned by EXIF": ("test", turned),
}


def pictures(folder: str) -> list[Image.Image]:
    """Return images of a split, evenly spread over its classes and kinds of damage."""
    paths = sorted((PROJECT / "examples/fruit/images" / folder).rglob("*.jpg"))
    chosen = [paths[number * len(paths) // OF_EACH_KIND] for number in range(OF_EACH_KIND)]
    return [Image.open(path).convert("RGB") for path in chosen]


def probabilities(
    model: LoadedModel, images: list[Pixels]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return model.predict(np.stack(images)).outputs


@pytest.mark.parametrize("kind", KINDS)
def test_labels_stay_and_probabilities_move_by_less_than_0_02(model: LoadedModel, kind: str) -> None:
    """Against decoding every pixel, on 50 images of each of six kinds."""
    folder, encode = KINDS[kind]
    files = [encode(image) for image in pictures(folder)]
    size = model.manifest.image_input.size
    plain = probabilities(model, [to_pixels(decode(file, LIMIT), size) for file in files])
    reduced = probabilities(model, [read_pixels(file, size, LIMIT) for file in files])
    assert (plain.argmax(axis=1) == reduced.argmax(axis=1)).all()
    assert np.abs(plain - reduced).max() < 0.02
    assert (plain != reduced).any()  # it was another path


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "AVIF"])
def test_other_formats_take_the_plain_path(model: LoadedModel, format_name: str) -> None:
    """They cannot be reduced, and come out to the last bit as before."""
    file = io.BytesIO()
    pictures("test")[0].resize((640, 480)).save(file, format_name)
    plain = to_pixels(decode(file.getvalue(), LIMIT), 150)
    np.testing.assert_array_equal(read_pixels(file.getvalue(), 150, LIMIT), plain)
