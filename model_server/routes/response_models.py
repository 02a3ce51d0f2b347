"""How predictions look in the JSON of `POST /predict`."""

from typing import Any

from pydantic import BaseModel

from model_server.batching.predictor import Prediction


class Answer(BaseModel):
    """What the model says, and who says it."""

    likely_class: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] | None = None
    request_id: str
    slot: str
    model: str
    version: str


class ImageAnswer(Answer):
    """What the model says of one image."""

    filename: str | None
    content_type: str | None


class RowsAnswer(Answer):
    """What the model says of rows of numbers: for each row a number, or a list where there are several.

    `likely_class` and what follows stand only in the answer of a classifier to a single row.
    """

    output: float | list[float] | list[list[float]]


def classified(prediction: Prediction) -> dict[str, Any]:
    """Return the class of a prediction's first row, with every class's probability."""
    probabilities = prediction.rows[0]
    return {
        "likely_class": prediction.labels[0],
        "probability": max(probabilities),
        "probabilities": dict(zip(prediction.model.manifest.classes, probabilities, strict=True)),
    }


def computed(prediction: Prediction, *, is_single: bool) -> dict[str, Any]:
    """Return the outputs: per row one number, or a list if the model has several outputs."""
    rows = prediction.rows
    outputs = [values[0] for values in rows] if len(rows[0]) == 1 else rows
    answer: dict[str, Any] = {"output": outputs[0] if is_single else outputs}
    return answer | classified(prediction) if is_single and prediction.model.manifest.classes else answer
