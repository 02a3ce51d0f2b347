"""A side of a data set in memory: images as bytes in a file that is mapped, rows as numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from inference.manifest import Manifest
from inference.preprocessing import read_pixels, to_tensor
from retraining.datasets.version import ShardSummary
from retraining.learning.work import Folder
from training_data.record import Record
from training_data.shard import read_shard
from training_data.sides import GOLDEN, Side, side_of
from training_data.task import Task

MAX_PIXELS = 25_000_000


@dataclass(frozen=True, eq=False)
class Examples:
    """A side's records: `inputs` uint8 (N, S, S, 3) of images or float32 (N, F) of rows.

    `labels` are the classes' numbers, int64 (N,), or of a regressor float32 (N,).
    """

    ids: list[str]
    digests: list[str]
    inputs: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64] | NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def batches(self, order: NDArray[np.int64], size: int, manifest: Manifest) -> Iterator[torch.Tensor]:
        """Yield the network's inputs in this order, some at a time."""
        for start in range(0, len(order), size):
            yield network_input(self.inputs[order[start : start + size]], manifest)


def network_input(inputs: NDArray[np.uint8] | NDArray[np.float32], manifest: Manifest) -> torch.Tensor:
    """Return a batch as the network gets it: images (B, 3, S, S), rows (B, F)."""
    values = np.ascontiguousarray(inputs, np.float32)
    return torch.from_numpy(values) if manifest.image is None else to_tensor(values, manifest.image)


def load(folder: Folder, side: Side, *, new: bool | None = None) -> Examples:
    """Return a side's examples, of new shards or of the others where that is said.

    Those of images lie in a file of the folder, not in memory; it has no name any more, and ends with them.

    Raises:
        NotAnImage, TooManyPixels: an image cannot be read. It could when it came.
        OSError: a shard is not there.
    """
    shards = [
        one for one in folder.version.shards if new is None or (one.name in folder.work.new_shards) == new
    ]
    count = sum(sum(one.counts.get(side, {}).values()) for one in shards)
    records = tqdm(_records(folder, shards, side), f"reading {side}", count, unit="record")
    return of_records(records, count, folder.task, folder.manifest, folder.path / f"inputs-{side}.bin")


def _records(folder: Folder, shards: Iterable[ShardSummary], side: Side) -> Iterator[Record]:
    for shard in shards:
        golden = shard.name.startswith(GOLDEN)
        if side in shard.counts:
            for record in read_shard(folder.shard(shard.name), folder.task):
                if (GOLDEN if golden else side_of(record.id)) == side:
                    yield record


def of_records(records: Iterable[Record], count: int, task: Task, manifest: Manifest, file: Path) -> Examples:
    """Return the records as examples."""
    ids: list[str] = []
    digests: list[str] = []
    labels: list[float] = []
    size = manifest.image.size if manifest.image else 0
    shape = (count, size, size, 3) if size else (count, len(task.features))
    inputs = _mapped(file, shape) if size and count else np.empty(shape, np.float32)
    for place, record in enumerate(records):
        if size:
            inputs[place] = np.rint(read_pixels(record.content, size, MAX_PIXELS)).astype(np.uint8)
        else:
            inputs[place] = record.values
        ids.append(record.id)
        digests.append(record.digest)
        labels.append(task.classes.index(record.label) if task.classes else float(record.label))
    numbers = np.asarray(labels, np.int64) if task.classes else np.asarray(labels, np.float32)
    return Examples(ids, digests, inputs, numbers)


def _mapped(file: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    mapped = np.memmap(file, np.uint8, "w+", shape=shape)
    file.unlink()
    return mapped
