"""A plan: which shares a candidate gets, for how long, and which gates judge it."""

import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)

PLAN_FILE = Path(__file__).with_name("plan.toml")
DEFAULT = "default"

Percent = Annotated[int, Field(ge=1, le=99)]


class WrongPlan(ValueError):
    """The plans' file cannot be used, or has no such plan; the message names the place."""


class Strict(BaseModel):
    """What has no other fields and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GatePlan(Strict):
    """A gate that is used; a required one may not be without numbers."""

    required: bool = False


class SlowRequestsPlan(GatePlan):
    """Requests that took longer than so many seconds."""

    seconds: float = Field(0.5, gt=0)


class LatencyPlan(GatePlan):
    """The candidate's mean latency may be so many times the other slot's."""

    ratio: float = Field(1.2, gt=1)


class MeanLatencyPlan(GatePlan):
    """The candidate's mean latency may be so many seconds."""

    seconds: float = Field(0.5, gt=0)


class MarginPlan(GatePlan):
    """By how much the candidate may differ, as a share of 1."""

    margin: float = Field(0.05, gt=0, lt=1)


class Gates(Strict):
    """The gates of a plan; one that is not named is not used."""

    error_rate: GatePlan | None = None
    slow_requests: SlowRequestsPlan | None = None
    latency: LatencyPlan | None = None
    mean_latency: MeanLatencyPlan | None = None
    sample_ratio: GatePlan | None = None
    drift: GatePlan | None = None
    labels: MarginPlan | None = None
    confidence: MarginPlan | None = None
    accuracy: MarginPlan | None = None


class Plan(Strict):
    """Steps, how long each lasts at least, and gates."""

    about: str = ""
    steps: Annotated[tuple[Percent, ...], Field(min_length=1, max_length=20)]
    step_seconds: float = Field(ge=1, le=30 * 24 * 3600)
    settling_seconds: float = Field(17, ge=0, le=600)
    look_seconds: float = Field(5, ge=5, le=3600)
    min_requests: int = Field(ge=1)
    approval: bool = False
    sticky: bool = False
    gates: Gates

    @field_validator("steps")
    @classmethod
    def _grow(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if any(after <= before for before, after in pairwise(steps)):
            raise ValueError("each step must be larger than the one before")
        return steps

    @field_validator("gates")
    @classmethod
    def _judge(cls, gates: Gates, plan: ValidationInfo) -> Gates:
        if not gates.model_fields_set:
            raise ValueError("a plan needs a gate at least: without one nothing would be judged")
        if gates.sample_ratio and plan.data.get("sticky"):
            raise ValueError(
                "sample_ratio takes each request for a draw; where sticky = true a visitor is drawn once, "
                "for all that follow: leave one of the two out"
            )
        return gates


def read_plans(text: str) -> Mapping[str, Plan]:
    """Return the plans of a file's text by name.

    Raises:
        WrongPlan: it is no TOML, or a plan is wrong; a line for each mistake.
    """
    try:
        return TypeAdapter(dict[str, Plan]).validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise WrongPlan(f"plan.toml: {error}") from error
    except ValidationError as error:
        raise WrongPlan("\n".join(_line(one) for one in error.errors())) from error


def read_plan(name: str, file: Path = PLAN_FILE) -> Plan:
    """Return a plan of the file.

    Raises:
        WrongPlan: it has none of that name, or a mistake.
    """
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongPlan(f"{file} cannot be read: {error}") from error
    plans = read_plans(text)
    if name not in plans:
        raise WrongPlan(f"plan.toml has no plan {name!r}; it has {', '.join(sorted(plans)) or 'none'}")
    return plans[name]


def _line(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    return f"plan.toml: {place}: {problem['msg'].removeprefix('Value error, ')}"
