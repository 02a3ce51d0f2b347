"""The configuration of one benchmark run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.images import ensure_images
from benchmark.models import ensure_image_package, ensure_regressor_package
from stack.paths import Paths
from stack.plain.model_servers import available_cores


@dataclass(frozen=True)
class BenchmarkConfig:
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


def prepare_config(
    paths: Paths, folder: Path, raw: Path, *, seconds: int, rounds: int, quick: bool
) -> BenchmarkConfig:
    """Make what a run needs, its images and models, and return its configuration; `folder` keeps the rest."""
    return BenchmarkConfig(
        paths=paths,
        images=ensure_images(paths.project / ".local" / "benchmark" / "images"),
        image_package=ensure_image_package(paths),
        regressor_package=ensure_regressor_package(paths, folder),
        cores=available_cores(),
        seconds=seconds,
        rounds=rounds,
        quick=quick,
        bodies=folder / "bodies",
        raw=raw,
    )
