"""When a window is due, and what of it can be scored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from drift_detector_server.detectors.detector import Embeddings
from inference.reference import measurable
from mongodb.documents import Sample, StoredSample
from mongodb.positions import written_at


@dataclass(frozen=True)
class WindowRule:
    """A window has `size` samples, or at least `min_samples` once the oldest has waited for `max_wait`."""

    size: int
    min_samples: int
    max_wait: timedelta

    def is_due(self, waiting: Sequence[StoredSample], now: datetime) -> bool:
        """Tell whether the waiting samples, at most `size` of them in order, are a window."""
        if len(waiting) < self.size and len(waiting) >= self.min_samples:
            return self.has_waited(waiting[0], now)
        return len(waiting) >= self.size

    def has_waited(self, sample: StoredSample, now: datetime) -> bool:
        """Tell whether a sample has waited for `max_wait`."""
        return now - written_at(sample.position) >= self.max_wait


@dataclass(frozen=True)
class Selection:
    """The samples of a window that can be scored, and how many were dropped for which reason."""

    samples: Sequence[Sample]
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def embeddings(self) -> Embeddings:
        """Return the embeddings (n, D); there must be at least one."""
        return np.stack([sample.embedding for sample in self.samples])


def select(window: Sequence[StoredSample], width: int, min_samples: int) -> Selection:
    """Drop what cannot be compared with a reference of this width; everything when too little is left."""
    reasons = [_reason_to_drop(stored.sample, width) for stored in window]
    dropped = Counter(reason for reason in reasons if reason is not None)
    kept = [one.sample for one, reason in zip(window, reasons, strict=True) if one.sample and not reason]
    if 0 < len(kept) < min_samples:
        dropped["too_few"] = len(kept)
        kept = []
    return Selection(kept, dropped)


def _reason_to_drop(sample: Sample | None, width: int) -> str | None:
    if sample is None:
        return "unreadable"
    if sample.embedding.size != width:
        return "width"
    return None if measurable(sample.embedding[None])[0] else "not_finite"
