"""What holds for the whole run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.paths import Paths


@dataclass(frozen=True)
class Setting:
    """Where things are, and how long and how often is measured."""

    paths: Paths
    images: Mapping[str, Sequence[Path]]
    image_package: Path
    regressor_package: Path
    cores: int
    seconds: int
    rounds: int
    quick: bool
    bodies: Path
    raw: Path
