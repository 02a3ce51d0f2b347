"""A tensor model's rows from a JSON body."""

from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inference.backend import Rows
from inference.json_bounds import JsonBounds
from inference.manifest import TensorInput

MAX_ROWS = 1000
OTHER_VALUES = 1000  # beside the rows' numbers: names, shapes, parameters
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
# At the first error pydantic stops: it would else describe each of a million.
Row = Annotated[list[Number], Field(max_length=1000, fail_fast=True)]
ManyRows = Annotated[list[Row], Field(max_length=MAX_ROWS, fail_fast=True)]


class WrongRows(Exception):
    """The body is not what this model takes; the message says what is."""


class RowsBody(BaseModel):
    """`{"data": [x1, x2, …]}`, or several such rows."""

    model_config = ConfigDict(extra="forbid")

    data: Row | ManyRows


def read_rows(body: bytes, spec: TensorInput) -> tuple[Rows, bool]:
    """Return the rows (N, F) float32, and whether the body held a single one that stood for itself.

    Raises:
        WrongRows: not JSON, another width, or something that is no finite number.
    """
    if not rows_bounds(spec).hold(body):
        raise WrongRows(f"The body holds more than {MAX_ROWS} rows. {what_to_send(spec)}")
    try:
        data = RowsBody.model_validate_json(body).data
    except ValidationError as error:
        raise WrongRows(f"{what_is_wrong(error)} {what_to_send(spec)}") from error
    is_single = not (data and isinstance(data[0], list))
    return to_rows([data] if is_single else data, spec), is_single


def rows_bounds(spec: TensorInput) -> JsonBounds:
    """Return the bounds of a document that holds the most rows that are taken."""
    return JsonBounds(MAX_ROWS * (len(spec.features) + 1) + OTHER_VALUES, MAX_ROWS + OTHER_VALUES)


def to_rows(data: object, spec: TensorInput) -> Rows:
    """Return the numbers as rows (N, F) float32; WrongRows when they do not fit the model."""
    width = len(spec.features)
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
            rows = np.asarray(data).astype(np.float32)
    except ValueError as error:
        raise WrongRows(f"The rows differ in length. {what_to_send(spec)}") from error
    if rows.ndim != 2:
        raise WrongRows(f"The shape is {list(rows.shape)}, not rows. {what_to_send(spec)}")
    if rows.shape[1] != width:
        raise WrongRows(f"A row has {rows.shape[1]} numbers. {what_to_send(spec)}")
    if not 1 <= len(rows) <= MAX_ROWS:
        raise WrongRows(f"There are {len(rows)} rows. Send 1 to {MAX_ROWS}.")
    if not np.isfinite(rows).all():
        raise WrongRows("A number is NaN, infinite, or too large for float32.")
    return rows


def what_is_wrong(error: ValidationError) -> str:
    """Return the first of the errors as a sentence."""
    first, *others = error.errors(include_url=False)
    if others and isinstance(first["input"], list):  # it was several rows, and the other form's error fits
        first = others[0]
    if first["type"] == "json_invalid":
        return f"The body is no JSON: {first['ctx']['error']}."
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part == "data")
    return f"{place or 'The body'}: {first['msg']}."


def what_to_send(spec: TensorInput) -> str:
    """Return the form of a row that this model takes."""
    names = ", ".join(spec.features[:12]) + (", …" if len(spec.features) > 12 else "")
    return f'Send {{"data": [{names}]}}, {len(spec.features)} numbers a row, or a list of such rows.'
