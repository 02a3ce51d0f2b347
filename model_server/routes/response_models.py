"""The JSON of `POST /predict`: response models for its documentation, and the fields that fill them."""

from typing import Any

from pydantic import BaseModel

from model_server.batching.predictor import Prediction


class PredictionResponse(BaseModel):
    """A prediction, and which model of which slot made it."""

    likely_class: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] | None = None
    request_id: str
    slot: str
    model: str
    version: str


class ImageResponse(PredictionResponse):
    """The prediction of one image."""

    filename: str | None
    content_type: str | None


class RowsResponse(PredictionResponse):
    """The predictions of rows of numbers: for each row a number, or a list where there are several.

    Only a classifier's response to a single row has `likely_class` and what follows.
    """

    output: float | list[float] | list[list[float]]


def class_fields(prediction: Prediction) -> dict[str, Any]:
    """Return the class of a prediction's first row, with every class's probability."""
    probabilities = prediction.rows[0]
    return {
        "likely_class": prediction.labels[0],
        "probability": max(probabilities),
        "probabilities": dict(zip(prediction.model.manifest.classes, probabilities, strict=True)),
    }


def rows_fields(prediction: Prediction, *, is_single: bool) -> dict[str, Any]:
    """Return the outputs: per row one number, or a list if the model has several outputs."""
    rows = prediction.rows
    outputs = [values[0] for values in rows] if len(rows[0]) == 1 else rows
    content: dict[str, Any] = {"output": outputs[0] if is_single else outputs}
    return content | class_fields(prediction) if is_single and prediction.model.manifest.classes else content
