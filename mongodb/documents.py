"""The documents of the database, and the dataclasses that the programs pass around in their place."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

from mongodb.positions import START

Document = Mapping[str, Any]

USER = "user"  # the traffic that detectors read


def pack(embedding: NDArray[np.float32]) -> bytes:
    """Return the embedding as little-endian float32 bytes."""
    return np.ascontiguousarray(embedding, dtype="<f4").tobytes()


def unpack(data: bytes, width: int) -> NDArray[np.float32]:
    """Return the embedding (width,) from its bytes; ValueError when they are not `width` float32 values."""
    embedding = np.frombuffer(data, dtype="<f4").astype(np.float32)
    if embedding.shape != (width,):
        raise ValueError(f"{len(data)} bytes are not {width} float32 values")
    return embedding


@dataclass(frozen=True, eq=False)
class Sample:
    """One logged prediction; `embedding` is (D,) float32, `created_at` is aware UTC.

    `probabilities` has one for each class in the order of the package's; a regressor has none. `traffic` says
    whose request it was: a user's, or one of a trial (forced, test, shadow), which no detector reads. `row`
    says which of the request's inputs it is about.
    """

    request_id: str
    slot: str
    model: str
    version: str
    package_sha256: str
    created_at: datetime
    embedding: NDArray[np.float32]
    label: str
    confidence: float
    traffic: str = USER
    probabilities: tuple[float, ...] = ()
    row: int = 0
    id: ObjectId = field(
        default_factory=ObjectId
    )  # made once, so that a repeated write cannot store it twice

    def to_document(self) -> dict[str, Any]:
        """Return the document without its position, which belongs to one attempt to write it."""
        return {
            "_id": self.id,
            "request_id": self.request_id,
            "slot": self.slot,
            "model": self.model,
            "version": self.version,
            "package_sha256": self.package_sha256,
            "created_at": self.created_at,
            "embedding": pack(self.embedding),
            "embedding_width": int(self.embedding.size),
            "label": self.label,
            "confidence": float(self.confidence),
            "traffic": self.traffic,
            "probabilities": list(self.probabilities),
            "row": self.row,
        }

    @classmethod
    def from_document(cls, document: Document) -> "Sample":
        """Read a document; KeyError, TypeError or ValueError when it is not a sample's."""
        return cls(
            id=document["_id"],
            request_id=document["request_id"],
            slot=document["slot"],
            model=document["model"],
            version=document["version"],
            package_sha256=document["package_sha256"],
            created_at=document["created_at"],
            embedding=unpack(document["embedding"], document["embedding_width"]),
            label=document["label"],
            confidence=document["confidence"],
            traffic=document.get("traffic", USER),  # samples from before traffic was told apart have none
            probabilities=tuple(document.get("probabilities", ())),
            row=document.get("row", 0),  # as above
        )


@dataclass(frozen=True, eq=False)
class StoredSample:
    """A sample at its position; `sample` is None when the document is not one that can be read."""

    position: str
    sample: Sample | None

    @classmethod
    def from_document(cls, document: Document) -> "StoredSample":
        """Read a document of `samples`; a damaged one keeps its position, so that a reader can go past it."""
        try:
            return cls(document["position"], Sample.from_document(document))
        except (KeyError, TypeError, ValueError):
            return cls(document["position"], None)


@dataclass(frozen=True)
class PackageCursor:
    """How far a slot's detector has read the samples of one package, and how far they go.

    `position` is the last one consumed, `newest` the last one seen; both are positions of `positions.py`.
    """

    package_sha256: str
    model: str
    version: str
    position: str = START
    newest: str = START

    @property
    def has_waiting(self) -> bool:
        """Tell whether samples were seen that are not consumed."""
        return self.newest > self.position

    @classmethod
    def from_document(cls, document: Document) -> "PackageCursor":
        """Read a document of `cursors`; one that was moved before its samples were seen has no names yet."""
        return cls(
            document["package_sha256"],
            document.get("model", ""),
            document.get("version", ""),
            document.get("position", START),
            document.get("newest", START),
        )


@dataclass(frozen=True)
class FeatureResult:
    """What a detector wrote about one feature of a window."""

    name: str
    p_value: float
    distance: float
    drift: bool

    @classmethod
    def from_document(cls, document: Document) -> "FeatureResult":
        """Read a part of a result's document; KeyError when a field is missing."""
        return cls(**{one.name: document[one.name] for one in fields(cls)})


@dataclass(frozen=True)
class Result:
    """What a detector wrote about one window of a slot and of one package's samples in it."""

    slot: str
    model: str
    version: str
    package_sha256: str
    window: str  # the cursor's position that the window starts after
    window_end: str  # the position of its last sample: the next window starts after it
    n: int  # samples that were scored
    dropped: int  # samples of the window that could not be scored
    p_value: float
    distance: float
    threshold: float  # the distance above which there is drift
    p_value_threshold: float
    drift: bool
    detector: str
    reference_sha256: str
    first_sample_at: datetime
    last_sample_at: datetime
    scored_at: datetime
    features: tuple[FeatureResult, ...] = ()  # of a model that takes rows of features

    def to_document(self) -> dict[str, Any]:
        """Return the document; the database gives it its `_id`."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Document) -> "Result":
        """Read a document of `drift_results`; KeyError when a field is missing; others are passed over."""
        features = document.get("features", ())  # results from before there were any have none
        plain = {one.name: document[one.name] for one in fields(cls) if one.name != "features"}
        return cls(**plain, features=tuple(FeatureResult.from_document(feature) for feature in features))
