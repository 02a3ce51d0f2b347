"""A chunk is predicted together, or one by one with what is known of each input."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from inference.backend import BackendSettings, BatchResult, ModelInput
from inference.torch_backend import TorchBackend, load_torch_backend
from job_server.chunk_documents import TakenChunk
from job_server.inputs.job_input import JobInput
from job_server.job import Document
from job_server.worker.prediction import ChunkPrediction
from tests.colour_model import colour_image, write_colour_package
from tests.tensor_model import write_regressor


class Counted:
    """A backend that counts its batches."""

    def __init__(self, backend: TorchBackend) -> None:
        self.backend = backend
        self.info = backend.info
        self.batches: list[int] = []

    def predict(self, inputs: Iterable[ModelInput]) -> BatchResult:
        """Predict as the backend does."""
        found = list(inputs)
        self.batches.append(len(found))
        return self.backend.predict(found)


@pytest.fixture
def backend(tmp_path: Path) -> Counted:
    """Load a model that answers 3 x1 - 2 x2 + 1."""
    return Counted(load_torch_backend(BackendSettings(write_regressor(tmp_path))))


def row(number: int, *values: float) -> JobInput:
    """Return a row."""
    return JobInput(None, number, np.array(values, "<f4").tobytes())


def prediction(backend: Counted, alarms: list[float] | None = None) -> ChunkPrediction:
    """Return what predicts, with an alarm that only notes its times."""
    noted = [] if alarms is None else alarms
    return ChunkPrediction(backend, 7.0, noted.append)  # type: ignore[arg-type]


def test_all_that_can_be_read_is_one_forward_pass(backend: Counted) -> None:
    """What cannot has its reason, in its place."""
    inputs = [row(1, 1, 2), JobInput(None, 2, None, "x2 is no number."), row(3, 3, 4)]
    answers = prediction(backend).together(inputs)
    assert backend.batches == [2]
    assert [one.get("values") for one in answers] == [[0.0], None, [2.0]]
    assert answers[1] == {"row": 2, "error": "x2 is no number."}


def test_each_input_has_its_time_and_so_has_the_pass(backend: Counted) -> None:
    """Afterwards there is no alarm."""
    alarms: list[float] = []
    prediction(backend, alarms).together([row(1, 1, 2), row(2, 3, 4)])
    assert alarms == [7.0, 7.0, 7.0, 0]


def test_a_chunk_of_nothing_readable_is_answered(backend: Counted) -> None:
    """Without a pass."""
    assert "error" in prediction(backend).together([JobInput("a.zip", None, None, "It is no table.")])[0]
    assert backend.batches == []


def test_one_by_one_each_try_and_answer_is_noted_at_once(backend: Counted) -> None:
    """What has its answer already keeps it; what ended its process too often is not tried."""
    inputs = (row(1, 1, 2), row(2, 3, 4), row(3, 5, 6), row(4, 0, 0))
    known: Document = {"row": 1, "values": [0.0]}
    events: list[tuple[str, int]] = []
    chunk = TakenChunk("a:0", "a", inputs, 3, crashes=1, crashes_alone={1: 2, 2: 1}, answers={0: known})
    answers = prediction(backend).one_by_one(
        chunk,
        lambda place: events.append(("try", place)),
        lambda place, _: events.append(("answer", place)),
    )
    assert answers[0] is known
    assert "3 times" in answers[1]["error"]
    assert [one["values"] for one in answers[2:]] == [[4.0], [1.0]]
    assert events == [("answer", 1), ("try", 2), ("answer", 2), ("try", 3), ("answer", 3)]


def test_an_image_is_answered_by_its_class(tmp_path: Path) -> None:
    """With its name, its label if it has one, and the model's."""
    loaded = Counted(load_torch_backend(BackendSettings(write_colour_package(tmp_path))))
    image = JobInput("a.png", None, colour_image("red"), label="green")
    bad = JobInput("b.png", None, b"no image")
    good, failed = prediction(loaded).together([image, bad])
    assert (good["filename"], good["likely_class"], good["label"]) == ("a.png", "red", "green")
    assert set(good["probabilities"]) == {"red", "green", "blue"}
    assert (good["model"], failed["filename"]) == ("colour", "b.png")
    assert failed["error"]
