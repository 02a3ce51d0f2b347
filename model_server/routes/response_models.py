"""The form of what `POST /predict` answers, for its documentation; `predict.py` fills it."""

from pydantic import BaseModel


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
