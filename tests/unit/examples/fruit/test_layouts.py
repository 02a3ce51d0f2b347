"""State dicts trained elsewhere with the published layouts answer as plain torch and torchvision do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from examples.fruit.image_set import TEST, Picture, draw
from examples.fruit.slot_packages import SlotPackage, Source
from inference.checksum import write_checksum
from inference.decoding import Decoded
from inference.loaded_model import LoadedModel
from inference.package import build_network, load_without_reference
from inference.preprocessing import to_pixels
from inference.torchvision_operators import declare_missing_operators
from tests.unit.examples.fruit.project import copy_packages

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
PICTURES = [draw(Picture(TEST, label, number)) for label in ("apple", "grapes", "lemon") for number in (0, 1)]


class PlainSmallCNN(nn.Module):
    """The small CNN as its authors write it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(18496, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, 3)."""
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.fc2(F.relu(self.fc1(x.flatten(1)))))
        logits: torch.Tensor = self.fc3(x)
        return logits


@pytest.fixture
def plain_inputs() -> torch.Tensor:
    declare_missing_operators()
    from torchvision import transforms  # noqa: PLC0415  # only after the operators are declared

    steps: Any = transforms.Compose(
        [
            transforms.Resize(150),
            transforms.CenterCrop(150),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    return torch.stack([steps(picture) for picture in PICTURES])


def serve(slot: SlotPackage, state: dict[str, torch.Tensor]) -> LoadedModel:
    """Put the state dict where the published file belongs, and load the package."""
    slot.use(Source.PUBLISHED)
    manifest = slot.manifests[Source.PUBLISHED]
    torch.save(state, slot.package / manifest.weights)
    write_checksum(slot.package / manifest.weights, slot.package / manifest.sha256)
    return LoadedModel(load_without_reference(slot.package))


def spread_out(vgg: Any, inputs: torch.Tensor) -> None:
    """Choose weights that let the answers differ from picture to picture, as trained ones do."""
    for layer in vgg.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    features = vgg.avgpool(vgg.features(inputs)).flatten(1)
    logits = vgg.classifier[6][:4](vgg.classifier[:6](features))
    last = vgg.classifier[6][3]
    last.bias -= logits.mean(dim=0)
    last.weight /= logits.std(dim=0).mean()
    last.bias /= logits.std(dim=0).mean()


def answers(model: LoadedModel, pictures: list[Image.Image]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the probabilities (N, 3) that the model server would answer."""
    size = model.manifest.image_input.size
    return model.predict(
        np.stack([to_pixels(Decoded(picture, *picture.size), size) for picture in pictures])
    ).outputs


def test_a_small_cnn_trained_elsewhere_answers_the_same(tmp_path: Path, plain_inputs: torch.Tensor) -> None:
    """The same label, and the same probabilities to 5e-3, from the plain network's state dict."""
    torch.manual_seed(1)
    plain = PlainSmallCNN().eval()
    plain.fc3.weight.data *= 30  # answers that differ from picture to picture
    with torch.inference_mode():
        expected = plain(plain_inputs).softmax(dim=1).numpy()
    assert np.ptp(expected, axis=0).max() > 0.02
    found = answers(serve(copy_packages(tmp_path)[0], plain.state_dict()), PICTURES)
    np.testing.assert_allclose(found, expected, atol=5e-3)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_a_vgg16_trained_elsewhere_answers_the_same(tmp_path: Path, plain_inputs: torch.Tensor) -> None:
    """So does a torchvision VGG16 with the published classifier, whose outputs are probabilities already."""
    declare_missing_operators()
    from torchvision.models import vgg16  # noqa: PLC0415  # only after the operators are declared

    torch.manual_seed(1)
    plain = vgg16(weights=None, init_weights=False).eval()
    plain.classifier[6] = nn.Sequential(
        nn.Linear(4096, 256), nn.ReLU(), nn.Dropout(0.4), nn.Linear(256, 3), nn.Softmax(dim=1)
    ).eval()
    with torch.inference_mode():
        spread_out(plain, plain_inputs)
        expected = plain(plain_inputs).numpy()
    assert np.ptp(expected, axis=0).max() > 0.02
    model = serve(copy_packages(tmp_path)[1], plain.state_dict())
    del plain  # half a gigabyte
    found = answers(model, PICTURES)
    np.testing.assert_allclose(found, expected, atol=5e-3)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.parametrize(("index", "width"), [(0, 84), (1, 64)])
def test_the_demo_s_embeddings_are_of_moderate_width(tmp_path: Path, index: int, width: int) -> None:
    """The drift detector compares 32 to 128 numbers an image; embed and head are the whole network."""
    slot = copy_packages(tmp_path)[index]
    declare_missing_operators()

    network: Any = build_network(slot.package, slot.manifests[Source.DEMO]).eval()
    with torch.inference_mode():
        images = torch.rand(2, 3, 150, 150)
        embeddings = network.embed(images)
        assert embeddings.shape == (2, width)
        torch.testing.assert_close(network.head(embeddings), network(images))
