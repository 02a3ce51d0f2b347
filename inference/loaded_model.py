"""A model package in memory: a batch in, the network's outputs and embeddings of each row out."""

import time
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from inference.backend import ModelInfo, Outputs
from inference.manifest import BadModelPackage
from inference.package import ModelPackage
from inference.preprocessing import to_tensor
from inference.reference import UnusableReference

TIMED_PASSES = 5

Batch = NDArray[np.float32]


class LoadedModel:
    """Runs a model package's network; it has been warmed up with `warm_batch` blank rows once it exists.

    Raises:
        BadModelPackage: the network fails, or its output does not fit the manifest.
    """

    def __init__(self, package: ModelPackage, *, device: str = "cpu", warm_batch: int = 1) -> None:
        self.package = package
        self.manifest = package.manifest
        self._device = torch.device(device)
        try:
            result = self._warm_up(warm_batch)
            seconds = self._batch_seconds(warm_batch)
        except Exception as error:  # whatever the operator's code raises is the reason to show
            raise BadModelPackage(f"{self.manifest.network} fails on a first batch: {error!r}") from error
        if not result.finite_rows().all():
            raise BadModelPackage(f"{self.manifest.network} answers a first batch with NaN or infinity")
        self._check_reference(result.embeddings.shape[1])
        width = result.outputs.shape[1]
        self.info = ModelInfo(self.manifest, package.sha256 or "", width, seconds, package.watched)

    def _check_reference(self, width: int) -> None:
        if self.package.reference_width not in {None, width}:
            reason = f"has rows of {self.package.reference_width} values, the embedding has {width}"
            raise UnusableReference(self.manifest.reference, reason)

    def _warm_up(self, rows: int) -> Outputs:
        # Channels-last is faster for convolutions, but a network that says view() cannot do with it.
        try:
            self._use_memory_format(torch.channels_last)
            return self.predict(self.blank(rows))
        except RuntimeError:
            self._use_memory_format(torch.contiguous_format)
            return self.predict(self.blank(rows))

    def _use_memory_format(self, memory_format: torch.memory_format) -> None:
        self._memory_format = memory_format
        network: Any = self.package.network  # torch declares no `to` with a device and a memory format
        self._network: Any = network.to(self._device, memory_format=memory_format)

    def _batch_seconds(self, rows: int) -> float:
        # The fastest of a few, as a busy machine makes a pass slower. Images would take too long for that.
        passes = TIMED_PASSES if self.manifest.image is None else 1
        return min(self._timed_pass(self.blank(rows)) for _ in range(passes))

    def _timed_pass(self, batch: Batch) -> float:
        started = time.perf_counter()
        self.predict(batch)
        return time.perf_counter() - started

    def blank(self, rows: int) -> Batch:
        """Return a batch of black images, or of zeros."""
        if self.manifest.image is not None:
            return np.zeros((rows, self.manifest.image.size, self.manifest.image.size, 3), np.float32)
        return np.zeros((rows, len(self.manifest.tensor_input.features)), np.float32)

    @torch.inference_mode()
    def predict(self, batch: Batch) -> Outputs:
        """Predict images (B, S, S, 3), or rows (B, F) float32, in one forward pass.

        Raises:
            ValueError: the output has not one row for each of the batch, or not one column for each class.
        """
        outputs, embeddings = self._forward(batch)
        if self.manifest.outputs == "logits":
            outputs = torch.softmax(outputs, dim=1)
        classes = len(self.manifest.classes)
        if outputs.ndim != 2 or len(outputs) != len(batch) or (classes and outputs.shape[1] != classes):
            wanted = f"({len(batch)}, {classes or 'K'})"
            raise ValueError(f"the network answered with shape {tuple(outputs.shape)}, not {wanted}")
        if embeddings.ndim != 2 or len(embeddings) != len(batch):
            raise ValueError(f"embed answered with shape {embeddings.shape}, not ({len(batch)}, D)")
        return Outputs(outputs.float().numpy(force=True), embeddings)

    def _forward(self, batch: Batch) -> tuple[torch.Tensor, NDArray[np.float32]]:
        network = self._network
        if self.manifest.image is None:
            inputs = torch.from_numpy(batch).to(self._device)
            return cast(torch.Tensor, network(inputs)), batch
        images = to_tensor(batch, self.manifest.image)
        images = images.to(self._device).contiguous(memory_format=self._memory_format)
        embeddings = network.embed(images)
        return network.head(embeddings), embeddings.float().numpy(force=True)
