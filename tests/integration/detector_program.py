"""The drift detector as a process of its own, for tests that must see it from outside or kill it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.integration.server_program import ServerProgram
from tests.model_package import write_package


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - it is another process's state
            await asyncio.sleep(0.01)


def write_normal_package(
    folder: Path, rows: int = 100, width: int = 8, features: Sequence[str] = (), version: str = "1"
) -> Path:
    """Write a package whose reference is standard normal embeddings, or features with these names."""
    embeddings: NDArray[np.float32] = np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)
    return write_package(folder, embeddings, version=version, features=features)


def package_settings(
    folder: Path, rows: int = 100, width: int = 8, features: Sequence[str] = ()
) -> dict[str, object]:
    """Write such a package, and return the settings that name it and a folder for copies of references."""
    package = write_normal_package(folder / "package", rows, width, features)
    return {"MODEL_PACKAGE": package, "ARTIFACTS": folder / "kept"}


class DetectorProgram(ServerProgram):
    """`python -m drift_detector_server`."""

    def __init__(self, output: Path, settings: Mapping[str, object], python: str = sys.executable) -> None:
        super().__init__("drift_detector_server", output, settings, python)
