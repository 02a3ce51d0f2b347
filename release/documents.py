"""Releases, looks and decisions as documents of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from proxy.routing import Routing
from release.counters import Counters, Series
from release.evidence import Arm, Labelled, Look
from release.lifecycle import Package, Phase, Release
from release.plan import Plan
from release.verdict.gate import Gate, Verdict

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """What was decided about a release, by whom, why, and with which numbers in hand; written once.

    `gates` are the gates' results as documents, `queries` what was asked for the numbers in them. What people
    order between releases belongs to none, and to no phase; its revision is its time in microseconds.
    """

    release: str
    revision: int
    decision: str
    who: str
    why: str
    at: datetime
    phase: Phase | None
    percent: int
    gates: Sequence[Document] = field(default_factory=tuple)
    queries: Sequence[str] = field(default_factory=tuple)

    @property
    def id(self) -> str:
        """Return what makes it one decision, however often it is written."""
        return f"{self.release or 'traffic'}/{self.revision}"

    @classmethod
    def between_releases(cls, decision: str, who: str, why: str, at: datetime, percent: int) -> "Decision":
        """Return what a person has decided about the traffic, at an aware time."""
        return cls("", microseconds(at), decision, who, why, at, phase=None, percent=percent)

    def to_document(self) -> dict[str, Any]:
        """Return the document."""
        return {"_id": self.id, **asdict(self), "gates": list(self.gates), "queries": list(self.queries)}

    @classmethod
    def from_document(cls, document: Document) -> "Decision":
        """Read a document; KeyError or ValueError when it is no decision's."""
        plain = {one.name: document[one.name] for one in fields(cls)}
        return cls(**{**plain, "phase": plain["phase"] and Phase(plain["phase"])})


def microseconds(at: datetime) -> int:
    """Return an aware time as whole microseconds since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def read_gate(document: Document) -> Gate:
    """Read a gate's result, as a decision has it; KeyError or ValueError when it is none."""
    plain = {one.name: document[one.name] for one in fields(Gate)}
    return Gate(**{**plain, "verdict": Verdict(plain["verdict"])})


def release_document(release: Release) -> dict[str, Any]:
    """Return a release's document, without its decision."""
    plain = {one.name: getattr(release, one.name) for one in fields(Release) if one.name != "id"}
    return {
        **plain,
        "_id": release.id,
        "plan": release.plan.model_dump(mode="json", exclude_none=True),
        "in_file": _routing_document(release.in_file),
        "stable": asdict(release.stable),
        "candidate": asdict(release.candidate),
    }


def read_release(document: Document) -> Release:
    """Read a release's document; KeyError or ValueError when it is none."""
    plain = {one.name: document[one.name] for one in fields(Release) if one.name != "id"}
    paused_from = plain["paused_from"]
    return Release(
        **{
            **plain,
            "id": document["_id"],
            "plan": Plan.model_validate(plain["plan"]),
            "in_file": Routing(**plain["in_file"]),
            "stable": Package(**plain["stable"]),
            "candidate": Package(**plain["candidate"]),
            "phase": Phase(plain["phase"]),
            "paused_from": None if paused_from is None else Phase(paused_from),
        }
    )


def _routing_document(routing: Routing) -> dict[str, Any]:
    plain = {"draws": routing.draws, "experiment": routing.experiment}
    return {"weights": dict(routing.weights), **plain}


def look_document(release: str, look: Look) -> dict[str, Any]:
    """Return a look's document; the same look has the same id."""
    arms = {"stable": _arm_document(look.stable), "candidate": _arm_document(look.candidate)}
    labelled = {"labelled": [asdict(one) for one in look.labelled]}
    return {"_id": f"{release}/{look.number}", "release": release, **asdict(look), **arms, **labelled}


def read_look(document: Document) -> Look:
    """Read a look's document; KeyError when it is none."""
    plain = {one.name: document[one.name] for one in fields(Look)}
    arms = {name: _read_arm(plain[name]) for name in ("stable", "candidate")}
    return Look(**{**plain, **arms, "labelled": [Labelled(**one) for one in plain["labelled"]]})


def _arm_document(arm: Arm) -> dict[str, Any]:
    # A class may be called what no field may be.
    return {**asdict(arm), "labels": [[label, count] for label, count in arm.labels.items()]}


def _read_arm(document: Document) -> Arm:
    return Arm(**{**document, "labels": dict(document["labels"])})


def counters_document(counters: Counters) -> list[Document]:
    """Return counters as a list: their labels are anybody's."""
    return [
        {"metric": series.metric, "labels": [list(label) for label in sorted(series.labels)], "value": value}
        for series, value in counters.items()
    ]


def read_counters(documents: Sequence[Document]) -> Counters:
    """Read counters; KeyError when they are none."""
    return {
        Series(one["metric"], frozenset((name, value) for name, value in one["labels"])): float(one["value"])
        for one in documents
    }
