"""What is kept of a prediction."""

from datetime import UTC, datetime

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from inference.backend import ModelInfo
from inference.manifest import ImageInput, Manifest, TensorInput
from inference.watched_features import WatchedFeatures
from model_server.batching.predictor import Prediction
from model_server.feature_statistics import FeatureStatistics
from model_server.metrics import ModelMetrics
from model_server.samples.recorder import Recorder
from mongodb.documents import Sample
from mongodb.sampling import is_sampled
from service.traffic import TRIALS, Traffic

MANIFEST = Manifest(
    name="regressor",
    version="1",
    network="network.py:Regressor",
    weights="weights.safetensors",
    sha256="weights.sha256",
    reference="reference.safetensors",
    reference_sha256="reference.sha256",
    input="tensor",
    outputs="values",
    tensor=TensorInput(features=("x1", "x2")),
)


CLASSIFIER = MANIFEST.model_copy(
    update={"name": "loans", "version": "3", "outputs": "probabilities", "classes": ("repaid", "defaulted")}
)
IMAGES = CLASSIFIER.model_copy(
    update={
        "input": "image",
        "tensor": None,
        "image": ImageInput(size=8, mean=(0, 0, 0), std=(1, 1, 1)),
    }
)


def model_of(manifest: Manifest) -> ModelInfo:
    """Return a model whose two features are watched."""
    return ModelInfo(manifest, "a" * 64, 1, 0.001, WatchedFeatures(("x1", "x2"), (0.0, 0.0), (1.0, 1.0)))


@pytest.fixture
def sampled() -> list[Sample]:
    """Give the samples of one prediction of a thousand rows."""
    samples: list[Sample] = []
    registry = CollectorRegistry()
    features = FeatureStatistics(registry, "model_server")
    recorder = Recorder("model_server", 1.0, ModelMetrics(registry, "model_server"), features, samples.append)
    outputs, embeddings = np.zeros((1000, 1), np.float32), np.ones((1000, 2), np.float32)
    recorder.record(Prediction(ModelInfo(MANIFEST, "a" * 64, 1, 0.001), outputs, embeddings), "request")
    return samples


def test_every_row_is_a_sample_of_its_own(sampled: list[Sample]) -> None:
    """All carry the request's id and the package's checksum."""
    assert len(sampled) == 1000
    assert {(sample.request_id, sample.package_sha256) for sample in sampled} == {("request", "a" * 64)}


def test_a_sample_keeps_no_other_row_in_memory(sampled: list[Sample]) -> None:
    """A view of a row would keep the whole batch while the sample waits for the database."""
    assert {sample.embedding.base is None for sample in sampled} == {True}


class Recording:
    """A recorder of one slot, with what it was told to keep."""

    def __init__(self, sample_rate: float) -> None:
        self.registry = CollectorRegistry()
        self.metrics = ModelMetrics(self.registry, "model_server_new")
        self.features = FeatureStatistics(self.registry, "model_server_new")
        self.samples: list[Sample] = []
        self.recorder = Recorder(
            "model_server_new", sample_rate, self.metrics, self.features, self.samples.append
        )

    def record(
        self,
        manifest: Manifest,
        outputs: list[list[float]],
        request_id: str = "request",
        traffic: Traffic = "user",
        first_row: int = 0,
    ) -> None:
        """Record a prediction for rows whose features are their number, and that plus a half."""
        model = model_of(manifest)
        embeddings = np.array([[row, row + 0.5] for row in range(len(outputs))], np.float32)
        prediction = Prediction(model, np.array(outputs, np.float32), embeddings)
        self.recorder.record(prediction, request_id, traffic, first_row)

    def metric(self, name: str, **labels: str) -> float | None:
        """Return a series' value."""
        return self.registry.get_sample_value(name, {"slot": "model_server_new", **labels})


def test_a_sample_says_what_was_predicted_from_what() -> None:
    """Each row's own embedding, label and probability, and the names that join it with everything else."""
    recording, before = Recording(1.0), datetime.now(UTC)
    recording.record(CLASSIFIER, [[0.25, 0.75], [0.875, 0.125]])
    first, second = recording.samples
    assert (first.slot, first.model, first.version) == ("model_server_new", "loans", "3")
    assert before <= first.created_at <= datetime.now(UTC)
    assert (first.label, first.confidence, first.embedding.tolist()) == ("defaulted", 0.75, [0, 0.5])
    assert (second.label, second.confidence, second.embedding.tolist()) == ("repaid", 0.875, [1, 1.5])
    assert (first.traffic, first.probabilities, second.probabilities) == (
        "user",
        (0.25, 0.75),
        (0.875, 0.125),
    )
    loans = {"model": "loans", "version": "3"}
    assert recording.metric("predictions_total", label="defaulted", **loans) == 1
    assert recording.metric("prediction_confidence_sum") == 0.75 + 0.875


def test_a_regressors_sample_has_its_value_and_no_label() -> None:
    """The first of several, which is no probability, and is not shown as one."""
    recording = Recording(1.0)
    recording.record(MANIFEST, [[17.5, 99.0]])
    assert [(one.label, one.confidence, one.probabilities) for one in recording.samples] == [("", 17.5, ())]
    assert recording.metric("prediction_confidence_count") == 0


def test_the_rows_of_a_request_are_sampled_one_by_one() -> None:
    """At a rate of a half about half of them; the first one by the request's id, as an image is."""
    recording = Recording(0.5)
    recording.record(MANIFEST, [[0.0]] * 1000, "request")
    kept = {int(sample.embedding[0]) for sample in recording.samples}
    assert 400 < len(kept) < 600
    assert kept == {row for row in range(1000) if is_sampled(f"request#{row}" if row else "request", 0.5)}


def test_a_sample_says_which_of_the_requests_inputs_it_is_about() -> None:
    """Also where they were predicted in several batches: it joins two slots' answers to one input."""
    recording = Recording(1.0)
    recording.record(CLASSIFIER, [[0.25, 0.75]] * 2)
    recording.record(CLASSIFIER, [[0.25, 0.75]], first_row=2)
    assert [sample.row for sample in recording.samples] == [0, 1, 2]


@pytest.mark.parametrize("manifest", [MANIFEST, IMAGES], ids=["rows", "images"])
def test_inputs_are_counted_into_the_statistics(manifest: Manifest) -> None:
    """Whatever is sampled: of a row its numbers, of an image its embedding."""
    recording = Recording(0.0)
    recording.features.watch(model_of(manifest))
    recording.record(manifest, [[0.0]] * 4)
    assert recording.samples == []
    assert recording.metric("features_observed_total") == 4
    assert recording.metric("feature_mean", feature="x2") == 2


@pytest.mark.parametrize("traffic", TRIALS)
def test_a_trial_is_sampled_and_counts_for_nothing_else(traffic: Traffic) -> None:
    """Neither among the predictions of users nor in the statistics of their inputs."""
    recording = Recording(1.0)
    recording.features.watch(model_of(CLASSIFIER))
    recording.record(CLASSIFIER, [[0.25, 0.75]], traffic=traffic)
    assert [(one.traffic, one.probabilities) for one in recording.samples] == [(traffic, (0.25, 0.75))]
    assert recording.metric("predictions_total", label="defaulted", model="loans", version="3") is None
    assert recording.metric("prediction_confidence_count") == 0
    assert recording.metric("features_observed_total") == 0
