"""Weights are written only for a model that is good enough; references only from enough images."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from examples.fruit.build import BuildError, build, build_reference, build_weights, check_fit
from examples.fruit.evaluation import Evaluation
from examples.fruit.slot_packages import SlotPackage, Source
from examples.fruit.train import ImageTrainingConfig
from inference.checksum import sha256_of
from inference.compute_reference import Unusable
from inference.manifest import BadModelPackage
from inference.package import load_model_package, load_without_reference
from tests.unit.examples.fruit.project import TINY, check, tiny_slot, write_coloured_images

ENOUGH = ImageTrainingConfig(image_sizes=(16,) * 25, learning_rate=0.3)
TOO_LITTLE = ImageTrainingConfig(image_sizes=(16,), learning_rate=1e-9)


@pytest.fixture
def slot(tmp_path: Path) -> SlotPackage:
    return tiny_slot(tmp_path)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    for split, per_class in {"train": 24, "test": 6, "reference": 20}.items():
        write_coloured_images(folder, split, per_class)
    return folder


@pytest.fixture(autouse=True)
def _threads_are_put_back() -> None:
    torch.set_num_threads(1)  # as training does for the rest of the process


def test_a_good_model_is_written_with_its_hash(slot: SlotPackage, images: Path) -> None:
    """What training writes is a package that the model server loads."""
    evaluation = build_weights(slot, TINY, images, ENOUGH)
    assert evaluation.accuracy == 1.0
    assert evaluation.count == 18
    assert load_without_reference(slot.package).weights_sha256 == sha256_of(slot.package / TINY.weights)


def test_a_weak_model_is_refused(slot: SlotPackage, images: Path) -> None:
    """Below 0.9 nothing is written, and the message has the accuracy and the confusion."""
    with pytest.raises(BuildError, match=r"tiny has a held-out accuracy of 0\.\d{4}; below 0\.9") as raised:
        build_weights(slot, TINY, images, TOO_LITTLE)
    assert "true / answer" in str(raised.value)
    assert list((slot.package / "artifacts").iterdir()) == []


def test_a_checksum_in_the_manifest_itself_is_not_trained_over(slot: SlotPackage, images: Path) -> None:
    """Where model.toml holds the digits no new weights are made: they could not be written down."""
    inline = TINY.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(BadModelPackage, match="holds the old one: name a file"):
        build_weights(slot, inline, images, ENOUGH)
    assert list((slot.package / "artifacts").iterdir()) == []


def test_the_same_seed_makes_the_same_weights(slot: SlotPackage, images: Path) -> None:
    """A machine trains the same model every time."""
    hashes = []
    for _ in range(2):
        build_weights(slot, TINY, images, ENOUGH)
        hashes.append(sha256_of(slot.package / TINY.weights))
    assert hashes[0] == hashes[1]


def test_the_confusion_names_what_was_taken_for_what() -> None:
    """A row is a true class, a column an answer."""
    evaluation = Evaluation(("apple", "lemon"), ((8, 2), (1, 9)))
    assert evaluation.accuracy == pytest.approx(0.85)
    assert [line.split() for line in evaluation.table().splitlines()] == [
        ["true", "/", "answer", "apple", "lemon"],
        ["apple", "8", "2"],
        ["lemon", "1", "9"],
    ]


def test_a_reference_says_which_weights_it_was_made_with(slot: SlotPackage, images: Path) -> None:
    """The reference has a row for every image, and the checksum of the weights."""
    build_weights(slot, TINY, images, ENOUGH)
    build_reference(slot, images / "reference")
    assert load_model_package(slot.package).reference_width == 3
    with safe_open(slot.package / TINY.reference, framework="numpy") as file:
        assert file.get_tensor("embeddings").shape == (60, 3)
        assert file.metadata()["weights_sha256"] == sha256_of(slot.package / TINY.weights)


def test_too_few_images_make_no_reference(slot: SlotPackage, images: Path) -> None:
    """A handful of images is nothing to compare a window with."""
    with pytest.raises(Unusable, match="18 images found, 50 are needed"):
        build_reference(slot, images / "test")


def test_a_missing_reference_trains_nothing(slot: SlotPackage, images: Path, tmp_path: Path) -> None:
    """Whole weights stay; the missing reference is made."""
    build_weights(slot, TINY, images, ENOUGH)
    before = sha256_of(slot.package / TINY.weights)
    artifacts = check(slot, tmp_path, images=images / "reference")
    assert artifacts.weights_fault is None
    assert build(artifacts, threads=1) is None
    assert sha256_of(slot.package / TINY.weights) == before
    assert check(slot, tmp_path).reference_fault is None


def test_a_broken_image_is_named(slot: SlotPackage, images: Path, tmp_path: Path) -> None:
    """One bad file among the reference images ends with its name."""
    build_weights(slot, TINY, images, ENOUGH)
    (images / "reference/apple/zzz.jpg").write_bytes(b"no image")
    with pytest.raises(BuildError, match=r"zzz\.jpg"):
        build(check(slot, tmp_path, images=images / "reference"), threads=1)


def test_weights_of_another_network_do_not_fit(slot: SlotPackage, tmp_path: Path) -> None:
    """A state dict with other keys is refused in one line."""
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(BadModelPackage, match=r"it does not fit network\.py:Tiny") as raised:
        check_fit(slot, TINY, tmp_path / "other.pt")
    assert "\n" not in str(raised.value)


def test_a_missing_network_is_said(slot: SlotPackage, images: Path, tmp_path: Path) -> None:
    """Without network.py nothing can be made, and the message names it."""
    (slot.package / "network.py").unlink()
    artifacts = replace(check(slot, tmp_path, images=images / "reference"), source=Source.DEMO)
    with pytest.raises(BuildError, match=r"network\.py"):
        build(artifacts, threads=1)
