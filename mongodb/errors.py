"""The two ways in which a write can fail, and which of MongoDB's errors is which."""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import BulkWriteError, PyMongoError

DUPLICATE_KEY = 11000
# BadValue, FailedToParse, TypeMismatch, InvalidBSON, DocumentValidationFailure, BSONObjectTooLarge.
# Everything else (no primary, disk full, timeouts, wrong credentials …) can be mended while the sample
# waits.
NEVER_ACCEPTED = frozenset({2, 9, 14, 22, 121, 10334})


class StoreUnavailable(Exception):
    """Tell that the database does not take or give anything now: try again later."""


class SamplesRejected(Exception):
    """Tell that `count` of the samples will never be accepted; the others are stored."""

    def __init__(self, count: int) -> None:
        super().__init__(f"the database will never accept {count} of these samples")
        self.count = count


@contextmanager
def unavailable_on_error() -> Iterator[None]:
    """Turn whatever the driver raises into StoreUnavailable."""
    try:
        yield
    except PyMongoError as error:
        raise StoreUnavailable(_in_one_line(error)) from error


def count_rejected(error: BulkWriteError) -> int:
    """Return how many documents of an unordered write will never be accepted.

    Raises StoreUnavailable when any of them may be accepted later.
    """
    details = error.details or {}
    failures = [e for e in details.get("writeErrors", ()) if e["code"] != DUPLICATE_KEY]
    passing = [e for e in failures if e["code"] not in NEVER_ACCEPTED] + details.get("writeConcernErrors", [])
    if passing:
        raise StoreUnavailable(str(passing[0].get("errmsg", passing[0]))) from error
    return len(failures)


def _in_one_line(error: PyMongoError) -> str:
    # The driver appends its whole view of the servers to the message.
    return f"{type(error).__name__}: {str(error).split(', Timeout:')[0].split(', full error:')[0]}"
