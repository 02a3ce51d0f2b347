"""Requests to try a model server with, each made from a seed and a number alone."""

from dataclasses import dataclass
from random import Random

from tests.robustness.protocol_cases import Model, protocol_case
from tests.robustness.upload_cases import upload_case

UPLOAD, PROTOCOL = "upload", "protocol"
UPLOADS_OF_THREE = 2  # the third case is one of the protocol's


@dataclass(frozen=True)
class Case:
    """One request, and what it is a case of."""

    kind: str
    request: bytes


def make_case(seed: int, number: int, model: Model) -> Case:
    """Return the case of a number: the same for the same seed."""
    random = Random(f"{seed} {number}")
    if number % 3 < UPLOADS_OF_THREE:
        return Case(UPLOAD, upload_case(random))
    return Case(PROTOCOL, protocol_case(random, model))
