"""The one network that every image system serves, and the two paths from an upload's bytes to an answer.

`plain` is what anyone would write: Pillow decodes the whole image, then resize, crop, normalise, one forward
pass. `fast` is the model server's own code for the same. Only this module knows what that code is called.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from inference.package import ModelPackage, load_model_package

Decoder = Literal["plain", "fast"]
MAX_PIXELS = 25_000_000


@dataclass(frozen=True, eq=False)
class Classification:
    """What the network says of one image; `embedding` is (D,) float32."""

    label: str
    probability: float
    embedding: NDArray[np.float32]


class Pipeline(Protocol):
    """A path from bytes to numbers."""

    def prepare(self, data: bytes) -> NDArray[Any]:
        """Decode one image and bring it to the network's size."""

    def infer(self, batch: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the probabilities (B, K) and the embeddings (B, D) of prepared images."""


class Network:
    """The model package's network with one of the two paths before it."""

    def __init__(self, package: Path, decoder: Decoder = "plain") -> None:
        loaded = load_model_package(package)
        self.classes = loaded.manifest.classes
        self._pipeline: Pipeline = PlainPipeline(loaded) if decoder == "plain" else FastPipeline(loaded)

    def prepare(self, data: bytes) -> NDArray[Any]:
        """Decode one image and bring it to the network's size."""
        return self._pipeline.prepare(data)

    def classify(self, prepared: Sequence[NDArray[Any]]) -> list[Classification]:
        """Classify a batch in one forward pass."""
        probabilities, embeddings = self._pipeline.infer(np.stack(prepared))
        return [
            Classification(self.classes[int(row.argmax())], float(row.max()), embedding)
            for row, embedding in zip(probabilities, embeddings, strict=True)
        ]


def peer_network() -> Network:
    """Return the network for a peer's worker, with the path and the threads that its variables ask for."""
    torch.set_num_threads(int(os.environ["TORCH_THREADS"]))
    decoder: Decoder = "fast" if os.environ.get("PEER_DECODER") == "fast" else "plain"
    return Network(Path(os.environ["MODEL_PACKAGE"]), decoder)


class PlainPipeline:
    """The straightforward path, written out: it must not get faster when the model server does."""

    def __init__(self, package: ModelPackage) -> None:
        self._network: Any = package.network
        spec = package.manifest.image_input
        self._size = spec.size
        self._mean, self._std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)

    def prepare(self, data: bytes) -> NDArray[np.float32]:
        """Decode the whole image, resize its short side, crop the centre, normalise: (3, S, S)."""
        size = self._size
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGB")
        short, long = sorted(image.size)
        longer = int(size * long / short)
        portrait = image.width <= image.height
        image = image.resize((size, longer) if portrait else (longer, size), Image.Resampling.BILINEAR)
        left, top = round((image.width - size) / 2), round((image.height - size) / 2)
        pixels = np.asarray(image.crop((left, top, left + size, top + size)), dtype=np.float32)
        normalised = (pixels / np.float32(255) - self._mean) / self._std
        return np.ascontiguousarray(normalised.transpose(2, 0, 1))

    def infer(self, batch: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network once."""
        with torch.inference_mode():
            embeddings = self._network.embed(torch.from_numpy(batch))
            probabilities = torch.softmax(self._network.head(embeddings), dim=1)
        return probabilities.numpy(), embeddings.numpy()


class FastPipeline:
    """The model server's own decoding and inference."""

    def __init__(self, package: ModelPackage) -> None:
        # A peer on the plain path needs none of these.
        from inference.loaded_model import LoadedModel  # noqa: PLC0415
        from inference.preprocessing import read_pixels  # noqa: PLC0415

        self._read_pixels = read_pixels
        self._model = LoadedModel(package)
        self._size = package.manifest.image_input.size

    def prepare(self, data: bytes) -> NDArray[Any]:
        """Decode and crop as the model server does."""
        return self._read_pixels(data, self._size, MAX_PIXELS)

    def infer(self, batch: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the model server's forward pass."""
        result = self._model.predict(batch)
        return result.outputs, result.embeddings
