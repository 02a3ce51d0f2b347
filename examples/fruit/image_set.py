"""The rendered image set: which pictures there are, where they lie, how the missing ones are drawn.

Every picture is decided by its split, its fruit and its number alone, so any of them can be drawn again.
"""

import multiprocessing
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from examples.fruit.rendering.composition import FRUITS, render
from examples.fruit.rendering.damage import damage

SEED = 20261
CLASSES = tuple(FRUITS)
TRAIN, TEST, REFERENCE, DIRTY_TEST = "train", "test", "reference", "dirty_test"
JPEG_QUALITY = 88
IMAGES_PER_CLASS = {TRAIN: 1000, TEST: 240, REFERENCE: 320, DIRTY_TEST: 110}


@dataclass(frozen=True)
class Picture:
    """One picture of the set."""

    split: str
    label: str
    number: int

    def path(self, folder: Path) -> Path:
        """Return where it lies in the image folder."""
        return folder / self.split / self.label / f"{self.number:04}.jpg"


def pictures(images_per_class: dict[str, int] = IMAGES_PER_CLASS) -> list[Picture]:
    """Return every picture of the set."""
    return [
        Picture(split, label, number)
        for split, count in images_per_class.items()
        for label in CLASSES
        for number in range(count)
    ]


def draw(picture: Picture) -> Image.Image:
    """Return the picture: the same one every time."""
    name = f"{picture.split}/{picture.label}/{picture.number}".encode()
    rng = np.random.default_rng([SEED, zlib.crc32(name)])
    clean = render(picture.label, rng)
    return damage(clean, rng) if picture.split == DIRTY_TEST else clean


def save(picture: Picture, folder: Path) -> Path:
    """Draw the picture into the folder, where under its name it is always whole; return its path."""
    path = picture.path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    draw(picture).save(partial, "JPEG", quality=JPEG_QUALITY)
    return partial.replace(path)


def fill(folder: Path, wanted: Sequence[Picture], processes: int) -> int:
    """Draw the pictures that the folder lacks, on several cores; return how many those were."""
    missing = [picture for picture in wanted if not picture.path(folder).is_file()]
    if missing:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that torch's threads hold
        with ProcessPoolExecutor(processes, context) as pool:
            drawn = pool.map(save, missing, repeat(folder), chunksize=16)
            list(tqdm(drawn, "rendering images", len(missing), unit="image"))
    return len(missing)


def labelled(folder: Path, split: str) -> list[tuple[Path, str]]:
    """Return the split's image files with the fruit on each, in a fixed order."""
    return [(path, label) for label in CLASSES for path in sorted((folder / split / label).glob("*.jpg"))]
