"""One forward pass: the class probabilities and the embedding they were read from."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model_server.manifest import BadModelPackage
from model_server.model_package import ModelPackage


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the network says of a batch: embeddings (B, D) and probabilities (B, K), both float32."""

    embeddings: NDArray[np.float32]
    probabilities: NDArray[np.float32]


class Classifier:
    """Answers batches with a model package's network; one that exists has answered once.

    Raises:
        BadModelPackage: the network does not answer, or its answer does not fit the manifest.
    """

    def __init__(self, package: ModelPackage) -> None:
        self.package = package
        size = package.manifest.input.size
        try:
            self.predict(torch.zeros(1, 3, size, size))
        except Exception as error:  # whatever the operator's code raises is the reason to show
            raise BadModelPackage(f"{package.manifest.network} fails on a first image: {error!r}") from error

    def predict(self, batch: torch.Tensor) -> Predictions:
        """Classify a batch (B, 3, H, W).

        Raises:
            ValueError: the answer's width is not the number of classes, or it is not finite.
        """
        with torch.inference_mode():
            embeddings = self.package.network.embed(batch)  # type: ignore[operator]  # checked at loading
            outputs = self.package.network.head(embeddings)  # type: ignore[operator]
            if self.package.manifest.outputs == "logits":
                outputs = torch.softmax(outputs, dim=1)
        classes = len(self.package.manifest.classes)
        if outputs.shape != (len(batch), classes):
            raise ValueError(
                f"head answered with shape {tuple(outputs.shape)}, model.toml has {classes} classes"
            )
        if not torch.isfinite(outputs).all() or not torch.isfinite(embeddings).all():
            raise ValueError("the network answered with NaN or infinity")
        return Predictions(embeddings.float().numpy(), outputs.float().numpy())
