"""Let a network answer images that it has not seen."""

from collections.abc import Sequence

import torch
from torch import nn

from examples.fruit.dataset import Dataset
from examples.fruit.evaluation_report import Evaluation


def evaluate(network: nn.Module, dataset: Dataset, classes: Sequence[str]) -> Evaluation:
    """Return what the network took for what."""
    count = len(classes)
    confusion = torch.zeros(count, count, dtype=torch.int64)
    network.eval()
    with torch.inference_mode():
        for inputs, labels in dataset.batches(torch.arange(len(dataset.labels))):
            answers = network(inputs).argmax(dim=1)
            confusion += torch.bincount(labels * count + answers, minlength=count**2).reshape(count, count)
    return Evaluation(tuple(classes), confusion.tolist())
