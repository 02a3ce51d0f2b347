"""Feedback: the true label of a past prediction, beside what was predicted."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from mongodb.documents import USER, Document


@dataclass(frozen=True)
class LabelledPackage:
    """A package that was served, and the classes that its labels are of; a regressor has none."""

    package_sha256: str
    model: str
    version: str
    classes: Sequence[str]

    def to_document(self) -> dict[str, Any]:
        """Return the document."""
        names = {"model": self.model, "version": self.version}
        return {"_id": self.package_sha256, **names, "classes": list(self.classes)}


@dataclass(frozen=True)
class SampledPrediction:
    """What of a sample a label is joined with; `position` is "" where no detector reads it."""

    request_id: str
    slot: str
    model: str
    version: str
    package_sha256: str
    traffic: str
    label: str
    created_at: datetime
    position: str

    @classmethod
    def fields(cls) -> list[str]:
        """Return the fields of a sample's document that are needed."""
        return [one.name for one in fields(cls)]

    @classmethod
    def from_document(cls, document: Document) -> "SampledPrediction":
        """Read a document of `samples`, a part or all of it; what older versions did not write is empty."""
        known = {name: document.get(name, "") for name in cls.fields()}
        return cls(**{**known, "traffic": document.get("traffic", USER)})


@dataclass(frozen=True)
class Feedback:
    """The true label of a prediction, and when it came (aware UTC)."""

    prediction: SampledPrediction
    label: str
    received_at: datetime

    @property
    def is_correct(self) -> bool:
        """Tell whether that is what was predicted."""
        return self.label == self.prediction.label

    def to_document(self) -> dict[str, Any]:
        """Return the document; `correct` is 1 or 0, so that it can be summed.

        Like its sample, one about a trial has no position: what counts users' feedback does not see it.
        """
        predicted = self.prediction
        document = {
            "_id": predicted.request_id,
            "request_id": predicted.request_id,
            "label": self.label,
            "received_at": self.received_at,
            "predicted": predicted.label,
            "correct": int(self.is_correct),
            "predicted_at": predicted.created_at,
            "delay_seconds": max(0.0, (self.received_at - predicted.created_at).total_seconds()),
            "slot": predicted.slot,
            "model": predicted.model,
            "version": predicted.version,
            "package_sha256": predicted.package_sha256,
            "traffic": predicted.traffic,
        }
        return {**document, "position": predicted.position} if predicted.position else document


@dataclass(frozen=True)
class FeedbackSums:
    """How many labels came, how many were what was predicted, and the seconds that they took in all."""

    labels: int = 0
    correct: int = 0
    delay_seconds: float = 0.0

    @classmethod
    def from_document(cls, document: Document) -> "FeedbackSums":
        """Read one group of an aggregation over `feedback`."""
        return cls(int(document["labels"]), int(document["correct"]), float(document["delay_seconds"]))

    def __add__(self, other: "FeedbackSums") -> "FeedbackSums":
        """Add two packages of one model."""
        delay = self.delay_seconds + other.delay_seconds
        return FeedbackSums(self.labels + other.labels, self.correct + other.correct, delay)
