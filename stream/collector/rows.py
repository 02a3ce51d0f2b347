"""Whether rows are within bounds: a file gives them for each feature, pandera compares."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pandas as pd
import pandera.pandas as pa
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from training_data.task import Task


class BadBounds(Exception):
    """The file of bounds cannot be used; the message says why and what to do."""


class Bounds(BaseModel):
    """What a feature's values may be: at least `low`, at most `high`, one of `values`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    values: tuple[FiniteFloat, ...] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _something_is_allowed(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is above high")
        return self

    @property
    def checks(self) -> list[pa.Check]:
        """Return them as pandera's checks, each with what it demands in words."""
        found = []
        if self.low is not None:
            found.append(pa.Check.ge(self.low, error=f"at least {self.low:g}"))
        if self.high is not None:
            found.append(pa.Check.le(self.high, error=f"at most {self.high:g}"))
        if self.values is not None:
            allowed = ", ".join(f"{one:g}" for one in self.values)
            found.append(pa.Check.isin(self.values, error=f"one of {allowed}"))
        return found


def read_bounds(path: Path, task: Task) -> dict[str, Bounds]:
    """Return the bounds in a file: a table for each feature that has some, `[age]` with `low = 18`.

    Raises:
        BadBounds: it is no such file, or names what is no feature.
    """
    try:
        found = TypeAdapter(dict[str, Bounds]).validate_python(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadBounds(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadBounds(
            f"{path}: {where}: {first['msg']}; a table is [age] with low, high or values"
        ) from error
    if unknown := [name for name in found if name not in task.features]:
        raise BadBounds(f"{path}: there is no feature {unknown[0]!r}, but {', '.join(task.features)}")
    return found


class RowCheck:
    """Compares rows with the bounds of their features."""

    def __init__(self, task: Task, bounds: dict[str, Bounds]) -> None:
        self._features = list(task.features)
        columns = {
            name: pa.Column(float, bounds[name].checks if name in bounds else []) for name in task.features
        }
        self._schema = pa.DataFrameSchema(columns, strict=True)

    def faults(self, rows: Sequence[tuple[float, ...]]) -> list[str | None]:
        """Return what is out of bounds in each row, the first of it; None where nothing is."""
        found: list[str | None] = [None] * len(rows)
        if not rows:
            return found
        try:
            self._schema.validate(pd.DataFrame(rows, columns=self._features, dtype=float), lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases
            for column, check, value, row in zip(
                cases["column"], cases["check"], cases["failure_case"], cases["index"], strict=True
            ):
                if found[int(row)] is None:
                    found[int(row)] = f"{column} is {value:g}; it must be {check}."
        return found
