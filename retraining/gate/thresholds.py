"""What a candidate and a dataset have to meet: the file `gate.toml`."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

GATE_FILE = Path(__file__).parents[1] / "gate.toml"

Share = Annotated[float, Field(gt=0, lt=1)]
Alpha = Annotated[float, Field(ge=0.001, le=0.2)]


class WrongGate(ValueError):
    """The gate's file cannot be used; the message has a line for each mistake, with its place."""


class Strict(BaseModel):
    """What has no other fields, no other types, no NaN, and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class CheckThresholds(Strict):
    """A check that is used; a required one must pass, where another may have too few examples to say."""

    required: bool = False


class AccuracyThresholds(CheckThresholds):
    """How often the candidate is right at least, and how much less often than production at most."""

    floor: float = Field(0.85, ge=0, le=1)
    margin: Share = 0.02


class RecallThresholds(CheckThresholds):
    """How much less often than production it is right in each class that has so many examples."""

    margin: Share = 0.05
    minimum_examples: int = Field(30, ge=1)


class CalibrationThresholds(CheckThresholds):
    """The most that its calibration error may be, and the most above production's."""

    limit: Share = 0.1
    margin: Share = 0.05


class LatencyThresholds(CheckThresholds):
    """How many times production's time it may take for an input."""

    ratio: float = Field(1.3, ge=1, le=100)


class RmseThresholds(CheckThresholds):
    """The most that it may be off, in the target's unit, and by which share more than production."""

    limit: float = Field(gt=0)
    share: float = Field(0.05, gt=0, le=10)


class Thresholds(Strict):
    """What holds of either kind of model."""

    alpha: Alpha = 0.05
    minimum_examples: int = Field(100, ge=1)
    sets: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = ("golden", "held-out")
    latency: LatencyThresholds | None = None

    @field_validator("sets")
    @classmethod
    def _differ(cls, sets: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(sets)) < len(sets):
            raise ValueError("a set is named twice")
        return sets


class ClassifierThresholds(Thresholds):
    """The checks of a classifier; one that is not named is not used, but for the accuracy."""

    accuracy: AccuracyThresholds
    recall: RecallThresholds | None = None
    calibration: CalibrationThresholds | None = None


class RegressorThresholds(Thresholds):
    """The checks of a regressor; one that is not named is not used, but for the RMSE."""

    rmse: RmseThresholds


class LabelNoiseThresholds(CheckThresholds):
    """The share of wrong labels that is tolerated."""

    limit: Share = 0.15


class DatasetThresholds(Strict):
    """What a dataset has to meet before a model is trained with it."""

    alpha: Alpha = 0.05
    minimum_examples: int = Field(200, ge=1)
    smallest_class_share: float = Field(0.25, ge=0, le=1)
    label_noise: LabelNoiseThresholds | None = None


class Gate(Strict):
    """All of the file."""

    classifier: ClassifierThresholds
    regressor: RegressorThresholds
    dataset: DatasetThresholds


def read_gate(file: Path = GATE_FILE) -> Gate:
    """Return what a file says.

    Raises:
        WrongGate: it cannot be read, or has a mistake.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongGate(f"{file} cannot be read: {error}") from error
    return parse_gate(text)


def parse_gate(text: str) -> Gate:
    """Return what a file's text says.

    Raises:
        WrongGate: it is no TOML, or something in it is wrong; a line for each mistake.
    """
    try:
        return Gate.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise WrongGate(f"gate.toml: {error}") from error
    except ValidationError as error:
        raise WrongGate("\n".join(_line(one) for one in error.errors())) from error


def _line(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    said = {
        "extra_forbidden": "there is no such setting",
        "missing": "is missing",
    }.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    given = "" if problem["type"] in {"extra_forbidden", "missing"} else f", not {problem['input']!r}"
    return f"gate.toml: {place}: {said}{given}"
