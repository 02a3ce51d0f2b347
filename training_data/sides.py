"""On which side of a data set a record stands: it follows from its id alone, so it never changes."""

import hashlib
from typing import Final, Literal

Side = Literal["train", "held-out", "golden"]

TRAIN: Final = "train"
HELD_OUT: Final = "held-out"
GOLDEN: Final = "golden"
SIDES: Final[tuple[Side, ...]] = (TRAIN, HELD_OUT, GOLDEN)
HELD_OUT_SHARE = 0.2
TRAINED = "trained-"


def side_of(record_id: str) -> Literal["train", "held-out"]:
    """Return the side of a record that is in no golden set.

    What production was trained on cannot judge it: an id that begins with `trained-` is never held out.
    """
    if record_id.startswith(TRAINED):
        return TRAIN
    digest = hashlib.sha256(f"side/{record_id}".encode()).digest()
    return HELD_OUT if int.from_bytes(digest[:8]) < HELD_OUT_SHARE * 2**64 else TRAIN
