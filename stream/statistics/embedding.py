"""The first components of images' embeddings, by the model in production."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inference.decoding import NotAnImage, TooManyPixels
from inference.loaded_model import LoadedModel
from inference.package import load_model_package
from inference.preprocessing import read_pixels
from training_data.record import Record

BATCH_SIZE = 16


class Embedding:
    """Embeds images with a package's model; BadModelPackage where that cannot be loaded."""

    def __init__(self, package: Path, max_pixels: int) -> None:
        torch.set_num_threads(1)
        self._model = LoadedModel(load_model_package(package), warm_batch=BATCH_SIZE)
        self._size = self._model.manifest.image_input.size
        self._max_pixels = max_pixels

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the components that are watched."""
        return self._model.package.watched.names

    def __call__(self, records: Sequence[Record]) -> NDArray[np.float32]:
        """Return the components (N, F); an image that cannot be decoded is left out."""
        images = [one for one in map(self._pixels, records) if one is not None]
        found = [
            self._model.predict(np.stack(images[start : start + BATCH_SIZE])).embeddings[:, : len(self.names)]
            for start in range(0, len(images), BATCH_SIZE)
        ]
        return np.concatenate(found) if found else np.zeros((0, len(self.names)), np.float32)

    def _pixels(self, record: Record) -> NDArray[np.float32] | None:
        try:
            return read_pixels(record.content, self._size, self._max_pixels)
        except (NotAnImage, TooManyPixels):
            return None
