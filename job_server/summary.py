"""What a job's results say together: one pass over them, and more of them take no more memory."""

import math
import re
from collections import Counter

from job_server.correctness import Confusion, Distance
from job_server.job import Document
from job_server.value_histogram import ValueHistogram

BINS = 10
MOST_CLASSES = 1000
MOST_REASONS = 20
MOST_EXAMPLES = 3
MOST_CHARACTERS = 300
# Reasons that differ in numbers and in what they quote are alike; a column's name makes them two.
DETAIL = re.compile(r"(Column '[^']*')|'[^']*'|\d+")


class Summary:
    """Adds results up, one by one."""

    def __init__(self) -> None:
        self._answered = 0
        self._classes: Counter[str] = Counter()
        self._other_classes = 0
        self._confidence = [0] * BINS
        self._values = ValueHistogram()
        self._failures = Failures()
        self._confusion = Confusion()
        self._distance = Distance()

    def add(self, result: Document) -> None:
        """Count a result."""
        if "error" in result:
            self._failures.add(result)
            return
        self._answered += 1
        label = result.get("label")
        if (said := result.get("likely_class")) is not None:
            self._add_class(said, result["probability"])
            if label is not None:
                self._confusion.add(label, said)
        elif len(values := result["values"]) > 0 and math.isfinite(values[0]):
            self._values.add(values[0])
            if label is not None and len(values) == 1:
                self._distance.add(label, values[0])

    def _add_class(self, said: str, probability: float) -> None:
        if said in self._classes or len(self._classes) < MOST_CLASSES:
            self._classes[said] += 1
        else:
            self._other_classes += 1
        if math.isfinite(probability):
            self._confidence[min(max(int(probability * BINS), 0), BINS - 1)] += 1

    def to_document(self) -> Document:
        """Return the counts: of a classifier `classes` and `confidence`, of a regressor `values`."""
        return {
            "answered": self._answered,
            "classes": dict(self._classes.most_common()),
            "other_classes": self._other_classes,
            "confidence": self._confidence if self._classes else None,
            "values": self._values.to_document(),
            "labelled": self._confusion.to_document() or self._distance.to_document(),
            **self._failures.to_document(),
        }


class Failures:
    """Why inputs failed: the first MOST_REASONS reasons, with examples; the rest is counted."""

    def __init__(self) -> None:
        self._reasons: dict[str, Document] = {}
        self._other = 0
        self._total = 0

    def add(self, result: Document) -> None:
        """Count a failed input."""
        self._total += 1
        said = str(result["error"])[:MOST_CHARACTERS]
        alike = DETAIL.sub(r"\1", said)
        if alike not in self._reasons and len(self._reasons) == MOST_REASONS:
            self._other += 1
            return
        reason = self._reasons.setdefault(alike, {"reason": said, "count": 0, "examples": []})
        reason["count"] += 1
        if len(reason["examples"]) < MOST_EXAMPLES:
            origin = "filename" if "filename" in result else "row"
            reason["examples"].append({origin: result.get(origin), "error": said})

    def to_document(self) -> Document:
        """Return the reasons, the most frequent first."""
        reasons = sorted(self._reasons.values(), key=lambda one: -one["count"])
        return {"failed": self._total, "failures": reasons, "other_failures": self._other}
