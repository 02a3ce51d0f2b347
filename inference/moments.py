"""Mean and variance of rows of numbers that come bit by bit, feature by feature."""

from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Variance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class MomentsState(BaseModel):
    """What moments are of: so many rows, and of each feature their mean and their (population) variance.

    As JSON it keeps every digit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(ge=0)
    mean: tuple[FiniteFloat, ...]
    variance: tuple[Variance, ...]

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        if len(self.mean) != len(self.variance):
            raise ValueError(f"mean has {len(self.mean)} features, variance {len(self.variance)}")
        return self


class RunningMoments:
    """Mean and variance (F,) of all rows; with a `memory` of about the last so many, the older the less.

    Chan, Golub & LeVeque (1983), "Algorithms for Computing the Sample Variance". With a memory the count is
    held there: from then on it is exponential forgetting.
    """

    def __init__(self, width: int, *, memory: int | None = None) -> None:
        self.rows = 0
        self.mean = np.zeros(width)
        self.variance = np.zeros(width)
        self._memory = memory

    @classmethod
    def restore(cls, state: MomentsState, *, memory: int | None = None) -> Self:
        """Make the moments that gave this state away; they go on as if nothing had happened."""
        moments = cls(len(state.mean), memory=memory)
        moments.rows = state.rows
        moments.mean = np.array(state.mean, np.float64)
        moments.variance = np.array(state.variance, np.float64)
        return moments

    @property
    def state(self) -> MomentsState:
        """Return all that these moments are."""
        mean, variance = self.mean.tolist(), self.variance.tolist()
        return MomentsState(rows=self.rows, mean=tuple(mean), variance=tuple(variance))

    def add(self, rows: NDArray[np.floating[Any]]) -> None:
        """Take rows (N, F) of finite numbers in."""
        n = len(rows)
        if n == 0:
            return
        values = rows.astype(np.float64)
        weight = self.rows if self._memory is None else max(0, min(self.rows, self._memory - n))
        share = n / (weight + n)
        difference = values.mean(axis=0) - self.mean
        self.variance = (
            (1 - share) * self.variance
            + share * values.var(axis=0)
            + share * (1 - share) * difference * difference
        )
        self.mean = self.mean + share * difference
        self.rows += n
