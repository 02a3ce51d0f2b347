"""What the release program answers, as its commands read it."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, RootModel

from release.lifecycle import CHANGING, ENDED, Phase


class View(BaseModel):
    """A part of an answer; what else it has is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PackageView(View):
    """A package."""

    model: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.model} {self.version} ({self.sha256[:12]})"


class PlanView(View):
    """Of a plan what is shown."""

    steps: tuple[int, ...]
    step_seconds: float
    settling_seconds: float
    min_requests: int


class ReleaseView(View):
    """A release."""

    id: str = Field(alias="_id")
    plan_name: str
    plan: PlanView
    stable: PackageView
    candidate: PackageView
    phase: Phase
    step: int
    percent: int
    reason: str
    held_by: str
    started_at: datetime
    step_started_at: datetime
    ended_at: datetime | None


class GateView(View):
    """What a gate said."""

    name: str
    verdict: str
    why: str
    numbers: Mapping[str, float]


class DecisionView(View):
    """A decision."""

    release: str
    decision: str
    who: str
    why: str
    at: datetime
    phase: Phase | None  # none of what was ordered between releases
    percent: int
    gates: tuple[GateView, ...]


class SeenView(View):
    """What was seen at the last look."""

    at: datetime
    requests: Mapping[str, int]
    gates: tuple[GateView, ...]


class Newest(View):
    """The newest release, the last decision about it, and what was seen of it."""

    release: ReleaseView | None
    decision: DecisionView | None
    seen: SeenView | None

    @property
    def is_changing(self) -> bool:
        """Tell whether something is decided and not yet done."""
        return self.release is not None and self.release.phase in CHANGING

    @property
    def has_ended(self) -> bool:
        """Tell whether no release is under way."""
        return self.release is None or self.release.phase in ENDED

    @property
    def gates(self) -> tuple[GateView, ...]:
        """Return the gates' latest results: of the last look, else those of the last decision."""
        if self.seen:
            return self.seen.gates
        return self.decision.gates if self.decision else ()


class Decisions(RootModel[tuple[DecisionView, ...]]):
    """Decisions, the newest first."""
