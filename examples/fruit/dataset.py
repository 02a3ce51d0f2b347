"""The rendered images as tensors, prepared just as the model server prepares a request's image."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from examples.fruit.image_set import CLASSES, labelled
from inference.manifest import ImageInput
from inference.preprocessing import read_pixels, to_tensor

BATCH_SIZE = 32
MAX_PIXELS = 1_000_000


@dataclass(frozen=True, eq=False)
class Dataset:
    """One split: `inputs` (N, 3, S, S) float16 to halve the memory, `labels` (N,) class indices."""

    inputs: torch.Tensor
    labels: torch.Tensor

    def batches(self, order: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield inputs as float32 and labels, in this order."""
        for chosen in torch.split(order, BATCH_SIZE):
            yield self.inputs[chosen].float(), self.labels[chosen]


def load_split(folder: Path, split: str, spec: ImageInput) -> Dataset:
    """Read all images of a split.

    Raises:
        FileNotFoundError: there are none.
    """
    files = labelled(folder, split)
    if not files:
        raise FileNotFoundError(f"{folder / split} has no images")

    inputs = torch.empty(len(files), 3, spec.size, spec.size, dtype=torch.float16)

    def read(row: torch.Tensor, path: Path) -> None:  # in place: a list to stack would take twice the memory
        pixels = read_pixels(path.read_bytes(), spec.size, MAX_PIXELS)
        row.copy_(to_tensor(pixels[None], spec)[0])

    with ThreadPoolExecutor(2) as pool:  # Pillow lets go of the interpreter's lock while it works
        list(pool.map(read, inputs, (path for path, _ in files)))
    return Dataset(inputs, torch.tensor([CLASSES.index(label) for _, label in files]))
