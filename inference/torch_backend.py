"""The work of one batch: decode, one forward pass, and whose fault it is when that fails."""

import time
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np
import torch

from inference.backend import Answers, Data, InferenceSettings, ModelInfo, NoFiniteAnswer, Outputs
from inference.decoding import NotAnImage, TooManyPixels
from inference.loaded_model import Batch, LoadedModel
from inference.manifest import BadModelPackage
from inference.package import ModelPackage, load_model_package
from inference.preprocessing import read_pixels


def load(settings: InferenceSettings) -> "Inference":
    """Load the package and let it answer a full batch.

    Raises:
        BadModelPackage: it cannot be served.
    """
    return start(load_model_package(settings.package), settings)


def start(package: ModelPackage, settings: InferenceSettings) -> "Inference":
    """Let a package answer a full batch, and return what serves it; see `load`."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        hint = "see docker-compose.gpu.yml, or say DEVICE=cpu"
        raise BadModelPackage(f"DEVICE=cuda, but PyTorch finds no GPU: {hint}")
    torch.set_num_threads(settings.torch_threads)
    model = LoadedModel(package, device=settings.device, warm_batch=settings.batch_size)
    return Inference(model, max_pixels=settings.max_pixels)


class Inference:
    """Serves a model in this process."""

    def __init__(self, model: LoadedModel, *, max_pixels: int) -> None:
        self._model = model
        self._max_pixels = max_pixels

    @property
    def info(self) -> ModelInfo:
        """Return what is known of the model."""
        return self._model.info

    def answer(self, data: Iterable[Data]) -> Answers:
        """Answer images, or rows, together; each is prepared before the next one is asked for.

        Instead of outputs an item may have NotAnImage, TooManyPixels or NoFiniteAnswer.
        """
        seconds: list[float] = []
        prepared = [self._prepare(one) for one in data]
        inputs = [one for one in prepared if not isinstance(one, Exception)]
        inferred = iter(self._infer(inputs, seconds))
        items = [one if isinstance(one, Exception) else next(inferred) for one in prepared]
        return Answers(items, seconds)

    def _prepare(self, data: Data) -> Batch | Exception:
        if not isinstance(data, bytes):
            return data
        try:
            return read_pixels(data, self.info.manifest.image_input.size, self._max_pixels)[None]
        except (NotAnImage, TooManyPixels) as error:
            return type(error)(*error.args)  # a new one: the old one's traceback holds the image
        except Exception as error:  # this image's own, and nobody else's
            return error

    def _infer(self, inputs: Sequence[Batch], seconds: list[float]) -> list[Outputs | Exception]:
        if not inputs:
            return []
        started = time.perf_counter()
        try:
            answer = self._model.predict(np.concatenate(inputs))
        except Exception as error:
            if len(inputs) == 1:
                return [error]
            return [
                alone for one in inputs for alone in self._infer([one], seconds)
            ]  # find whose fault it is
        seconds.append(time.perf_counter() - started)
        finite = answer.finite_rows()
        ends = list(accumulate(len(one) for one in inputs))
        return [
            Outputs(answer.outputs[start:end], answer.embeddings[start:end])
            if finite[start:end].all()
            else NoFiniteAnswer(f"{self.info.manifest.name} has no finite answer to this input")
            for start, end in pairwise([0, *ends])
        ]
