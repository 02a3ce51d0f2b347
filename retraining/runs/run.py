"""A run and how far it is."""

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Trigger = Literal["asked", "schedule", "drift"]


class Outcome(StrEnum):
    """How a run has ended."""

    PROMOTED = "promoted"
    NOT_PROMOTED = "not_promoted"  # the release was aborted, or somebody ended it
    GATE_REFUSED = "gate_refused"
    DATA_REFUSED = "data_refused"
    TOO_FEW_RECORDS = "too_few_records"
    STOPPED = "stopped"  # by a person
    FAILED = "failed"


class Step(BaseModel):
    """How far a step is; `result` is there when it is done."""

    model_config = ConfigDict(frozen=True)

    begun_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    failures: int = 0
    fault: str | None = None
    waits_for: str | None = None
    result: dict[str, Any] | None = None


class Run(BaseModel):
    """A retraining: why it began, its steps, how it ended."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=r"^[0-9]{8}T[0-9]{6}Z$")
    trigger: Trigger
    who: str
    why: str
    begun_at: AwareDatetime
    steps: dict[str, Step] = Field(default_factory=dict)
    outcome: Outcome | None = None
    reason: str = ""
    ended_at: AwareDatetime | None = None
    told: bool = False

    def with_step(self, name: str, step: Step) -> Self:
        """Return it with a step as it is now."""
        return self.model_copy(update={"steps": {**self.steps, name: step}})

    def result(self, step: str) -> dict[str, Any]:
        """Return what a step that is done has found out."""
        return self.steps[step].result or {}
