"""The models that a worker has loaded: of each job the one that it was handed in for."""

import logging
from collections import OrderedDict
from pathlib import Path

from inference.backend import BackendSettings
from inference.identity import identify
from inference.kept_packages import KeptPackages
from inference.manifest import BadModelPackage
from inference.torch_backend import TorchBackend, load_torch_backend
from job_server.chunks import IMAGES

logger = logging.getLogger(__name__)

MOST = 2  # a job's, and that of the one whose chunks come in turn with it


class Models:
    """Loads packages as they are asked for, and keeps the last MOST."""

    def __init__(self, package: Path, kept: KeptPackages, *, threads: int, max_pixels: int) -> None:
        self._package = package
        self._kept = kept
        self._threads = threads
        self._max_pixels = max_pixels
        self._loaded: OrderedDict[str, TorchBackend] = OrderedDict()
        self._latest: TorchBackend | None = None

    def get(self, sha256: str | None) -> TorchBackend:
        """Return the model of a kept package, or for None of the slot's package as it is now.

        While the slot's package is no good, halfway through being replaced say, the last good one answers.

        Raises:
            BadModelPackage: it cannot be loaded.
        """
        if sha256 is not None:
            return self._get(sha256)
        try:
            self._latest = self._get(None)
        except BadModelPackage as error:
            if self._latest is None:
                raise
            logger.warning("the package is no good, the last one answers: %s", error)
        return self._latest

    def _get(self, sha256: str | None) -> TorchBackend:
        folder = self._package if sha256 is None else self._kept.path(sha256)
        key = identify(folder).sha256 if sha256 is None else sha256
        if key not in self._loaded:
            while len(self._loaded) >= MOST:
                self._loaded.popitem(last=False)
            self._loaded[key] = load_torch_backend(
                BackendSettings(
                    folder, torch_threads=self._threads, batch_size=IMAGES, max_pixels=self._max_pixels
                )
            )
        self._loaded.move_to_end(key)
        return self._loaded[key]
