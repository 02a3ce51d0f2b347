"""The photos that are sent: the demo's fruit, enlarged, with a camera's grain; always the same ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from examples.fruit.image_set import CLASSES, TEST, Picture, draw

DIMENSIONS: Mapping[str, tuple[int, int]] = {
    "150 px": (150, 150),
    "640 px": (640, 480),
    "12 MP": (4000, 3000),
}
NUMBERS = (3, 9)  # of the held-out pictures, one of each fruit: clear ones, whose label no decoder changes
QUALITY = 90
GRAIN = 4.0


def ensure_images(folder: Path) -> dict[str, Sequence[Path]]:
    """Return the files of each size, drawing those that are missing."""
    return {size: [_ensure(folder, size, *one) for one in _fruits()] for size in DIMENSIONS}


def _fruits() -> list[tuple[str, int]]:
    return [(label, number) for number in NUMBERS for label in CLASSES]


def _ensure(folder: Path, size: str, label: str, number: int) -> Path:
    path = folder / size.replace(" ", "-") / f"{number}-{label}.jpg"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        photograph(label, number, DIMENSIONS[size]).save(partial, "JPEG", quality=QUALITY)
        partial.replace(path)
    return path


def photograph(label: str, number: int, dimensions: tuple[int, int]) -> Image.Image:
    """Return the picture at that size, with grain, without which a large one would be too easy to decode."""
    drawn = draw(Picture(TEST, label, number)).resize(dimensions, Image.Resampling.BICUBIC)
    grain = np.random.default_rng([number, dimensions[0]]).normal(0, GRAIN, (*drawn.size[::-1], 1))
    return Image.fromarray((np.asarray(drawn) + grain).clip(0, 255).astype(np.uint8))
