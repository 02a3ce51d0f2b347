"""A backend in this process: decode, one forward pass per batch, and which input is to blame if it fails."""

import math
import time
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np
import torch

from inference.backend import (
    BackendSettings,
    BatchResult,
    ModelInfo,
    ModelInput,
    NonFiniteOutput,
    Outputs,
    PredictAlone,
)
from inference.decoding import HoldsTooMany, NotAnImage, TooManyPixels
from inference.image_limits import DEFAULT_FORMATS
from inference.loaded_model import Batch, LoadedModel
from inference.manifest import BadModelPackage
from inference.package import ModelPackage, load_model_package
from inference.preprocessing import read_pixels


def load_torch_backend(settings: BackendSettings) -> "TorchBackend":
    """Verify and load the package, and warm it up with a full batch.

    Raises:
        BadModelPackage: it cannot be served.
    """
    model = warm_model(load_model_package(settings.package), settings)
    return TorchBackend(model, max_pixels=settings.max_pixels, image_formats=settings.image_formats)


def warm_model(package: ModelPackage, settings: BackendSettings) -> LoadedModel:
    """Warm a loaded package up with a full batch; see `load_torch_backend`."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        hint = "see docker-compose.gpu.yml, or say DEVICE=cpu"
        raise BadModelPackage(f"DEVICE=cuda, but PyTorch finds no GPU: {hint}")
    torch.set_num_threads(settings.torch_threads)
    return LoadedModel(package, device=settings.device, warm_batch=settings.batch_size)


class TorchBackend:
    """Runs a model in this process; images beyond the limits are refused before they are decoded."""

    def __init__(
        self,
        model: LoadedModel,
        *,
        max_pixels: int,
        image_formats: Sequence[str] = DEFAULT_FORMATS,
        held_pixels: float = math.inf,
    ) -> None:
        self._model = model
        self._limits = (max_pixels, image_formats, held_pixels)

    @property
    def info(self) -> ModelInfo:
        """Return what is known of the model."""
        return self._model.info

    def predict(self, inputs: Iterable[ModelInput], *, alone: PredictAlone | None = None) -> BatchResult:  # noqa: ARG002 - as any batch
        """Predict images, or rows, as one batch; each is prepared before the next one is asked for.

        In place of outputs an item may be NotAnImage, TooManyPixels, PredictAlone, NonFiniteOutput, or what
        the package's own code raised.
        """
        seconds: list[float] = []
        prepared = [self._prepare(one) for one in inputs]
        batches = [one for one in prepared if not isinstance(one, Exception)]
        results = iter(self._predict_together(batches, seconds))
        items = [one if isinstance(one, Exception) else next(results) for one in prepared]
        return BatchResult(items, seconds)

    def _prepare(self, model_input: ModelInput) -> Batch | Exception:
        if not isinstance(model_input, bytes):
            return model_input
        try:
            size = self.info.manifest.image_input.size
            return read_pixels(model_input, size, *self._limits)[None]
        except HoldsTooMany:
            return PredictAlone()
        except (NotAnImage, TooManyPixels) as error:
            return type(error)(*error.args)  # a new one: the old one's traceback holds the image
        except Exception as error:  # this input's own, and no other's
            return error

    def _predict_together(self, batches: Sequence[Batch], seconds: list[float]) -> list[Outputs | Exception]:
        if not batches:
            return []
        started = time.perf_counter()
        try:
            result = self._model.predict(np.concatenate(batches))
        except Exception as error:
            if len(batches) == 1:
                return [error]
            # One by one, so that only the input that is to blame fails.
            return [alone for one in batches for alone in self._predict_together([one], seconds)]
        seconds.append(time.perf_counter() - started)
        finite = result.finite_rows()
        ends = list(accumulate(len(one) for one in batches))
        return [
            Outputs(result.outputs[start:end], result.embeddings[start:end])
            if finite[start:end].all()
            else NonFiniteOutput(f"{self.info.manifest.name} has no finite answer to this input")
            for start, end in pairwise([0, *ends])
        ]
