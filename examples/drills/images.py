"""The images that a drill sends, each with its true label: clean ones, and damaged ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.traffic import StackError

CLEAN, DAMAGED = "test", "dirty_test"


@dataclass(frozen=True)
class Image:
    """A JPEG file and what is on it."""

    data: bytes
    label: str


@dataclass(frozen=True)
class Images:
    """Clean and damaged images, the classes taking turns in both."""

    clean: Sequence[Image]
    damaged: Sequence[Image]


def read_images(folder: Path) -> Images:
    """Read both splits of the image folder.

    Raises:
        StackError: one of them is not there.
    """
    return Images(_split(folder / CLEAN), _split(folder / DAMAGED))


def _split(folder: Path) -> Sequence[Image]:
    columns = [sorted(one.glob("*.jpg")) for one in sorted(folder.glob("*")) if one.is_dir()]
    found = [
        Image(path.read_bytes(), path.parent.name) for row in zip(*columns, strict=False) for path in row
    ]
    if not found:
        raise StackError(f"{folder} has no images. Make them: make models")
    return found
