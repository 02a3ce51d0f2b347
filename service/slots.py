"""The two slots, by the names of their Compose services. Standard library only, as stack/ and proxy/ are."""

from typing import Final, Literal, get_args

Slot = Literal["model_server", "model_server_new"]

SLOTS: Final[tuple[str, str]] = get_args(Slot)
STABLE, CANDIDATE = SLOTS
JOBS: Final = "jobs"  # whose samples are of jobs' predictions: no slot of nginx's
TRAINING: Final = "training"  # what the programs of the training stream carry in place of a slot
PORT: Final = 8000  # where every slot and detector listens in its container


def detector_of(slot: str) -> str:
    """Return the service that watches a slot for drift."""
    return slot.replace("model_server", "drift_detector_server")
