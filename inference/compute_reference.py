"""Compute a package's reference: the embeddings of a folder of images, or the rows of a CSV file.

The reference and its checksum are written into the package.

Use data that the model was not trained on and that look like the traffic to expect: embeddings of training
images differ from those of new ones, and every window would seem to drift.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from inference.backend import BackendSettings
from inference.checksum import checksum_file
from inference.decoding import NotAnImage, TooManyPixels
from inference.loaded_model import LoadedModel
from inference.manifest import BadModelPackage
from inference.package import load_without_reference
from inference.preprocessing import Pixels, read_pixels
from inference.reference import FEWEST, Embeddings, write_reference

BATCH_SIZE = 32
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif"})


class Unusable(Exception):
    """The data make no reference; the message says why."""


def find_images(folder: Path) -> list[Path]:
    """Return the folder's images, also those in folders below it, in a fixed order.

    Raises:
        Unusable: they are too few.
    """
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(images) < FEWEST:
        raise Unusable(f"{folder}: {len(images)} images found, {FEWEST} are needed, 500 are better")
    return images


def embed_images(model: LoadedModel, images: Sequence[Path]) -> Embeddings:
    """Return the embeddings (N, D) of the images.

    Raises:
        NotAnImage, TooManyPixels: an image cannot be read; the message names it.
    """
    size = model.manifest.image_input.size
    embeddings = []
    starts = range(0, len(images), BATCH_SIZE)
    for start in tqdm(starts, desc=f"reference of {model.manifest.name}", unit="batch"):
        batch = [read_image(path, size) for path in images[start : start + BATCH_SIZE]]
        embeddings.append(model.predict(np.stack(batch)).embeddings)
    return np.concatenate(embeddings)


def read_image(path: Path, size: int) -> Pixels:
    """Read one image as the server would, (size, size, 3)."""
    try:
        return read_pixels(path.read_bytes(), size, BackendSettings.max_pixels)
    except (NotAnImage, TooManyPixels) as error:
        raise type(error)(f"{path}: {error}") from error


def read_csv(path: Path, features: Sequence[str]) -> Embeddings:
    """Read the features' columns (N, F) of a CSV file with a header.

    Raises:
        Unusable: a column is absent, or a value is no finite number.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if missing := set(features) - set(reader.fieldnames or ()):
            raise Unusable(f"{path}: its first line has no column {', '.join(sorted(missing))}")
        try:
            rows = np.array([[float(row[name]) for name in features] for row in reader], np.float32)
        except (TypeError, ValueError) as error:
            raise Unusable(f"{path}, line {reader.line_num}: {error}") from error
    if not np.isfinite(rows).all():
        raise Unusable(f"{path}: a value is NaN or infinite")
    return rows.reshape(-1, len(features))


def read_data(model: LoadedModel, images: Path | None, rows: Path | None) -> Embeddings:
    """Read what the command line names, if it is what the model takes."""
    if model.manifest.tensor is None:
        if images is None:
            raise Unusable(f"{model.manifest.name} takes images: say --images FOLDER")
        return embed_images(model, find_images(images))
    if rows is None:
        raise Unusable(f"{model.manifest.name} takes rows of numbers: say --rows FILE.csv")
    return read_csv(rows, model.manifest.tensor.features)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compute a reference from the command line."""
    parser = argparse.ArgumentParser(prog="python -m inference.reference", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of the model package")
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument("--images", type=Path, help=f"folder of {FEWEST} or more images")
    data.add_argument("--rows", type=Path, help=f"CSV file of {FEWEST} or more rows, features as header")
    options = parser.parse_args(arguments)
    try:
        model = LoadedModel(load_without_reference(options.package))
        checksum_file(options.package, model.manifest.reference_sha256)  # before the work, not after it
        embeddings = read_data(model, options.images, options.rows)
        write_reference(options.package, model.manifest, model.package.weights_sha256, embeddings)
    except (BadModelPackage, NotAnImage, TooManyPixels, Unusable, OSError, UnicodeDecodeError) as error:
        sys.exit(str(error))
    written = options.package / model.manifest.reference
    print(f"{written}: the reference of {model.manifest.name}, {len(embeddings)} rows")
