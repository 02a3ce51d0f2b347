"""Which features of a model are watched, and what of its training data they are compared with."""

import numpy as np
import pytest

from inference.manifest import ImageInput, Manifest, TensorInput
from inference.watched_features import watched_features, watched_names

FILES = {
    "network": "network.py:Network",
    "weights": "weights.safetensors",
    "sha256": "weights.sha256",
    "reference": "reference.safetensors",
    "reference_sha256": "reference.sha256",
}
IMAGES = Manifest(
    name="cnn",
    version="1",
    input="image",
    classes=("a", "b"),
    image=ImageInput(size=8, mean=(0, 0, 0), std=(1, 1, 1)),
    **FILES,
)
ROWS = Manifest(
    name="loans",
    version="1",
    input="tensor",
    classes=("a", "b"),
    tensor=TensorInput(features=("age", "income")),
    **FILES,
)
REFERENCE = np.random.default_rng(3).normal(2, 3, (60, 12)).astype(np.float32)


def test_an_images_features_are_the_first_components_of_its_embedding() -> None:
    """Eight of twelve, named after the model, with the mean and the variance that the reference has."""
    watched = watched_features(IMAGES, REFERENCE)
    assert watched.names == tuple(f"cnn embedding {number}" for number in range(8))
    assert watched.mean == pytest.approx(REFERENCE[:, :8].mean(axis=0))
    assert watched.variance == pytest.approx(REFERENCE[:, :8].var(axis=0))


def test_a_narrow_embedding_has_fewer_features() -> None:
    """A name for each component that there is."""
    assert watched_names(IMAGES, 2) == ("cnn embedding 0", "cnn embedding 1")
    assert len(watched_features(IMAGES, REFERENCE[:, :2]).mean) == 2


def test_a_rows_features_are_all_of_it() -> None:
    """By their own names; what model.toml does not say of the training data, the reference does."""
    watched = watched_features(ROWS, REFERENCE[:, :2])
    assert watched.names == ("age", "income")
    assert watched.mean == pytest.approx(REFERENCE[:, :2].mean(axis=0))


def test_what_the_manifest_says_of_the_training_data_counts() -> None:
    """It is of all the training data, the reference of some."""
    tensor = TensorInput(features=("age", "income"), mean=(40, 3), std=(7, 2))
    watched = watched_features(ROWS.model_copy(update={"tensor": tensor}), REFERENCE[:, :2])
    assert (watched.mean, watched.variance) == ((40, 3), (49, 4))
