"""A labelled example, and the reasons for which one is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a record is refused; the names are labels of a metric."""

    ID = "id"
    LABEL = "label"
    TIME = "time"
    CONTENT_TYPE = "content_type"
    TOO_LARGE = "too_large"
    NOT_AN_IMAGE = "not_an_image"
    NOT_A_ROW = "not_a_row"
    OUT_OF_BOUNDS = "out_of_bounds"
    SEEN_ID = "seen_id"
    SEEN_CONTENT = "seen_content"


@dataclass(frozen=True)
class Refusal:
    """Why a record is not taken, and what to do."""

    reason: Reason
    detail: str


@dataclass(frozen=True, eq=False)
class Message:
    """What came: bytes that nobody has looked at, and where in the stream they stood."""

    key: bytes | None
    headers: Mapping[str, bytes]
    value: bytes | None
    partition: int
    offset: int

    @property
    def size(self) -> int:
        """Return its bytes, those of its key and its headers among them."""
        headers = sum(len(name.encode()) + len(value) for name, value in self.headers.items())
        return len(self.key or b"") + headers + len(self.value or b"")


@dataclass(frozen=True)
class Record:
    """A labelled example: an image's file, or the values of a row.

    `label` is the name of a class, or a number as text. `digest` is the SHA-256 of the content, in hex: of
    the file, or of the values as float32. `source` says whence it came, `position` where in that it stood.
    """

    id: str
    label: str
    recorded_at: datetime
    digest: str
    source: str
    position: int
    content: bytes = field(default=b"", repr=False)
    content_type: str = ""
    values: tuple[float, ...] = ()
