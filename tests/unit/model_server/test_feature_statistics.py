"""Mean and variance of what users send a slot, beside those of what its model was trained on."""

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from inference.backend import BackendSettings, ModelInfo
from inference.manifest import ImageInput, TensorInput
from inference.torch_backend import load_torch_backend
from inference.watched_features import WatchedFeatures
from model_server.feature_statistics import MEMORY_ROWS, PORTION_ROWS, FeatureStatistics
from tests.tensor_model import write_regressor
from tests.unit.model_server.test_recorder import CLASSIFIER, MANIFEST

ONES = np.ones((1, 2), np.float32)


def rows_model(*names: str, sha256: str = "a" * 64) -> ModelInfo:
    """Return a model of rows with these features."""
    manifest = MANIFEST.model_copy(update={"tensor": TensorInput(features=names)})
    none = (0.0,) * len(names)
    return ModelInfo(manifest, sha256, 1, 0.001, WatchedFeatures(names, none, none))


def image_model(sha256: str = "a" * 64, components: int = 2) -> ModelInfo:
    """Return a model of images, of whose embedding so many components are watched."""
    image = ImageInput(size=8, mean=(0, 0, 0), std=(1, 1, 1))
    manifest = CLASSIFIER.model_copy(update={"name": "cnn", "input": "image", "tensor": None, "image": image})
    names = tuple(f"cnn embedding {number}" for number in range(components))
    watched = WatchedFeatures(names, (0.5,) * components, (4.0,) * components)
    return ModelInfo(manifest, sha256, 2, 0.001, watched)


class Watching:
    """The statistics of one slot, and what they tell."""

    def __init__(self, model: ModelInfo) -> None:
        self.registry = CollectorRegistry()
        self.statistics = FeatureStatistics(self.registry, "a")
        self.statistics.watch(model)

    def value(self, name: str, feature: str | None = None) -> float | None:
        """Return a series' value."""
        labels = {"slot": "a"} | ({"feature": feature} if feature else {})
        return self.registry.get_sample_value(name, labels)


def test_nothing_is_told_before_a_model_serves() -> None:
    """The collector may be asked before."""
    assert list(FeatureStatistics(CollectorRegistry(), "a").collect()) == []


def test_the_first_components_of_embeddings_are_watched() -> None:
    """Beside the package's reference; the other components are not looked at."""
    model = image_model()
    watching = Watching(model)
    assert watching.value("feature_training_mean", "cnn embedding 0") == 0.5
    assert watching.value("feature_training_variance", "cnn embedding 1") == 4
    assert watching.value("feature_mean", "cnn embedding 0") is None  # nothing has come in: 0 would be a lie
    watching.statistics.add(model, np.array([[1, 10, 7]], np.float32))
    watching.statistics.add(model, np.array([[3, 10, 9]], np.float32))
    assert watching.value("features_observed_total") == 2
    assert watching.value("feature_mean", "cnn embedding 0") == 2
    assert watching.value("feature_variance", "cnn embedding 0") == 1
    assert watching.value("feature_variance", "cnn embedding 1") == 0
    assert watching.value("feature_mean", "cnn embedding 2") is None


def test_a_packages_reference_is_what_inputs_are_compared_with(tmp_path: Path) -> None:
    """Of a model of rows that says nothing of its training data itself."""
    path = write_regressor(tmp_path) / "model.toml"
    text = path.read_text().replace("mean = [0.5, 0.5]\n", "").replace("std = [2.0, 2.0]\n", "")
    assert "std" not in text
    path.write_text(text)
    watched = load_torch_backend(BackendSettings(tmp_path)).info.watched
    assert watched.names == ("x1", "x2")
    assert len(watched.mean) == len(watched.variance) == 2
    assert min(watched.variance) > 0


def test_the_statistics_keep_no_batch_in_memory() -> None:
    """They wait for more rows, but not with the batch that theirs were a part of."""
    model = rows_model("x", "y")
    watching = Watching(model)
    batch = np.ones((64, 2), np.float32)
    memory = weakref.ref(batch)
    watching.statistics.add(model, batch[:2])
    del batch
    assert memory() is None


def test_what_waits_does_not_grow_though_nobody_asks() -> None:
    """At the hundredth image the waiting ones become moments: a slot without Prometheus keeps its memory."""
    model = image_model()
    watching = Watching(model)
    embedding = np.ones((1, 2), np.float32)
    for _ in range(3 * PORTION_ROWS - 1):
        watching.statistics.add(model, embedding)
    assert len(watching.statistics._waiting) == PORTION_ROWS - 1


def test_the_statistics_are_of_recent_inputs() -> None:
    """Of about the last thousand: what changed an hour ago is not hidden by what was before."""
    model = rows_model("x", "y")
    watching = Watching(model)
    for value in (0, 1):
        for _ in range(5 * MEMORY_ROWS // PORTION_ROWS):
            watching.statistics.add(model, np.full((PORTION_ROWS, 2), value, np.float32))
    assert watching.value("feature_mean", "x") == pytest.approx(1, abs=0.01)
    assert watching.value("features_observed_total") == 10 * MEMORY_ROWS


def test_the_training_data_are_those_of_the_present_package() -> None:
    """Of the same features too: a model that was trained anew knows other means."""
    watching = Watching(rows_model("x"))
    again = rows_model("x", sha256="b" * 64)
    watching.statistics.watch(replace(again, watched=WatchedFeatures(("x",), (7.0,), (9.0,))))
    assert watching.value("feature_training_mean", "x") == 7
    assert watching.value("feature_training_variance", "x") == 9


def test_other_features_start_over_and_the_same_go_on() -> None:
    """After a reload of a model of rows: another package changes nothing of what the inputs are."""
    watching = Watching(rows_model("x", "y"))
    watching.statistics.add(rows_model("x", "y"), ONES)
    watching.statistics.watch(rows_model("x", "y", sha256="b" * 64))
    assert watching.value("feature_mean", "x") == 1
    watching.statistics.watch(rows_model("x", "z"))
    assert watching.value("feature_mean", "x") is None
    assert watching.value("features_observed_total") == 0


def test_another_package_of_images_starts_over() -> None:
    """Its weights give the embedding's components another meaning, though they have the same names."""
    watching = Watching(image_model())
    watching.statistics.add(image_model(), ONES)
    watching.statistics.watch(image_model())
    assert watching.value("features_observed_total") == 1
    watching.statistics.watch(image_model("b" * 64))
    assert watching.value("features_observed_total") == 0
    assert watching.value("feature_mean", "cnn embedding 0") is None


@pytest.mark.parametrize(
    ("replaced", "present", "counted"),
    [
        (image_model(), image_model("b" * 64), 0),
        (rows_model("x", "y"), image_model("b" * 64), 0),
        (image_model("b" * 64), rows_model("x", "y"), 0),
        (rows_model("x", "y"), rows_model("x", "z"), 0),
        (rows_model("x", "y"), rows_model("x", "y", sha256="b" * 64), 1),
    ],
)
def test_what_a_replaced_model_was_asked_counts_only_where_features_are_the_same(
    replaced: ModelInfo, present: ModelInfo, counted: int
) -> None:
    """Requests under way at a reload are answered by the old model, after the new one has taken the slot."""
    watching = Watching(present)
    watching.statistics.add(replaced, ONES)
    assert watching.value("features_observed_total") == counted
