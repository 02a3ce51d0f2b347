"""What is kept of a prediction."""

import weakref

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from inference.backend import ModelInfo
from inference.manifest import Manifest, TensorInput
from model_server.batching.predictor import Prediction
from model_server.feature_statistics import FeatureStatistics
from model_server.metrics import ModelMetrics
from model_server.samples.recorder import Recorder
from mongodb.documents import Sample

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


def test_the_statistics_keep_no_batch_in_memory() -> None:
    """They wait for more rows, but not with the batch that theirs were a part of."""
    features = FeatureStatistics(CollectorRegistry(), "model_server")
    features.watch(MANIFEST.tensor)
    batch = np.ones((64, 2), np.float32)
    memory = weakref.ref(batch)
    features.add(batch[:2])
    del batch
    assert memory() is None
