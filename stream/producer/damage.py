"""Records that a collector must refuse: each damage by its name."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

CONTENT_TYPE, LABEL, RECORDED_AT = "content-type", "label", "recorded-at"
TOO_LARGE_BYTES = 950_000  # more than a record may have, and less than a broker's bound of a message


@dataclass(frozen=True)
class Record:
    """A message of the stream: the record's id, its headers, and the file or the JSON object."""

    id: str
    headers: Mapping[str, str]
    value: bytes

    def with_header(self, name: str, text: str) -> "Record":
        """Return it with a header in place of another one."""
        return replace(self, headers={**self.headers, name: text})


Damage = Callable[[Record, np.random.Generator], Record]


def truncated_image(record: Record, rng: np.random.Generator) -> Record:
    """Return an image whose file breaks off, somewhere between its first and second third."""
    size = len(record.value)
    return replace(record, value=record.value[: int(rng.integers(size // 3, 2 * size // 3))])


def no_image(record: Record, rng: np.random.Generator) -> Record:
    """Return what is called an image and is none."""
    return replace(record, value=b"<html>not found</html>" + rng.bytes(1000))


def unknown_label(record: Record, rng: np.random.Generator) -> Record:
    """Return it with a label that no task has."""
    return record.with_header(LABEL, f"unknown {rng.integers(100)}")


def missing_label(record: Record, _: np.random.Generator) -> Record:
    """Return it without a label."""
    return replace(record, headers={name: text for name, text in record.headers.items() if name != LABEL})


def wrong_content_type(record: Record, _: np.random.Generator) -> Record:
    """Return it as what it is not."""
    return record.with_header(CONTENT_TYPE, "text/plain")


def too_large(record: Record, _: np.random.Generator) -> Record:
    """Return it with so much behind it that it is larger than a record may be, and else as good as it was."""
    return replace(record, value=record.value.ljust(TOO_LARGE_BYTES, b" "))


def missing_feature(record: Record, rng: np.random.Generator) -> Record:
    """Return a row that lacks one of its features."""
    row = json.loads(record.value)
    del row[_one_of(row, rng)]
    return replace(record, value=json.dumps(row).encode())


def text_for_a_number(record: Record, rng: np.random.Generator) -> Record:
    """Return a row in which one of the features is a word."""
    row = json.loads(record.value)
    return replace(record, value=json.dumps(row | {_one_of(row, rng): "much"}).encode())


def not_a_number(record: Record, rng: np.random.Generator) -> Record:
    """Return a row in which one of the features is NaN, which is no JSON."""
    row = json.loads(record.value)
    return replace(record, value=json.dumps(row | {_one_of(row, rng): float("nan")}).encode())


OF_ALL: dict[str, Damage] = {
    "unknown label": unknown_label,
    "missing label": missing_label,
    "wrong content type": wrong_content_type,
    "too large": too_large,
}
OF_IMAGES: dict[str, Damage] = {"truncated image": truncated_image, "not an image": no_image}
OF_ROWS: dict[str, Damage] = {
    "missing feature": missing_feature,
    "text for a number": text_for_a_number,
    "not a number": not_a_number,
}


def damages_of(content_type: str) -> dict[str, Damage]:
    """Return what may befall a record of this type."""
    return OF_ALL | (OF_IMAGES if content_type.startswith("image/") else OF_ROWS)


def _one_of(row: Mapping[str, object], rng: np.random.Generator) -> str:
    names = sorted(row)
    return names[int(rng.integers(len(names)))]
