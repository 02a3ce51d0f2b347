"""What a candidate and a dataset have to meet: the file `gate.toml`."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

GATE_FILE = Path(__file__).parents[1] / "gate.toml"

Share = Annotated[float, Field(gt=0, lt=1)]
Alpha = Annotated[float, Field(ge=0.001, le=0.2)]


def _differ(sets: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(sets)) < len(sets):
        raise ValueError("a set is named twice")
    return sets


SetNames = Annotated[tuple[str, ...], Field(min_length=1, strict=False), AfterValidator(_differ)]


class WrongGate(ValueError):
    """The gate's file cannot be used; the message has a line for each mistake, with its place."""


class Strict(BaseModel):
    """What has no other fields, no other types, no NaN, and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class CheckThresholds(Strict):
    """A check that is used; a required one must pass, where another may have too few examples to say."""

    required: bool = False


class SetThresholds(CheckThresholds):
    """A check that is made on these sets, or where none are named on all."""

    sets: SetNames | None = None

    def applies_to(self, name: str) -> bool:
        """Return whether the check is made on this set."""
        return self.sets is None or name in self.sets


class FloorThresholds(SetThresholds):
    """How often the candidate is right at least."""

    floor: float = Field(0.85, ge=0, le=1)


class AccuracyThresholds(SetThresholds):
    """How much less often than production it may be right."""

    margin: Share = 0.02


class RecallThresholds(SetThresholds):
    """How much less often it may be so in each class that has so many examples."""

    margin: Share = 0.05
    minimum_examples: int = Field(30, ge=1)


class CalibrationLimitThresholds(SetThresholds):
    """The most that its calibration error may be."""

    limit: Share = 0.1


class CalibrationThresholds(SetThresholds):
    """The most that its calibration error may be above production's."""

    margin: Share = 0.05


class LatencyThresholds(CheckThresholds):
    """How many times production's time it may take for an input."""

    ratio: float = Field(1.3, ge=1, le=100)


class RmseLimitThresholds(SetThresholds):
    """The most that it may be off, in the target's unit."""

    limit: float = Field(gt=0)


class RmseThresholds(SetThresholds):
    """By which share more than production it may be off."""

    share: float = Field(0.05, gt=0, le=10)


class Thresholds(Strict):
    """What holds of either kind of model."""

    alpha: Alpha = 0.05
    minimum_examples: int = Field(100, ge=1)
    sets: SetNames = ("golden", "held-out")
    latency: LatencyThresholds | None = None

    @model_validator(mode="after")
    def _know_their_sets(self) -> Self:
        for name in type(self).model_fields:
            asked = getattr(self, name)
            unknown = set((isinstance(asked, SetThresholds) and asked.sets) or ()) - set(self.sets)
            if unknown:
                raise ValueError(f"{name}.sets names {sorted(unknown)[0]!r}; sets has {', '.join(self.sets)}")
        return self


class ClassifierThresholds(Thresholds):
    """The checks of a classifier; one that is not named is not used, but for the accuracy."""

    accuracy_floor: FloorThresholds | None = None
    accuracy: AccuracyThresholds
    recall: RecallThresholds | None = None
    calibration_limit: CalibrationLimitThresholds | None = None
    calibration: CalibrationThresholds | None = None


class RegressorThresholds(Thresholds):
    """The checks of a regressor; one that is not named is not used, but for the RMSE."""

    rmse_limit: RmseLimitThresholds | None = None
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
    if problem["type"] in {"extra_forbidden", "missing"}:
        return f"gate.toml: {place}: {said}"
    given = "" if isinstance(problem["input"], dict) else f", not {problem['input']!r}"
    return f"gate.toml: {place}: {said}{given}"
