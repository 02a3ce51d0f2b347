"""Which predictions are sampled, and what is written of one."""

import hashlib
import math

from bson import encode
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from mongodb.documents import USER, Document, Sample
from mongodb.positions import new_position

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024


def is_sampled(request_id: str, rate: float) -> bool:
    """Tell whether the share `rate` (0 to 1) of all ids includes this one: a repeat decides the same."""
    digest = hashlib.blake2b(request_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < rate * 2**64


def encoded(sample: Sample) -> RawBSONDocument | None:
    """Return what is written of a sample; None: it can never be, and would take its whole batch with it."""
    if not math.isfinite(sample.confidence):
        return None
    place = "position" if sample.traffic == USER else "trial_position"
    document: Document = {**sample.to_document(), place: new_position()}
    try:
        data = encode(document)
    except (BSONError, UnicodeError, OverflowError, TypeError, ValueError):
        return None
    return RawBSONDocument(data) if len(data) <= MAX_DOCUMENT_BYTES else None
